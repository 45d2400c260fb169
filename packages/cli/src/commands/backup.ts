import { resolve } from "node:path";
import { LineshaftError } from "@lineshaft/core";
import { backupSqliteLedger, restoreSqliteLedger } from "@lineshaft/ledger-sqlite";
import { Command } from "commander";
import { type LedgerOptions, embeddedLedgerPath } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { counted, showBytes, showTime } from "../times.ts";
import { type ActOptions, actOptions, ledgerOptions, wholeNumber } from "./options.ts";

export function backupCommand(terminal: Terminal): Command {
  return ledgerOptions(new Command("backup"))
    .description("copy the embedded ledger as it is at one moment, also while the hub runs")
    .argument("<to>", "the backup's file; must not exist")
    .action(async (to: string, options: LedgerOptions) => {
      // Before the project is loaded, which changes the folder.
      const target = resolve(to);
      const report = await backupSqliteLedger({
        path: await embeddedLedgerPath(options),
        to: target,
        progress: (done, of) => terminal.progress(`${Math.floor((done / Math.max(1, of)) * 100)} % copied …`),
      });
      terminal.result(
        report,
        ({ path, bytes, rows, head }) =>
          `${path} holds ${counted(rows["message"] ?? 0, "message")} and ${counted(rows["delivery"] ?? 0, "delivery", "deliveries")} (${showBytes(bytes)}). Newest link: ${head || "none yet"}`,
      );
    });
}

interface RestoreCommandOptions extends ActOptions {
  replace?: boolean;
  settleMinutes: number;
}

export function restoreCommand(terminal: Terminal): Command {
  return actOptions(new Command("restore"))
    .description("put a backup in the place of the embedded ledger, made safe to go on with")
    .argument("<from>", "the backup's file")
    .option("--replace", "also when there is a ledger, which is then kept beside")
    .option(
      "--settle-minutes <n>",
      "look nothing up earlier: the lost hub's requests may be worked on",
      wholeNumber,
      15,
    )
    .action(async (from: string, options: RestoreCommandOptions) => {
      const { who, why, replace = false, settleMinutes } = options;
      if (why.trim() === "")
        throw new LineshaftError("usage", "A restore needs to say why.", {
          next: "Give --why; it goes into the audit trail.",
        });
      const source = resolve(from);
      const report = await restoreSqliteLedger({
        from: source,
        path: await embeddedLedgerPath(options),
        replace,
        who,
        why,
        settleMs: settleMinutes * 60_000,
        progress: (what, done) =>
          terminal.progress(what === "copying" ? `${done} pages copied …` : `${done} rows verified …`),
      });
      terminal.result(report, restoredText);
    });
}

function restoredText(report: Awaited<ReturnType<typeof restoreSqliteLedger>>): string {
  const { path, backupAt, checking, lookedUpFrom, parked, stillParked, kept, head } = report;
  const deliveries = (count: number): string => counted(count, "delivery", "deliveries");
  return [
    `${path} is as it was on ${showTime(backupAt)}, newest link then ${head}.`,
    `Facts accepted after that are not in it. Sources that still have them send them again, and what was delivered of them may be delivered a second time.`,
    `${deliveries(checking)} open then: looked up from ${showTime(lookedUpFrom)} on, and sent only where they do not stand.`,
    `${deliveries(parked)} parked, because a newer version may have been sent since; ${deliveries(stillParked)} parked then already: lineshaft parked.`,
    ...(kept === undefined ? [] : [`The ledger that was there is kept as ${kept}.`]),
  ].join("\n");
}
