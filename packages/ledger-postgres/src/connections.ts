import { Socket } from "node:net";
import { LineshaftError, Secret } from "@lineshaft/core";
import { Client, type ClientConfig, Pool, type QueryConfig, types } from "pg";
import { isBroken, isConflict, ledgerError } from "./postgres-error.ts";

/** Longest wait for a connection, in ms. */
const CONNECT_MS = 10_000;
/** Tries of one statement that keeps meeting others; by then something else is wrong. */
export const CONFLICT_TRIES = 10;
/** First probe of a silent connection, in ms; the system's own default is two hours. */
const KEEP_ALIVE_MS = 10_000;
/** An unused connection for reading is closed after this, in ms. */
const IDLE_MS = 60_000;

/**
 * What is planned once, maybe while tables are empty, must stay good while they grow to millions of rows: rows are found
 * and put in order by an index alone.
 */
export const DISPATCH_SETTINGS = [
  "plan_cache_mode=force_generic_plan",
  "enable_seqscan=off",
  "enable_bitmapscan=off",
  "enable_sort=off",
  "enable_hashjoin=off",
  "enable_mergejoin=off",
  "enable_material=off",
  "jit=off",
] as const;

// 64-bit integer, PostgreSQL's `pg_type.oid`. All of ours stay below 2^53.
const INT8 = 20;

export interface Address {
  /** Holds the password; read again for each connection, so that a rotated one is taken up. */
  url: string | Secret;
  schema: string;
  /** False behind a pooler that shares connections between transactions: nothing of a session is relied on. */
  sessions: boolean;
  /** The server refuses to write, where it can be told so. */
  readOnly: boolean;
  /** The server gives up a statement after this, in ms; 0: never. */
  statementMs: number;
}

export type Row = Record<string, unknown>;

/** A connection of its own, that can be cut when nothing is heard of it. */
export class Line {
  readonly client: Client;
  readonly #socket: Socket;
  broken = false;

  constructor(address: Address) {
    this.#socket = new Socket();
    this.client = new Client({ ...clientConfig(address), stream: () => this.#socket });
    this.client.on("error", () => {
      this.broken = true;
    });
    this.client.on("end", () => {
      this.broken = true;
    });
  }

  /** Ends it at once, without a word; what is under way fails. */
  cut(): void {
    this.broken = true;
    this.#socket.destroy();
  }

  async close(): Promise<void> {
    if (this.broken) return this.cut();
    // A server that does not answer must not hold up a stop.
    const giveUp = setTimeout(() => this.cut(), 1_000);
    await this.client.end().catch(() => undefined);
    clearTimeout(giveUp);
    this.#socket.destroy();
  }
}

/** The server's connections: some for reading, shared; others made for one purpose each. */
export class Connections {
  readonly address: Address;
  /** Host, port and database, without secrets. */
  readonly location: string;
  /** Statements done again after a conflict or a broken connection. */
  retries = 0;
  readonly #pool: Pool;
  /** For dispatch, which waits for nobody who searches. Each statement is planned once there, for all values. */
  readonly #dispatch: Pool;
  /** For lanes alone: a lease must not run out because all others are busy reading. */
  readonly #lanes: Pool;
  readonly #broken: number;
  /** Of statements that are planned once, by text: as many as hot-path statements exist. */
  readonly #names = new Map<string, string>();

  constructor(address: Address, poolSize: number) {
    this.#broken = poolSize + 1;
    this.address = address;
    this.location = locationOf(address.url);
    this.#pool = poolOf(address, poolSize);
    this.#dispatch = poolOf(address, poolSize, DISPATCH_SETTINGS);
    this.#lanes = poolOf(address, 1);
  }

  /**
   * For what may be done twice: reading, and writing that changes nothing the second time.
   * @throws LineshaftError in the ledger's terms
   */
  read(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#ask(this.#pool, { text, values: [...values] });
  }

  /**
   * The same for a text of dispatch, which comes over and over: each connection has it planned once, where connections are nobody else's.
   * Its columns are listed by name, so that a column that an upgrade adds does not change what the plan answers.
   */
  readOften(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#ask(this.#dispatch, this.#prepared(text, values));
  }

  /** The same, past everything that reads. */
  lease(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#ask(this.#lanes, this.#prepared(text, values));
  }

  #prepared(text: string, values: readonly unknown[]): QueryConfig {
    const query = { text, values: [...values] };
    if (!this.address.sessions) return query;
    const name = this.#names.get(text) ?? `lineshaft_${this.#names.size + 1}`;
    this.#names.set(text, name);
    return { ...query, name };
  }

  async #ask(pool: Pool, query: QueryConfig): Promise<Row[]> {
    for (let tries = 1; ; tries++) {
      try {
        return (await pool.query<Row>(query)).rows;
      } catch (error) {
        // After a restart of the server each idle connection fails once.
        const again = isConflict(error) ? CONFLICT_TRIES : isBroken(error) ? this.#broken : 1;
        if (tries >= again) throw this.told(error);
        this.retries++;
      }
    }
  }

