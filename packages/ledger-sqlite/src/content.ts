import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import {
  type Clock,
  type ContentRow,
  type ContentTable,
  type LedgerContent,
  LineshaftError,
  systemClock,
} from "@lineshaft/core";
import { verifyAll } from "./audit-chain.ts";
import { openSqliteLedger } from "./open.ts";
import { ProcessLock } from "./process-lock.ts";
import { putAside } from "./restore.ts";
import { ledgerError } from "./sqlite-error.ts";

export interface SqliteContent extends LedgerContent {
  /** Moves the file aside once its content lives elsewhere, so that no hub goes on with it by mistake; its new name. */
  setAside(): string | undefined;
}

/**
 * Opens a ledger on which no hub works, keeps hubs off it until it is closed, and verifies its audit chain.
 * @throws LineshaftError `ledger-busy` while a hub works on it, `audit-broken`, `not-found`, `ledger-newer`, `ledger-damaged`
 */
export async function readSqliteLedger({
  path,
  clock = systemClock,
  progress,
}: {
  path: string;
  clock?: Clock;
  progress?: (rows: number) => void;
}): Promise<SqliteContent> {
  if (!existsSync(path))
    throw new LineshaftError("not-found", `There is no ledger at ${path}.`, { next: "Name the hub's ledger file." });
  const lock = new ProcessLock(path);
  lock.take();
  let db: DatabaseSync | undefined;
  try {
    // Brings the file to this version, and what a killed hub left in the log into the file.
    await (await openSqliteLedger({ path, clock })).close();
    // Not read-only: such a connection leaves its log behind.
    db = new DatabaseSync(path);
    db.exec("pragma query_only = on");
    const chain = verifyAll(db, progress);
    if (!chain.ok)
      throw new LineshaftError(
        "audit-broken",
        `The audit chain of ${path} is broken: ${chain.problem ?? "no detail"}`,
        {
          next: "Restore the last backup that verifies, and move that one.",
        },
      );
    return new Content(db, { path, lock, clock, chain });
  } catch (error) {
    db?.close();
    lock.release();
    throw ledgerError(error, path);
  }
}

interface Parts {
  path: string;
  lock: ProcessLock;
  clock: Clock;
  chain: { head: string; commits: number; rows: number };
}

class Content implements SqliteContent {
  readonly id: string;
  readonly location: string;
  readonly head: string;
  readonly commits: number;
  readonly sealedRows: number;
  readonly rows: number;
  readonly #db: DatabaseSync;
  readonly #parts: Parts;

  constructor(db: DatabaseSync, parts: Parts) {
    this.#db = db;
    this.#parts = parts;
    this.location = parts.path;
    this.id = String(db.prepare("select value from setting where name = 'id'").get()?.["value"]);
    ({ head: this.head, commits: this.commits, rows: this.sealedRows } = parts.chain);
    this.rows = Object.keys(SELECTS)
      .map((table) => Number(db.prepare(`select count(*) as n from ${table}`).get()?.["n"]))
      .reduce((sum, n) => sum + n, 0);
  }

  *read(table: ContentTable): Iterable<ContentRow> {
    try {
      yield* this.#db.prepare(SELECTS[table]).iterate() as Iterable<ContentRow>;
    } catch (error) {
      throw ledgerError(error, this.location);
    }
  }

  setAside(): string | undefined {
    this.#db.close();
    return putAside(this.#parts.path, "moved", this.#parts.clock.now());
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
    this.#parts.lock.release();
    return Promise.resolve();
  }
}

const SELECTS: Record<ContentTable, string> = {
  system: "select id, name, plant from system order by id",
  route: "select id, flow, system, operation from route order by id",
  message: `
    select id, event_time, received_time, link, source, source_id, contract, object, key, version, origin, trace, digest,
      canonical, cast(received as blob) as received
    from message order by id`,
  delivery: `
    select d.id, d.since, d.due_at, d.system, d.route, d.state, d.attempts, d.tries, d.crashes, d.open, m.key, d.receipt,
      d.parking, d.edited
    from delivery d join message m on m.id = d.id / 4096 order by d.id`,
  attempt: `
    select id, delivery, started_at, ended_at, link, kind, outcome, receipt, message, request, response
    from attempt order by id`,
  duplicate: "select id, message, received_time, link, differs, received from duplicate order by id",
  refusal: `
    select id, received_time, link, received_bytes, source, source_id, contract, findings, origin, received
    from refusal order by id`,
  audit: "select id, at, message, delivery, link, who, act, why, detail from audit order by id",
  link: "select id, at, rows from link order by id",
  latest: "select contract, object, source, version, message from latest order by contract, object, source",
  identity: "select kind, object, system, external, learned_at, origin from identity order by kind, object, system",
  source_cursor: "select name, value from source_cursor order by name",
  lane: "select lane, fence from lane order by lane",
};
