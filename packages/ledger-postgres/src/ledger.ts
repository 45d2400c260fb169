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
  type LaneLease,
  type LatestQuery,
  type Ledger,
  LineshaftError,
  type MessageFilter,
  type News,
  type OpenDelivery,
  ROUTES,
  type Route,
  messageOf,
} from "@lineshaft/core";
import { applyAct, applyCursorAct, applyIdentityAct } from "./acts.ts";
import { verifyAll } from "./audit-chain.ts";
import type { Connections, Row } from "./connections.ts";
import { storedIdentity, takenIdentity } from "./identities.ts";
import { PARTITIONS_AHEAD_DAYS } from "./migrate.ts";
import { NewsLine } from "./news.ts";
import { Queries } from "./queries.ts";
import { auditEntry, canonicalOf, openDelivery, payload } from "./rows.ts";
import { type Statements, quoted } from "./statements.ts";
import { fromStored, toIndexed, toStored } from "./text.ts";
import { Writer, type WriterLimits, type WriterStats } from "./writer.ts";

export interface LedgerParts {
  id: string;
  channel: string;
  sql: Statements;
  limits: WriterLimits;
  serverClock: Clock | undefined;
}

const DAY_MS = 86_400_000;

/** The ledger of many hub processes, on PostgreSQL. */
export class PostgresLedger implements Ledger {
  readonly engine = "postgres";
  readonly id: string;
  readonly #connections: Connections;
  readonly #sql: Statements;
  readonly #schema: string;
  readonly #queries: Queries;
  readonly #writer: Writer;
  readonly #news: NewsLine;
  readonly #systemIds = new Map<string, number>();
  /** When partitions were last looked after, by the ledger's clock. */
  #partitionsAt = 0;
  #closed = false;

  constructor(connections: Connections, { id, channel, sql, limits, serverClock }: LedgerParts) {
    this.id = id;
    this.#connections = connections;
    this.#sql = sql;
    this.#schema = quoted(connections.address.schema);
    this.#queries = new Queries(connections, sql);
    this.#writer = new Writer(connections, { sql, limits, serverClock });
    this.#news = new NewsLine(connections, { sql, channel, session: this.#writer.session, serverClock });
  }

