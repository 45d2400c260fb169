export { FakeClock, seededRandom, settled } from "./fake-clock.ts";
export { targetCases } from "./target-cases.ts";
export type { TargetBench } from "./target-cases.ts";
