import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync, backup } from "node:sqlite";
import { LineshaftError } from "@lineshaft/core";
import { openSqliteLedger } from "./open.ts";
import { damaged, ledgerError } from "./sqlite-error.ts";

export interface BackupOptions {
  /** The ledger's file; a hub may work on it meanwhile. */
  path: string;
  /** The backup's file; must not exist. */
  to: string;
  progress?: (done: number, of: number) => void;
}

export interface LedgerStanding {
  /** The newest link of the audit chain, hex, and when it was made, ms. */
  head: string;
  at: number;
  /** Rows by table. */
  rows: Record<string, number>;
}

export interface BackupReport extends LedgerStanding {
  path: string;
  bytes: number;
}

/** Pages copied between two looks at the progress; 4 MB. */
const STEP_PAGES = 1_000;
/** How long opening the copied file may wait for another process, in ms. */
const BUSY_MS = 10_000;

/**
 * Copies a ledger as it is at one moment, checks the copy and only then gives it its name. A hub that works on the ledger
 * goes on; its log grows by what it writes meanwhile.
 * @throws LineshaftError `wrong-state` when the backup's file exists, `ledger-full`, `ledger-io`, `ledger-damaged`, `not-found`
 */
export async function backupSqliteLedger({ path, to, progress }: BackupOptions): Promise<BackupReport> {
  await (await openSqliteLedger({ path, readOnly: true })).close();
  refuseExisting(to);
  const partial = join(dirname(to), `.${basename(to)}.${process.pid}.partial`);
  try {
    const standing = await copyLedger(path, partial, progress);
    await (await openSqliteLedger({ path: partial, readOnly: true })).close();
    publish(partial, to);
    return { ...standing, path: to, bytes: statSync(to).size };
  } catch (error) {
    throw backupError(error, path, to);
  } finally {
    removeLedgerFiles(partial);
  }
}

/**
 * Copies `path` to `to`, which holds what was there when the copying began, in one file without a log, on disk.
 * @throws what SQLite throws, and `ledger-damaged` when the copy is not what was copied
 */
export async function copyLedger(
  path: string,
  to: string,
  progress: (done: number, of: number) => void = () => {},
): Promise<LedgerStanding> {
  // Only the hub's user may read payloads; SQLite takes the empty file over.
  closeSync(openSync(to, "wx", 0o600));
  const source = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  try {
    // Steps outside of a transaction begin anew whenever another process has written (sqlite.org/backup.html): beside a
    // busy hub they never end. Inside of one all of them see the same moment: 700 MB in 2 s beside 1,000 commits a second.
    source.exec("begin");
    const standing = standingOf(source);
    await backup(source, to, {
      rate: STEP_PAGES,
      progress: ({ totalPages, remainingPages }) => progress(totalPages - remainingPages, totalPages),
    });
    inspectCopy(to, standing);
    return standing;
  } finally {
    source.close();
  }
}

/** Closes the copy's log, so that it is one file, and compares it with what was copied. */
function inspectCopy(to: string, expected: LedgerStanding): void {
  const copy = new DatabaseSync(to, { timeout: BUSY_MS });
  try {
    copy.exec("pragma journal_mode = delete");
    const said = String(copy.prepare("pragma quick_check(1)").get()?.["quick_check"]);
    if (said !== "ok") throw damaged(to, said);
    if (JSON.stringify(standingOf(copy)) !== JSON.stringify(expected))
      throw damaged(to, "The copy does not hold what the ledger holds.");
  } finally {
    copy.close();
  }
  sync(to);
}

const COUNTED = ["message", "delivery", "attempt", "duplicate", "refusal", "audit", "link"] as const;

function standingOf(db: DatabaseSync): LedgerStanding {
  const newest = db.prepare("select lower(hex(hash)) as head, at from link order by id desc limit 1").get();
  const count = (table: string) => Number(db.prepare(`select count(*) as rows from ${table}`).get()?.["rows"]);
  return {
    head: String(newest?.["head"] ?? ""),
    at: Number(newest?.["at"] ?? 0),
    rows: Object.fromEntries(COUNTED.map((table) => [table, count(table)])),
  };
}

function refuseExisting(to: string): void {
  if (existsSync(to))
    throw new LineshaftError("wrong-state", `${to} exists; nothing was written.`, { next: "Name another file." });
}

/** Gives the file its name, unless another one has it by now. */
function publish(partial: string, to: string): void {
  try {
    // Unlike a rename, a link never takes the place of a file.
    linkSync(partial, to);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOSPC") throw cause;
    refuseExisting(to);
    // A disk that knows no links: exFAT, some network shares.
    renameSync(partial, to);
  }
  syncFolder(dirname(to));
}

export function sync(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** So that a name given there is there after a power cut. */
export function syncFolder(path: string): void {
  // Windows opens no folders, and writes names through.
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** A ledger's file with all that SQLite may keep beside it. */
export function removeLedgerFiles(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${path}${suffix}`, { force: true });
}

/** The same errors mean something else of a backup than of the ledger: nothing of the hub is in danger. */
function backupError(error: unknown, path: string, to: string): unknown {
  const told = ledgerError(error, to);
  if (told instanceof LineshaftError && (told.code === "ledger-full" || told.code === "ledger-io"))
    return new LineshaftError(
      told.code,
      `Cannot write the backup ${to}${told.code === "ledger-full" ? ": the disk is full" : ""}.`,
      {
        next: `Free space there, or name a file on another disk. Nothing was left behind, and the ledger ${path} is as it was.`,
        ...(told.said !== undefined && { said: told.said }),
        cause: error,
      },
    );
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof LineshaftError || code === undefined) return told;
  return new LineshaftError(code === "ENOSPC" ? "ledger-full" : "ledger-io", `Cannot write the backup ${to}.`, {
    next: "Check that its folder exists, can be written by this user and has room.",
    said: message,
    cause: error,
  });
}
