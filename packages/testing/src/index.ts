export { FakeClock, seededRandom, settled } from "./fake-clock.ts";
export { targetCases } from "./target-cases.ts";
export type { TargetBench } from "./target-cases.ts";
export { eventually } from "./eventually.ts";
export { RecordingIntake } from "./recording-intake.ts";
export type { RecordedFact, RecordingIntakeOptions } from "./recording-intake.ts";
export { keepRunning, sourceCases } from "./source-cases.ts";
export type { Running, SourceBed } from "./source-cases.ts";
