import { chownSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { type PostgresServer, startPostgres } from "./postgres.ts";

/** PostgreSQL refuses to run as root; its files then belong to `nobody`. */
const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;

/** Of these only the folders are copied (PostgreSQL manual, "Making a Base Backup Using the Low Level API"). */
const EMPTIED = new Set([
  "pg_wal",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
]);
const LEFT_OUT = new Set(["postmaster.pid", "postmaster.opts"]);

/** A folder that the server may write into. */
export function serversFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  own(path);
  return path;
}

/** Settings of a server that keeps its log of changes in `archive`. */
export function archiving(archive: string): Record<string, string> {
  return {
    archive_mode: "on",
    archive_command: `test ! -f ${archive}/%f && cp %p ${archive}/%f`,
    wal_level: "replica",
  };
}

/** Copies a running server's files, as `pg_basebackup` does, which is not among the binaries that npm brings. */
export async function takeBaseBackup(server: PostgresServer, to: string): Promise<void> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query("select pg_backup_start('lineshaft', true)");
    copyFolder(server.folder, to, "");
    const { rows } = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop(true)");
    writeFileSync(join(to, "backup_label"), rows[0]?.labelfile ?? "");
    own(join(to, "backup_label"));
  } finally {
    await client.end();
  }
}

/** A server of its own on a copy of the base backup, which goes on to the restore point and is a primary then. */
export async function recoverTo(options: {
  backup: string;
  archive: string;
  restorePoint: string;
}): Promise<PostgresServer> {
  const { backup, archive, restorePoint } = options;
  const server = await startPostgres({
    settings: {
      restore_command: `cp ${archive}/%f %p`,
      recovery_target_name: restorePoint,
      recovery_target_action: "promote",
    },
  });
  await server.stop();
  for (const name of readdirSync(server.folder)) rmSync(join(server.folder, name), { recursive: true });
  copyFolder(backup, server.folder, "");
  writeFileSync(join(server.folder, "recovery.signal"), "");
  own(join(server.folder, "recovery.signal"));
  await server.start();
  return server;
}

function copyFolder(from: string, to: string, within: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  own(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && !EMPTIED.has(within)) copyFolder(source, target, within === "" ? entry.name : within);
    else if (entry.isDirectory()) serversFolder(target);
    else if (!LEFT_OUT.has(entry.name) && !EMPTIED.has(within)) copyFile(source, target);
  }
}

function copyFile(source: string, target: string): void {
  try {
    copyFileSync(source, target);
    own(target);
  } catch (error) {
    // Taken away by the server meanwhile; its log says so.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function own(path: string): void {
  if (asRoot) chownSync(path, NOBODY, NOBODY);
}
