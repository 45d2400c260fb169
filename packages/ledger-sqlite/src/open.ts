import { randomInt } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, LANES, type Ledger, LineshaftError, systemClock } from "@lineshaft/core";
import { verifyHead } from "./audit-chain.ts";
import { SqliteLedger } from "./ledger.ts";
import { damaged, ledgerError } from "./sqlite-error.ts";

export interface SqliteLedgerOptions {
  /** The ledger's file; its folder is made when it is missing. */
  path: string;
  /** Only look; takes no lanes and writes nothing. The file must exist. */
  readOnly?: boolean;
  /** `full` (default): a commit is on disk when it resolves. `normal` may lose the newest commits at a power cut; for benches only. */
  durability?: "full" | "normal";
  clock?: Clock;
  /** The file may not grow beyond this; default unlimited. */
  maxBytes?: number;
}

/** "LSHT", written into the file's header so that another database is not taken for a ledger. */
const APPLICATION_ID = 0x4c534854;
/** Ledgers up to this size are checked page by page at every start. */
const QUICK_CHECK_BYTES = 16 * 1024 * 1024;
/** How long a commit waits for another process's commit. */
const BUSY_MS = 10_000;
const PAGE_CACHE_KIB = 24_576;
/** Pages written to the log before they are moved into the file. */
const CHECKPOINT_PAGES = 4_000;
/** The log file is cut to this after a checkpoint. */
const LOG_BYTES = 64 * 1024 * 1024;

const migrations = new URL("../migrations/", import.meta.url);

/**
 * Opens the embedded ledger, making or upgrading it where needed.
 * @throws LineshaftError `ledger-newer`, `ledger-damaged` (neither touches the file), `ledger-io`, `not-found`
 */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<Ledger> {
  const { path, readOnly = false, clock = systemClock } = options;
  if (readOnly && !existsSync(path))
    throw new LineshaftError("not-found", `There is no ledger at ${path}.`, {
      next: "Start the hub once to make it, or name another one.",
    });
  inspectHeader(path);
  if (!readOnly) mkdirSync(dirname(path), { recursive: true });
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly, timeout: BUSY_MS });
    checkVersion(db, path);
    if (!readOnly) {
      configure(db, options);
      migrate(db);
    }
    inspectContent(db, path);
    return new SqliteLedger(db, { path, clock });
  } catch (error) {
    db?.close();
    throw ledgerError(error, path);
  }
}

/**
 * Upgrades a ledger that is there, or makes it, and says from which version to which.
 * @throws as `openSqliteLedger`
 */
export async function migrateSqliteLedger({ path }: { path: string }): Promise<{ from: number; to: number }> {
  inspectHeader(path);
  const from = existsSync(path) && statSync(path).size > 0 ? versionOf(path) : 0;
  await (await openSqliteLedger({ path })).close();
  return { from, to: versionOf(path) };
}

function versionOf(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  try {
    return userVersion(db);
  } finally {
    db.close();
  }
}

function configure(db: DatabaseSync, { durability = "full", maxBytes }: SqliteLedgerOptions): void {
  db.exec(`
    pragma journal_mode = wal;
    pragma synchronous = ${durability === "full" ? "full" : "normal"};
    pragma cache_size = -${PAGE_CACHE_KIB};
    pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
    pragma journal_size_limit = ${LOG_BYTES};
    pragma temp_store = memory;
  `);
  if (maxBytes !== undefined) db.exec(`pragma max_page_count = ${Math.max(64, Math.floor(maxBytes / 4096))}`);
}

/** Refuses what is surely no ledger before SQLite may write next to it. */
function inspectHeader(path: string): void {
  if (!existsSync(path)) return;
  const bytes = statSync(path).size;
  if (bytes === 0) return;
  const header = Buffer.alloc(100);
  const file = openSync(path, "r");
  try {
    readSync(file, header, 0, 100, 0);
  } finally {
    closeSync(file);
  }
  // Database file format, sqlite.org/fileformat2.html §1.3.
  if (header.toString("latin1", 0, 16) !== "SQLite format 3\0")
    throw damaged(path, "The file does not begin as a SQLite database.");
  const applicationId = header.readUInt32BE(68);
  if (applicationId !== APPLICATION_ID && !existsSync(`${path}-wal`))
    throw damaged(path, `The file is a database of another program (application id ${applicationId}).`);
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const expected = header.readUInt32BE(28) * pageBytes;
  if (bytes < expected && !existsSync(`${path}-wal`))
    throw damaged(path, `The file has ${bytes} bytes where its header says ${expected}.`);
}

function files(): string[] {
  return readdirSync(migrations)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
}

function userVersion(db: DatabaseSync): number {
  return Number(db.prepare("pragma user_version").get()?.["user_version"] ?? 0);
}

function checkVersion(db: DatabaseSync, path: string): void {
  const [found, known] = [userVersion(db), files().length];
  if (found > known)
    throw new LineshaftError(
      "ledger-newer",
      `The ledger ${path} is of version ${found}, and this Lineshaft knows versions up to ${known}; nothing was changed.`,
      { next: "Start the newer Lineshaft that wrote it, or restore a backup made before the upgrade." },
    );
}

function migrate(db: DatabaseSync): void {
  for (const [at, name] of files().entries()) {
    if (at < userVersion(db)) continue;
    db.exec("begin immediate");
    try {
      // Another process may have done it while this one waited for the lock.
      if (at >= userVersion(db)) {
        db.exec(readFileSync(new URL(name, migrations), "utf8"));
        db.exec(`pragma user_version = ${at + 1}; pragma application_id = ${APPLICATION_ID}`);
        if (at === 0) seed(db);
      }
      db.exec("commit");
    } catch (error) {
      db.exec("rollback");
      throw error;
    }
  }
}

function seed(db: DatabaseSync): void {
  db.prepare("insert into setting (name, value) values ('id', ?)").run(newId());
  const insert = db.prepare("insert into lane (lane, worker, fence, lease_until) values (?, null, 0, 0)");
  for (let lane = 0; lane < LANES; lane++) insert.run(lane);
}

function inspectContent(db: DatabaseSync, path: string): void {
  if (userVersion(db) === 0) throw damaged(path, "The file holds no tables.");
  if (existsSync(path) && statSync(path).size <= QUICK_CHECK_BYTES) {
    const [first] = db.prepare("pragma quick_check(1)").all();
    const said = String(first?.["quick_check"] ?? "ok");
    if (said !== "ok") throw damaged(path, said);
  }
  const problem = verifyHead(db);
  if (problem !== undefined) throw damaged(path, problem);
}

/** Eight of [0-9a-z], drawn evenly. */
function newId(): string {
  return Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("");
}
