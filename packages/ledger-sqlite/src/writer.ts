import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  type CommitGroup,
  type CommitResult,
  type DeliveryState,
  type NewMessage,
  type NewRefusal,
  type Recorded,
  ROUTES,
  type Settlement,
  compareVersions,
  cursorsOf,
  deliveryId,
} from "@lineshaft/core";
import { digestOf, FIRST_HASH, linkHash, sealLine } from "./audit-chain.ts";
import { hot } from "./statements.ts";

type Hot = Record<keyof typeof hot, StatementSync>;

/** What one open transaction has sealed and counted so far. */
export interface Open {
  at: number;
  link: number;
  previous: string;
  lines: string[];
  counts: Map<string, number>;
}

/** All writing to the ledger: transactions, each with its link of the audit chain. */
export class Writer {
  readonly db: DatabaseSync;
  readonly sql: Hot;
  /** System id by route id. */
  readonly systemOfRoute = new Map<number, number>();

  constructor(db: DatabaseSync) {
    this.db = db;
    this.sql = Object.fromEntries(Object.entries(hot).map(([name, text]) => [name, db.prepare(text)])) as Hot;
    this.readRoutes();
  }

  readRoutes(): void {
    for (const row of this.db.prepare("select id, system from route").all())
      this.systemOfRoute.set(Number(row["id"]), Number(row["system"]));
  }

  /** Runs `work` in a transaction that is on disk when this returns, or leaves nothing. */
  transact<T>(at: number, work: (open: Open) => T): T {
    this.db.exec("begin immediate");
    try {
      const last = this.sql.lastLink.get();
      const open: Open = {
        at,
        link: Number(last?.["id"] ?? 0) + 1,
        previous: String(last?.["hash"] ?? FIRST_HASH),
        lines: [],
        counts: new Map(),
      };
      const result = work(open);
      this.#seal(open);
      this.db.exec("commit");
      return result;
    } catch (error) {
      // A failed commit (disk full) may have rolled back already.
      if (this.db.isTransaction) this.db.exec("rollback");
      throw error;
    }
  }

  commit(group: CommitGroup): CommitResult {
    try {
      return this.#commit(group, true);
    } catch (error) {
      if (!(error instanceof SomeLost)) throw error;
      return this.#commit(group, false);
    }
  }

  /** @throws SomeLost when `together` and a settlement is refused; nothing was written then */
  #commit(group: CommitGroup, together: boolean): CommitResult {
    return this.transact(group.at, (open) => {
      const newestBefore = Number(this.sql.newestMessage.get()?.["id"] ?? 0);
      const messages = (group.messages ?? []).map((message) => this.#record(open, message));
      // Kinds are sealed in a fixed order, so duplicates are written after all messages.
      const recorded = messages.map((m) => m.recorded);
      const result: CommitResult = { messages: recorded, refusals: [], lost: [], newestBefore, waitedMs: 0 };
      for (const { duplicate } of messages) if (duplicate !== undefined) this.#recordDuplicate(open, duplicate);
      for (const refusal of group.refusals ?? []) result.refusals.push(this.#refuse(open, refusal));
      if (group.settlements !== undefined && group.settlements.length > 0)
        result.lost = this.#settle(open, group.settlements, together);
      for (const { name, value, after } of cursorsOf(group)) {
        if (after === undefined) this.sql.saveCursor.run(name, value);
        else this.sql.moveCursor.run(name, value, after, name);
      }
      return result;
    });
  }

  #seal(open: Open): void {
    for (const [name, count] of open.counts) if (count !== 0) this.sql.count.run(name, count);
    if (open.lines.length === 0) return;
    const sealed = linkHash(open.previous, open.at, open.lines);
    this.sql.insertLink.run(open.link, open.at, open.lines.length, sealed);
  }

