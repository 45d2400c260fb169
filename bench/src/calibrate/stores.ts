import { statSync } from "node:fs";
import type { LedgerDefinition } from "@lineshaft/engine";
import { postgres } from "@lineshaft/ledger-postgres";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { startBenchServer } from "../engine/bench-server.ts";
import type { Scratch } from "../scratch.ts";

/** A kind of ledger that can be calibrated. */
export interface Store extends AsyncDisposable {
  /** A new ledger that does not exist yet. */
  define(scratch: Scratch, name: string): LedgerDefinition;
  /** What a ledger takes on disk, in bytes, after it was closed; asked for once, last of all. */
  bytes(ledger: LedgerDefinition): Promise<number>;
}

const stores: Record<string, (folder?: string) => Promise<Store>> = {
  sqlite: () => Promise.resolve(sqliteStore),
  postgres: openPostgresStore,
};

/** By the name of its engine. @throws Error when there is no such ledger */
export function openStore(ledger: string, folder?: string): Promise<Store> {
  const open = stores[ledger];
  if (open === undefined)
    return Promise.reject(new Error(`There is no ledger ${ledger}; name one of ${Object.keys(stores).join(", ")}.`));
  return open(folder);
}

const sqliteStore: Store = {
  define: (scratch, name) => sqlite({ path: scratch.path(`${name}.db`) }),
  // The log is written back and removed when the ledger is closed.
  bytes: ({ location }) => Promise.resolve(statSync(location).size),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Each ledger in a database of its own on one server. */
async function openPostgresStore(folder?: string): Promise<Store> {
  const bench = await startBenchServer(folder);
  const urls = new Map<LedgerDefinition, string>();
  return {
    define: () => {
      const definition: LedgerDefinition = {
        engine: "postgres",
        location: "a database of its own",
        open: async (options) => {
          const url = urls.get(definition) ?? (await bench.newDatabase());
          urls.set(definition, url);
          return postgres({ url }).open(options);
        },
      };
      return definition;
    },
    // Without the write-ahead log, which the server keeps at a size of its own.
    bytes: async (definition) => {
      const url = urls.get(definition);
      if (url === undefined) return 0;
      const [row] = await bench.server.sql(
        "select sum(pg_total_relation_size(oid)) as bytes from pg_class where relkind = 'r' and relnamespace = 'lineshaft'::regnamespace",
        url,
      );
      await bench.drop(url);
      return Number(row?.["bytes"]);
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}
