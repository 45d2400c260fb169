import { LineshaftError } from "@lineshaft/core";
import { migratePostgres } from "@lineshaft/ledger-postgres";
import { migrateSqliteLedger } from "@lineshaft/ledger-sqlite";
import { Command } from "commander";
import { embeddedLedgerPath } from "../open-ledger.ts";
import { type ServerLedgerOptions, asOwner, serverLedger } from "../server-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { collect, serverOptions } from "./options.ts";

interface MigrateCommandOptions extends ServerLedgerOptions {
  hubRole?: string;
  reader?: string[];
}

interface MigrateResult {
  ledger: string;
  from: number;
  to: number;
  hubRole?: string;
  readers?: { role: string; plants: string[] }[];
}

export function migrateCommand(terminal: Terminal): Command {
  return serverOptions(new Command("migrate"))
    .description("make or upgrade the ledger's tables; on PostgreSQL also give roles their rights")
    .option("--hub-role <role>", "PostgreSQL: the existing role that hubs sign in as")
    .option(
      "--reader <role=plants>",
      "PostgreSQL: an existing role that reads what belongs to these plants (comma between); repeatable, and whoever is not named any more loses it",
      collect,
    )
    .action(async (options: MigrateCommandOptions) => {
      terminal.progress("Looking at the ledger …");
      terminal.result(await migrate(options), migratedText);
    });
}

async function migrate(options: MigrateCommandOptions): Promise<MigrateResult> {
  const { hubRole } = options;
  const readers = options.reader?.map(readerOf);
  const server = await serverLedger(options);
  if (server === undefined) {
    if (hubRole !== undefined || readers !== undefined)
      throw new LineshaftError("usage", "A ledger in a file has no roles.", {
        next: "Leave --hub-role and --reader out; the file's rights say who reads it.",
      });
    const path = await embeddedLedgerPath(options);
    return { ledger: path, ...(await migrateSqliteLedger({ path })) };
  }
  const { url, schema, location } = server;
  const roles = { ...(hubRole !== undefined && { hub: hubRole }), ...(readers !== undefined && { readers }) };
  const migrated = await asOwner(() => migratePostgres({ url, schema, roles }));
  return {
    ledger: `${location}, schema ${schema}`,
    ...migrated,
    ...(hubRole && { hubRole }),
    ...(readers && { readers }),
  };
}

function readerOf(text: string): { role: string; plants: string[] } {
  const [role = "", list = ""] = text.split("=");
  const plants = list.split(",").filter(Boolean);
  if (role !== "" && plants.length > 0) return { role, plants };
  throw new LineshaftError("usage", `${text} names no role with its plants.`, {
    next: "Write --reader reader_hamburg=hamburg, or several plants: --reader auditors=hamburg,lyon.",
  });
}

function migratedText({ ledger, from, to, hubRole, readers }: MigrateResult): string {
  const done =
    from === to
      ? `is at version ${to} already`
      : from === 0
        ? `was made, at version ${to}`
        : `went from version ${from} to ${to}`;
  return [
    `The ledger ${ledger} ${done}.`,
    ...(hubRole === undefined ? [] : [`Hubs sign in as ${hubRole}.`]),
    ...(readers ?? []).map(({ role, plants }) => `${role} reads ${plants.join(", ")}.`),
  ].join("\n");
}
