import { hash } from "node:crypto";
import { type ContentRow, laneOf } from "@lineshaft/core";
import type { Client } from "pg";
import { versionUnits } from "./group.ts";
import { toIndexed, toStored } from "./text.ts";

type Type = "bigint" | "integer" | "smallint" | "text" | "bytea" | "boolean" | "state";

/** Columns of the tables that a copy fills, with their types. */
const TABLES = {
  system: { id: "integer", name: "text", plant: "text" },
  route: { id: "smallint", flow: "text", system: "integer", operation: "text" },
  message: {
    id: "bigint",
    event_time: "bigint",
    received_time: "bigint",
    link: "bigint",
    source: "text",
    source_id: "text",
    contract: "text",
    object: "text",
    key: "text",
    version: "text",
    origin: "text",
    trace: "text",
    digest: "bytea",
    canonical: "text",
    received: "bytea",
  },
  seen: { source: "text", source_id: "text", message: "bigint", digest: "bytea" },
  delivery: {
    id: "bigint",
    since: "bigint",
    due_at: "bigint",
    system: "integer",
    route: "smallint",
    lane: "smallint",
    state: "state",
    attempts: "integer",
    tries: "integer",
    crashes: "integer",
    open: "boolean",
    key: "text",
    receipt: "text",
    parking: "text",
    edited: "text",
  },
  attempt: {
    id: "bigint",
    delivery: "bigint",
    started_at: "bigint",
    ended_at: "bigint",
    link: "bigint",
    kind: "text",
    outcome: "text",
    receipt: "text",
    message: "text",
    request: "text",
    response: "text",
  },
  duplicate: {
    id: "bigint",
    message: "bigint",
    received_time: "bigint",
    link: "bigint",
    differs: "boolean",
    received: "bytea",
  },
  refusal: {
    id: "bigint",
    received_time: "bigint",
    link: "bigint",
    received_bytes: "bigint",
    source: "text",
    source_id: "text",
    contract: "text",
    findings: "text",
    origin: "text",
    received: "bytea",
  },
  audit: {
    id: "bigint",
    at: "bigint",
    message: "bigint",
    delivery: "bigint",
    link: "bigint",
    who: "text",
    act: "text",
    why: "text",
    detail: "text",
  },
  link: { id: "bigint", at: "bigint", rows: "integer", digest: "bytea", hash: "bytea" },
  latest: { contract: "text", object: "text", source: "text", version: "text", units: "bytea", message: "bigint" },
  identity: {
    kind: "text",
    object: "text",
    system: "text",
    external: "text",
    learned_at: "bigint",
    origin: "text",
  },
  source_cursor: { name: "text", value: "text" },
} as const satisfies Record<string, Record<string, Type>>;

export type FilledTable = keyof typeof TABLES;
export const FILLED_TABLES = Object.keys(TABLES) as FilledTable[];

/** Rows in one statement, and bytes after which one is sent with fewer. */
const BATCH_ROWS = 1_000;
/** Bytes of payloads and text in one statement. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Rows of a table that are read back at once. */
const PAGE_ROWS = 2_000;

/** The key that rows are read back by, where it is a number. */
const READ_BY_ID = new Set<FilledTable>(["message", "delivery", "attempt", "duplicate", "refusal", "audit", "link"]);

/** A row as this ledger stores it. */
function storedRow(table: FilledTable, row: ContentRow): ContentRow {
  const stored: Record<string, string | number | null | Uint8Array> = {};
  for (const [name, type] of Object.entries(TABLES[table])) {
    const value = row[name];
    stored[name] = type === "text" && typeof value === "string" ? toStored(value) : (value ?? null);
  }
  if (table === "seen") stored["source_id"] = toIndexed(String(row["source_id"]));
  if (table === "latest") {
    stored["object"] = toIndexed(String(row["object"]));
    stored["units"] = Buffer.from(versionUnits(String(row["version"])), "hex");
  }
  if (table === "delivery") stored["lane"] = laneOf(String(row["key"]));
  return stored;
}

/** Fills tables in batches, in bounded memory, and keeps count and a digest of what each was given. */
export class TableFiller {
  readonly #client: Client;
  readonly #waiting = new Map<FilledTable, { rows: ContentRow[]; bytes: number }>();
  readonly tallies = new Map<FilledTable, Tally>(FILLED_TABLES.map((table) => [table, new Tally(table)]));

  constructor(client: Client) {
    this.#client = client;
  }

