import { type Log, Secret } from "@lineshaft/core";
import pino from "pino";
import { redact } from "./redact.ts";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Structured log, one JSON line each on stderr, or on the given stream; nothing that looks like a secret gets through. */
export function createLog({ level = "info", stream }: { level?: LogLevel; stream?: pino.DestinationStream } = {}): Log {
  const logger = pino(
    { level, base: {}, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    stream ?? pino.destination({ fd: 2, sync: true }),
  );
  const write =
    (to: "debug" | "info" | "warn" | "error") =>
    (message: string, fields: object = {}): void => {
      if (logger.isLevelEnabled(to)) logger[to](redact(fields) as object, Secret.mask(message));
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
