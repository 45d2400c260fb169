import { beside, startChild } from "../child.ts";
import { type Report, rounded } from "../report.ts";
import { median, perSecond } from "../statistics.ts";
import type { BacklogProcessOptions, BacklogWord } from "./backlog-process.ts";
import { type BacklogStore, openBacklogStore } from "./backlog-store.ts";
import { buildBacklog } from "./build-backlog.ts";

export interface BacklogSettings {
  /** Deliveries that wait when the hub starts. */
  pending: number;
  /** Facts in each timed round. */
  messages: number;
  rounds: number;
  /** Which kind of ledger. */
  ledger: string;
  folder?: string;
}

/** Order keys of the backlog: a large plant's open production orders. */
const ORDERS = 20_000;
const PATIENCE_MS = 300_000;

/** What a large backlog costs: at the start, in memory, and in throughput beside an empty ledger. */
export async function backlogBench(settings: BacklogSettings): Promise<Report> {
  const { pending, messages, rounds, ledger, folder } = settings;
  await using store = await openBacklogStore(ledger, folder);
  const backlogged = await store.newLedger();
  let facts = await fill(store, backlogged, pending);
  const full: Start[] = [];
  const empty: Start[] = [];
  for (let round = 0; round < rounds; round++) {
    full.push(await startOnce({ ledger: backlogged, messages, firstFact: facts, orders: ORDERS }));
    facts += messages;
    empty.push(await startOnce({ ledger: await store.newLedger(), messages, firstFact: 0, orders: ORDERS }));
  }
  const rate = (starts: readonly Start[]) => median(starts.map((s) => perSecond(messages, s.acceptMs + s.settleMs)));
  const shares = full.map((it, round) => {
    const other = empty[round] ?? it;
    return (other.acceptMs + other.settleMs) / (it.acceptMs + it.settleMs);
  });
  return {
    name: "backlog",
    settings: {
      ledger,
      pending,
      messages,
      rounds,
      orders: ORDERS,
      ledgerMb: Math.round((await store.bytes(backlogged)) / 1_048_576),
      ...store.settings,
    },
    figures: {
      backlogStartMs: rounded(median(full.map((start) => start.startMs))),
      backlogRssMb: rounded(Math.max(...full.map((start) => start.rssMb))),
      backlogShare: rounded(median(shares)),
      perSecond: rounded(rate(full)),
      emptyPerSecond: rounded(rate(empty)),
      acceptShare: rounded(median(full.map((it, round) => (empty[round]?.acceptMs ?? Number.NaN) / it.acceptMs))),
      settleShare: rounded(median(full.map((it, round) => (empty[round]?.settleMs ?? Number.NaN) / it.settleMs))),
      startRssMb: rounded(Math.max(...full.map((start) => start.startRssMb))),
      emptyRssMb: rounded(Math.max(...empty.map((start) => start.rssMb))),
    },
    notes: [
      "backlogStartMs: from the start of the process to the first delivery handed to a target.",
      "backlogRssMb: the most that any of the processes ever held, its load of facts included.",
    ],
  };
}

async function fill(store: BacklogStore, backlogged: string, pending: number): Promise<number> {
  await using ledger = await store.openToFill(backlogged);
  return await buildBacklog(ledger, pending, ORDERS);
}

interface Start {
  startMs: number;
  acceptMs: number;
  settleMs: number;
  startRssMb: number;
  rssMb: number;
}

async function startOnce(options: BacklogProcessOptions): Promise<Start> {
  const startedAt = Date.now();
  const child = startChild<BacklogWord>(beside(import.meta.url, "backlog-process"), options);
  try {
    const firstSentAt = child.hear("firstSentAt", PATIENCE_MS);
    const done = await child.hear("done", PATIENCE_MS);
    return { startMs: (await firstSentAt) - startedAt, ...done };
  } finally {
    await child.kill();
  }
}
