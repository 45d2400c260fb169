import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import {
  type Count,
  type DeliveryFilter,
  type DeliveryState,
  type LedgerTotals,
  type MessageFilter,
  ROUTES,
  type StoredAttempt,
  type StoredDelivery,
  type StoredMessage,
  type StoredRefusal,
} from "@lineshaft/core";
import { storedAttempt, storedDelivery, storedMessage, storedRefusal } from "./rows.ts";

/** A where clause put together from the conditions that are given. */
class Conditions {
  readonly #clauses: string[] = [];
  readonly values: SQLInputValue[] = [];

  /** Adds `clause` with its values, unless a value is undefined. */
  add(clause: string, ...values: (SQLInputValue | undefined)[]): this {
    if (values.includes(undefined)) return this;
    this.#clauses.push(clause);
    this.values.push(...(values as SQLInputValue[]));
    return this;
  }

  list(column: string, values: readonly (string | number)[] | undefined): this {
    return this.add(
      `${column} in (select value from json_each(?))`,
      values === undefined ? undefined : JSON.stringify(values),
    );
  }

  get where(): string {
    return this.#clauses.length === 0 ? "" : `where ${this.#clauses.join(" and ")}`;
  }
}

export function findMessages(db: DatabaseSync, filter: MessageFilter): StoredMessage[] {
  const conditions = new Conditions()
    .list("m.id", filter.ids)
    .add("m.key = ?", filter.key)
    .add(
      "(m.object = ? and m.object <> m.key or m.key = ? and m.object = ?)",
      filter.object,
      filter.object,
      filter.object,
    )
    .add("m.source = ?", filter.source)
    .add("m.source_id = ?", filter.sourceId)
    .add("m.contract = ?", filter.contract)
    .add("m.received_time >= ?", filter.from)
    .add("m.received_time < ?", filter.to)
    .add(filter.newestFirst === true ? "m.id < ?" : "m.id > ?", filter.afterId)
    .add(
      "(instr(m.source_id, ?) > 0 or instr(m.key, ?) > 0 or instr(coalesce(m.canonical, cast(m.received as text)), ?) > 0)",
      filter.search,
      filter.search,
      filter.search,
    );
  return db
    .prepare(
      `select m.*, (select count(*) from duplicate u where u.message = m.id) as duplicates
       from message m ${conditions.where}
       order by m.id ${filter.newestFirst === true ? "desc" : "asc"}
       limit ?`,
    )
    .all(...conditions.values, filter.limit)
    .map(storedMessage);
}

export function findDeliveries(db: DatabaseSync, filter: DeliveryFilter): StoredDelivery[] {
  const conditions = new Conditions()
    .list("d.id", filter.ids)
    .list("d.state", filter.states)
    .add("r.flow = ?", filter.flow)
    .add("d.system = (select id from system where name = ?)", filter.system)
    .add("d.id > ?", filter.afterId);
  // Literal, so that the partial index of parked deliveries serves the inbox.
  if (filter.states?.length === 1 && filter.states[0] === "parked") conditions.add("d.parking is not null");
  const from =
    filter.messages === undefined
      ? "delivery d join message m on m.id = d.id / 4096"
      : "json_each(?) wanted cross join message m on m.id = wanted.value cross join delivery d on d.id between m.id * 4096 and m.id * 4096 + 4095";
  const messages = filter.messages === undefined ? [] : [JSON.stringify(filter.messages)];
  return db
    .prepare(
      `select d.*, m.id as message, m.key, r.flow, s.name as system, r.operation
       from ${from} join route r on r.id = d.route join system s on s.id = d.system
       ${conditions.where}
       order by d.id
       limit ?`,
    )
    .all(...messages, ...conditions.values, filter.limit)
    .map(storedDelivery);
}

export function attemptsOf(db: DatabaseSync, delivery: number): StoredAttempt[] {
  return db
    .prepare("select * from attempt where delivery = ? order by id")
    .all(delivery)
    .map((row, at) => storedAttempt(row, at + 1));
}

export function refusalsAfter(db: DatabaseSync, after: number, limit: number): StoredRefusal[] {
  return db.prepare("select * from refusal where id > ? order by id limit ?").all(after, limit).map(storedRefusal);
}

const FINAL: ReadonlySet<string> = new Set(["done", "dropped", "superseded", "suppressed"]);

/** Reads the counters kept with each commit; nothing is counted here. */
export function deliveryCounts(db: DatabaseSync, openOnly: boolean): Count[] {
  const routes = new Map(
    db
      .prepare("select r.id, r.flow, s.name as system, r.operation from route r join system s on s.id = r.system")
      .all()
      .map((row) => [Number(row["id"]), row] as const),
  );
  return db
    .prepare("select name, count from counter where name glob '[0-9]*:*' and count > 0 order by name")
    .all()
    .flatMap((row) => {
      const [route = "", state = ""] = String(row["name"]).split(":");
      const found = routes.get(Number(route));
      if (found === undefined || Number(route) >= ROUTES || (openOnly && FINAL.has(state))) return [];
      return [
        {
          flow: String(found["flow"]),
          system: String(found["system"]),
          operation: String(found["operation"]),
          state: state as DeliveryState,
          count: Number(row["count"]),
        },
      ];
    });
}

export function totals(db: DatabaseSync): LedgerTotals {
  const counter = (name: string) =>
    Number(db.prepare("select count from counter where name = ?").get(name)?.["count"] ?? 0);
  return {
    messages: counter("messages"),
    duplicates: counter("duplicates"),
    refusals: counter("refusals"),
    attempts: counter("attempts"),
    commits: Number(db.prepare("select coalesce(max(id), 0) as id from link").get()?.["id"] ?? 0),
  };
}
