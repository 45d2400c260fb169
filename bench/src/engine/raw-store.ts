import { dirname, extname, join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Fact, deliveryId } from "@lineshaft/core";
import { openSqliteLedger } from "@lineshaft/ledger-sqlite";
import { completion } from "@lineshaft/model";
import type { GroupShape } from "./commit-watch.ts";
import { SOURCE } from "./bench-hub.ts";

/** The parts of the embedded ledger that its package keeps to itself: taken as they are, so that both sides run the very same. */
interface LedgerInternals {
  hot: Record<
    | "insertMessage"
    | "insertDelivery"
    | "begin"
    | "finish"
    | "insertAttempt"
    | "lastLink"
    | "insertLink"
    | "count"
    | "fences",
    string
  >;
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

type Statements = Record<keyof LedgerInternals["hot"], StatementSync>;

class RawRun {
  readonly #db: DatabaseSync;
  readonly #ledger: LedgerInternals;
  readonly #routes: readonly { id: number; system: number }[];
  readonly #sql: Statements;
  #next = 0;
  readonly #toBegin: { id: number; message: RawMessage }[] = [];
  #begun = 0;
  #finished = 0;

  constructor(db: DatabaseSync, internals: LedgerInternals, routes: readonly { id: number; system: number }[]) {
    this.#db = db;
    this.#ledger = internals;
    this.#routes = routes;
    const names = [
      "insertMessage",
      "insertDelivery",
      "begin",
      "finish",
      "insertAttempt",
      "lastLink",
      "insertLink",
      "count",
      "fences",
    ] as const;
    this.#sql = Object.fromEntries(names.map((name) => [name, db.prepare(internals.hot[name])])) as Statements;
  }

  commit(group: GroupShape, messages: readonly RawMessage[]): void {
    const { lastLink, insertLink, count, fences } = this.#sql;
    const at = Date.now();
    this.#db.exec("begin immediate");
    const last = lastLink.get();
    const link = Number(last?.["id"] ?? 0) + 1;
    const lines: string[] = [];
    for (let i = 0; i < group.messages; i++) this.#insert(messages[this.#next++] as RawMessage, link, at, lines);
    if (group.begins + group.finishes > 0) fences.all();
    for (let i = 0; i < group.begins; i++) this.#sql.begin.run(at, this.#toBegin[this.#begun++]?.id ?? 0);
    for (let i = 0; i < group.finishes; i++) this.#finish(link, at, lines);
    for (const { id } of this.#routes)
      for (const state of ["pending", "sending", "done"]) count.run(`${id}:${state}`, group.finishes);
    count.run("messages", group.messages);
    count.run("attempts", group.finishes);
    if (lines.length > 0) {
      const previous = String(last?.["hash"] ?? this.#ledger.FIRST_HASH);
      insertLink.run(link, at, lines.length, this.#ledger.linkHash(previous, at, lines));
    }
    this.#db.exec("commit");
  }

  #insert(message: RawMessage, link: number, at: number, lines: string[]): void {
    const { sourceId, key, received } = message;
    const digest = this.#ledger.digestOf(received, undefined);
    const { lastInsertRowid } = this.#sql.insertMessage.run(
      SOURCE,
      sourceId,
      completion.id,
      key,
      key,
      null,
      at,
      at,
      link,
      digest,
      null,
      null,
      null,
      received,
    );
    const id = Number(lastInsertRowid);
    lines.push(
      this.#ledger.sealLine("message", [id, SOURCE, sourceId, completion.id, key, key, undefined, at, at, digest]),
    );
    for (const route of this.#routes) {
      const delivery = deliveryId(id, route.id);
      this.#sql.insertDelivery.run(delivery, route.id, route.system, "pending", 1, at);
      this.#toBegin.push({ id: delivery, message });
    }
  }

  #finish(link: number, at: number, lines: string[]): void {
    const it = this.#toBegin[this.#finished++];
    if (it === undefined) return;
    const receipt = `r-${it.id.toString(36)}`;
    this.#sql.finish.run(at, receipt, it.id, "sending");
    const { lastInsertRowid } = this.#sql.insertAttempt.run(
      it.id,
      "send",
      at,
      at,
      "done",
      link,
      receipt,
      null,
      it.message.request,
      null,
    );
    lines.push(
      this.#ledger.sealLine("attempt", [Number(lastInsertRowid), it.id, "send", at, at, "done", receipt, undefined]),
    );
  }
}
