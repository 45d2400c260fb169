import { CommanderError } from "commander";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { buildProgram } from "./program.ts";
import { Terminal } from "./terminal.ts";

/** Runs the command line and sets the process's exit code; a server command keeps the process alive until it is stopped. */
export async function run(argv: readonly string[] = process.argv): Promise<void> {
  const terminal = new Terminal({ json: argv.includes("--json"), debug: argv.includes("--debug") });
  // A reader that went away (`lineshaft messages | head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  try {
    process.exitCode = exitCodes.ok;
    await buildProgram(terminal).parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
      return;
    }
    terminal.error(error);
    process.exitCode = exitCodeOf(error);
  }
}
