import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["lineshaft:source"] },
  ssr: { resolve: { conditions: ["lineshaft:source"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "simulators/src/**/*.test.ts", "bench/src/**/*.test.ts", "*.test.ts"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