  #record(open: Open, m: NewMessage): { recorded: Recorded; duplicate?: DuplicateRow } {
    const digest = digestOf(m.received, m.canonical);
    const inserted = this.sql.insertMessage.run(
      m.source,
      m.sourceId,
      m.contract,
      m.object,
      m.key,
      m.version ?? null,
      m.eventTime,
      m.receivedTime,
      open.link,
      digest,
      m.origin ?? null,
      m.trace ?? null,
      m.canonical ?? null,
      m.received,
    );
    if (Number(inserted.changes) === 0) return this.#duplicateOf(m, digest);
    const id = Number(inserted.lastInsertRowid);
    open.lines.push(
      sealLine("message", [
        id,
        m.source,
        m.sourceId,
        m.contract,
        m.object,
        m.key,
        m.version,
        m.eventTime,
        m.receivedTime,
        digest,
      ]),
    );
    bump(open, "messages", 1);
    const { stale, older } =
      m.version === undefined ? { stale: false, older: undefined } : this.#guardVersion(m, id, m.version);
    const superseded = older === undefined ? [] : this.#supersede(open, m, older);
    const state = stale ? "suppressed" : "pending";
    const deliveries = m.deliveries.map(({ route }) => this.insertDelivery(open, id, route, state));
    return { recorded: { kind: "accepted", message: id, deliveries, superseded } };
  }

  insertDelivery(open: Open, message: number, route: number, state: "pending" | "suppressed") {
    const id = deliveryId(message, route);
    this.sql.insertDelivery.run(
      id,
      route,
      this.systemOfRoute.get(route) ?? 0,
      state,
      state === "pending" ? 1 : 0,
      open.at,
    );
    bump(open, counterOf(route, state), 1);
    return { id, state };
  }

  #duplicateOf(m: NewMessage, digest: string): { recorded: Recorded; duplicate: DuplicateRow } {
    const first = this.sql.messageOfSource.get(m.source, m.sourceId);
    const message = Number(first?.["id"]);
    const differs = first?.["digest"] !== digest;
    return {
      recorded: { kind: "duplicate", message, differs },
      duplicate: { message, differs, receivedTime: m.receivedTime, received: m.received },
    };
  }

  #recordDuplicate(open: Open, d: DuplicateRow): void {
    const kept = d.differs ? Buffer.from(d.received) : null;
    const { lastInsertRowid } = this.sql.insertDuplicate.run(
      d.message,
      d.receivedTime,
      d.differs ? 1 : 0,
      kept,
      open.link,
    );
    open.lines.push(sealLine("duplicate", [Number(lastInsertRowid), d.message, d.receivedTime, d.differs ? 1 : 0]));
    bump(open, "duplicates", 1);
  }

  /** An older version than the newest known is stale; a newer one takes its place. */
  #guardVersion(m: NewMessage, id: number, version: string): { stale: boolean; older?: number } {
    const latest = this.sql.latestVersion.get(m.contract, m.object, m.source);
    if (latest !== undefined && compareVersions(version, String(latest["version"])) < 0) return { stale: true };
    this.sql.setLatest.run(m.contract, m.object, m.source, version, id);
    return latest === undefined ? { stale: false } : { stale: false, older: Number(latest["message"]) };
  }

  #supersede(open: Open, m: NewMessage, older: number): number[] {
    const superseded: number[] = [];
    for (const { route, supersede } of m.deliveries) {
      if (!supersede) continue;
      const id = deliveryId(older, route);
      if (Number(this.sql.supersede.run(open.at, id).changes) === 0) continue;
      bump(open, counterOf(route, "pending"), -1);
      bump(open, counterOf(route, "superseded"), 1);
      superseded.push(id);
    }
    return superseded;
  }

  #refuse(open: Open, r: NewRefusal): number {
    const findings = JSON.stringify(r.findings);
    const { lastInsertRowid } = this.sql.insertRefusal.run(
      r.source,
      r.sourceId ?? null,
      r.contract,
      r.receivedTime,
      r.received,
      r.receivedBytes,
      findings,
      r.origin ?? null,
      open.link,
    );
    const id = Number(lastInsertRowid);
    open.lines.push(
      sealLine("refusal", [id, r.source, r.sourceId, r.contract, r.receivedTime, r.receivedBytes, findings]),
    );
    bump(open, "refusals", 1);
    return id;
  }

  /** Ids of those that were refused: another state than expected, or another fence. */
  #settle(open: Open, settlements: readonly Settlement[], together: boolean): number[] {
    const fences = new Map(this.sql.fences.all().map((row) => [Number(row["lane"]), Number(row["fence"])]));
    const lost = new Set<number>();
    const begins: Settlement[] = [];
    const finishes: Settlement[] = [];
    const others: Settlement[] = [];
    for (const s of settlements) {
      if (fences.get(s.lane) !== s.fence) lost.add(s.delivery);
      else if (together && isBegin(s)) begins.push(s);
      else if (together && isFinish(s)) finishes.push(s);
      else others.push(s);
    }
    this.#stepAll(this.sql.beginAll, begins, (s) => [s.delivery, s.at]);
    this.#stepAll(this.sql.finishAll, finishes, (s) => [s.delivery, s.at, s.attempt?.receipt ?? null, s.from]);
    for (const s of others) if (!this.#step(s)) lost.add(s.delivery);
    for (const s of settlements) if (!lost.has(s.delivery)) this.#count(open, s);
    return [...lost];
  }

  /** One statement for all. @throws SomeLost when one of them was in another state: the caller starts over, one by one */
  #stepAll(statement: StatementSync, steps: readonly Settlement[], row: (s: Settlement) => unknown[]): void {
    if (steps.length === 0) return;
    const { changes } = statement.run(JSON.stringify(steps.map(row)));
    if (Number(changes) !== steps.length) throw new SomeLost();
  }

  #step(s: Settlement): boolean {
    const { changes } = this.sql.step.run(
      s.to,
      isOpen(s.to) ? 1 : 0,
      s.at,
      s.dueAt ?? 0,
      s.attempt === undefined ? 0 : 1,
      s.tries ?? null,
      s.crashes ?? null,
      s.attempt?.receipt ?? null,
      s.parking === undefined ? null : JSON.stringify(s.parking),
      s.delivery,
      s.from,
    );
    return Number(changes) === 1;
  }

  #count(open: Open, s: Settlement): void {
    const route = s.delivery % ROUTES;
    if (s.from !== s.to) {
      bump(open, counterOf(route, s.from), -1);
      bump(open, counterOf(route, s.to), 1);
    }
    if (s.attempt !== undefined) this.#attempt(open, s.delivery, s.attempt);
  }

  #attempt(open: Open, delivery: number, a: NonNullable<Settlement["attempt"]>): void {
    const { lastInsertRowid } = this.sql.insertAttempt.run(
      delivery,
      a.kind,
      a.startedAt,
      a.endedAt,
      a.outcome,
      open.link,
      a.receipt ?? null,
      a.message ?? null,
      a.request ?? null,
      a.response ?? null,
    );
    const id = Number(lastInsertRowid);
    open.lines.push(
      sealLine("attempt", [id, delivery, a.kind, a.startedAt, a.endedAt, a.outcome, a.receipt, a.message]),
    );
    bump(open, "attempts", 1);
  }
}

/** Of settlements written by one statement, some were refused. Rare, so that telling which ones costs nothing else anything. */
class SomeLost extends Error {}

function isBegin(s: Settlement): boolean {
  return s.from === "pending" && s.to === "sending" && s.attempt === undefined;
}

function isFinish(s: Settlement): boolean {
  return s.to === "done" && s.attempt !== undefined;
}

interface DuplicateRow {
  message: number;
  differs: boolean;
  receivedTime: number;
  received: string | Uint8Array;
}

/** Adds to a counter of this transaction: `messages`, or `<route>:<state>`. */
export function bump(open: Open, name: string, by: number): void {
  open.counts.set(name, (open.counts.get(name) ?? 0) + by);
}

export function isOpen(state: DeliveryState): boolean {
  return state === "pending" || state === "sending" || state === "checking" || state === "parked";
}

/** Made once each: they are asked for at every step of every delivery. */
const counterNames: Partial<Record<DeliveryState, string[]>> = {};

export function counterOf(route: number, state: DeliveryState): string {
  const names = (counterNames[state] ??= []);
  return (names[route] ??= `${route}:${state}`);
}
