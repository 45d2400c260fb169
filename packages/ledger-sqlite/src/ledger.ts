import type { DatabaseSync } from "node:sqlite";
import {
  type Act,
  type AuditEntry,
  type AuditReport,
  type Clock,
  type CommitGroup,
  type CommitResult,
  type CursorAct,
  type DeliveryFilter,
  type DeliveryPayload,
  type Identity,
  type IdentityAct,
  LANES,
  type LaneLease,
  type LatestQuery,
  type Ledger,
  LineshaftError,
  type MessageFilter,
  type OpenDelivery,
  ROUTES,
  type Route,
  laneOf,
} from "@lineshaft/core";
import { applyAct, applyCursorAct, applyIdentityAct } from "./acts.ts";
import { verifyAll } from "./audit-chain.ts";
import { externalOf, learnIdentity } from "./identities.ts";
import { ProcessLock } from "./process-lock.ts";
import * as queries from "./queries.ts";
import { auditEntry, openDelivery, payload } from "./rows.ts";
import { ledgerError } from "./sqlite-error.ts";
import { Writer } from "./writer.ts";

/** The embedded ledger. One hub process works on it; others may look, and act for people. */
export class SqliteLedger implements Ledger {
  readonly engine = "sqlite";
  readonly id: string;
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #writer: Writer;
  readonly #lock: ProcessLock;
  readonly #clock: Clock;
  #failedEpoch = -1;
  readonly #systemIds = new Map<string, number>();
  #closed = false;

  constructor(db: DatabaseSync, { path, clock }: { path: string; clock: Clock }) {
    this.#path = path;
    this.#clock = clock;
    this.#db = db;
    this.#writer = new Writer(db);
    this.#lock = new ProcessLock(path);
    this.id = String(db.prepare("select value from setting where name = 'id'").get()?.["value"]);
  }

