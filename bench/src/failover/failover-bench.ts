import { availableParallelism } from "node:os";
import { LANES, laneOf } from "@lineshaft/core";
import { type Child, beside, startChild } from "../child.ts";
import { type Verdict, judgeTarget, total } from "../engine/applied-check.ts";
import { type BenchServer, startBenchServer } from "../engine/bench-server.ts";
import { FACT_BYTES } from "../engine/completion-facts.ts";
import { pause } from "../pause.ts";
import { type Report, rounded } from "../report.ts";
import { median, percentile } from "../statistics.ts";
import type { FailoverOrder, FailoverWord, TargetsWord } from "./failover-protocol.ts";
import { OpenSenders } from "./open-senders.ts";

export interface FailoverSettings {
  /** Workers that are killed, one in each round. */
  rounds: number;
  /** Facts per second. */
  rate: number;
  /** Between the lanes being shared out and the kill. */
  seconds: number;
  folder?: string;
}

const WORKERS = 3;
const ORDERS = 1_000;
/** Of the engine; the goal is one second more. */
const LEASE_MS = 10_000;
/** Longest wait for anything to happen, and between two looks at it, in ms. */
const PATIENCE_MS = 120_000;
const LOOK_MS = 50;

/** How long the orders of a worker stand still that is killed, and whether anything is lost or comes twice. */
export async function failoverBench(settings: FailoverSettings): Promise<Report> {
  const { rounds, rate, seconds, folder } = settings;
  await using server = await startBenchServer(folder);
  const found: Found[] = [];
  for (let round = 0; round < rounds; round++) found.push(await runRound(server, settings, round % WORKERS));
  const all = found.flatMap(({ moved }) => moved);
  const sum = (name: "facts" | "resent" | "recognised") => found.reduce((total, round) => total + round[name], 0);
  return {
    name: "failover",
    settings: {
      workers: WORKERS,
      rounds,
      rate,
      seconds,
      orders: ORDERS,
      bytes: FACT_BYTES,
      leaseMs: LEASE_MS,
      cores: availableParallelism(),
      ...server.settings,
    },
    figures: {
      movedMs: Math.max(...all),
      medianMovedMs: rounded(median(all)),
      firstMovedMs: Math.min(...all),
      ...total(found.map(({ verdict }) => verdict)),
      facts: sum("facts"),
      ordersMoved: all.length,
      resent: sum("resent"),
      recognised: sum("recognised"),
    },
    notes: [
      `movedMs: from kill -9 of a worker until another one has settled a fact of an order in its lanes; the worst of all orders and rounds, of which 99 % took ${percentile(all, 0.99)} ms at most.`,
      "lost, twice, orderBroken: all facts at two targets each, against what the targets noted in a process of their own. recognised: requests that came again to the target that knows a token.",
    ],
  };
}

interface Found {
  /** For each order of the dead worker's lanes, how long it stood still, ms, in order. */
  moved: number[];
  verdict: Verdict;
  facts: number;
  resent: number;
  recognised: number;
}

/**
 * On a ledger of its own: where two workers vanish within a minute, the others go carefully, one delivery at a time, for
 * what they had in hand may be what ended them.
 */
async function runRound(server: BenchServer, { rate, seconds }: FailoverSettings, place: number): Promise<Found> {
  await using bed = await FailoverBed.open(server);
  bed.senders.start(rate);
  await pause(seconds * 1_000);
  const moved = await bed.kill(place);
  bed.senders.stop();
  const middle = median(moved);
  process.stderr.write(
    `  worker ${place} killed: ${moved.length} orders moved, half within ${middle} ms, the last after ${moved.at(-1)} ms\n`,
  );
  return { moved, ...(await bed.judge()), facts: bed.senders.count, resent: bed.senders.resent };
}

type Worker = Child<FailoverWord>;

/** Workers on one ledger, targets that outlive them, and senders. */
class FailoverBed implements AsyncDisposable {
  readonly senders: OpenSenders;
  readonly #server: BenchServer;
  readonly #url: string;
  readonly #targets: Child<TargetsWord>;
  readonly #targetsUrl: string;
  readonly #workers: Worker[] = [];
  readonly #lanes: number[] = [];
  /** What the survivors of a kill settle. */
  #settled: (keys: readonly string[], at: number) => void = () => undefined;

  private constructor(server: BenchServer, url: string, targets: Child<TargetsWord>, targetsUrl: string) {
    this.#server = server;
    this.#url = url;
    this.#targets = targets;
    this.#targetsUrl = targetsUrl;
    this.senders = new OpenSenders({
      orders: ORDERS,
      workers: WORKERS,
      give: (worker, fact) => this.#give(worker, { take: fact }),
    });
  }

