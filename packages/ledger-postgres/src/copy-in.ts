import { hash } from "node:crypto";
import {
  type Clock,
  type ContentRow,
  type LedgerContent,
  LineshaftError,
  type Secret,
  systemClock,
} from "@lineshaft/core";
import type { Client } from "pg";
import { FIRST_HASH, linkHash, sealLine, verifyAll } from "./audit-chain.ts";
import { Connections } from "./connections.ts";
import { FILLED_TABLES, type FilledTable, TableFiller, tallyTable } from "./content-tables.ts";
import { type PostgresRoles, migrate } from "./migrate.ts";
import { quoted } from "./statements.ts";
import { toStored } from "./text.ts";

export interface CopyOptions {
  /** All of another ledger; nobody works on it. */
  content: LedgerContent;
  /** Of the role that owns the ledger to be made. */
  url: string | Secret;
  schema?: string;
  roles?: PostgresRoles;
  /** Go into the audit trail. */
  who: string;
  why: string;
  clock?: Clock;
  progress?: (what: "copying" | "comparing" | "verifying", done: number) => void;
}

export interface CopyReport {
  id: string;
  /** Rows by table, the same on both sides. */
  rows: Record<string, number>;
  /** Over all messages and over all deliveries, the same on both sides: the sum of the SHA-256 of each row. */
  digests: { message: string; delivery: string };
  /** The newest link of the ledger that was copied, and that of the copy. */
  sourceHead: string;
  head: string;
  /** ms for copying, for comparing and verifying. */
  copyMs: number;
  verifyMs: number;
}

/**
 * Fills an empty ledger with all of another one: same id, same numbers of messages and deliveries, so that systems go on
 * knowing their tokens. One transaction: the copy is compared and its audit chain verified before any of it is there.
 * @throws LineshaftError `wrong-state` when something is in the ledger already, `ledger-busy` when hubs work on it
 */
export async function copyIntoPostgres(options: CopyOptions): Promise<CopyReport> {
  const { url, schema = "lineshaft", roles } = options;
  const connections = new Connections({ url, schema, sessions: true, readOnly: false, statementMs: 0 }, 1);
  try {
    await migrate(connections, roles === undefined ? {} : { roles });
    const line = await connections.connect({ statementMs: 0 });
    try {
      await line.client.query("begin");
      const report = await new Copy(line.client, schema, options).run();
      await line.client.query("commit");
      return report;
    } finally {
      // Whatever was not committed is gone with the connection.
      await line.close();
    }
  } catch (error) {
    throw connections.told(error);
  } finally {
    await connections.close();
  }
}

type SealedTable = "message" | "duplicate" | "refusal" | "attempt" | "audit";

/** Sealed tables, in the order in which a commit seals them, with the columns of a line. */
const SEALED: readonly { table: SealedTable; columns: readonly string[] }[] = [
  {
    table: "message",
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
      "digest",
    ],
  },
  { table: "duplicate", columns: ["id", "message", "received_time", "differs"] },
  {
    table: "refusal",
    columns: ["id", "source", "source_id", "contract", "received_time", "received_bytes", "findings"],
  },
  { table: "attempt", columns: ["id", "delivery", "kind", "started_at", "ended_at", "outcome", "receipt", "message"] },
  { table: "audit", columns: ["id", "at", "who", "act", "message", "delivery", "why", "detail"] },
];

/** Rows between two looks at the progress. */
const PROGRESS_ROWS = 5_000;
/** Messages of a day, by the numbers that they get. */
const DAY_NUMBERS = 2 ** 27;

class Copy {
  readonly #client: Client;
  readonly #schema: string;
  readonly #options: CopyOptions;
  readonly #filler: TableFiller;
  readonly #newest: Record<SealedTable, number> = { message: 0, duplicate: 0, refusal: 0, attempt: 0, audit: 0 };
  #link = 0;
  #head = FIRST_HASH;
  #copied = 0;

  constructor(client: Client, schema: string, options: CopyOptions) {
    this.#client = client;
    this.#schema = quoted(schema);
    this.#options = options;
    this.#filler = new TableFiller(client);
  }

