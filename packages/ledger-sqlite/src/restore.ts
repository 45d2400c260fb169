import { existsSync, mkdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, LineshaftError, systemClock } from "@lineshaft/core";
import { digestOf, sealLine, verifyAll, verifyHead } from "./audit-chain.ts";
import { copyLedger, removeLedgerFiles, sync, syncFolder } from "./backup.ts";
import { openSqliteLedger } from "./open.ts";
import { ProcessLock } from "./process-lock.ts";
import { damaged } from "./sqlite-error.ts";
import { type Open, Writer, bump, counterOf } from "./writer.ts";

export interface RestoreOptions {
  from: string;
  /** Where the hub looks for its ledger. */
  path: string;
  /** Puts the backup in the place of a ledger that is there, and keeps that one beside. */
  replace?: boolean;
  /** Go into the audit trail. */
  who: string;
  why: string;
  /** No delivery is looked up before this: a request of the lost hub may still be worked on. Default 15 minutes. */
  settleMs?: number;
  clock?: Clock;
  progress?: (what: "verifying" | "copying", done: number) => void;
}

export interface RestoreReport {
  path: string;
  /** The last commit that the backup holds, ms, and its link of the audit chain. */
  backupAt: number;
  head: string;
  /** Open deliveries that are looked up before anything of theirs is sent, not before `lookedUpFrom`. */
  checking: number;
  lookedUpFrom: number;
  /** Versions of objects that a person has to look at, because a newer one may have been sent since. */
  parked: number;
  /** Deliveries that were parked in the backup already. */
  stillParked: number;
  /** Where the replaced ledger is kept. */
  kept?: string;
}

/** Longer than SAP may go on posting after its answer got lost, in ms. */
const SETTLE_MS = 15 * 60 * 1000;
/**
 * Message numbers that a restored ledger leaves out. The lost hub gave out numbers after the backup, and systems know them
 * as tokens: a new fact under such a number would be taken for the lost one. More than a hub accepts in years.
 */
const LEFT_OUT_MESSAGES = 10_000_000_000;

/**
 * Puts a backup in the place of a ledger, made safe to go on with: what was open is looked up or parked, and no number
 * is given out twice. Everything is checked before anything of `path` is touched.
 * @throws LineshaftError `audit-broken`, `ledger-busy` while a hub works on `path`, `wrong-state` when it exists,
 * `not-found`, `ledger-damaged`, `ledger-newer`
 */
