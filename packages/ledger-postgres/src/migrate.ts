import { randomInt } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { type Clock, LineshaftError, type Secret, systemClock } from "@lineshaft/core";
import type { Client } from "pg";
import { Connections } from "./connections.ts";
import { codeOf, isConflict } from "./postgres-error.ts";
import { quoted } from "./statements.ts";

export interface PostgresRoles {
  /** The role that hubs connect as: it reads, and writes only by the ledger's functions. */
  hub?: string;
  /** Roles that read what belongs to their plants. Whoever is not named any more loses it. */
  readers?: readonly { role: string; plants: readonly string[] }[];
}

export interface MigrateOptions {
  /** Of the role that owns the ledger's schema, or may create it. */
  url: string | Secret;
  /** Default `lineshaft`. */
  schema?: string;
  /** Existing roles to give their rights to; without it, those named before keep them. */
  roles?: PostgresRoles;
  /** Days in one partition, for a new ledger; default 30. */
  partitionDays?: number;
  /** Replaces the server's clock; for tests. */
  serverClock?: Clock;
  /** Another release's migrations, in their folder; for tests. */
  migrations?: URL;
}

export interface Migrated {
  /** Version before, 0 for none. */
  from: number;
  to: number;
}

// The oldest PostgreSQL that has what the ledger uses.
const OLDEST_SERVER = 140_000;
/** Days for which partitions are there in advance, so that no hub needs to run for them to be made. */
export const PARTITIONS_AHEAD_DAYS = 60;

/** How long a step waits for readers and commits before it lets them go first, in ms: who comes after it waits behind it. */
const LOCK_MS = 2_000;
/** Tries of a step that keeps meeting others. */
const LOCK_TRIES = 30;
/** For others to get ahead between two tries, in ms. */
const LOCK_PAUSE_MS = 500;

const ownMigrations = new URL("../migrations/", import.meta.url);

function files(folder: URL): string[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
}

/**
 * Makes or upgrades the ledger's schema, and gives roles their rights. Each step is one transaction under a lock of its
 * own: it is there in full or not at all, and two at once do no harm.
 * @throws LineshaftError `ledger-newer`, `ledger-refused`, `ledger-damaged`, `ledger-io`
 */
export async function migratePostgres({ url, schema = "lineshaft", ...options }: MigrateOptions): Promise<Migrated> {
  const connections = new Connections({ url, schema, sessions: false, readOnly: false, statementMs: 0 }, 1);
  try {
    return await migrate(connections, options);
  } finally {
    await connections.close();
  }
}

export async function migrate(
  connections: Connections,
  options: Omit<MigrateOptions, "url" | "schema">,
): Promise<Migrated> {
  // A step on a large ledger may take long, whatever a hub's statements may.
  const line = await connections.connect({ statementMs: 0 });
  try {
    const { schema } = connections.address;
    const { migrations: folder = ownMigrations } = options;
    const { version: from } = await inspect(connections, { folder });
    const names = files(folder);
    for (const [at, name] of names.entries())
      if (at >= from)
        await stepBetweenOthers(line.client, { schema, number: at + 1, path: new URL(name, folder), name, options });
    await inTransaction(line.client, schema, async (client) => {
      await client.query("select make_partitions_v1($1, $2)", [
        options.serverClock?.now() ?? null,
        PARTITIONS_AHEAD_DAYS,
      ]);
      await grantRoles(client, schema, options.roles);
    });
    return { from, to: names.length };
  } catch (error) {
    throw connections.told(error);
  } finally {
    await line.close();
  }
}

export interface Inspected {
  /** 0: there is no ledger yet. Greater than `known`: of a newer release that says this code may go on. */
  version: number;
  known: number;
  /** The server only reads: a standby. */
  standby: boolean;
}

/**
 * `rolling`: a newer version is no error while it says that code of this version may work on it.
 * @throws LineshaftError `ledger-newer`, `ledger-refused` for a server that is too old or a database that cannot hold every text, `ledger-damaged`
 */
