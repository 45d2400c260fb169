import { LANES } from "@lineshaft/core";
import { type Child, beside, startChild } from "../child.ts";
import { atMost, pause } from "../pause.ts";
import { rounded } from "../report.ts";
import { median, perSecond } from "../statistics.ts";
import { type Verdict, judgeTarget, total } from "./applied-check.ts";
import type { SharedLedgers } from "./bench-store.ts";
import { TARGETS } from "./load.ts";
import type { WorkerOptions, WorkerOrder, WorkerWord, WorkersLoad } from "./workers-protocol.ts";

const WORKERS = 4;
/** Longest round, in ms. */
const PATIENCE_MS = 300_000;
/** Longest wait for lanes to be shared out, and between two looks at them, in ms. */
const SHARING_MS = 30_000;
const LOOK_MS = 50;
/** How often workers are told what all of them settled, in ms. */
const RELAY_MS = 20;

/** One measurement of several workers on one ledger. */
export interface WorkersFound {
  rate: number;
  commits: number;
  lockWaits: number;
  lockWaitMs: number;
  retries: number;
  deadlocks: number;
}

/** One round: with as much for each of them as the one worker has, and with that worker's load for all of them together. */
export interface WorkersRound {
  each: WorkersFound;
  together: WorkersFound;
}

type Worker = Child<WorkerWord>;

/** Several hub processes on one ledger. They live as long as the one worker's process, over all rounds. */
export class Workers implements AsyncDisposable {
  readonly #ledgers: SharedLedgers;
  readonly #workers: readonly Worker[];
  /** Lanes of each. */
  readonly #held = Array.from({ length: WORKERS }, () => 0);
  #facts = 0;

  constructor(ledgers: SharedLedgers) {
    this.#ledgers = ledgers;
    this.#workers = this.#held.map((_, worker) => {
      const options: WorkerOptions = { worker, workers: WORKERS };
      const child = startChild<WorkerWord>(beside(import.meta.url, "worker-process"), options);
      child.listen("lanes", (lanes) => (this.#held[worker] = lanes));
      return child;
    });
  }

  /** Each of them handles as many messages as the one does to warm up. */
  async warmUp(messages: number): Promise<void> {
    await this.#bring(messages * WORKERS, 1);
  }