export async function restoreSqliteLedger(options: RestoreOptions): Promise<RestoreReport> {
  const { from, path, replace = false, clock = systemClock } = options;
  await (await openSqliteLedger({ path: from, readOnly: true })).close();
  mkdirSync(dirname(path), { recursive: true });
  const lock = new ProcessLock(path);
  lock.take();
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.restoring`);
  try {
    if (existsSync(path) && !replace)
      throw new LineshaftError("wrong-state", `There is a ledger at ${path}; nothing was changed.`, {
        next: "Give --replace to put the backup in its place; that one is kept beside.",
      });
    await copyLedger(from, partial, (done) => options.progress?.("copying", done));
    // Brings a backup of an older Lineshaft up to date.
    await (await openSqliteLedger({ path: partial, clock })).close();
    const report = makeSafe(partial, options, clock.now());
    const kept = putAside(path, "replaced", clock.now());
    renameSync(partial, path);
    syncFolder(dirname(path));
    return { path, ...report, ...(kept !== undefined && { kept }) };
  } finally {
    removeLedgerFiles(partial);
    lock.release();
  }
}

type Safe = Omit<RestoreReport, "path" | "kept">;

function makeSafe(path: string, options: RestoreOptions, at: number): Safe {
  const db = new DatabaseSync(path);
  try {
    const chain = verifyAll(db, (rows) => options.progress?.("verifying", rows));
    if (!chain.ok)
      throw new LineshaftError(
        "audit-broken",
        `The audit chain of the backup is broken: ${chain.problem ?? "no detail"} Nothing was restored.`,
        { next: "Take an older backup that lineshaft audit verify --ledger <file> finds whole." },
      );
    const backupAt = Number(db.prepare("select at from link order by id desc limit 1").get()?.["at"] ?? 0);
    const safe = new Writer(db).transact(at, (open) => secure(db, open, { ...options, head: chain.head, backupAt }));
    db.exec("pragma journal_mode = delete");
    const problem = verifyHead(db);
    if (problem !== undefined) throw damaged(path, problem);
    return safe;
  } finally {
    db.close();
    sync(path);
  }
}

function secure(db: DatabaseSync, open: Open, o: RestoreOptions & { head: string; backupAt: number }): Safe {
  const lookedUpFrom = open.at + (o.settleMs ?? SETTLE_MS);
  const when = new Date(o.backupAt).toISOString();
  const stillParked = remindParked(db, when);
  const parked = parkVersions(db, open, when);
  const checking = checkOthers(db, open, lookedUpFrom);
  const safe: Safe = { backupAt: o.backupAt, head: o.head, checking, lookedUpFrom, parked, stillParked };
  leaveTrace(db, open, o, JSON.stringify(safe));
  return safe;
}

/** Somebody may have dealt with it after the backup. */
function remindParked(db: DatabaseSync, when: string): number {
  const { changes } = db
    .prepare(
      `update delivery
       set parking = json_set(parking,
         '$.message', ? || (parking ->> 'message'),
         '$.next', ? || (parking ->> 'next'))
       where parking is not null and state = 'parked'`,
    )
    .run(
      `This ledger was restored from a backup of ${when}; somebody may have dealt with this since. `,
      "Look first whether it stands in the other system by now: a resend does not. ",
    );
  return Number(changes);
}

const MOVING = "d.state in ('pending', 'sending', 'checking') and d.open = 1";

/** A version may have been overtaken by a newer one that the backup does not know; sending it would take the object back. */
function parkVersions(db: DatabaseSync, open: Open, when: string): number {
  const versions = `${MOVING} and (select m.version from message m where m.id = d.id / 4096) is not null`;
  return move(db, open, versions, {
    to: "parked",
    set: "parking = ?",
    values: [
      JSON.stringify({
        reason: "restored",
        message: `It was on its way when the backup of ${when} was made, and a newer version may have been sent since.`,
        next: "Let the source send its newest version, then drop this one; resend it if there is none.",
        owner: "integration",
      }),
    ],
  });
}

/** Repeatable operations without a look-up are sent by the hub then: the other side knows the token. */
function checkOthers(db: DatabaseSync, open: Open, from: number): number {
  return move(db, open, MOVING, { to: "checking", set: "due_at = max(due_at, ?)", values: [from] });
}

function move(
  db: DatabaseSync,
  open: Open,
  which: string,
  { to, set, values }: { to: "checking" | "parked"; set: string; values: (string | number)[] },
): number {
  const counts = db
    .prepare(`select d.route, d.state, count(*) as count from delivery d where ${which} group by d.route, d.state`)
    .all();
  db.prepare(`update delivery as d set ${set}, state = '${to}', since = ?, tries = 0 where ${which}`).run(
    ...values,
    open.at,
  );
  for (const { route, state, count } of counts) {
    bump(open, counterOf(Number(route), state as "pending" | "sending" | "checking"), -Number(count));
    bump(open, counterOf(Number(route), to), Number(count));
  }
  return counts.reduce((sum, { count }) => sum + Number(count), 0);
}

/** A message of the ledger about itself, far behind the last number, so that later ones come after it; and an act. */
function leaveTrace(db: DatabaseSync, open: Open, o: RestoreOptions & { backupAt: number }, detail: string): void {
  const last = Number(db.prepare("select max(id) as id from message").get()?.["id"] ?? 0);
  const message = {
    id: last + LEFT_OUT_MESSAGES,
    source: "lineshaft",
    sourceId: `restore-${open.at}`,
    contract: "lineshaft-restore.v1",
    digest: digestOf(detail, undefined),
  };
  const { id, source, sourceId, contract, digest } = message;
  db.prepare(
    `insert into message
       (id, source, source_id, contract, object, key, event_time, received_time, link, digest, received)
     values (?, ?, ?, ?, 'ledger', 'ledger', ?, ?, ?, unhex(?), ?)`,
  ).run(id, source, sourceId, contract, o.backupAt, open.at, open.link, digest, detail);
  open.lines.push(
    sealLine("message", [id, source, sourceId, contract, "ledger", "ledger", null, o.backupAt, open.at, digest]),
  );
  bump(open, "messages", 1);
  const { lastInsertRowid } = db
    .prepare(
      "insert into audit (at, who, act, message, delivery, why, detail, link) values (?, ?, 'restore', ?, null, ?, ?, ?)",
    )
    .run(open.at, o.who, id, o.why, detail, open.link);
  open.lines.push(sealLine("audit", [Number(lastInsertRowid), open.at, o.who, "restore", id, null, o.why, detail]));
}

/** Moves a ledger with its log: one without the other would be another ledger. Leaves nothing beside the place of the new one. */
export function putAside(path: string, why: "replaced" | "moved", at: number): string | undefined {
  const kept = `${path}.${why}-${new Date(at).toISOString().replaceAll(":", "")}`;
  const moved = ["", "-wal", "-shm"].filter((suffix) => {
    if (!existsSync(`${path}${suffix}`)) return false;
    renameSync(`${path}${suffix}`, `${kept}${suffix}`);
    return true;
  });
  return moved.includes("") ? kept : undefined;
}
