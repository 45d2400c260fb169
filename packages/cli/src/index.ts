export { run } from "./main.ts";
export { exitCodeMeanings, exitCodes } from "./exit-codes.ts";
export { buildProgram } from "./program.ts";
export { createLog, logLevels } from "./log.ts";
export type { LogLevel } from "./log.ts";
export { redact } from "./redact.ts";
export { Terminal } from "./terminal.ts";
export type { TerminalOptions } from "./terminal.ts";
