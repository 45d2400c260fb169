import { expect, test } from "vitest";
import { sparkplugBench } from "./sparkplug-bench.ts";

test("metrics of a hundred edge nodes arrive, each in its place", { timeout: 110_000 }, async () => {
  const { name, figures } = await sparkplugBench({ rate: 4_000, seconds: 0.5 });
  expect(name).toBe("sparkplug");
  expect(figures).toMatchObject({ lost: 0, metricsPerSecond: expect.any(Number), hostCpuShare: expect.any(Number) });
});