  registerSystems(systems: readonly { name: string; plant: string | null }[]): Promise<void> {
    return this.#try(() => {
      this.#writer.transact(0, () => {
        const insert = this.#db.prepare(
          "insert into system (name, plant) values (?, ?) on conflict (name) do update set plant = excluded.plant",
        );
        for (const { name, plant } of systems) insert.run(name, plant);
      });
    });
  }

  registerRoutes(routes: readonly Omit<Route, "id">[]): Promise<Route[]> {
    return this.#try(() => {
      this.#writer.transact(0, () => {
        const system = this.#db.prepare("insert into system (name) values (?) on conflict do nothing");
        const route = this.#db.prepare(
          "insert into route (flow, system, operation) values (?, (select id from system where name = ?), ?) on conflict do nothing",
        );
        for (const r of routes) {
          system.run(r.system);
          route.run(r.flow, r.system, r.operation);
        }
      });
      this.#writer.readRoutes();
      const all = this.#allRoutes();
      return routes.map((r) => {
        const found = all.find((a) => a.flow === r.flow && a.system === r.system && a.operation === r.operation);
        if (found === undefined)
          throw new LineshaftError(
            "ledger-io",
            `The ledger has no room for another route (${r.flow} to ${r.system}.${r.operation}).`,
            {
              next: `A ledger numbers at most ${ROUTES - 1} routes over its life; start a new one.`,
            },
          );
        return found;
      });
    });
  }

  routes(): Promise<Route[]> {
    return this.#try(() => this.#allRoutes());
  }

  commit(group: CommitGroup): Promise<CommitResult> {
    return this.#try(() => {
      const { epoch } = group;
      if (epoch === undefined) return this.#writer.commit(group);
      if (epoch <= this.#failedEpoch) throw overtaking(this.#path);
      try {
        return this.#writer.commit(group);
      } catch (error) {
        this.#failedEpoch = epoch;
        throw error;
      }
    });
  }

  claimLanes({ worker, leaseMs }: { worker: string; leaseMs: number }): Promise<LaneLease> {
    return this.#try(() => {
      this.#lock.take();
      const now = this.#clock.now();
      return this.#writer.transact(now, () => {
        this.#db.prepare("update lane set worker = ?, fence = fence + 1, lease_until = ?").run(worker, now + leaseMs);
        return this.#leaseOf(worker);
      });
    });
  }

  /** The lock on the process is the lease here; lanes are lost only when somebody removed it and another hub took over. */
  renewLanes({ worker }: { worker: string; leaseMs: number }): Promise<LaneLease> {
    return this.#try(() => this.#leaseOf(worker));
  }

  releaseLanes({ worker, lanes }: { worker: string; lanes?: readonly number[] }): Promise<void> {
    return this.#try(() => {
      const these = JSON.stringify(lanes ?? Array.from({ length: LANES }, (_, lane) => lane));
      this.#writer.transact(0, () => {
        this.#db
          .prepare(
            `update lane set worker = null, fence = fence + 1, lease_until = 0
             where worker = ? and lane in (select value from json_each(?))`,
          )
          .run(worker, these);
      });
      if (lanes === undefined) this.#lock.release();
    });
  }

  /** Other processes only act for people here, and the hub looks for that now and then. */
  follow(): () => void {
    return () => undefined;
  }

  openDeliveries({ system, lanes, after, limit }: OpenQuery): Promise<OpenDelivery[]> {
    return this.#try(() => {
      const read = (from: number) =>
        this.#writer.sql.openDeliveries.all(this.#systemId(system), from, limit).map(openDelivery);
      return lanes.length === LANES ? read(after) : ofLanes(read, new Set(lanes), after, limit);
    });
  }

  openOfKey({
    system,
    key,
    after,
    limit,
  }: {
    system: string;
    key: string;
    after: number;
    limit: number;
  }): Promise<OpenDelivery[]> {
    return this.#try(() =>
      this.#writer.sql.openOfKey
        .all(key, Math.floor(after / ROUTES), after, this.#systemId(system), limit)
        .map(openDelivery),
    );
  }

  inHand(_lanes: readonly number[], system?: string): Promise<(OpenDelivery & { system: string })[]> {
    return this.#try(() =>
      this.#writer.sql.inHand
        .all()
        .map((row) => ({ ...openDelivery(row), system: String(row["system"]) }))
        .filter((delivery) => system === undefined || delivery.system === system)
        .sort((a, b) => a.id - b.id),
    );
  }

  payloads(deliveries: readonly Pick<OpenDelivery, "id">[]): Promise<Map<number, DeliveryPayload>> {
    return this.#try(() => {
      const rows = this.#writer.sql.payloads.all(JSON.stringify(deliveries.map(({ id }) => id)));
      return new Map(rows.map((row) => [Number(row["delivery"]), payload(row)]));
    });
  }

  act(act: Act): Promise<AuditEntry & { deliveryId: number }> {
    return this.#try(() => applyAct(this.#writer, act));
  }

  actOnCursor(act: CursorAct): Promise<AuditEntry> {
    return this.#try(() => applyCursorAct(this.#writer, act));
  }

  actOnIdentity(act: IdentityAct): Promise<AuditEntry> {
    return this.#try(() => applyIdentityAct(this.#writer, act));
  }

  audit({ after, limit }: { after: number; limit: number }): Promise<AuditEntry[]> {
    return this.#try(() =>
      this.#db.prepare("select * from audit where id > ? order by id limit ?").all(after, limit).map(auditEntry),
    );
  }

  verifyAudit(progress?: (rows: number) => void): Promise<AuditReport> {
    return this.#try(() => verifyAll(this.#db, progress));
  }

  async message(id: number) {
    return (await this.messages({ ids: [id], limit: 1 }))[0];
  }

  messages(filter: MessageFilter) {
    return this.#try(() => queries.findMessages(this.#db, filter));
  }

  deliveries(filter: DeliveryFilter) {
    return this.#try(() => queries.findDeliveries(this.#db, filter));
  }

  attempts(delivery: number) {
    return this.#try(() => queries.attemptsOf(this.#db, delivery));
  }

  refusals({ after, limit }: { after: number; limit: number }) {
    return this.#try(() => queries.refusalsAfter(this.#db, after, limit));
  }

  counts({ open }: { open: boolean }) {
    return this.#try(() => queries.deliveryCounts(this.#db, open));
  }

  totals() {
    return this.#try(() => queries.totals(this.#db));
  }

  latest({ contract, objects, sources }: LatestQuery): Promise<Map<string, string>> {
    return this.#try(() => {
      const of = sources === undefined ? null : JSON.stringify(sources);
      const latest = new Map<string, string>();
      for (const object of objects) {
        const found = this.#writer.sql.latestPayload.get(contract, object, of)?.["found"];
        if (found !== undefined) latest.set(object, String(found));
      }
      return latest;
    });
  }

  learnIdentities(identities: readonly Identity[]): Promise<void> {
    return this.#try(() => {
      this.#writer.transact(0, () => {
        for (const identity of identities) learnIdentity(this.#writer, identity);
      });
    });
  }

  identity({ kind, object, system }: { kind: string; object: string; system: string }): Promise<string | undefined> {
    return this.#try(() => externalOf(this.#writer, { kind, object, system }));
  }

  objectOf({
    kind,
    system,
    external,
  }: {
    kind: string;
    system: string;
    external: string;
  }): Promise<string | undefined> {
    return this.#one(
      "select object as found from identity where kind = ? and system = ? and external = ?",
      kind,
      system,
      external,
    );
  }

  loadCursor(name: string): Promise<string | undefined> {
    return this.#one("select value as found from source_cursor where name = ?", name);
  }

  saveCursor(name: string, value: string): Promise<void> {
    return this.#try(() => {
      this.#writer.sql.saveCursor.run(name, value);
    });
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#db.close();
      this.#lock.release();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #one(sql: string, ...values: string[]): Promise<string | undefined> {
    return this.#try(() => {
      const found = this.#db.prepare(sql).get(...values)?.["found"];
      return found === undefined || found === null ? undefined : String(found);
    });
  }

  #allRoutes(): Route[] {
    return this.#db
      .prepare(
        "select r.id, r.flow, s.name as system, r.operation from route r join system s on s.id = r.system order by r.id",
      )
      .all()
      .map((r) => ({
        id: Number(r["id"]),
        flow: String(r["flow"]),
        system: String(r["system"]),
        operation: String(r["operation"]),
      }));
  }

  #leaseOf(worker: string): LaneLease {
    const lanes = this.#db
      .prepare("select lane, fence from lane where worker = ? order by lane")
      .all(worker)
      .map((row) => ({ lane: Number(row["lane"]), fence: Number(row["fence"]) }));
    const alone = { surplus: 0, workers: 1, vanished: 0, leaseMs: Number.POSITIVE_INFINITY };
    return { lanes, ...alone, now: this.#clock.now() };
  }

  #systemId(name: string): number {
    let id = this.#systemIds.get(name);
    if (id === undefined) {
      id = Number(this.#db.prepare("select id from system where name = ?").get(name)?.["id"] ?? -1);
      if (id >= 0) this.#systemIds.set(name, id);
    }
    return id;
  }

  #try<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      try {
        if (this.#closed)
          throw new LineshaftError("ledger-closed", `The ledger ${this.#path} is closed.`, {
            next: "Start the hub again.",
          });
        resolve(work());
      } catch (error) {
        const told = ledgerError(error, this.#path);
        reject(told instanceof Error ? told : new Error(String(told)));
      }
    });
  }
}

interface OpenQuery {
  system: string;
  lanes: readonly number[];
  after: number;
  limit: number;
}

/** Deliveries of some lanes only; the lane of a key is not stored here, where one worker has them all. */
function ofLanes(
  read: (after: number) => OpenDelivery[],
  lanes: ReadonlySet<number>,
  after: number,
  limit: number,
): OpenDelivery[] {
  const found: OpenDelivery[] = [];
  for (let from = after; ;) {
    const page = read(from);
    found.push(...page.filter(({ key }) => lanes.has(laneOf(key))));
    if (page.length < limit || found.length >= limit) return found.slice(0, limit);
    from = page.at(-1)?.id ?? from;
  }
}

function overtaking(path: string): LineshaftError {
  return new LineshaftError("ledger-io", `A commit before this one could not be stored in the ledger ${path}.`, {
    next: "It is stored in its order as soon as the ledger can be written again.",
  });
}
