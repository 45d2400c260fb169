import { postgres } from "@lineshaft/ledger-postgres";
import { startBenchServer } from "./bench-server.ts";
import type { BenchStore } from "./bench-store.ts";
import { runPostgresRaw } from "./postgres-raw.ts";

/** The ledger on PostgreSQL, each in a database of its own on one server. */
export async function openPostgresStore(folder?: string): Promise<BenchStore> {
  const bench = await startBenchServer(folder);
  let before: string | undefined;
  const newUrl = async () => {
    if (before !== undefined) await bench.drop(before);
    return (before = await bench.newDatabase());
  };
  return {
    settings: bench.settings,
    newLedger: async () => postgres({ url: await newUrl() }),
    raw: async (messages, groups) => runPostgresRaw(await newUrl(), messages, groups),
    shared: { newUrl, sql: (text, url) => bench.server.sql(text, url) },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}
