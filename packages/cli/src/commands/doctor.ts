import { Command } from "commander";
import { type Diagnosis, diagnose } from "../diagnose.ts";
import { exitCodes } from "../exit-codes.ts";
import { type LedgerOptions, loadDefinition } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";

export function doctorCommand(terminal: Terminal): Command {
  return new Command("doctor")
    .description("look whether everything the hub needs is there: Node, ledger, disk, clock, every system")
    .option("--config <file>", "the project's configuration; default lineshaft.config.ts here or above")
    .action(async (options: LedgerOptions) => {
      const definition = await loadDefinition(options);
      const results = await diagnose(definition, (line) => terminal.progress(line));
      const ill = results.filter((result) => !result.ok);
      if (ill.length > 0)
        process.exitCode = ill.every((r) => r.area === "system") ? exitCodes.systemNotReached : exitCodes.failure;
      terminal.result({ ok: ill.length === 0, checks: results }, () => results.map(text).join("\n"));
    });
}

function text({ ok, what, next }: Diagnosis): string {
  return `${ok ? "ok   " : "WRONG"} ${what}${next === undefined ? "" : `\n        ${next}`}`;
}
