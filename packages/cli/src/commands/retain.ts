import { LineshaftError } from "@lineshaft/core";
import { type Retained, planRetention, retainPostgres } from "@lineshaft/ledger-postgres";
import { Command } from "commander";
import { type ServerLedgerOptions, asOwner, serverLedger } from "../server-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { counted } from "../times.ts";
import { serverOptions, systemUser, wholeNumber } from "./options.ts";

interface RetainCommandOptions extends ServerLedgerOptions {
  keepDays: number;
  duplicatesDays?: number;
  dryRun?: boolean;
  who: string;
  why: string;
}

export function retainCommand(terminal: Terminal): Command {
  return serverOptions(new Command("retain"))
    .description("take away what is older than it has to be kept, from a ledger on PostgreSQL")
    .requiredOption("--keep-days <n>", "keep messages, deliveries and refusals at least so long", wholeNumber)
    .option("--duplicates-days <n>", "know facts as received before at least so long; default for ever", wholeNumber)
    .option("--dry-run", "tell what would go, take nothing")
    .option("--why <reason>", "why; goes into the audit trail", "retention")
    .option("--who <name>", "who; goes into the audit trail", systemUser())
    .action(async (options: RetainCommandOptions) => {
      const { keepDays, duplicatesDays, dryRun = false, who, why } = options;
      const server = await serverLedger(options);
      if (server === undefined)
        throw new LineshaftError("usage", "A ledger in a file keeps everything.", {
          next: "Start a new one when it gets too large, or move it to PostgreSQL: lineshaft ledger copy.",
        });
      const { url, schema } = server;
      const keep = { url, schema, keepDays, ...(duplicatesDays !== undefined && { keepSeenDays: duplicatesDays }) };
      terminal.progress("Looking for what is old enough …");
      const retained = dryRun
        ? await asOwner(() => planRetention(keep))
        : await asOwner(() => retainPostgres({ ...keep, who, why }));
      terminal.result({ dryRun, ...retained }, (told) => retainedText(told, dryRun));
    });
}

function retainedText({ dropped, kept, refusals, seen }: Retained, dryRun: boolean): string {
  const gone = dryRun ? "would go" : "gone";
  const lines = [
    ...dropped.map(({ from, to, rows }) => `From ${from} until before ${to}: ${counted(rows, "row")} ${gone}.`),
    ...kept.map(
      ({ from, to, open }) =>
        `From ${from} until before ${to}: kept, because ${counted(open, "delivery is", "deliveries are")} still open.`,
    ),
    ...(refusals > 0 ? [`${counted(refusals, "refusal")} ${gone}.`] : []),
    ...(seen > 0
      ? [`${counted(seen, "fact")} ${dryRun ? "would not be" : "not"} known as received before any more.`]
      : []),
  ];
  return lines.length === 0 ? "Nothing is old enough." : lines.join("\n");
}