export async function inspect(
  connections: Connections,
  { folder = ownMigrations, rolling = false }: { folder?: URL; rolling?: boolean } = {},
): Promise<Inspected> {
  const { location, address } = connections;
  const s = quoted(address.schema);
  const known = files(folder).length;
  const [server] = await connections.read(
    `select current_setting('server_version_num')::integer as number, current_setting('server_version') as version,
       current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby, to_regclass($1) is not null as ledger,
       exists (select from pg_class where relnamespace = to_regnamespace($2)) as taken`,
    [`${s}.migration`, s],
  );
  if ((server?.["number"] as number) < OLDEST_SERVER)
    throw new LineshaftError(
      "ledger-refused",
      `The server of the ledger ${location} is PostgreSQL ${String(server?.["version"])}.`,
      {
        next: "Lineshaft needs 14 or newer: upgrade the server, or name another one.",
      },
    );
  if (server?.["encoding"] !== "UTF8")
    throw new LineshaftError(
      "ledger-refused",
      `The database ${location} has the encoding ${String(server?.["encoding"])}, which cannot hold all that facts may say.`,
      {
        next: "Make one with: create database <name> encoding 'UTF8' template template0.",
      },
    );
  const standby = server?.["standby"] === true;
  if (server?.["ledger"] !== true) {
    if (server?.["taken"] !== true) return { version: 0, known, standby };
    throw new LineshaftError(
      "ledger-damaged",
      `The schema ${address.schema} in ${location} holds tables of another program, or the remains of a ledger; nothing was changed.`,
      {
        next: "Name another schema, or restore the ledger from a backup.",
      },
    );
  }
  const [found] = await connections.read(`select coalesce(max(number), 0) as version from ${s}.migration`);
  const version = found?.["version"] as number;
  if (version > known && !(rolling && (await oldestCode(connections, known)) <= known))
    throw new LineshaftError(
      "ledger-newer",
      `The ledger ${location} is of version ${version}, and this Lineshaft knows versions up to ${known}; nothing was changed.`,
      { next: "Start the newer Lineshaft that wrote it, or restore a backup made before the upgrade." },
    );
  return { version, known, standby };
}

/** What all versions after `known` ask of the code that works on them; one that says nothing asks for itself. */
async function oldestCode(connections: Connections, known: number): Promise<number> {
  const s = quoted(connections.address.schema);
  const [row] = await connections.read(
    `select max(coalesce(oldest_code, number)) as oldest from ${s}.migration where number > $1`,
    [known],
  );
  return row?.["oldest"] as number;
}

interface Step {
  schema: string;
  number: number;
  path: URL;
  name: string;
  options: Omit<MigrateOptions, "url" | "schema">;
}

/** Hubs go on meanwhile: a step that would make them wait for a reader stands back, and tries again. */
async function stepBetweenOthers(client: Client, to: Step): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await step(client, to);
    } catch (error) {
      if (tries >= LOCK_TRIES || !(isConflict(error) || codeOf(error) === LOCK_NOT_AVAILABLE)) throw error;
      await systemClock.sleep(LOCK_PAUSE_MS);
    }
  }
}

const LOCK_NOT_AVAILABLE = "55P03";

/** First line of a migration that older code may work on: which version that code has to know. */
const OLDEST_CODE = /^-- oldest code: (\d+)\n/;

async function step(client: Client, { schema, number, path, name, options }: Step): Promise<void> {
  await inTransaction(client, schema, async () => {
    if (number === 1) await beginSchema(client, schema);
    // Another process may have done it while this one waited for the lock.
    const { rows } = await client.query("select from migration where number = $1", [number]);
    if (rows.length > 0) return;
    const text = readFileSync(path, "utf8");
    await client.query(`set local lock_timeout to ${LOCK_MS}`);
    await client.query(text);
    const oldest = OLDEST_CODE.exec(text)?.[1];
    await client.query("insert into migration (number, name, oldest_code) values ($1, $2, $3)", [
      number,
      name,
      oldest === undefined ? null : Number(oldest),
    ]);
    if (number === 1) await seed(client, options);
    // By default, everybody may call every function.
    await client.query(`revoke all on all functions in schema ${quoted(schema)} from public`);
  });
}

