import { dirname, extname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openSqliteLedger, sqlite } from "@lineshaft/ledger-sqlite";
import { openScratch } from "../scratch.ts";
import type { BenchStore } from "./bench-store.ts";
import { type GroupShape, covering } from "./commit-watch.ts";
import type { RawMessage } from "./raw-message.ts";
import { RawRun, type STATEMENTS } from "./sqlite-raw.ts";

/** The parts of the embedded ledger that its package keeps to itself: taken as they are, so that both sides run the very same. */
export interface LedgerInternals {
  hot: Record<(typeof STATEMENTS)[number], string>;
  FIRST_HASH: string;
  digestOf(received: Uint8Array | string, canonical: string | undefined): string;
  sealLine(kind: string, values: readonly (string | number | null | undefined)[]): string;
  linkHash(previous: string, at: number, lines: readonly string[]): string;
}

async function loadInternals(): Promise<LedgerInternals> {
  const main = fileURLToPath(import.meta.resolve("@lineshaft/ledger-sqlite"));
  const part = (name: string) => import(pathToFileURL(join(dirname(main), `${name}${extname(main)}`)).href);
  return { ...(await part("statements")), ...(await part("audit-chain")) } as LedgerInternals;
}

/** The embedded ledger, each in a file of its own. */
export function openSqliteStore(folder?: string): Promise<BenchStore> {
  const scratch = openScratch(folder);
  let ledgers = 0;
  const newPath = () => {
    scratch.clear();
    return scratch.path(`ledger-${++ledgers}.db`);
  };
  return Promise.resolve({
    settings: { synchronous: "full" },
    newLedger: () => Promise.resolve(sqlite({ path: newPath() })),
    raw: (messages, groups) => runRaw(newPath(), messages, groups),
    [Symbol.asyncDispose]: () => Promise.resolve(scratch[Symbol.dispose]()),
  });
}

/** The same statements on the same file format, with digests and the audit chain, in one thread. @returns milliseconds */
async function runRaw(path: string, messages: readonly RawMessage[], groups: readonly GroupShape[]): Promise<number> {
  const internals = await loadInternals();
  const routes = await makeLedger(path);
  const db = new DatabaseSync(path);
  try {
    // The settings of openSqliteLedger.
    db.exec(`
      pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -65536;
      pragma wal_autocheckpoint = 4000; pragma journal_size_limit = 67108864; pragma temp_store = memory;
    `);
    const run = new RawRun(db, internals, routes);
    const startedAt = performance.now();
    for (const group of covering(groups, messages.length)) run.commit(group, messages);
    return performance.now() - startedAt;
  } finally {
    db.close();
  }
}

async function makeLedger(path: string): Promise<{ id: number; system: number }[]> {
  await using ledger = await openSqliteLedger({ path });
  const route = (system: string) => ({ flow: "completions", system, operation: "apply" });
  const routes = await ledger.registerRoutes([route("one"), route("two")]);
  return routes.map(({ id }, at) => ({ id, system: at + 1 }));
}