  /** What its writer met so far: commits, time waited for other hubs, conflicts, broken connections. */
  stats(): WriterStats {
    const { stats } = this.#writer;
    return { ...stats, retries: stats.retries + this.#connections.retries };
  }

  async registerSystems(systems: readonly { name: string; plant: string | null }[]): Promise<void> {
    const rows = systems.map(({ name, plant }) => ({ name: toStored(name), plant: toStored(plant) }));
    await this.#call("register_systems_v1($1)", [JSON.stringify(rows)]);
  }

  async registerRoutes(routes: readonly Omit<Route, "id">[]): Promise<Route[]> {
    const rows = routes.map((r) => ({
      flow: toStored(r.flow),
      system: toStored(r.system),
      operation: toStored(r.operation),
    }));
    await this.#call("register_routes_v1($1)", [JSON.stringify(rows)]);
    const all = await this.#queries.routes();
    return routes.map((r) => {
      const found = all.find((a) => a.flow === r.flow && a.system === r.system && a.operation === r.operation);
      if (found === undefined)
        throw new LineshaftError(
          "ledger-io",
          `The ledger has no room for another route (${r.flow} to ${r.system}.${r.operation}).`,
          { next: `A ledger numbers at most ${ROUTES - 1} routes over its life; start a new one.` },
        );
      return found;
    });
  }

  async routes(): Promise<Route[]> {
    this.#checkOpen();
    return this.#queries.routes();
  }

  async commit(group: CommitGroup): Promise<CommitResult> {
    this.#checkOpen();
    return this.#writer.commit(group);
  }

  claimLanes({ worker, leaseMs }: { worker: string; leaseMs: number }): Promise<LaneLease> {
    return this.#lease(this.#sql.claimLanes, worker, leaseMs);
  }

  renewLanes({ worker, leaseMs }: { worker: string; leaseMs: number }): Promise<LaneLease> {
    return this.#lease(this.#sql.renewLanes, worker, leaseMs);
  }

  async releaseLanes({ worker, lanes }: { worker: string; lanes?: readonly number[] }): Promise<void> {
    const { session, clock } = this.#writer;
    this.#checkOpen();
    await this.#connections.lease(this.#sql.releaseLanes, [session, toStored(worker), lanes ?? null, clock]);
  }

  follow(told: (news: News) => void): () => void {
    this.#checkOpen();
    return this.#news.follow(told);
  }

  async openDeliveries(query: {
    system: string;
    lanes: readonly number[];
    after: number;
    limit: number;
  }): Promise<OpenDelivery[]> {
    const { system, lanes, after, limit } = query;
    const rows = await this.#readOften(this.#sql.openDeliveries, [await this.#systemId(system), after, lanes, limit]);
    return rows.map(openDelivery);
  }

  async openOfKey(query: { system: string; key: string; after: number; limit: number }): Promise<OpenDelivery[]> {
    const { system, key, after, limit } = query;
    const from = Math.floor(after / ROUTES);
    const values = [toStored(key), from, after, await this.#systemId(system), limit];
    return (await this.#readOften(this.#sql.openOfKey, values)).map(openDelivery);
  }

  async inHand(lanes: readonly number[], system?: string): Promise<(OpenDelivery & { system: string })[]> {
    const of = system === undefined ? null : await this.#systemId(system);
    const rows = await this.#readOften(this.#sql.inHand, [lanes, of]);
    return rows.map((row) => ({ ...openDelivery(row), system: fromStored(row["system"] as string) }));
  }

  async payloads(deliveries: readonly Pick<OpenDelivery, "id" | "edited">[]): Promise<Map<number, DeliveryPayload>> {
    if (deliveries.length === 0) return new Map();
    const messages = [...new Set(deliveries.map((d) => messageOf(d.id)))].toSorted((a, b) => a - b);
    const edited = deliveries.filter((d) => d.edited).map((d) => d.id);
    const [rows, edits] = await Promise.all([
      this.#readOften(this.#sql.payloads, [messages, messages[0], messages.at(-1)]),
      edited.length === 0 ? [] : this.#readOften(this.#sql.edits, [edited]),
    ]);
    const received = new Map(rows.map((row) => [row["message"] as number, payload(row)]));
    const canonical = new Map(edits.map((row) => [row["id"] as number, fromStored(row["edited"] as string)]));
    const found = new Map<number, DeliveryPayload>();
    for (const { id } of deliveries) {
      const one = received.get(messageOf(id));
      const edit = canonical.get(id);
      if (one !== undefined) found.set(id, edit === undefined ? one : { ...one, canonical: edit });
    }
    return found;
  }

  async act(act: Act): Promise<AuditEntry & { deliveryId: number }> {
    this.#checkOpen();
    const keyOf = async (message: number) => (await this.message(message))?.key;
    return applyAct({ writer: this.#writer, sql: this.#sql, keyOf }, act);
  }

  async actOnCursor(act: CursorAct): Promise<AuditEntry> {
    this.#checkOpen();
    return applyCursorAct({ writer: this.#writer, sql: this.#sql }, act);
  }

  async actOnIdentity(act: IdentityAct): Promise<AuditEntry> {
    this.#checkOpen();
    return applyIdentityAct({ writer: this.#writer, sql: this.#sql }, act);
  }

  async audit({ after, limit }: { after: number; limit: number }): Promise<AuditEntry[]> {
    const text = `select * from ${this.#schema}.audit where id > $1 order by id limit $2`;
    return (await this.#read(text, [after, limit])).map(auditEntry);
  }

  async verifyAudit(progress?: (rows: number) => void): Promise<AuditReport> {
    this.#checkOpen();
    return this.#connections.snapshot((read) => verifyAll(read, this.#schema, progress));
  }

  async message(id: number) {
    return (await this.messages({ ids: [id], limit: 1 }))[0];
  }

  async messages(filter: MessageFilter) {
    this.#checkOpen();
    return this.#queries.messages(filter);
  }

  async deliveries(filter: DeliveryFilter) {
    this.#checkOpen();
    return this.#queries.deliveries(filter);
  }

  async attempts(delivery: number) {
    this.#checkOpen();
    return this.#queries.attempts(delivery);
  }

  async refusals({ after, limit }: { after: number; limit: number }) {
    this.#checkOpen();
    return this.#queries.refusals(after, limit);
  }

  async counts({ open }: { open: boolean }) {
    this.#checkOpen();
    return this.#queries.counts(open);
  }

  async totals() {
    this.#checkOpen();
    return this.#queries.totals();
  }

  async latest({ contract, objects, sources }: LatestQuery): Promise<Map<string, string>> {
    const of = sources?.map((source) => toStored(source)) ?? null;
    const asked = objects.map((object) => toIndexed(object));
    const rows = await this.#readOften(this.#sql.latestPayloads, [toStored(contract), asked, of]);
    return new Map(rows.map((row) => [objects[(row["n"] as number) - 1] as string, canonicalOf(row)]));
  }

  async learnIdentities(identities: readonly Identity[]): Promise<void> {
    try {
      await this.#call("learn_identities_v1($1)", [JSON.stringify(identities.map(storedIdentity))]);
    } catch (error) {
      throw takenIdentity(error) ?? error;
    }
  }

  identity({ kind, object, system }: { kind: string; object: string; system: string }): Promise<string | undefined> {
    return this.#one(this.#sql.identity, kind, object, system);
  }

  objectOf(query: { kind: string; system: string; external: string }): Promise<string | undefined> {
    return this.#one(this.#sql.objectOf, query.kind, query.system, query.external);
  }

  loadCursor(name: string): Promise<string | undefined> {
    return this.#one(this.#sql.loadCursor, name);
  }

  async saveCursor(name: string, value: string): Promise<void> {
    await this.#call("save_cursor_v1($1, $2)", [toStored(name), toStored(value)]);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#news.close(), this.#writer.close()]);
    await this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #lease(text: string, worker: string, leaseMs: number): Promise<LaneLease> {
    const { session, clock } = this.#writer;
    this.#checkOpen();
    const [row] = await this.#connections.lease(text, [session, toStored(worker), leaseMs, clock]);
    const lease = row?.["lease"] as LaneLease;
    await this.#lookAfterPartitions(lease.now);
    return lease;
  }

  /** Once a day: partitions are made long before anything needs them. */
  async #lookAfterPartitions(now: number): Promise<void> {
    if (now < this.#partitionsAt + DAY_MS) return;
    this.#partitionsAt = now;
    try {
      await this.#call("make_partitions_v1($1, $2)", [this.#writer.clock, PARTITIONS_AHEAD_DAYS]);
    } catch {
      // Somebody reads for long. There is a default partition, and an hour from now is early enough.
      this.#partitionsAt = now - DAY_MS + DAY_MS / 24;
    }
  }

  /** For functions that may be called twice. */
  async #call(text: string, values: readonly unknown[]): Promise<void> {
    await this.#read(`select ${this.#schema}.${text}`, values);
  }

  async #read(text: string, values: readonly unknown[]): Promise<Row[]> {
    this.#checkOpen();
    return this.#connections.read(text, values);
  }

  async #readOften(text: string, values: readonly unknown[]): Promise<Row[]> {
    this.#checkOpen();
    return this.#connections.readOften(text, values);
  }

  async #one(text: string, ...values: string[]): Promise<string | undefined> {
    const [row] = await this.#readOften(
      text,
      values.map((value) => toStored(value)),
    );
    const found = row?.["found"];
    return typeof found === "string" ? fromStored(found) : undefined;
  }

  async #systemId(name: string): Promise<number> {
    const known = this.#systemIds.get(name);
    if (known !== undefined) return known;
    const [row] = await this.#read(`select id from ${this.#schema}.system where name = $1`, [toStored(name)]);
    if (row === undefined) return -1;
    this.#systemIds.set(name, row["id"] as number);
    return row["id"] as number;
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new LineshaftError("ledger-closed", `The ledger ${this.#connections.location} is closed.`, {
        next: "Start the hub again.",
      });
  }
}
