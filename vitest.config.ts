import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["lineshaft:source"] },
  ssr: { resolve: { conditions: ["lineshaft:source"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "simulators/src/**/*.test.ts", "bench/src/**/*.test.ts", "*.test.ts"],
    pool: "forks",
    // Generous: a busy machine is no failure, and what hangs fails all the same.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