  /** @param messages of one worker's load */
  async round(messages: number): Promise<WorkersRound> {
    const together = await this.#bring(messages, 1);
    return { together, each: await this.#bring(messages * WORKERS, WORKERS) };
  }

  /** They bring facts that none had before to both targets, on a new ledger, and are checked: everything once, in order per key. */
  async #bring(messages: number, loads: number): Promise<WorkersFound> {
    const workers = this.#workers;
    const url = await this.#ledgers.newUrl();
    await openAll(workers, this.#held, url);
    const ms = await handOver(workers, { first: this.#facts, count: messages, loads });
    this.#facts += messages;
    const deadlocks = await deadlocksOf(this.#ledgers, url);
    const ends = await Promise.all(workers.map(close));
    await check(this.#ledgers, url, ends);
    const sum = (name: "commits" | "lockWaits" | "lockWaitMs" | "retries") =>
      ends.reduce((all, { stats }) => all + stats[name], 0);
    return {
      rate: perSecond(messages, ms),
      commits: sum("commits"),
      lockWaits: sum("lockWaits"),
      lockWaitMs: sum("lockWaitMs"),
      retries: sum("retries"),
      deadlocks,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
  }
}

/** Of several rounds, beside one worker's rates in the same rounds. */
export function workersFigures(one: readonly number[], found: readonly WorkersRound[]): Record<string, number> {
  if (found.length === 0) return {};
  const each = found.map((round) => round.each);
  const together = found.map((round) => round.together);
  const of = (rounds: readonly WorkersFound[], value: (found: WorkersFound, round: number) => number) =>
    rounded(median(rounds.map(value)));
  const byOne = ({ rate }: WorkersFound, round: number) => rate / (one[round] ?? Number.NaN);
  const sum = (name: "retries" | "deadlocks") => [...each, ...together].reduce((all, round) => all + round[name], 0);
  return {
    fourWorkersPerSecond: of(each, ({ rate }) => rate),
    fourWorkersShare: of(each, byOne),
    fourTogetherPerSecond: of(together, ({ rate }) => rate),
    fourTogetherShare: of(together, byOne),
    lockWaitMs: of(each, ({ lockWaitMs, commits }) => lockWaitMs / commits),
    retries: sum("retries"),
    deadlocks: sum("deadlocks"),
  };
}

export function workersNotes(found: readonly WorkersRound[]): string[] {
  const [first] = found;
  if (first === undefined) return [];
  const waits = found.map(
    ({ each }) => `${each.lockWaits} of ${each.commits} commits waited, ${Math.round(each.lockWaitMs)} ms together`,
  );
  return [
    "fourWorkers: each of them has the orders, the messages under way and the facts of the one worker; fourTogether: they share that load.",
    "Both shares are medians of each round's own ratio to the one worker; all was applied once and in order per key.",
    "The four live over all rounds, as the one does; each handled as many messages before the first one as the one did.",
    `lockWaitMs: what a commit of the four waits for commits of the others, on average (${waits.join("; ")}).`,
  ];
}

/** Resolves when each of them has its share of the lanes. */
async function openAll(workers: readonly Worker[], held: number[], url: string): Promise<void> {
  held.fill(0);
  // One after the other: the first one makes the ledger.
  for (const worker of workers) {
    say(worker, { open: url });
    await worker.hear("opened");
  }
  const until = performance.now() + SHARING_MS;
  while (held.some((lanes) => lanes !== LANES / WORKERS)) {
    if (performance.now() > until) throw new Error(`After ${SHARING_MS} ms the workers hold ${held.join(", ")} lanes.`);
    await pause(LOOK_MS);
  }
}

/** @returns ms from the first fact to the last outcome */
async function handOver(workers: readonly Worker[], facts: WorkersLoad): Promise<number> {
  for (const worker of workers) say(worker, { prepare: facts });
  for (const worker of workers) await worker.hear("prepared");
  let finished = 0;
  const all = new Promise<true>((resolve) => {
    for (const worker of workers)
      worker.listen("finished", (count) => {
        if ((finished += count) === facts.count * TARGETS) resolve(true);
      });
  });
  let told = 0;
  const relay = setInterval(() => {
    if (told === finished) return;
    told = finished;
    for (const worker of workers) say(worker, { settled: told });
  }, RELAY_MS);
  const startedAt = performance.now();
  for (const worker of workers) say(worker, { go: true });
  const done = await atMost(PATIENCE_MS, all);
  const ms = performance.now() - startedAt;
  clearInterval(relay);
  if (done === undefined)
    throw new Error(`${finished} of ${facts.count * TARGETS} deliveries are done after ${ms} ms.`);
  return ms;
}

async function close(worker: Worker): Promise<WorkerWord["closed"]> {
  say(worker, { close: true });
  return worker.hear("closed");
}

async function deadlocksOf(ledgers: SharedLedgers, url: string): Promise<number> {
  const [row] = await ledgers.sql("select deadlocks from pg_stat_database where datname = current_database()", url);
  return Number(row?.["deadlocks"]);
}

/** @throws Error when something is missing, came twice or overtook another of its key */
async function check(ledgers: SharedLedgers, url: string, ends: readonly WorkerWord["closed"][]): Promise<void> {
  const rows = await ledgers.sql("select id, key from lineshaft.message order by id", url);
  const accepted = rows.map((row) => ({ message: Number(row["id"]), key: String(row["key"]) }));
  const verdicts = (["one", "two"] as const).map((target): Verdict => {
    const applied = ends.flatMap((end) =>
      end.applied[target].messages.map((message, n) => ({ message, at: end.applied[target].at[n] ?? Number.NaN })),
    );
    return judgeTarget(applied, accepted);
  });
  const { lost, twice, orderBroken } = total(verdicts);
  if (lost + twice + orderBroken > 0)
    throw new Error(
      `Of ${accepted.length} messages ${lost} were lost, ${twice} came twice, ${orderBroken} out of order.`,
    );
}

function say(worker: Worker, order: WorkerOrder): void {
  worker.say(order);
}
