import { LineshaftError } from "@lineshaft/core";
import type { Secret } from "@lineshaft/core";

/** How a table of PostgreSQL (or TimescaleDB) is written and read as a historian. See docs/connectors/historian.md. */
export interface SqlHistorianOptions {
  /** Unique within the hub. */
  name: string;
  /** `postgres://user@host:5432/database?sslmode=verify-full`; with a password in it, a `Secret`. */
  url: string | Secret;
  password?: Secret;
  /** Default `public`. */
  schema?: string;
  table: string;
  columns: SqlColumns;
  /** Most connections; default 4. */
  connections?: number;
  /** The server gives up a statement after this, in ms; default 30,000. */
  statementMs?: number;
}

/** Which column holds what. Time, series and tags together are unique in the table. */
export interface SqlColumns {
  /** Of type `timestamptz`. */
  time: string;
  /** Left out where the table has one series. */
  series?: string;
  /** Column of each tag; not null, an absent one is written as the empty text. */
  tags?: Readonly<Record<string, string>>;
  /** Column of each field. */
  fields: Readonly<Record<string, string>>;
}

/** Longest identifier of PostgreSQL, in bytes; it cuts longer ones. */
const IDENTIFIER_BYTES = 63;

/** @throws LineshaftError `config-invalid`, naming the option */
export function checkSqlOptions({ name, url, schema = "public", table, columns }: SqlHistorianOptions): void {
  const wrong = (message: string, next: string) =>
    new LineshaftError("config-invalid", `SQL historian ${name} ${message}.`, { next });
  if (typeof url === "string" && !URL.canParse(url))
    throw wrong("has a URL that is none", "Write it as postgres://user@host:5432/database.");
  const { time, series, tags = {}, fields } = columns;
  const all = [time, ...(series === undefined ? [] : [series]), ...Object.values(tags), ...Object.values(fields)];
  for (const identifier of [schema, table, ...all])
    if (!identifier || identifier.includes("\0") || Buffer.byteLength(identifier) > IDENTIFIER_BYTES)
      throw wrong(`names ${JSON.stringify(identifier)}`, `A name has 1 to ${IDENTIFIER_BYTES} bytes.`);
  if (Object.keys(fields).length === 0) throw wrong("has no fields", "Name the column of at least one field.");
  const twice = all.find((column, at) => all.indexOf(column) !== at);
  if (twice !== undefined) throw wrong(`uses column ${twice} twice`, "Give each tag and field a column of its own.");
}
