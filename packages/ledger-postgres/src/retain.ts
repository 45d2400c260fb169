import { type Clock, LineshaftError, type Secret } from "@lineshaft/core";
import { Connections } from "./connections.ts";
import { quoted } from "./statements.ts";
import { toStored } from "./text.ts";

export interface RetainOptions {
  /** Of the role that owns the ledger: hubs may not take anything away. */
  url: string | Secret;
  schema?: string;
  /** Messages, their deliveries and attempts, and refusals are kept at least this long. Whole partitions go. */
  keepDays: number;
  /** Facts are known as received before for at least this long; default for ever. Not less than `keepDays`. */
  keepSeenDays?: number;
  /** Who says so, and why; both are sealed in the audit trail. */
  who: string;
  why: string;
  serverClock?: Clock;
}

export interface Retained {
  /** Partitions that are gone. Days are those of 2020-01-01 and later, the last one not included. */
  dropped: { partition: string; from: string; to: string; rows: number }[];
  /** Partitions old enough that are kept, because deliveries in them are still open. */
  kept: { partition: string; from: string; to: string; open: number }[];
  refusals: number;
  seen: number;
}

/** Rows taken away in one transaction, where it is not a whole partition. */
const BATCH_ROWS = 10_000;
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2020, 0, 1);

/**
 * Takes away what is older than it has to be kept, and seals what it took in the audit trail.
 * @throws LineshaftError `ledger-busy` when somebody reads a partition for long; what went before is done
 */
export async function retainPostgres(options: RetainOptions): Promise<Retained> {
  const { url, schema = "lineshaft", keepDays, keepSeenDays, serverClock } = options;
  if (!Number.isInteger(keepDays) || keepDays < 1 || (keepSeenDays ?? keepDays) < keepDays)
    throw new LineshaftError(
      "usage",
      `Cannot keep ${keepDays} days of messages and ${keepSeenDays} days of what is known.`,
      {
        next: "Give whole days, at least 1, and remember facts at least as long as their messages.",
      },
    );
  const connections = new Connections({ url, schema, sessions: false, readOnly: false, statementMs: 0 }, 1);
  const s = quoted(schema);
  const clock = serverClock?.now() ?? null;
  const by = [toStored(options.who), toStored(options.why)];
  const call = async (text: string, values: readonly unknown[]) =>
    (await connections.read(`select ${text} as result`, values))[0]?.["result"];
  try {
    const retained: Retained = { dropped: [], kept: [], refusals: 0, seen: 0 };
    for (let from = 0; ;) {
      const told = (await call(`${s}.retain_v1($1, $2, $3, $4, $5)`, [clock, from, keepDays, ...by])) as Told | null;
      if (told === null) break;
      const range = { partition: told.partition, from: dateOf(told.firstDay), to: dateOf(told.lastDay) };
      if (told.open === undefined) retained.dropped.push({ ...range, rows: told.rows ?? 0 });
      else retained.kept.push({ ...range, open: told.open });
      // Not its last day: that of a copied ledger's reaches into the one after it.
      from = told.firstDay + 1;
    }
    retained.refusals = await allBatches(() =>
      call(`${s}.retain_refusals_v1($1, $2, $3, $4, $5)`, [clock, keepDays, BATCH_ROWS, ...by]),
    );
    if (keepSeenDays !== undefined)
      retained.seen = await allBatches(() => call(`${s}.forget_v1($1, $2, $3)`, [clock, keepSeenDays, BATCH_ROWS]));
    return retained;
  } finally {
    await connections.close();
  }
}

interface Told {
  partition: string;
  firstDay: number;
  lastDay: number;
  open?: number;
  rows?: number;
}

async function allBatches(batch: () => Promise<unknown>): Promise<number> {
  for (let total = 0; ;) {
    const taken = (await batch()) as number;
    total += taken;
    if (taken < BATCH_ROWS) return total;
  }
}

function dateOf(day: number): string {
  return new Date(FIRST_DAY + day * DAY_MS).toISOString().slice(0, 10);
}
