import { LineshaftError, RejectedError, Secret, explain } from "@lineshaft/core";
import type { Health, Item, Outcome, SystemContext, SystemDefinition, Target } from "@lineshaft/core";
import { Client, Pool } from "pg";
import type { ClientConfig, PoolClient } from "pg";
import { WINDOW_POINTS, checkWritePoints, writePointsSchema } from "./point.ts";
import type { Historian, Window, WindowPoint, WindowRead, WritePoints } from "./point.ts";
import { sqlError } from "./sql-errors.ts";
import { checkSqlOptions } from "./sql-options.ts";
import type { SqlHistorianOptions } from "./sql-options.ts";
import { fieldsOf, probeOf, upsertOf, windowOf } from "./sql-statements.ts";

/** Most items of one call; each is a transaction of its own. */
export const SQL_BATCH_ITEMS = 100;
/** Longest wait for a connection to PostgreSQL, in ms. */
const CONNECT_MS = 10_000;
/** A statement of PostgreSQL is given up after this unless told otherwise, in ms. */
const STATEMENT_MS = 30_000;
/** Most connections unless told otherwise. */
const CONNECTIONS = 4;

/**
 * A table of PostgreSQL or TimescaleDB as a target for summaries. Its operation `writePoints` is repeatable: a point that
 * stands is changed or left as it is. An item is written as a whole or not at all.
 *
 * @throws LineshaftError `config-invalid`
 */
export function sqlHistorian(options: SqlHistorianOptions): Historian {
  checkSqlOptions(options);
  const definition: SystemDefinition = {
    name: options.name,
    connector: "sql-historian",
    open: async (context) => openSystem(options, context),
  };
  const writePoints = { system: definition, name: "writePoints", schema: writePointsSchema, check: checkWritePoints };
  return Object.assign(definition, {
    writePoints,
    readWindow: (window: Window, signal: AbortSignal) => readSqlWindow(options, window, signal),
  });
}

function openSystem(options: SqlHistorianOptions, { log }: SystemContext) {
  const pool = new Pool({ ...configOf(options), max: options.connections ?? CONNECTIONS });
  // One that breaks while it is used fails what uses it; an unused one is replaced by the next use.
  pool.on("connect", (client) => client.on("error", () => undefined));
  pool.on("error", (error) => log.debug(`A connection of ${options.name} broke: ${error.message}`));
  return {
    targets: { writePoints: new SqlTarget(options, pool) satisfies Target<WritePoints> },
    sources: {},
    check: (signal: AbortSignal) => check(options, signal),
    close: () => pool.end(),
  };
}

class SqlTarget implements Target<WritePoints> {
  readonly repeat = { kind: "repeatable" } as const;
  readonly maxBatch = SQL_BATCH_ITEMS;
  readonly #options: SqlHistorianOptions;
  readonly #pool: Pool;

  constructor(options: SqlHistorianOptions, pool: Pool) {
    this.#options = options;
    this.#pool = pool;
  }

  async send(items: Item<WritePoints>[], signal: AbortSignal): Promise<Outcome[]> {
    const client = await this.#connect(signal);
    const stop = () => client.release(new Error("stopped"));
    signal.addEventListener("abort", stop, { once: true });
    try {
      const outcomes: Outcome[] = [];
      for (const item of items) outcomes.push(await this.#write(client, item));
      if (!signal.aborted) client.release();
      return outcomes;
    } catch (error) {
      if (!signal.aborted) client.release(error instanceof Error ? error : true);
      throw sqlError(this.#options.name, error, true);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #connect(signal: AbortSignal): Promise<PoolClient> {
    try {
      signal.throwIfAborted();
      return await this.#pool.connect();
    } catch (error) {
      throw sqlError(this.#options.name, error, false);
    }
  }

  /** @returns rejected when a row is refused; the transaction is undone then, and the connection good for the next one */
  async #write(client: PoolClient, item: Item<WritePoints>): Promise<Outcome> {
    const { name } = this.#options;
    const { points } = item.value;
    try {
      const statements = points.map((point) => upsertOf(this.#options, point));
      await client.query("begin");
      let written = 0;
      for (const statement of statements) written += (await client.query(statement)).rowCount ?? 0;
      await client.query("commit");
      const receipt = `${points[0]?.series} ${points[0]?.time}${points.length > 1 ? ` and ${points.length - 1} more` : ""}`;
      return { kind: "done", receipt, ...(written === 0 && { already: true }) };
    } catch (error) {
      const told = sqlError(name, error, true);
      if (!(told instanceof RejectedError)) throw told;
      await client.query("rollback");
      const { message, next, said, reason } = told;
      return { kind: "rejected", reason, message, next, ...(said !== undefined && { said }) };
    }
  }
}

/** @throws RejectedError when the window is none; UnavailableError when PostgreSQL gives no answer */
async function readSqlWindow(options: SqlHistorianOptions, window: Window, signal: AbortSignal): Promise<WindowRead> {
  const limit = window.limit ?? WINDOW_POINTS;
  const statement = windowOf(options, window, limit + 1);
  const client = new Client(configOf(options));
  client.on("error", () => undefined);
  const stop = () => void client.end().catch(() => undefined);
  try {
    signal.throwIfAborted();
    await client.connect();
    signal.addEventListener("abort", stop, { once: true });
    const { rows } = await client.query<Cell[]>({ ...statement, rowMode: "array" });
    const names = { tags: Object.keys(options.columns.tags ?? {}), fields: fieldsOf(options, window) };
    return { points: rows.slice(0, limit).map((row) => pointOf(row, names)), more: rows.length > limit };
  } catch (error) {
    // Reading changes nothing, and so can be done again.
    throw sqlError(options.name, error, false);
  } finally {
    signal.removeEventListener("abort", stop);
    await client.end().catch(() => undefined);
  }
}

async function check(options: SqlHistorianOptions, signal: AbortSignal): Promise<Health> {
  const { text, values } = probeOf(options);
  const client = new Client(configOf(options));
  client.on("error", () => undefined);
  try {
    signal.throwIfAborted();
    await client.connect();
    await client.query(text, values);
    const { rows } = await client.query<{ server_version: string }>("show server_version");
    return { ok: true, ...(rows[0] && { version: rows[0].server_version }) };
  } catch (cause) {
    const error: LineshaftError = sqlError(options.name, cause, false);
    return { ok: false, message: explain(error), next: error.next };
  } finally {
    await client.end().catch(() => undefined);
  }
}

type Cell = number | boolean | string | null;

function pointOf(
  [time, ...cells]: readonly Cell[],
  { tags, fields }: { tags: readonly string[]; fields: readonly string[] },
): WindowPoint {
  const named = (names: readonly string[], from: number) =>
    names.map((name, at) => [name, cells[from + at] ?? null] as const);
  return {
    time: String(time),
    // An absent tag is kept as the empty text.
    tags: Object.fromEntries(named(tags, 0).flatMap(([name, value]) => (value ? [[name, String(value)]] : []))),
    fields: Object.fromEntries(
      named(fields, tags.length).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
    ),
  };
}

function configOf({ url, password, statementMs = STATEMENT_MS }: SqlHistorianOptions): ClientConfig {
  const address = new URL(url instanceof Secret ? url.read() : url);
  // Not beside the URL: the driver prefers the URL's, also where it has none.
  if (password !== undefined) address.searchParams.set("password", password.read());
  return {
    connectionString: address.href,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: statementMs,
    // What the network swallowed is never answered.
    query_timeout: statementMs + CONNECT_MS,
    application_name: "lineshaft",
  };
}