  /** Runs `work` in one transaction that sees one state of the ledger and changes nothing. */
  async snapshot<T>(
    work: (read: (text: string, values?: readonly unknown[]) => Promise<Row[]>) => Promise<T>,
  ): Promise<T> {
    try {
      const client = await this.#pool.connect();
      let failed: Error | undefined;
      try {
        await client.query("begin isolation level repeatable read read only");
        return await work(async (text, values = []) => (await client.query<Row>(text, [...values])).rows);
      } catch (error) {
        failed = error as Error;
        throw error;
      } finally {
        if (failed === undefined) await client.query("rollback");
        client.release(failed);
      }
    } catch (error) {
      throw this.told(error);
    }
  }

  /** @throws LineshaftError in the ledger's terms */
  async connect({ statementMs = this.address.statementMs }: { statementMs?: number } = {}): Promise<Line> {
    let line: Line | undefined;
    try {
      line = new Line({ ...this.address, statementMs });
      await line.client.connect();
      return line;
    } catch (error) {
      line?.cut();
      throw this.told(error);
    }
  }

  told(error: unknown): LineshaftError {
    return ledgerError(error, this.location);
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool, this.#dispatch, this.#lanes].map((pool) => pool.end().catch(() => undefined)));
  }
}

function poolOf(address: Address, max: number, settings: readonly string[] = []): Pool {
  class Reader extends Client {
    constructor() {
      super(clientConfig(address, settings));
    }
  }
  const pool = new Pool({
    Client: Reader,
    max,
    idleTimeoutMillis: IDLE_MS,
    connectionTimeoutMillis: CONNECT_MS,
    allowExitOnIdle: true,
  });
  // An idle connection that breaks is replaced by the pool; whoever asks next is told if that fails.
  pool.on("error", () => undefined);
  return pool;
}

/** `settings`: of the session, where sessions are relied on. */
function clientConfig(
  { url, sessions, readOnly, statementMs }: Address,
  settings: readonly string[] = [],
): ClientConfig {
  return {
    connectionString: typeof url === "string" ? url : url.read(),
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: { getTypeParser: parserOf as typeof types.getTypeParser },
    application_name: "lineshaft",
    // A pooler refuses what it would have to set for each transaction anew.
    ...(sessions
      ? {
          options: [
            "default_transaction_isolation=read\\ committed",
            `default_transaction_read_only=${readOnly ? "on" : "off"}`,
            ...settings,
          ]
            .map((setting) => `-c ${setting}`)
            .join(" "),
          statement_timeout: statementMs,
        }
      : {}),
    // The server's own limit comes first; this one is for a server that does not answer at all.
    ...(statementMs === 0 ? {} : { query_timeout: statementMs + 5_000 }),
  };
}

function parserOf(oid: number, format?: "text" | "binary"): unknown {
  return oid === INT8 ? Number : (types.getTypeParser as (oid: number, format?: string) => unknown)(oid, format);
}

/** Host, port and database of a URL. @throws LineshaftError `config-invalid` */
export function locationOf(url: string | Secret): string {
  const text = typeof url === "string" ? url : url.read();
  try {
    const { host, pathname } = new URL(text);
    return `${host}${pathname}`;
  } catch (cause) {
    throw new LineshaftError("config-invalid", "The ledger's URL is none.", {
      next: "Write it as postgres://user:password@host:5432/database.",
      cause,
    });
  }
}
