import { statSync } from "node:fs";
import type { Ledger } from "@lineshaft/core";
import type { LedgerDefinition } from "@lineshaft/engine";
import { openPostgresLedger, postgres } from "@lineshaft/ledger-postgres";
import { openSqliteLedger, sqlite } from "@lineshaft/ledger-sqlite";
import { startBenchServer } from "../engine/bench-server.ts";
import { openScratch } from "../scratch.ts";

/** Ledgers of one kind that processes can be told of: by path or URL. */
export interface BacklogStore extends AsyncDisposable {
  readonly settings: Readonly<Record<string, string>>;
  newLedger(): Promise<string>;
  /** To fill it with: without syncing each commit where that can be chosen. */
  openToFill(ledger: string): Promise<Ledger>;
  bytes(ledger: string): Promise<number>;
}

const stores: Record<string, (folder?: string) => Promise<BacklogStore>> = {
  sqlite: openSqliteStore,
  postgres: openPostgresStore,
};

/** @throws Error when there is no such ledger */
export function openBacklogStore(ledger: string, folder?: string): Promise<BacklogStore> {
  const open = stores[ledger];
  if (open === undefined)
    throw new Error(`There is no ledger ${ledger}; name one of ${Object.keys(stores).join(", ")}.`);
  return open(folder);
}

/** A hub's definition of the ledger with this path or URL. */
export function ledgerAt(ledger: string): LedgerDefinition {
  return ledger.startsWith("postgres:") ? postgres({ url: ledger }) : sqlite({ path: ledger });
}

function openSqliteStore(folder?: string): Promise<BacklogStore> {
  const scratch = openScratch(folder);
  let ledgers = 0;
  return Promise.resolve({
    settings: { synchronous: "full" },
    newLedger: () => Promise.resolve(scratch.path(`ledger-${++ledgers}.db`)),
    openToFill: (path) => openSqliteLedger({ path, durability: "normal" }),
    bytes: (path) => Promise.resolve(statSync(path).size),
    [Symbol.asyncDispose]: () => Promise.resolve(scratch[Symbol.dispose]()),
  });
}

async function openPostgresStore(folder?: string): Promise<BacklogStore> {
  const bench = await startBenchServer(folder);
  return {
    settings: bench.settings,
    newLedger: () => bench.newDatabase(),
    openToFill: (url) => openPostgresLedger({ url }),
    bytes: async (url) => {
      const [row] = await bench.server.sql("select pg_database_size(current_database()) as bytes", url);
      return Number(row?.["bytes"]);
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}
