import { createHash } from "node:crypto";
import type { Clock, Intake, Source } from "@lineshaft/core";
import { knownFields } from "../known-fields.ts";
import type { Row } from "../plain/records.ts";
import { OUTBOX_MODEL } from "../protocol.ts";
import { idOf, isoTime, textOf } from "../values.ts";
import { openReader, READ_CONTEXT, type Feed, type Reader, type ReaderOptions } from "./feed.ts";
import { Seen } from "./seen.ts";

/** Records read at once. */
const PAGE_ROWS = 200;
/** Most changed records taken in one pass; the rest comes in the next, at once. */
const PASS_ROWS = 50_000;
/** Records whose newest content is remembered, so that the overlap does not hand them over again. */
const SEEN_ROWS = 50_000;

export interface ChangesOptions {
  /** Time between two looks. Default 10,000. */
  pollMs?: number;
  /**
   * How far each look reaches back behind the newest change known. Odoo stamps a change with the beginning of its
   * transaction, so that one may appear that much later; longer than its longest transaction. Default 300,000.
   */
  overlapMs?: number;
  /**
   * `outbox`: fetch what Odoo noted down itself, after one look for what came before. Needs provisioning with the
   * outbox. Default `polling`.
   */
  via?: "polling" | "outbox";
}

export interface ChangesSource extends Source {
  /** Look now: something may have changed. From a webhook, which says when but cannot be trusted with what. */
  hint(): void;
}

export function changesSource(feed: Feed, options: ChangesOptions & ReaderOptions & { clock: Clock }): ChangesSource {
  const { clock, pollMs = 10_000, overlapMs = 300_000, via = "polling" } = options;
  let wake = new AbortController();
  return {
    hint() {
      wake.abort(new Error("hint"));
    },
    async run(intake, signal) {
      try {
        await follow(intake, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };

  async function follow(intake: Intake, signal: AbortSignal): Promise<void> {
    const pass = await openPass(feed, options, intake, signal);
    let more = await poll(pass, overlapMs);
    intake.listening();
    while (!signal.aborted) {
      if (!more) await rest(clock, pollMs, AbortSignal.any([signal, wake.signal]));
      if (signal.aborted) return;
      if (wake.signal.aborted) wake = new AbortController();
      more = via === "outbox" ? await drainOutbox(pass) : await poll(pass, overlapMs);
    }
  }
}

/** Waits, or less when the signal says so. */
async function rest(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

interface Pass {
  feed: Feed;
  reader: Reader;
  /** Fields to read. */
  fields: readonly string[];
  intake: Intake;
  seen: Seen;
  ids(domain: readonly unknown[]): Promise<number[]>;
  remove(model: string, ids: readonly number[]): Promise<void>;
}

async function openPass(feed: Feed, options: ReaderOptions, intake: Intake, signal: AbortSignal): Promise<Pass> {
  const { connection } = options;
  const reader = await openReader(options, signal);
  return {
    feed,
    intake,
    reader,
    fields: await knownFields(connection, feed.model, [...feed.fields(reader.major), "write_date"], signal),
    seen: new Seen(SEEN_ROWS),
    async ids(domain) {
      const args = { domain, order: "write_date,id", limit: PASS_ROWS };
      const found = await connection.call({ model: feed.model, method: "search", args, context: READ_CONTEXT }, signal);
      return Array.isArray(found) ? found.filter((id) => typeof id === "number") : [];
    },
    async remove(model, ids) {
      await connection.call({ model, method: "unlink", ids }, signal);
    },
  };
}

/** One look. @returns whether there is more to take at once */
async function poll(pass: Pass, overlapMs: number): Promise<boolean> {
  const { feed, intake } = pass;
  const cursor = await intake.loadCursor(feed.name);
  // Always >=: versions differ in whether > on a shown second finds the changes within that second.
  const ids = await pass.ids(cursor === undefined ? [] : [["write_date", ">=", earlier(cursor, overlapMs)]]);
  let newest = cursor ?? "";
  for (let from = 0; from < ids.length; from += PAGE_ROWS) {
    const written = await recordRows(pass, ids.slice(from, from + PAGE_ROWS));
    if (written > newest) newest = written;
  }
  if (newest !== "" && newest !== cursor) await intake.saveCursor(feed.name, newest);
  return ids.length === PASS_ROWS && newest !== cursor;
}

/** Takes the notes in their order and deletes them when their facts are on disk; no clock and no cursor is involved. */
async function drainOutbox(pass: Pass): Promise<boolean> {
  const { feed, reader } = pass;
  const notes = (await reader.search(OUTBOX_MODEL, [["x_name", "=", feed.model]], ["x_res_id"])).slice(0, PAGE_ROWS);
  const ids = [...new Set(notes.map((note) => idOf(note["x_res_id"])).filter((id) => id !== undefined))];
  // What was deleted since is not there to be read, and leaves no fact.
  if (ids.length > 0) await recordRows(pass, ids);
  if (notes.length > 0)
    await pass.remove(
      OUTBOX_MODEL,
      notes.map((note) => note.id),
    );
  return notes.length === PAGE_ROWS;
}

/** @returns the newest write_date among the rows, as Odoo shows it */
async function recordRows({ feed, reader, fields, intake, seen }: Pass, ids: readonly number[]): Promise<string> {
  const rows = await reader.search(feed.model, [["id", "in", ids]], fields);
  rows.sort((a, b) => compare(String(a["write_date"]), String(b["write_date"])) || a.id - b.id);
  const values = await feed.canonical(reader, rows);
  const recorded: Promise<void>[] = [];
  for (const [place, row] of rows.entries()) {
    const value = values[place];
    if (value !== undefined) recorded.push(recordOne({ feed, intake, seen }, row, value));
  }
  await Promise.all(recorded);
  return textOf(rows.at(-1)?.["write_date"]) ?? "";
}

/**
 * Odoo shows seconds only, and two changes may share one: the content is part of a fact's id, so that the second is
 * not taken for the first.
 */
async function recordOne(
  { feed, intake, seen }: Pick<Pass, "feed" | "intake" | "seen">,
  row: Row,
  value: object,
): Promise<void> {
  const content = createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);
  if (seen.has(row.id, content)) return;
  const time = isoTime(String(row["write_date"]));
  const raw = JSON.stringify({ id: `${feed.model}:${row.id}:${time}:${content}`, time, version: time, ...value });
  await intake.record({ contract: feed.contract, raw, origin: `${feed.model} ${row.id}` });
  seen.add(row.id, content);
}

function earlier(written: string, ms: number): string {
  return new Date(Date.parse(isoTime(written)) - ms).toISOString().slice(0, 19).replace("T", " ");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
