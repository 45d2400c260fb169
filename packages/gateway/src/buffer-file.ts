import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LineshaftError } from "@lineshaft/core";
import { APPLICATION_ID, BUFFER_VERSION, SCHEMA } from "./schema.ts";

/** A damaged file that was set aside: where it is now, what was wrong, and from when its facts may be. */
export interface SetAside {
  path: string;
  said: string;
  from: number;
}

const PAGE_CACHE_KIB = 8_192;
/** Pages written to the log before they are moved into the file. */
const CHECKPOINT_PAGES = 1_000;
/** The log file is cut to this after a checkpoint. */
const LOG_BYTES = 16 * 1024 * 1024;
/** Buffers up to this size are checked page by page at every start. */
const CHECKED_BYTES = 1024 * 1024 * 1024;

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const BUSY = 5;
const IO = [8, 10, 14];
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

/**
 * Opens the buffer's file for this process alone, making it where there is none. A damaged one is set aside and a new one
 * made, because a plant goes on producing; nothing of the damaged one is deleted.
 * @throws LineshaftError `ledger-newer` (the file is left as it is), `ledger-busy`, `ledger-io`
 */
export function openBufferFile(path: string, now: number): { db: DatabaseSync; aside: SetAside | undefined } {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) makeFile(path);
  try {
    return { db: openSound(path), aside: undefined };
  } catch (error) {
    const said = damageOf(error);
    if (said === undefined) throw bufferError(error, path);
    const aside = setAside(path, said, now);
    makeFile(path);
    return { db: openSound(path), aside };
  }
}

/** Tells an error of SQLite in the buffer's terms; anything else comes back as it is. */
export function bufferError(cause: unknown, path: string): unknown {
  const code = codeOf(cause);
  const said = cause instanceof Error ? cause.message : String(cause);
  if (code === FULL)
    return new LineshaftError("ledger-full", `Cannot write to the gateway's buffer ${path}: the disk is full.`, {
      next: "Free space on its disk. Sources are held back meanwhile; nothing was acknowledged that is not stored.",
      said,
      cause,
    });
  if (code === BUSY)
    return new LineshaftError("ledger-busy", `Another process works on the gateway's buffer ${path}.`, {
      next: "Stop the other gateway first, or give this one a folder of its own.",
      said,
      cause,
    });
  if (code === CORRUPT || code === NOT_A_DATABASE)
    return new LineshaftError("ledger-damaged", `The gateway's buffer ${path} is damaged.`, {
      next: "Start the gateway again: it sets the damaged file aside, tells the hub, and goes on with a new one.",
      said,
      cause,
    });
  if (code !== undefined && IO.includes(code))
    return new LineshaftError("ledger-io", `Cannot read or write the gateway's buffer ${path}.`, {
      next: "Check the disk, its mount and the rights of the gateway's user.",
      said,
      cause,
    });
  return cause;
}

/** Made beside and renamed when it is whole: a file that is there and empty was emptied by somebody. */
function makeFile(path: string): void {
  const making = `${path}.making`;
  for (const end of ["", "-wal", "-journal"]) rmSync(`${making}${end}`, { force: true });
  const db = new DatabaseSync(making);
  try {
    db.exec(`
      pragma synchronous = extra;
      begin;
      ${SCHEMA}
      pragma user_version = ${BUFFER_VERSION};
      pragma application_id = ${APPLICATION_ID};
      commit;
    `);
    db.prepare("insert into setting (name, value) values ('epoch', ?)").run(newEpoch());
  } finally {
    db.close();
  }
  // What is left of the log of a file that is gone would be taken for this one's.
  for (const end of ["-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  renameSync(making, path);
}

export function newEpoch(): string {
  return randomBytes(9).toString("base64url");
}

function openSound(path: string): DatabaseSync {
  if (statSync(path).size === 0) throw new Damage("The file is empty.");
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    // The first read takes the file for this process, until it ends, however it ends.
    db.exec(`
      pragma locking_mode = exclusive;
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma cache_size = -${PAGE_CACHE_KIB};
      pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
      pragma journal_size_limit = ${LOG_BYTES};
      pragma temp_store = memory;
      begin immediate;
      commit;
    `);
    checkVersion(db, path);
    if (statSync(path).size <= CHECKED_BYTES) {
      const said = String(db.prepare("pragma quick_check(1)").get()?.["quick_check"] ?? "ok");
      if (said !== "ok") throw new Damage(said);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function checkVersion(db: DatabaseSync, path: string): void {
  const pragma = (name: string) => Number(db.prepare(`pragma ${name}`).get()?.[name] ?? 0);
  const found = pragma("user_version");
  if (pragma("application_id") !== APPLICATION_ID || found === 0) throw new Damage("The file is no gateway's buffer.");
  if (found > BUFFER_VERSION)
    throw new LineshaftError(
      "ledger-newer",
      `The gateway's buffer ${path} is of version ${found}, and this Lineshaft knows versions up to ${BUFFER_VERSION}; nothing was changed.`,
      { next: "Start the newer Lineshaft that wrote it. What it holds has not reached the hub yet." },
    );
}

function setAside(path: string, said: string, now: number): SetAside {
  const { birthtimeMs, mtimeMs } = statSync(path);
  const from = Math.round(Math.min(now, birthtimeMs > 0 ? birthtimeMs : mtimeMs));
  const stamp = new Date(now).toISOString().replaceAll(/[:.]/g, "-");
  let aside = `${path}.damaged-${stamp}`;
  for (let n = 2; existsSync(aside); n++) aside = `${path}.damaged-${stamp}-${n}`;
  renameSync(path, aside);
  for (const end of ["-wal", "-shm"]) if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${aside}${end}`);
  return { path: aside, said, from };
}

class Damage extends Error {}

function damageOf(error: unknown): string | undefined {
  if (error instanceof Damage) return error.message;
  const code = codeOf(error);
  return (code === CORRUPT || code === NOT_A_DATABASE) && error instanceof Error ? error.message : undefined;
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
}
