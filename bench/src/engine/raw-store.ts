import { dirname, extname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Fact } from "@lineshaft/core";
import { openSqliteLedger } from "@lineshaft/ledger-sqlite";
import type { GroupShape } from "./commit-watch.ts";
import { RawRun, type STATEMENTS } from "./raw-run.ts";

/** The parts of the embedded ledger that its package keeps to itself: taken as they are, so that both sides run the very same. */
export interface LedgerInternals {
  hot: Record<(typeof STATEMENTS)[number], string>;
  FIRST_HASH: string;
  digestOf(received: Uint8Array | string, canonical: string | undefined): string;
  sealLine(kind: string, values: readonly (string | number | null | undefined)[]): string;
  linkHash(previous: string, at: number, lines: readonly string[]): string;
}

/** What the raw store writes for a fact; made before the clock runs. */
export interface RawMessage {
  sourceId: string;
  key: string;
  received: string;
  /** The request kept with each attempt. */
  request: string;
}

export function rawMessages(facts: readonly Fact[], map: (payload: never) => unknown): RawMessage[] {
  return facts.map(({ raw }) => {
    const received = Buffer.from(raw).toString();
    const payload = JSON.parse(received) as { id: string; productionOrder: string };
    const request = JSON.stringify(map(payload as never));
    return { sourceId: payload.id, key: payload.productionOrder, received, request };
  });
}

async function loadInternals(): Promise<LedgerInternals> {
  const main = fileURLToPath(import.meta.resolve("@lineshaft/ledger-sqlite"));
  const part = (name: string) => import(pathToFileURL(join(dirname(main), `${name}${extname(main)}`)).href);
  return { ...(await part("statements")), ...(await part("audit-chain")) } as LedgerInternals;
}

/**
 * The ceiling of the store: the same statements on the same file format, in transactions of the sizes that a hub made,
 * with digests and the audit chain, and nothing else. Each message gets two deliveries, each of them begun and finished.
 * @returns milliseconds
 */
export async function runRawStore(
  path: string,
  messages: readonly RawMessage[],
  groups: readonly GroupShape[],
): Promise<number> {
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

/** The hub's groups, without what it did not get to, and with what they leave over in one more. */
function covering(groups: readonly GroupShape[], messages: number): GroupShape[] {
  const left = { messages, begins: messages * 2, finishes: messages * 2 };
  const taken: GroupShape[] = [];
  for (const group of groups) {
    const shape = {
      messages: Math.min(group.messages, left.messages),
      begins: Math.min(group.begins, left.begins),
      finishes: Math.min(group.finishes, left.finishes),
    };
    left.messages -= shape.messages;
    left.begins -= shape.begins;
    left.finishes -= shape.finishes;
    taken.push(shape);
  }
  return left.finishes > 0 ? [...taken, left] : taken;
}

async function makeLedger(path: string): Promise<{ id: number; system: number }[]> {
  await using ledger = await openSqliteLedger({ path });
  const route = (system: string) => ({ flow: "completions", system, operation: "apply" });
  const routes = await ledger.registerRoutes([route("one"), route("two")]);
  return routes.map(({ id }, at) => ({ id, system: at + 1 }));
}
