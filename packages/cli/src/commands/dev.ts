import { Command } from "commander";
import { DevRunner } from "../dev-runner.ts";
import { LineshaftError } from "@lineshaft/core";
import { findConfig } from "../project.ts";
import type { Terminal } from "../terminal.ts";
import { untilStopped } from "../until-stopped.ts";
import { type StartOptions, startOptions } from "./start.ts";

export function devCommand(terminal: Terminal): Command {
  return startOptions(new Command("dev"))
    .description("run the hub, and drain and restart it whenever a file of the project changes")
    .action(async (options: StartOptions) => {
      const config = options.config ?? findConfig();
      if (config === undefined)
        throw new LineshaftError("not-found", `There is no lineshaft.config.ts in ${process.cwd()} or above it.`, {
          next: "Change into a project's folder, or make one with lineshaft init.",
        });
      const { port, host, logLevel } = options;
      const args = ["start", "--config", config, "--port", String(port), "--host", host, "--log-level", logLevel];
      const runner = new DevRunner({ config, args, say: (line) => terminal.note(line) });
      runner.start();
      await untilStopped(terminal, () => runner.stop());
    });
}