  async run(): Promise<CopyReport> {
    const { content } = this.#options;
    await this.#takeHold();
    const began = performance.now();
    await this.#copyAll();
    const copied = performance.now();
    await this.#client.query("analyze");
    const digests = await this.#compare();
    await this.#sealEntry();
    await this.#verify();
    return {
      id: content.id,
      rows: Object.fromEntries([...this.#filler.tallies].map(([table, { rows }]) => [table, rows])),
      digests,
      sourceHead: content.head,
      head: this.#head,
      copyMs: copied - began,
      verifyMs: performance.now() - copied,
    };
  }

  /** Keeps hubs out until the end: whoever starts waits for the settings, and finds the copy. */
  async #takeHold(): Promise<void> {
    const { client, schema } = { client: this.#client, schema: this.#schema };
    await client.query(`set local search_path to ${schema}, pg_temp`);
    await client.query("set local lock_timeout = '10s'; set local synchronous_commit = on");
    await client.query("lock table setting in access exclusive mode; select from head for update");
    await client.query("set local lock_timeout = 0");
    const { rows } = await client.query<{ filled: boolean; live: string | null }>(
      `select link > 0 or exists (select from route) or exists (select from system) or exists (select from identity)
           or exists (select from source_cursor) or exists (select from message) as filled,
         (select min(name) from worker where not released and lease_until > extract(epoch from clock_timestamp()) * 1000) as live
       from head`,
    );
    if (typeof rows[0]?.live === "string")
      throw new LineshaftError("ledger-busy", `The hub ${rows[0].live} works on the ledger to copy to.`, {
        next: "Stop it, and copy into an empty ledger.",
      });
    if (rows[0]?.filled !== false)
      throw new LineshaftError("wrong-state", "There is something in the ledger to copy to; nothing was changed.", {
        next: "Name an empty database, or another schema.",
      });
  }

  async #copyAll(): Promise<void> {
    const { content } = this.#options;
    for (const table of ["system", "route", "identity", "source_cursor", "latest"] as const)
      for (const row of content.read(table)) await this.#add(table, row);
    await this.#filler.flush();
    await this.#copySealed();
    for (const row of content.read("delivery")) await this.#add("delivery", row);
    await this.#filler.flush();
    // An order of the old ledger may still be under way in a process that is suspended.
    const lanes = [...content.read("lane")];
    await this.#client.query(
      `update lane set fence = l.fence + 1, worker = null
       from json_to_recordset($1::json) as l (lane smallint, fence bigint) where l.lane = lane.lane`,
      [JSON.stringify(lanes)],
    );
    await this.#client.query(
      "insert into counter (route, state, count) select route, state, count(*) from delivery group by route, state",
    );
    for (const [name, value] of [
      ["id", content.id],
      ["channel", `lineshaft_${content.id}`],
    ])
      await this.#client.query("update setting set value = $2 where name = $1", [name, value]);
    await this.#saveHead();
    await this.#saveAge();
  }

  /** Link by link, each sealed anew: the hash of this engine is made otherwise than that of the embedded one. */
  async #copySealed(): Promise<void> {
    const { content } = this.#options;
    const readers = SEALED.map(({ table, columns }) => ({ table, columns, rows: new Peekable(content.read(table)) }));
    for (const link of content.read("link")) {
      const lines: string[] = [];
      for (const { table, columns, rows } of readers)
        for (let row = rows.next; row !== undefined && row["link"] === link["id"]; row = rows.next) {
          rows.take();
          const numbered = this.#number(table, row);
          lines.push(lineOf(table, columns, numbered));
          await this.#add(table, numbered);
          if (table === "message") await this.#filler.add("seen", { ...numbered, message: numbered["id"] ?? null });
        }
      await this.#seal(Number(link["at"]), lines);
    }
    await this.#filler.flush();
  }

  /**
   * Messages keep their number, which systems know. Attempts and repetitions are looked for among those as young as their
   * message: after a restore, which leaves out numbers of messages alone, theirs are raised.
   */
  #number(table: SealedTable, row: ContentRow): ContentRow {
    const of = table === "attempt" ? Math.floor(Number(row["delivery"]) / 4096) : Number(row["message"]);
    const least = table === "attempt" || table === "duplicate" ? Math.floor(of / DAY_NUMBERS) * DAY_NUMBERS : 0;
    const id = Math.max(Number(row["id"]), this.#newest[table] + 1, least);
    this.#newest[table] = id;
    return id === row["id"] ? row : { ...row, id };
  }

  async #seal(at: number, lines: readonly string[]): Promise<void> {
    const digest = hash("sha256", lines.join("\n"), "hex");
    this.#head = linkHash(this.#head, at, digest);
    const bytes = (hex: string) => Buffer.from(hex, "hex");
    const link = { id: ++this.#link, at, rows: lines.length, digest: bytes(digest), hash: bytes(this.#head) };
    await this.#filler.add("link", link);
  }

  async #add(table: FilledTable, row: ContentRow): Promise<void> {
    await this.#filler.add(table, row);
    if (++this.#copied % PROGRESS_ROWS === 0) this.#options.progress?.("copying", this.#copied);
  }

  /** The day goes with the highest number, so that later numbers are higher than all that were copied. */
  async #saveHead(): Promise<void> {
    const { message, duplicate, refusal, attempt, audit } = this.#newest;
    const day = Math.floor(Math.max(message, attempt, duplicate) / DAY_NUMBERS);
    const rows = (table: FilledTable) => this.#filler.tallies.get(table)?.rows ?? 0;
    await this.#client.query(
      `update head set day = greatest(day, $1), link = $2, hash = $3, message = $4, duplicate = $5, refusal = $6,
         attempt = $7, audit = $8, messages = $9, duplicates = $10, refusals = $11, attempts = $12`,
      [
        day,
        this.#link,
        this.#head,
        message,
        duplicate,
        refusal,
        attempt,
        audit,
        rows("message"),
        rows("duplicate"),
        rows("refusal"),
        rows("attempt"),
      ],
    );
  }

  /** Old numbers don't make young facts old: for retention, all that was copied is of today. */
  async #saveAge(): Promise<void> {
    const today = "(clock_ms(null) / 86400000 - 18262)";
    await this.#client.query(`update partition set last_day = greatest(last_day, ${today} + 1) where name = 'below'`);
    await this.#client.query(
      `insert into setting (name, value) values ('copied_day', ${today}::text), ('copied_numbers', $1)`,
      [String(this.#newest.message)],
    );
  }

  /** Reads everything back. @throws LineshaftError when it is not what was copied */
  async #compare(): Promise<CopyReport["digests"]> {
    const digests: Partial<Record<FilledTable, string>> = {};
    for (const table of FILLED_TABLES) {
      const given = this.#filler.tallies.get(table);
      const found = await tallyTable(this.#client, table);
      this.#options.progress?.("comparing", found.rows);
      if (found.rows !== given?.rows || found.digest !== given.digest)
        throw different(
          `${table} holds ${found.rows} rows, and ${given?.rows ?? 0} were copied, or one of them differs.`,
        );
      digests[table] = found.digest;
    }
    return { message: digests.message ?? "", delivery: digests.delivery ?? "" };
  }

  /** Says in the copy where it comes from, as the first thing that was done in it. */
  async #sealEntry(): Promise<void> {
    const { content, who, why, clock = systemClock } = this.#options;
    const { location, head, commits, sealedRows } = content;
    const entry = {
      id: this.#newest.audit + 1,
      at: clock.now(),
      message: null,
      delivery: null,
      link: this.#link + 1,
      who,
      act: "copy",
      why,
      detail: JSON.stringify({ from: location, head, commits, rows: sealedRows }),
    };
    const digest = hash("sha256", lineOf("audit", SEALED[4]?.columns ?? [], entry), "hex");
    this.#head = linkHash(this.#head, entry.at, digest);
    await this.#client.query(
      "insert into audit (id, at, link, who, act, why, detail) values ($1, $2, $3, $4, $5, $6, $7)",
      [entry.id, entry.at, entry.link, toStored(who), entry.act, toStored(why), toStored(entry.detail)],
    );
    await this.#client.query("insert into link (id, at, rows, digest, hash) values ($1, $2, 1, $3, $4)", [
      entry.link,
      entry.at,
      Buffer.from(digest, "hex"),
      Buffer.from(this.#head, "hex"),
    ]);
    await this.#client.query("update head set link = $1, hash = $2, audit = $3", [entry.link, this.#head, entry.id]);
  }

  async #verify(): Promise<void> {
    const read = async (text: string, values: readonly unknown[] = []) =>
      (await this.#client.query<Record<string, unknown>>(text, [...values])).rows;
    const report = await verifyAll(read, this.#schema, (rows) => this.#options.progress?.("verifying", rows));
    if (!report.ok) throw different(report.problem ?? "The audit chain does not hold.");
  }
}

function different(problem: string): LineshaftError {
  return new LineshaftError("ledger-damaged", `The copy is not what was copied: ${problem} None of it was kept.`, {
    next: "Copy again; if it says the same, keep both and report it.",
  });
}

function lineOf(table: string, columns: readonly string[], row: ContentRow): string {
  return sealLine(
    table,
    columns.map((name) => {
      const value = row[name];
      return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
    }),
  );
}

/** Rows one by one, with a look at the next one. */
class Peekable {
  readonly #rows: Iterator<ContentRow>;
  next: ContentRow | undefined;

  constructor(rows: Iterable<ContentRow>) {
    this.#rows = rows[Symbol.iterator]();
    this.take();
  }

  take(): void {
    const { done, value } = this.#rows.next();
    this.next = done === true ? undefined : value;
  }
}
