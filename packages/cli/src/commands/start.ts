import { Command, Option } from "commander";
import { createLog, logLevels, type LogLevel } from "../log.ts";
import { loadProject, mustHoldTogether } from "../project.ts";
import { VERSION } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { untilStopped } from "../until-stopped.ts";
import { portNumber } from "./options.ts";

/** Port of the live page, health and metrics. */
export const PAGE_PORT = 7070;

export interface StartOptions {
  config?: string;
  port: number;
  host: string;
  logLevel: LogLevel;
}

export function startOptions(command: Command): Command {
  return command
    .option("--config <file>", "the project's configuration; default lineshaft.config.ts here or above")
    .option("--port <n>", "port of the live page, health and metrics", portNumber, PAGE_PORT)
    .option("--host <address>", "loopback address to listen on", "127.0.0.1")
    .addOption(
      new Option("--log-level <level>", "how much is logged to stderr").choices([...logLevels]).default("info"),
    );
}

export function startCommand(terminal: Terminal): Command {
  return startOptions(new Command("start"))
    .description("run the hub of a project until it is stopped")
    .action(async (options: StartOptions) => {
      const { definition } = await loadProject(options);
      mustHoldTogether(definition);
      const log = createLog({ level: options.logLevel });
      const { port, host } = options;
      // Loaded here, because the server takes longer to load than most commands take to run.
      const { runHub } = await import("../run-hub.ts");
      const running = await runHub({ definition, port, host, log, version: VERSION });
      terminal.result(
        { name: definition.name, url: running.server.url, ledger: definition.ledger.location, pid: process.pid },
        ({ name, url, ledger }) => `${name} runs. Live page ${url}, ledger ${ledger}. Ctrl-C stops it.`,
      );
      await untilStopped(terminal, () => running.stop());
    });
}