async function beginSchema(client: Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>("select to_regnamespace($1) is not null as there", [
    quoted(schema),
  ]);
  // With `if not exists` it would ask for the right to create one even where it exists.
  if (rows[0]?.there !== true) await client.query(`create schema ${quoted(schema)}`);
  await client.query(
    `create table if not exists migration (
       number integer primary key,
       name text not null,
       -- The version that code has to know to work on a ledger with this step; null: this one.
       oldest_code integer,
       at timestamptz not null default now())`,
  );
}

async function seed(client: Client, { partitionDays = 30 }: { partitionDays?: number }): Promise<void> {
  const id = newId();
  await client.query("insert into setting (name, value) values ('id', $1), ('channel', $2), ('partition_days', $3)", [
    id,
    `lineshaft_${id}`,
    String(partitionDays),
  ]);
}

/** Tables that a hub reads; it writes none of them. */
const READ_BY_HUB = [
  "migration",
  "setting",
  "head",
  "system",
  "route",
  "message",
  "delivery",
  "attempt",
  "duplicate",
  "refusal",
  "audit",
  "link",
  "latest",
  "lane",
  "worker",
  "session",
  "counter",
  "identity",
  "source_cursor",
  "partition",
];
const READ_BY_PLANT = ["reader", "system", "route", "message", "delivery", "attempt", "duplicate", "refusal", "audit"];
const BY_PLANT = ["system", "message", "delivery", "attempt", "duplicate", "refusal", "audit"];
/** What takes rows away is the owner's alone. */
const NOT_BY_HUB = ["retain_v1", "retain_refusals_v1", "forget_v1"];

/** Gives rights to the roles named, or again to those named before: a new version may bring new tables and functions. */
async function grantRoles(client: Client, schema: string, roles: PostgresRoles | undefined): Promise<void> {
  const s = quoted(schema);
  const { rows } = await client.query<{ value: string }>("select value from setting where name = 'hub_role'");
  const hub = roles?.hub ?? rows[0]?.value;
  if (hub !== undefined) await grantHub(client, s, hub);
  if (roles?.readers !== undefined) {
    const before = await client.query<{ role: string }>("select distinct role from reader");
    for (const { role } of before.rows)
      await client.query(`revoke all on all tables in schema ${s} from ${quoted(role)}`);
    await client.query("delete from reader");
    for (const { role, plants } of roles.readers)
      await client.query("insert into reader (role, plant) select $1, unnest($2::text[])", [role, plants]);
  }
  const readers = await client.query<{ role: string }>("select distinct role from reader");
  for (const { role } of readers.rows) {
    await client.query(`grant usage on schema ${s} to ${quoted(role)}`);
    await client.query(`grant select on ${READ_BY_PLANT.join(", ")} to ${quoted(role)}`);
  }
}

async function grantHub(client: Client, s: string, hub: string): Promise<void> {
  const role = quoted(hub);
  await client.query(
    "insert into setting (name, value) values ('hub_role', $1) on conflict (name) do update set value = excluded.value",
    [hub],
  );
  await client.query(`grant usage on schema ${s} to ${role}`);
  await client.query(`grant select on ${READ_BY_HUB.join(", ")} to ${role}`);
  for (const table of BY_PLANT) {
    await client.query(`drop policy if exists hub on ${table}`);
    await client.query(`create policy hub on ${table} for select to ${role} using (true)`);
  }
  const { rows } = await client.query<{ name: string }>(
    `select p.oid::regprocedure::text as name from pg_proc p
     where p.pronamespace = to_regnamespace($1) and p.proname ~ '_v\\d+$' and not p.proname = any ($2)`,
    [s, NOT_BY_HUB],
  );
  for (const { name } of rows) await client.query(`grant execute on function ${name} to ${role}`);
}

/** Under the lock that only one migration of a ledger holds, with names looked up in its schema first and nowhere else. */
async function inTransaction<T>(client: Client, schema: string, work: (client: Client) => Promise<T>): Promise<T> {
  await client.query("begin");
  try {
    await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`lineshaft ${schema}`]);
    await client.query(`set local search_path to ${quoted(schema)}, pg_temp`);
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

/** Eight of [0-9a-z], drawn evenly. */
function newId(): string {
  return Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("");
}
