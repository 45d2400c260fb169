import type { LedgerDefinition } from "@lineshaft/engine";
import type { GroupShape } from "./commit-watch.ts";
import { openPostgresStore } from "./postgres-store.ts";
import type { RawMessage } from "./raw-message.ts";
import { openSqliteStore } from "./sqlite-store.ts";

/** A kind of ledger that the engine bench runs on. */
export interface BenchStore extends AsyncDisposable {
  /** What makes it durable, and what else its figures depend on. */
  readonly settings: Readonly<Record<string, string>>;
  /** A ledger that does not exist yet. The one before goes first: what it still has to write back to the disk would weigh on this one. */
  newLedger(): Promise<LedgerDefinition>;
  /**
   * The ceiling: on a new ledger, the ledger's very statements in commits of the shapes that a hub made, and nothing
   * else. Each message gets two deliveries, each of them begun and finished.
   * @returns milliseconds
   */
  raw(messages: readonly RawMessage[], groups: readonly GroupShape[]): Promise<number>;
  /** Where several processes may work on one ledger. */
  readonly shared?: SharedLedgers;
}

export interface SharedLedgers {
  /** As `newLedger`: its address. */
  newUrl(): Promise<string>;
  /** Rows of a query in a ledger's database, as the superuser. */
  sql(text: string, url: string): Promise<Record<string, unknown>[]>;
}

const stores: Record<string, (folder?: string) => Promise<BenchStore>> = {
  sqlite: openSqliteStore,
  postgres: openPostgresStore,
};

/** @throws Error when there is no such ledger */
export function openBenchStore(ledger: string, folder?: string): Promise<BenchStore> {
  const open = stores[ledger];
  if (open === undefined)
    throw new Error(`There is no ledger ${ledger}; name one of ${Object.keys(stores).join(", ")}.`);
  return open(folder);
}