  async add(table: FilledTable, row: ContentRow): Promise<void> {
    const stored = storedRow(table, row);
    this.tallies.get(table)?.add(stored);
    let batch = this.#waiting.get(table);
    if (batch === undefined) this.#waiting.set(table, (batch = { rows: [], bytes: 0 }));
    batch.rows.push(stored);
    batch.bytes += sizeOf(stored);
    if (batch.rows.length >= BATCH_ROWS || batch.bytes >= BATCH_BYTES) await this.#send(table, batch.rows);
  }

  async flush(): Promise<void> {
    for (const [table, { rows }] of this.#waiting) if (rows.length > 0) await this.#send(table, rows);
  }

  async #send(table: FilledTable, rows: readonly ContentRow[]): Promise<void> {
    this.#waiting.set(table, { rows: [], bytes: 0 });
    const payloads: Uint8Array[] = [];
    let at = 1;
    const types = Object.entries(TABLES[table]) as [string, Type][];
    const json = rows.map((row) => {
      const fields: Record<string, unknown> = {};
      for (const [name, type] of types) {
        const value = row[name];
        if (type === "boolean") fields[name] = value === 1;
        else if (type !== "bytea") fields[name] = value;
        else if (value instanceof Uint8Array) {
          fields[`${name}__at`] = at;
          fields[`${name}__length`] = value.length;
          payloads.push(value);
          at += value.length;
        }
      }
      return fields;
    });
    await this.#client.query({
      name: `fill ${table}`,
      text: insertText(table),
      values: hasBytes(types) ? [JSON.stringify(json), Buffer.concat(payloads)] : [JSON.stringify(json)],
    });
  }
}

function hasBytes(types: readonly [string, Type][]): boolean {
  return types.some(([, type]) => type === "bytea");
}

function insertText(table: FilledTable): string {
  const types = Object.entries(TABLES[table]) as [string, Type][];
  const columns = types.map(([name]) => `"${name}"`).join(", ");
  const values = types
    .map(([name, type]) => (type === "bytea" ? `substr($2::bytea, r.${name}__at, r.${name}__length)` : `r."${name}"`))
    .join(", ");
  const shape = types
    .map(([name, type]) => (type === "bytea" ? `${name}__at integer, ${name}__length integer` : `"${name}" ${type}`))
    .join(", ");
  return `insert into "${table}" (${columns}) select ${values} from json_to_recordset($1::json) as r (${shape})`;
}

function sizeOf(row: ContentRow): number {
  let size = 0;
  for (const value of Object.values(row))
    size += typeof value === "string" || value instanceof Uint8Array ? value.length : 8;
  return size;
}

/** How many rows, and the sum of their digests: the same in whatever order they come. */
class Tally {
  readonly #types: readonly [string, Type][];
  #sum = 0n;
  rows = 0;

  constructor(table: FilledTable) {
    this.#types = Object.entries(TABLES[table]) as [string, Type][];
  }

  add(row: ContentRow): void {
    this.rows++;
    const values = this.#types.map(([name, type]) => {
      const value = row[name] ?? null;
      if (value instanceof Uint8Array) return hash("sha256", value, "base64");
      return type === "boolean" ? Boolean(value) : value;
    });
    this.#sum += BigInt(`0x${hash("sha256", JSON.stringify(values), "hex")}`);
  }

  get digest(): string {
    return BigInt.asUintN(256, this.#sum).toString(16).padStart(64, "0");
  }
}

/** What a table holds now, read page by page. */
export async function tallyTable(client: Client, table: FilledTable): Promise<Tally> {
  const tally = new Tally(table);
  const columns = Object.keys(TABLES[table])
    .map((name) => `"${name}"`)
    .join(", ");
  if (!READ_BY_ID.has(table)) {
    await eachRow(client, `select ${columns} from "${table}"`, (row) => tally.add(row));
    return tally;
  }
  for (let after = -1; ;) {
    const { rows } = await client.query<ContentRow & { id: number }>({
      name: `read ${table}`,
      text: `select ${columns} from "${table}" where id > $1 order by id limit $2`,
      values: [after, PAGE_ROWS],
    });
    for (const row of rows) tally.add(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return tally;
    after = last.id;
  }
}

async function eachRow(client: Client, text: string, each: (row: ContentRow) => void): Promise<void> {
  await client.query(`declare reading cursor for ${text}`);
  for (;;) {
    const { rows } = await client.query<ContentRow>(`fetch ${PAGE_ROWS} from reading`);
    rows.forEach(each);
    if (rows.length < PAGE_ROWS) break;
  }
  await client.query("close reading");
}
