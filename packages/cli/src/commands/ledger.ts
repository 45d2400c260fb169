import { resolve } from "node:path";
import { LineshaftError } from "@lineshaft/core";
import { type AdoptReport, type CopyReport, adoptPostgres, copyIntoPostgres } from "@lineshaft/ledger-postgres";
import { readSqliteLedger } from "@lineshaft/ledger-sqlite";
import { Command } from "commander";
import { databaseAt } from "../reference.ts";
import { type ServerLedgerOptions, asOwner, serverLedger } from "../server-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { counted, showDuration, showTime } from "../times.ts";
import { type ByOptions, byOptions, serverOptions, systemUser, wholeNumber } from "./options.ts";

export function ledgerCommand(terminal: Terminal): Command {
  return new Command("ledger")
    .description("the ledger as a whole")
    .addCommand(copyCommand(terminal))
    .addCommand(adoptCommand(terminal));
}

interface CopyCommandOptions {
  from: string;
  to: string;
  schema: string;
  hubRole?: string;
  keepSource?: boolean;
  who: string;
  why: string;
}

type Copied = CopyReport & { from: string; to: string; movedTo?: string; rowsPerSecond: number };

function copyCommand(terminal: Terminal): Command {
  return new Command("copy")
    .description("move a stopped hub's ledger from its file to PostgreSQL, with all that it knows")
    .requiredOption("--from <file>", "the SQLite ledger; no hub may work on it")
    .requiredOption("--to <reference>", "where the owner's URL is: env:NAME or file:PATH; an empty ledger or none")
    .option("--schema <name>", "the schema there", "lineshaft")
    .option("--hub-role <role>", "the existing role that hubs sign in as")
    .option("--keep-source", "leave the file in its place, for a rehearsal; never run hubs on both")
    .option("--why <reason>", "why; goes into the audit trail", "moved to PostgreSQL")
    .option("--who <name>", "who; goes into the audit trail", systemUser())
    .action(async (options: CopyCommandOptions) => {
      terminal.result(await copy(terminal, options), copiedText);
    });
}

async function copy(terminal: Terminal, options: CopyCommandOptions): Promise<Copied> {
  const { to, schema, hubRole, keepSource = false, who, why } = options;
  const from = fileOf(options.from);
  const url = databaseAt("--to", to);
  await using content = await readSqliteLedger({
    path: from,
    progress: (rows) => terminal.progress(`${rows} rows of ${from} verified …`),
  });
  const words = { copying: "copied", comparing: "compared", verifying: "verified" };
  const report = await copyIntoPostgres({
    content,
    url,
    schema,
    ...(hubRole !== undefined && { roles: { hub: hubRole } }),
    who,
    why,
    progress: (what, rows) => terminal.progress(`${rows} of ${content.rows} rows ${words[what]} …`),
  });
  const movedTo = keepSource ? undefined : content.setAside();
  const rows = Object.values(report.rows).reduce((sum, count) => sum + count, 0);
  const rowsPerSecond = Math.round((rows / Math.max(1, report.copyMs)) * 1_000);
  return { from, to, ...report, rowsPerSecond, ...(movedTo !== undefined && { movedTo }) };
}

function fileOf(from: string): string {
  if (/^(postgres(ql)?:|env:|file:)/.test(from))
    throw new LineshaftError("usage", "--from names a ledger's file.", {
      next: "From one PostgreSQL to another, use its own pg_dump and pg_restore: docs/operating/backup.md.",
    });
  return resolve(from);
}

function copiedText(copied: Copied): string {
  const { from, to, rows, copyMs, verifyMs, rowsPerSecond, sourceHead, head, movedTo } = copied;
  const of = (table: string) => rows[table] ?? 0;
  return [
    `${counted(of("message"), "message")}, ${counted(of("delivery"), "delivery", "deliveries")} and ${counted(of("attempt"), "attempt")} are now in ${to}, ${rowsPerSecond} rows per second in ${showDuration(copyMs)}.`,
    `Compared row by row and verified in ${showDuration(verifyMs)}. Newest link there: ${sourceHead}; here: ${head}`,
    movedTo === undefined
      ? `${from} is still in its place. Never run hubs on both: each would deliver what is open.`
      : `${from} is kept as ${movedTo}. Let the configuration name PostgreSQL, then start the hub.`,
  ].join("\n");
}

interface AdoptCommandOptions extends ServerLedgerOptions, ByOptions {
  settleMinutes: number;
}

function adoptCommand(terminal: Terminal): Command {
  return byOptions(serverOptions(new Command("adopt")))
    .description("make a ledger on PostgreSQL safe to go on with that was recovered to an earlier moment")
    .option(
      "--settle-minutes <n>",
      "look nothing up earlier: the lost hub's requests may be worked on",
      wholeNumber,
      15,
    )
    .action(async (options: AdoptCommandOptions) => {
      const { who, why, settleMinutes } = options;
      const server = await serverLedger(options);
      if (server === undefined)
        throw new LineshaftError("usage", "This hub keeps its ledger in a file.", {
          next: "Put a backup in its place with lineshaft restore, which makes it safe by itself.",
        });
      const { url, schema } = server;
      const progress = (rows: number): void => terminal.progress(`${rows} rows verified …`);
      const report = await asOwner(() =>
        adoptPostgres({ url, schema, who, why, settleMs: settleMinutes * 60_000, progress }),
      );
      terminal.result(report, adoptedText);
    });
}

function adoptedText({ backupAt, head, checking, lookedUpFrom, parked, stillParked }: AdoptReport): string {
  const deliveries = (count: number): string => counted(count, "delivery", "deliveries");
  return [
    `The ledger is as it was on ${showTime(backupAt)}, newest link then ${head}; hubs may start.`,
    `Facts accepted after that are not in it. Sources that still have them send them again, and what was delivered of them may be delivered a second time.`,
    `${deliveries(checking)} open then: looked up from ${showTime(lookedUpFrom)} on, and sent only where they do not stand.`,
    `${deliveries(parked)} parked, because a newer version may have been sent since; ${deliveries(stillParked)} parked then already: lineshaft parked.`,
  ].join("\n");
}
