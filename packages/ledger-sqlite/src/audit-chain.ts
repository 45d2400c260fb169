import { hash } from "node:crypto";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { AuditReport } from "@lineshaft/core";

/**
 * The chain that proves nothing sealed was changed, taken out or put in between. Each commit has one link:
 * hash = SHA-256( previous hash hex, "\n", at, "\n", one line per sealed row ). A message's line holds the digest of its
 * payloads instead of them, so that a payload may be deleted for retention without breaking the chain.
 */
export const FIRST_HASH = "0".repeat(64);

type Value = string | number | null | undefined;

/**
 * One line of a sealed row: JSON, so that no content can imitate a separator. What is undefined becomes null. SQLite's text
 * is UTF-8 and keeps no half of a surrogate pair; what is sealed is what can be read back.
 */
export function sealLine(kind: string, values: readonly Value[]): string {
  return JSON.stringify([kind, ...values.map((value) => (typeof value === "string" ? value.toWellFormed() : value))]);
}

export function digestOf(received: string | Uint8Array, canonical: string | undefined): string {
  const first = hash("sha256", received, "hex");
  return canonical === undefined ? first : hash("sha256", first + canonical, "hex");
}

export function linkHash(previous: string, at: number, lines: readonly string[]): string {
  return hash("sha256", `${previous}\n${at}\n${lines.join("\n")}`, "hex");
}

interface Sealed {
  kind: string;
  /** Columns of the line, in order; the first is the id. */
  columns: string;
  table: string;
}

/** The order in which a commit seals its rows. */
export const SEALED: readonly Sealed[] = [
  {
    kind: "message",
    table: "message",
    columns: "id, source, source_id, contract, object, key, version, event_time, received_time, lower(hex(digest))",
  },
  { kind: "duplicate", table: "duplicate", columns: "id, message, received_time, differs" },
  {
    kind: "refusal",
    table: "refusal",
    columns: "id, source, source_id, contract, received_time, received_bytes, findings",
  },
  { kind: "attempt", table: "attempt", columns: "id, delivery, kind, started_at, ended_at, outcome, receipt, message" },
  { kind: "audit", table: "audit", columns: "id, at, who, act, message, delivery, why, detail" },
];

/** Recomputes the newest link only; cheap enough for every start. Returns what is wrong. */
export function verifyHead(db: DatabaseSync): string | undefined {
  return inOneSnapshot(db, () => {
    const head = db.prepare("select id from link order by id desc limit 1").get();
    return head === undefined ? undefined : verifyFrom(db, Number(head["id"])).problem;
  });
}

/** A hub may go on writing meanwhile: links of one moment and rows of another would look like a broken chain. */
function inOneSnapshot<T>(db: DatabaseSync, read: () => T): T {
  if (db.isTransaction) return read();
  db.exec("begin");
  try {
    return read();
  } finally {
    db.exec("rollback");
  }
}

/** Recomputes every link, and that each finished delivery has a sealed row that says so. */
export function verifyAll(db: DatabaseSync, progress?: (rows: number) => void): AuditReport {
  return inOneSnapshot(db, () => verifyEverything(db, progress));
}

function verifyEverything(db: DatabaseSync, progress?: (rows: number) => void): AuditReport {
  const report = verifyFrom(db, 1, progress);
  if (!report.ok) return report;
  const unproven = db
    .prepare(
      `select d.id from delivery d
       where d.state = 'done'
         and not exists (select 1 from attempt a where a.delivery = d.id and a.outcome in ('done', 'found'))
         and not exists (select 1 from audit u where u.delivery = d.id and u.act = 'confirm')
       limit 1`,
    )
    .get();
  if (unproven === undefined) return report;
  return { ...report, ok: false, problem: `Delivery ${String(unproven["id"])} is done, but no sealed row says so.` };
}

const PROGRESS_ROWS = 10_000;

function verifyFrom(db: DatabaseSync, first: number, progress?: (rows: number) => void): AuditReport {
  const before = db.prepare("select hash from link where id < ? order by id desc limit 1").get(first);
  const readers = SEALED.map((sealed) => sealedRows(db, sealed, first));
  const report: AuditReport = {
    ok: true,
    commits: 0,
    rows: 0,
    head: before === undefined ? FIRST_HASH : hexOf(before["hash"]),
  };
  let expected = first;
  for (const link of db.prepare("select id, at, rows, hash from link where id >= ? order by id").iterate(first)) {
    const id = Number(link["id"]);
    if (id !== expected) return broken(report, `Link ${expected} of the audit chain is missing.`);
    expected++;
    const lines = readers.flatMap((reader) => reader.take(id));
    report.head = linkHash(report.head, Number(link["at"]), lines);
    if (lines.length !== Number(link["rows"]))
      return broken(report, `Commit ${id} sealed ${String(link["rows"])} rows, and ${lines.length} are there.`);
    if (report.head !== hexOf(link["hash"])) return broken(report, `A row of commit ${id} is not what was sealed.`);
    report.commits++;
    report.rows += lines.length;
    if (progress !== undefined && report.rows % PROGRESS_ROWS < lines.length) progress(report.rows);
  }
  const left = readers.find((reader) => reader.peek() !== undefined);
  return left === undefined ? report : broken(report, `A row of ${left.table} belongs to no commit.`);
}

function broken(report: AuditReport, problem: string): AuditReport {
  return { ...report, ok: false, problem };
}

/** Reads one table's sealed lines in order of id, which is also the order of their links. */
function sealedRows(db: DatabaseSync, { kind, table, columns }: Sealed, first: number) {
  const from = first === 1 ? 0 : lowestIdOfLink(db, table, first);
  const statement = db.prepare(`select ${columns}, link from ${table} where id >= ? order by id`);
  statement.setReturnArrays(true);
  const rows = statement.iterate(from) as unknown as Iterator<SQLOutputValue[]>;
  let next = rows.next();
  return {
    table,
    peek: () => (next.done === true ? undefined : next.value),
    take: (link: number): string[] => {
      const lines: string[] = [];
      while (next.done !== true && Number(next.value.at(-1)) <= link) {
        const values = next.value.slice(0, -1) as Value[];
        if (Number(next.value.at(-1)) === link) lines.push(sealLine(kind, values));
        next = rows.next();
      }
      return lines;
    },
  };
}

/** Walks back from the newest row while it belongs to the link or a later one. */
function lowestIdOfLink(db: DatabaseSync, table: string, link: number): number {
  let lowest = Number.MAX_SAFE_INTEGER;
  for (const row of db.prepare(`select id, link from ${table} order by id desc`).iterate()) {
    if (Number(row["link"]) < link) break;
    lowest = Number(row["id"]);
  }
  return lowest;
}

function hexOf(value: SQLOutputValue | undefined): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : "";
}
