import { exitCodes } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Waits for Ctrl-C or SIGTERM, then runs `stop` and ends the process with 0. A second signal ends it at once; what was
 * in hand is then looked up at the next start.
 */
export async function untilStopped(terminal: Terminal, stop: () => Promise<void>): Promise<void> {
  await firstSignal();
  terminal.note("Stopping: no more facts are taken, what is in hand is finished. Once more ends it at once.");
  const force = (): void => {
    terminal.note("Ended at once. What was in hand is looked up at the next start.");
    process.exit(exitCodes.forced);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, force);
  await stop();
  terminal.note("Stopped.");
  process.exit(exitCodes.ok);
}

function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
    // Run by `dev`, which is gone: nobody else would end it.
    process.once("disconnect", stop);
  });
}
