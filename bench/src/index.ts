export { benches } from "./benches.ts";
export type { BenchOptions } from "./benches.ts";
export type { Report } from "./report.ts";
