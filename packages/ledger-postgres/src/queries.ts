import type {
  Count,
  DeliveryFilter,
  LedgerTotals,
  MessageFilter,
  Route,
  StoredAttempt,
  StoredDelivery,
  StoredMessage,
  StoredRefusal,
} from "@lineshaft/core";
import type { Connections } from "./connections.ts";
import { count, route, storedAttempt, storedDelivery, storedMessage, storedRefusal } from "./rows.ts";
import { type Statements, quoted } from "./statements.ts";
import { toStored } from "./text.ts";

/** What people and commands ask; the hot path's statements are in statements.ts. */
export class Queries {
  readonly #connections: Connections;
  readonly #sql: Statements;
  readonly #schema: string;

  constructor(connections: Connections, sql: Statements) {
    this.#connections = connections;
    this.#sql = sql;
    this.#schema = quoted(connections.address.schema);
  }

  async messages(filter: MessageFilter): Promise<StoredMessage[]> {
    const s = this.#schema;
    const where = new Conditions()
      .list("m.id", "bigint", filter.ids)
      .add("left(m.key, 200) = left($::text, 200) and m.key = $", toStored(filter.key))
      .add(
        `(left(m.object, 200) = left($::text, 200) and m.object = $ and m.object <> m.key
          or left(m.key, 200) = left($::text, 200) and m.key = $ and m.object = $)`,
        toStored(filter.object),
      )
      .add("m.source = $", toStored(filter.source))
      .add("m.source_id = $", toStored(filter.sourceId))
      .add("m.contract = $", toStored(filter.contract))
      .add("m.received_time >= $", filter.from)
      .add("m.received_time < $", filter.to)
      .add(filter.newestFirst === true ? "m.id < $" : "m.id > $", filter.afterId)
      .add(
        `(strpos(m.source_id, $::text) > 0 or strpos(m.key, $::text) > 0
          or case when m.canonical is null then position(convert_to($::text, 'UTF8') in m.received) > 0
             else strpos(m.canonical, $::text) > 0 end)`,
        toStored(filter.search),
      );
    // Repetitions are as young as their message, or younger.
    const rows = await this.#connections.read(
      `select m.*, (
           select count(*) from ${s}.duplicate u
           where u.message = m.id and u.id >= m.id >> 27 << 27) as duplicates
       from ${s}.message m
       ${where.clause}
       order by m.id ${filter.newestFirst === true ? "desc" : "asc"}
       limit ${where.value(filter.limit)}`,
      where.values,
    );
    return rows.map(storedMessage);
  }

  async deliveries(filter: DeliveryFilter): Promise<StoredDelivery[]> {
    const s = this.#schema;
    const where = new Conditions()
      .list("d.id", "bigint", filter.ids)
      .list("d.state", `${s}.state`, filter.states)
      .add("r.flow = $", toStored(filter.flow))
      .add(`d.system = (select id from ${s}.system where name = $)`, toStored(filter.system))
      .add("d.id > $", filter.afterId);
    // Literal, so that the partial index of parked deliveries serves the inbox.
    if (filter.states?.length === 1 && filter.states[0] === "parked") where.add("d.parking is not null", true);
    const from =
      filter.messages === undefined
        ? ""
        : `unnest(${where.value(filter.messages)}::bigint[]) wanted
             join ${s}.delivery d on d.id >= wanted * 4096 and d.id < (wanted + 1) * 4096`;
    const rows = await this.#connections.read(
      `select d.*, d.id / 4096 as message, r.flow, t.name as system, r.operation
       from ${from === "" ? `${s}.delivery d` : from}
         join ${s}.route r on r.id = d.route
         join ${s}.system t on t.id = d.system
       ${where.clause}
       order by d.id
       limit ${where.value(filter.limit)}`,
      where.values,
    );
    return rows.map(storedDelivery);
  }

  async attempts(delivery: number): Promise<StoredAttempt[]> {
    const rows = await this.#connections.read(this.#sql.attempts, [delivery]);
    return rows.map((row, at) => storedAttempt(row, at + 1));
  }

  async refusals(after: number, limit: number): Promise<StoredRefusal[]> {
    const text = `select * from ${this.#schema}.refusal where id > $1 order by id limit $2`;
    return (await this.#connections.read(text, [after, limit])).map(storedRefusal);
  }

  async routes(): Promise<Route[]> {
    const s = this.#schema;
    const rows = await this.#connections.read(
      `select r.id, r.flow, t.name as system, r.operation
       from ${s}.route r join ${s}.system t on t.id = r.system
       order by r.id`,
    );
    return rows.map(route);
  }

  /** Reads the counters kept with each commit; nothing is counted here. */
  async counts(openOnly: boolean): Promise<Count[]> {
    const s = this.#schema;
    const rows = await this.#connections.read(
      `select r.flow, t.name as system, r.operation, c.state, c.count
       from ${s}.counter c join ${s}.route r on r.id = c.route join ${s}.system t on t.id = r.system
       where c.count > 0 and (not $1 or c.state in ('pending', 'sending', 'checking', 'parked'))
       order by r.id, c.state::text`,
      [openOnly],
    );
    return rows.map(count);
  }

  async totals(): Promise<LedgerTotals> {
    const [row] = await this.#connections.read(this.#sql.totals);
    return row as unknown as LedgerTotals;
  }
}

/** A where clause put together from the conditions that are given; `$` stands for the value, as often as it is there. */
class Conditions {
  readonly #clauses: string[] = [];
  readonly values: unknown[] = [];

  /** Adds `clause`, unless the value is undefined. */
  add(clause: string, value: string | number | boolean | undefined): this {
    if (value === undefined) return this;
    this.#clauses.push(clause.includes("$") ? clause.replaceAll("$", this.value(value)) : clause);
    return this;
  }

  list(column: string, type: string, values: readonly (string | number)[] | undefined): this {
    if (values !== undefined) this.#clauses.push(`${column} = any (${this.value(values)}::${type}[])`);
    return this;
  }

  /** The placeholder of one more value. */
  value(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  get clause(): string {
    return this.#clauses.length === 0 ? "" : `where ${this.#clauses.join(" and ")}`;
  }
}
