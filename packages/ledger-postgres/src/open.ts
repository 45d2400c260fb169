import { type Clock, type Ledger, LineshaftError, type Secret } from "@lineshaft/core";
import { Connections } from "./connections.ts";
import { PostgresLedger } from "./ledger.ts";
import { type Inspected, inspect, migrate } from "./migrate.ts";
import { quoted, statements } from "./statements.ts";
import type { WriterStats } from "./writer.ts";

export interface PostgresLedgerOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`, or a secret that holds it. */
  url: string | Secret;
  /** Where the ledger's tables are; default `lineshaft`. */
  schema?: string;
  /** Most connections for dispatch, and as many for all else that reads; default 4. Three more write, renew the lease on lanes, and listen. */
  poolSize?: number;
  /** The server gives up reading after this; default 30,000 ms. */
  statementMs?: number;
  /** The server gives up a commit after this; default 15,000 ms. A connection that stays silent longer is made anew. */
  commitMs?: number;
  /** A commit whose connection broke is tried to be found out about for this long, before its facts are turned away; default 60,000 ms. */
  commitWaitMs?: number;
  /**
   * Default true. False behind a pooler that shares connections between transactions (PgBouncer's `pool_mode =
   * transaction`): nothing of a session is used, and other hubs' work is looked for once per second.
   */
  listen?: boolean;
  /** `auto` (default): makes or upgrades the schema at the start, where the user may. `never`: only `lineshaft migrate` does. */
  migrate?: "auto" | "never";
  /** Only look; takes no lanes and writes nothing. */
  readOnly?: boolean;
  /** Replaces the server's clock, which all hubs go by; for tests. */
  serverClock?: Clock;
}

/** What only this ledger tells. */
export interface PostgresLedgerStats {
  stats(): WriterStats;
}

/**
 * Opens the ledger of many hubs, making or upgrading it where needed and allowed.
 * @throws LineshaftError `ledger-newer`, `ledger-refused`, `ledger-damaged` (none touches the ledger), `ledger-io`, `not-found`
 */
export async function openPostgresLedger(options: PostgresLedgerOptions): Promise<Ledger & PostgresLedgerStats> {
  const { url, schema = "lineshaft", poolSize = 4, statementMs = 30_000, listen = true, readOnly = false } = options;
  const connections = new Connections({ url, schema, sessions: listen, readOnly, statementMs }, poolSize);
  try {
    const found = await inspect(connections, { rolling: true });
    if (!readOnly) await makeReady(connections, found, options);
    else if (found.version < found.known) throw older(connections, found);
    const s = quoted(schema);
    const rows = await connections.read(`select name, value from ${s}.setting where name in ('id', 'channel')`);
    const setting = (name: string) => rows.find((row) => row["name"] === name)?.["value"] as string;
    return new PostgresLedger(connections, {
      id: setting("id"),
      channel: setting("channel"),
      sql: statements(s),
      limits: { commitMs: options.commitMs ?? 15_000, commitWaitMs: options.commitWaitMs ?? 60_000 },
      serverClock: options.serverClock,
    });
  } catch (error) {
    await connections.close();
    throw error;
  }
}

async function makeReady(connections: Connections, found: Inspected, options: PostgresLedgerOptions): Promise<void> {
  if (found.standby)
    throw new LineshaftError(
      "ledger-io",
      `The ledger ${connections.location} cannot be written: the server is a standby.`,
      {
        next: "Let the URL name the primary, or promote this server.",
      },
    );
  if (found.version >= found.known) return;
  if (options.migrate === "never") throw older(connections, found);
  const { serverClock } = options;
  try {
    await migrate(connections, serverClock === undefined ? {} : { serverClock });
  } catch (error) {
    // The server's own words say which right is missing.
    if (error instanceof LineshaftError && error.code === "ledger-refused") throw older(connections, found, error);
    throw error;
  }
}

function older(connections: Connections, { version, known }: Inspected, cause?: LineshaftError): LineshaftError {
  const { location, address } = connections;
  const message =
    version === 0
      ? `There is no ledger in schema ${address.schema} of ${location} yet.`
      : `The ledger ${location} is of version ${version}, and this Lineshaft needs ${known}.`;
  return new LineshaftError(version === 0 ? "not-found" : "ledger-refused", message, {
    next: "Run lineshaft migrate with the URL of the ledger's owner.",
    ...(cause?.said === undefined ? {} : { said: cause.said }),
    cause,
  });
}
