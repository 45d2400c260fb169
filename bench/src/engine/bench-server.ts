import { randomBytes } from "node:crypto";
import { chmodSync } from "node:fs";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { openScratch } from "../scratch.ts";

/**
 * What the benches run PostgreSQL with, over its defaults: which are durable. The rest of a run's settings are printed with it.
 * Autovacuum looks every second, so that a short run pays for it too. Tables are analyzed after as many changes as a tenth
 * of a large one, and not each second anew while they grow from nothing.
 */
const SETTINGS = {
  shared_buffers: "256MB",
  max_wal_size: "4GB",
  max_connections: 100,
  autovacuum_naptime: 1,
  autovacuum_analyze_threshold: 250_000,
};
const PRINTED = [
  "server_version",
  "fsync",
  "synchronous_commit",
  "full_page_writes",
  "shared_buffers",
  "max_wal_size",
  "autovacuum_naptime",
  "autovacuum_analyze_threshold",
] as const;

/** A PostgreSQL for one bench, with its files on the disk that is asked for. */
export interface BenchServer extends AsyncDisposable {
  readonly server: PostgresServer;
  /** To print: what its figures depend on. */
  readonly settings: Record<string, string>;
  /** A fresh database; its URL. */
  newDatabase(): Promise<string>;
  /** Removes a database, and writes back what it left to be written: it would weigh on the next one. */
  drop(url: string): Promise<void>;
}

/** Where a server's files are, and go in the end; the password that they were made with. */
export interface ServerFolder extends Disposable {
  readonly folder: string;
  readonly password: string;
}

export function openServerFolder(parent?: string): ServerFolder {
  const scratch = openScratch(parent);
  // PostgreSQL does not run as root, and has to reach its files below this folder.
  chmodSync(scratch.folder, 0o711);
  return {
    folder: scratch.path("postgres"),
    password: randomBytes(18).toString("base64url"),
    [Symbol.dispose]: () => scratch[Symbol.dispose](),
  };
}

/** `parent`: on which disk; or `files`, with what an earlier server left. */
export async function startBenchServer(parent?: string, files = openServerFolder(parent)): Promise<BenchServer> {
  const { folder, password } = files;
  const server = await startPostgres({ folder, password, settings: SETTINGS });
  return {
    server,
    settings: await settingsOf(server),
    newDatabase: () => server.newDatabase(),
    drop: async (url) => {
      await server.sql(`drop database if exists ${databaseOf(url)} with (force)`);
      await server.sql("checkpoint");
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      files[Symbol.dispose]();
    },
  };
}

/** The name of a URL's database. */
function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

async function settingsOf(server: PostgresServer): Promise<Record<string, string>> {
  const columns = PRINTED.map((name) => `current_setting('${name}') as ${name}`);
  const [row = {}] = await server.sql(`select ${columns.join(", ")}`);
  return Object.fromEntries(PRINTED.map((name) => [name, String(row[name])]));
}
