import { readFileSync } from "node:fs";
import { Command } from "commander";
import { auditCommand } from "./commands/audit.ts";
import { capacityCommand } from "./commands/capacity.ts";
import { backupCommand, restoreCommand } from "./commands/backup.ts";
import { checkCommand } from "./commands/check.ts";
import { contractsCommand } from "./commands/contracts.ts";
import { demoCommand } from "./commands/demo.ts";
import { devCommand } from "./commands/dev.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { editCommand } from "./commands/edit.ts";
import { gatewayCommand } from "./commands/gateway.ts";
import { identitiesCommand } from "./commands/identities.ts";
import { initCommand } from "./commands/init.ts";
import { ledgerCommand } from "./commands/ledger.ts";
import { messagesCommand } from "./commands/messages.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { odooCommand } from "./commands/odoo.ts";
import { opcuaCommand } from "./commands/opcua.ts";
import { parkedCommand } from "./commands/parked.ts";
import { confirmCommand, dropCommand, resendCommand } from "./commands/people.ts";
import { plantsCommand } from "./commands/plants.ts";
import { replayCommand } from "./commands/replay.ts";
import { retainCommand } from "./commands/retain.ts";
import { startCommand } from "./commands/start.ts";
import { statsCommand } from "./commands/stats.ts";
import { traceCommand } from "./commands/trace.ts";
import type { Terminal } from "./terminal.ts";

export const VERSION = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }
).version;

/** The whole command line. */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command("lineshaft")
    .description("The governed integration hub of a manufacturer.")
    .version(VERSION)
    .showHelpAfterError("(lineshaft help <command> explains it)")
    .exitOverride();
  const groups: [heading: string, commands: Command[]][] = [
    [
      "Projects",
      [
        initCommand(terminal),
        checkCommand(terminal),
        devCommand(terminal),
        startCommand(terminal),
        demoCommand(terminal),
      ],
    ],
    [
      "Looking",
      [
        doctorCommand(terminal),
        statsCommand(terminal),
        messagesCommand(terminal),
        traceCommand(terminal),
        parkedCommand(terminal),
        contractsCommand(terminal),
        capacityCommand(terminal),
        plantsCommand(terminal),
      ],
    ],
    [
      "Acting",
      [
        resendCommand(terminal),
        editCommand(terminal),
        confirmCommand(terminal),
        dropCommand(terminal),
        replayCommand(terminal),
        identitiesCommand(terminal),
      ],
    ],
    [
      "Keeping",
      [
        auditCommand(terminal),
        backupCommand(terminal),
        restoreCommand(terminal),
        migrateCommand(terminal),
        retainCommand(terminal),
        ledgerCommand(terminal),
        odooCommand(terminal),
        opcuaCommand(terminal),
        gatewayCommand(terminal),
      ],
    ],
  ];
  for (const [heading, commands] of groups)
    for (const command of commands) program.addCommand(prepare(command).helpGroup(`${heading}:`));
  return program;
}

/** Every command throws instead of ending the process, and knows --json and --debug. */
function prepare(command: Command): Command {
  command.exitOverride().showHelpAfterError("(--help explains it)");
  if (command.commands.length === 0)
    command
      .option("--json", "print JSON: one document, or one per line for a list")
      .option("--debug", "show technical details of errors");
  for (const inner of command.commands) prepare(inner);
  return command;
}