  static async open(server: BenchServer): Promise<FailoverBed> {
    const targets = startChild<TargetsWord>(beside(import.meta.url, "targets-process"), {});
    const bed = new FailoverBed(server, await server.newDatabase(), targets, await targets.hear("url"));
    for (let worker = 0; worker < WORKERS; worker++) await bed.#begin(worker);
    await bed.#sharedOut();
    return bed;
  }

  async #begin(place: number): Promise<void> {
    const options = { url: this.#url, targets: this.#targetsUrl, name: nameOf(place) };
    const worker: Worker = startChild(beside(import.meta.url, "failover-worker-process"), options);
    this.#lanes[place] = await worker.hear("lanes");
    worker.listen("lanes", (lanes) => (this.#lanes[place] = lanes));
    worker.listen("taken", (n) => this.senders.taken(n));
    worker.listen("settled", ({ keys, at }) => this.#settled(keys, at));
    worker.listen("failed", (why) => process.stderr.write(`  a fact was not taken: ${why}\n`));
    this.#workers[place] = worker;
  }

  /** Waits until no worker has more than its share of the lanes. */
  async #sharedOut(): Promise<void> {
    const even = () => this.#lanes.every((lanes) => lanes <= Math.ceil(LANES / WORKERS));
    await until("the lanes are shared out", even, () => this.#lanes.join(", "));
  }

  /** @returns for each order of its lanes, how long it took until another worker settled a fact of it, ms, in order */
  async kill(place: number): Promise<number[]> {
    const rows = await this.#server.server.sql("select lane, worker from lineshaft.lane", this.#url);
    const lanes = new Set(rows.filter((row) => row["worker"] === nameOf(place)).map((row) => Number(row["lane"])));
    const waiting = new Set(ordersOf(lanes));
    const ms: number[] = [];
    const killedAt = Date.now();
    this.#settled = (keys, at) => {
      for (const key of keys) if (at >= killedAt && waiting.delete(key)) ms.push(at - killedAt);
    };
    const worker = this.#workers[place];
    // What it said before it died is heard before its end is.
    worker?.listen("settled", () => undefined);
    await worker?.kill("SIGKILL");
    this.senders.gone(place);
    await until(
      "all orders have moved",
      () => waiting.size === 0,
      () => `${waiting.size} stand still`,
    );
    this.#settled = () => undefined;
    return ms.toSorted((a, b) => a - b);
  }

  /** When all is delivered: what the targets applied, against what was accepted. */
  async judge(): Promise<{ verdict: Verdict; recognised: number }> {
    await until(
      "all facts are taken",
      () => this.senders.open === 0,
      () => `${this.senders.open} are open`,
    );
    const { server } = this.#server;
    const open = async () =>
      Number((await server.sql("select count(*) as n from lineshaft.delivery where open", this.#url))[0]?.["n"]);
    await until("all is delivered", async () => (await open()) === 0);
    const rows = await server.sql("select id, key from lineshaft.message order by id", this.#url);
    const accepted = rows.map((row) => ({ message: Number(row["id"]), key: String(row["key"]) }));
    this.#targets.say({ tell: true });
    const applied = await this.#targets.hear("applied");
    const verdicts = [applied.one, applied.two].map((ids) =>
      judgeTarget(
        ids.map((message, at) => ({ message, at })),
        accepted,
      ),
    );
    const verdict = total(verdicts);
    // A fact that was handed over and is no message is lost as well.
    verdict.lost += Math.max(0, this.senders.count - accepted.length);
    return { verdict, recognised: applied.recognised };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.senders.stop();
    await Promise.all([...this.#workers, this.#targets].map((child) => child.kill()));
  }

  #give(place: number, order: FailoverOrder): boolean {
    const worker = this.#workers[place];
    if (worker === undefined || !worker.process.connected || worker.process.killed) return false;
    worker.say(order);
    return true;
  }
}

function nameOf(place: number): string {
  return `worker-${place}`;
}

/** Order keys in these lanes. */
function ordersOf(lanes: ReadonlySet<number>): string[] {
  return Array.from({ length: ORDERS }, (_, order) => `MO-${order}`).filter((key) => lanes.has(laneOf(key)));
}

async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  state: () => string = () => "",
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Not within ${PATIENCE_MS} ms: ${what}. ${state()}`);
    await pause(LOOK_MS);
  }
}
