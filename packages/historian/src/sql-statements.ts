import { RejectedError } from "@lineshaft/core";
import { nanosecondsOf } from "./point.ts";
import type { FieldValue, Point, Window } from "./point.ts";
import type { SqlHistorianOptions } from "./sql-options.ts";

/** A statement and its values. Values never stand in the text; names do, quoted. */
export interface Statement {
  text: string;
  values: unknown[];
}

/**
 * Writes a point, or what has changed of one that stands. No row comes back when it stood just so.
 * @throws RejectedError when the table has no column for it
 */
export function upsertOf(options: SqlHistorianOptions, point: Point): Statement {
  const { columns } = options;
  const fields = Object.entries(point.fields).map(
    ([name, value]) => [columnOf(options, "fields", name), sqlValue(value)] as const,
  );
  const keys = keysOf(options, point);
  const all = [...keys, ...fields];
  const sets = fields.map(([column]) => `${quote(column)} = excluded.${quote(column)}`);
  const before = fields.map(([column]) => `${quote(options.table)}.${quote(column)}`);
  const after = fields.map(([column]) => `excluded.${quote(column)}`);
  return {
    text: [
      `insert into ${tableOf(options)} (${all.map(([column]) => quote(column)).join(", ")})`,
      `values (${all.map((_, at) => `$${at + 1}`).join(", ")})`,
      `on conflict (${keys.map(([column]) => quote(column)).join(", ")})`,
      `do update set ${sets.join(", ")}`,
      `where (${before.join(", ")}) is distinct from (${after.join(", ")})`,
      `returning ${quote(columns.time)}`,
    ].join("\n"),
    values: all.map(([, value]) => value),
  };
}

/** Rows of time, every tag, and the fields asked for, in this order. */
export function windowOf(options: SqlHistorianOptions, window: Window, limit: number): Statement {
  const { time, series, tags: allTags = {} } = options.columns;
  const wanted: (readonly [column: string, value: unknown])[] = [
    ...(series === undefined ? [] : [[series, window.series] as const]),
    ...Object.entries(window.tags ?? {}).map(([name, value]) => [columnOf(options, "tags", name), value] as const),
  ];
  const columns = [
    ...Object.values(allTags).map(quote),
    ...fieldsOf(options, window).map((name) => quote(columnOf(options, "fields", name))),
  ];
  return {
    text: [
      `select to_char(${quote(time)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), ${columns.join(", ")}`,
      `from ${tableOf(options)}`,
      `where ${quote(time)} >= $1 and ${quote(time)} < $2`,
      ...wanted.map(([column], at) => `and ${quote(column)} = $${at + 3}`),
      `order by ${quote(time)}`,
      `limit ${limit}`,
    ].join("\n"),
    values: [instantOf(window.from), instantOf(window.to), ...wanted.map(([, value]) => value)],
  };
}

/** Fields that a window has. */
export function fieldsOf({ columns }: SqlHistorianOptions, { fields }: Window): readonly string[] {
  return fields ?? Object.keys(columns.fields);
}

/** Reads nothing, and fails where a column is missing. */
export function probeOf(options: SqlHistorianOptions): Statement {
  return windowOf(options, { series: "", from: "1970-01-01T00:00:00Z", to: "1970-01-01T00:00:00Z" }, 0);
}

function keysOf(options: SqlHistorianOptions, { series, tags = {}, time }: Point) {
  const { columns } = options;
  for (const name of Object.keys(tags)) columnOf(options, "tags", name);
  return [
    [columns.time, instantOf(time)] as const,
    ...(columns.series === undefined ? [] : [[columns.series, series] as const]),
    ...Object.entries(columns.tags ?? {}).map(([name, column]) => [column, tags[name] ?? ""] as const),
  ];
}

function columnOf({ columns, name: system }: SqlHistorianOptions, kind: "tags" | "fields", name: string): string {
  const known = columns[kind] ?? {};
  const column = Object.hasOwn(known, name) ? known[name] : undefined;
  if (column !== undefined) return column;
  throw new RejectedError(`SQL historian ${system} has no column for ${name}.`, {
    reason: "column-unknown",
    next: `Name its column under columns.${kind}, or leave it out.`,
  });
}

/** PostgreSQL keeps microseconds. */
function instantOf(time: string): string {
  const instant = nanosecondsOf(time);
  if (instant !== undefined && instant % 1_000n === 0n) return time;
  throw new RejectedError(`PostgreSQL cannot keep the time ${JSON.stringify(time)}.`, {
    reason: "time-unfit",
    next: "Give a time with its zone, and at most six digits of a second.",
  });
}

function sqlValue(value: FieldValue): unknown {
  if (typeof value !== "object") return value;
  return "decimal" in value ? value.decimal : value.integer;
}

function tableOf({ schema = "public", table }: SqlHistorianOptions): string {
  return `${quote(schema)}.${quote(table)}`;
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
