import { hash } from "node:crypto";
import type { AuditReport } from "@lineshaft/core";
import type { Row } from "./connections.ts";
import { fromStored } from "./text.ts";

/**
 * The chain that proves nothing sealed was changed, taken out or put in between. Each commit has one link of two levels:
 * digest = SHA-256 over one line per sealed row, hash = SHA-256( previous hash hex, "\n", at, "\n", digest hex ). So the
 * chain still holds after retention took rows away; which those are, and how many, is itself a sealed row.
 * A message's line holds the digest of its payloads instead of them, so that a payload may be deleted by itself.
 */
export const FIRST_HASH = "0".repeat(64);

type Value = string | number | null | undefined;
type Read = (text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** One line of a sealed row: JSON, so that no content can imitate a separator. What is undefined becomes null. */
export function sealLine(kind: string, values: readonly Value[]): string {
  return JSON.stringify([kind, ...values]);
}

/** What follows the id in a row's line: the ledger numbers the row, and puts the id in front. */
export function lineTail(values: readonly Value[]): string {
  return JSON.stringify(values).slice(1);
}

export function digestOf(received: string | Uint8Array, canonical: string | undefined | null): string {
  const first = hash("sha256", received, "hex");
  return canonical === undefined || canonical === null ? first : hash("sha256", first + canonical, "hex");
}

export function linkHash(previous: string, at: number, digest: string): string {
  return hash("sha256", `${previous}\n${at}\n${digest}`, "hex");
}

interface Sealed {
  kind: string;
  /** Columns of the line, in order; the first is the id. */
  columns: readonly string[];
}

/** The order in which a commit seals its rows. */
const SEALED: readonly Sealed[] = [
  {
    kind: "message",
    columns: [
      "id",
      "source",
      "source_id",
      "contract",
      "object",
      "key",
      "version",
      "event_time",
      "received_time",
      "encode(digest, 'hex')",
    ],
  },
  { kind: "duplicate", columns: ["id", "message", "received_time", "differs::integer"] },
  {
    kind: "refusal",
    columns: ["id", "source", "source_id", "contract", "received_time", "received_bytes", "findings"],
  },
  { kind: "attempt", columns: ["id", "delivery", "kind", "started_at", "ended_at", "outcome", "receipt", "message"] },
  { kind: "audit", columns: ["id", "at", "who", "act", "message", "delivery", "why", "detail"] },
];

/** Rows read at once. */
const PAGE_ROWS = 5_000;
const PROGRESS_ROWS = 10_000;

/** Recomputes every link, every payload's digest, and that each finished delivery has a sealed row that says so. */
export async function verifyAll(read: Read, s: string, progress?: (rows: number) => void): Promise<AuditReport> {
  const report = await verifyLinks(read, s, progress);
  if (!report.ok) return report;
  const payload = await firstOf(read, changedPayloads(s));
  if (payload !== undefined) return broken(report, `The payload of message ${payload} is not what was sealed.`);
  const unproven = await firstOf(read, unprovenDeliveries(s));
  return unproven === undefined ? report : broken(report, `Delivery ${unproven} is done, but no sealed row says so.`);
}

/** Goes through a table page by page, so that no statement runs long. The id of the first row that is `wrong`. */
async function firstOf(read: Read, text: string): Promise<number | undefined> {
  for (let after: number | null = -1; after !== null;) {
    const [page]: Row[] = await read(text, [after, PAGE_ROWS]);
    if (page?.["wrong"] !== null) return page?.["wrong"] as number;
    after = page["last"] as number | null;
  }
  return undefined;
}

/** Payloads are as large as all the rest together, so the server looks at them. One whose text was escaped is passed over. */
function changedPayloads(s: string): string {
  return `
    select max(id) as last, min(id) filter (
        where received is not null and strpos(coalesce(canonical, ''), E'\\x1a') = 0
          and digest <> case
            when canonical is null then sha256(received)
            else sha256(convert_to(encode(sha256(received), 'hex') || canonical, 'UTF8'))
          end) as wrong
    from (select id, digest, canonical, received from ${s}.message where id > $1 order by id limit $2) m`;
}

function unprovenDeliveries(s: string): string {
  return `
    select max(d.id) as last, min(d.id) filter (where d.state = 'done' and not proven) as wrong
    from (select id, state from ${s}.delivery where id > $1 order by id limit $2) d
      cross join lateral (
        select exists (
            select from ${s}.attempt a
            where a.delivery = d.id and a.id >= d.id / 4096 >> 27 << 27 and a.outcome in ('done', 'found'))
          or exists (select from ${s}.audit u where u.delivery = d.id and u.act = 'confirm') as proven) p`;
}

/** What retention took away, as its own sealed rows say. */
interface Retained {
  /** Rows of links up to this one may be gone. */
  link: number;
  rows: number;
}

async function verifyLinks(read: Read, s: string, progress?: (rows: number) => void): Promise<AuditReport> {
  const retained = await readRetained(read, s);
  const readers = SEALED.map((sealed) => new SealedRows(read, s, sealed));
  const report: AuditReport = { ok: true, commits: 0, rows: 0, head: FIRST_HASH };
  let missing = 0;
  let next = 1;
  for (;;) {
    const links = await read(
      `select id, at, rows, encode(digest, 'hex') as digest, encode(hash, 'hex') as hash
       from ${s}.link where id >= $1 order by id limit $2`,
      [next, PAGE_ROWS],
    );
    for (const link of links) {
      const id = link["id"] as number;
      if (id !== next) return broken(report, `Link ${next} of the audit chain is missing.`);
      next++;
      const lines: string[] = [];
      for (const reader of readers) await reader.take(id, lines);
      const gone = (link["rows"] as number) - lines.length;
      if (gone !== 0 && (gone < 0 || id > retained.link))
        return broken(report, `Commit ${id} sealed ${String(link["rows"])} rows, and ${lines.length} are there.`);
      missing += gone;
      const digest = gone > 0 ? (link["digest"] as string) : hash("sha256", lines.join("\n"), "hex");
      report.head = linkHash(report.head, link["at"] as number, digest);
      if (report.head !== link["hash"]) return broken(report, `A row of commit ${id} is not what was sealed.`);
      report.commits++;
      report.rows += lines.length;
      if (progress !== undefined && report.rows % PROGRESS_ROWS < lines.length) progress(report.rows);
    }
    if (links.length < PAGE_ROWS) break;
  }
  for (const reader of readers)
    if ((await reader.peek()) !== undefined) return broken(report, `A row of ${reader.kind} belongs to no commit.`);
  const [head] = await read(`select link, hash from ${s}.head`);
  if (head?.["link"] !== next - 1 || head["hash"] !== report.head)
    return broken(report, `The audit chain ends at link ${next - 1}, and should end at ${String(head?.["link"])}.`);
  if (missing !== retained.rows)
    return broken(report, `Retention took ${retained.rows} sealed rows away, and ${missing} are missing.`);
  return report;
}

async function readRetained(read: Read, s: string): Promise<Retained> {
  const entries = (await read(`select detail from ${s}.audit where act = 'retain' order by id`)).map(
    (row) => JSON.parse(row["detail"] as string) as Retained,
  );
  return {
    link: Math.max(0, ...entries.map((e) => e.link)),
    rows: entries.reduce((sum, e) => sum + e.rows, 0),
  };
}

function broken(report: AuditReport, problem: string): AuditReport {
  return { ...report, ok: false, problem };
}

/** Reads one table's sealed lines in order of id, which is also the order of their links, a page at a time. */
class SealedRows {
  readonly kind: string;
  readonly #read: Read;
  readonly #text: string;
  readonly #names: readonly string[];
  #page: Row[] = [];
  #at = 0;
  #after = -1;
  #last = false;

  constructor(read: Read, s: string, { kind, columns }: Sealed) {
    this.kind = kind;
    this.#read = read;
    this.#names = columns.map((_, at) => `c${at}`);
    const list = columns.map((column, at) => `${column} as c${at}`).join(", ");
    this.#text = `select ${list}, link from ${s}.${kind} where id > $1 order by id limit $2`;
  }

  async peek(): Promise<Row | undefined> {
    if (this.#at === this.#page.length && !this.#last) {
      this.#page = await this.#read(this.#text, [this.#after, PAGE_ROWS]);
      this.#at = 0;
      this.#last = this.#page.length < PAGE_ROWS;
      this.#after = (this.#page.at(-1)?.["c0"] as number | undefined) ?? this.#after;
    }
    return this.#page[this.#at];
  }

  /** Adds the lines of one link. */
  async take(link: number, lines: string[]): Promise<void> {
    for (let row = await this.peek(); row !== undefined && (row["link"] as number) <= link; row = await this.peek()) {
      if (row["link"] === link)
        lines.push(
          sealLine(
            this.kind,
            this.#names.map((name) => valueOf(row[name])),
          ),
        );
      this.#at++;
    }
  }
}

function valueOf(value: unknown): Value {
  return typeof value === "string" ? fromStored(value) : (value as Value);
}
