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
  await using bed = await FailoverBed.open(server);
  bed.senders.start(rate);
  const moved: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    await pause(seconds * 1_000);
    const ms = await bed.killOne(round % WORKERS);
    process.stderr.write(
      `  worker ${round % WORKERS} killed: ${ms.length} orders moved, the last after ${ms.at(-1)} ms\n`,
    );
    moved.push(ms);
    await bed.begin(round % WORKERS);
    await bed.sharedOut();
  }
  bed.senders.stop();
  const { verdict, recognised, accepted } = await bed.judge();
  const all = moved.flat();
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
      ...verdict,
      facts: bed.senders.count,
      ordersMoved: all.length,
      resent: bed.senders.resent,
      recognised,
    },
    notes: [
      `movedMs: from kill -9 of a worker until another one has settled a fact of an order in its lanes; the worst of all orders and rounds, of which 99 % took ${percentile(all, 0.99)} ms at most.`,
      `lost, twice, orderBroken: ${accepted} messages at two targets each, against what the targets noted in a process of their own. recognised: requests that came again to the target that knows a token.`,
    ],
  };
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
  readonly #names: string[] = [];
  readonly #lanes: number[] = [];
  #begun = 0;
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
    for (let worker = 0; worker < WORKERS; worker++) await bed.begin(worker);
    await bed.sharedOut();
    return bed;
  }

  /** Starts a worker in this place, under a name that none before had. */
  async begin(place: number): Promise<void> {
    const name = `worker-${++this.#begun}`;
    this.#names[place] = name;
    const options = { url: this.#url, targets: this.#targetsUrl, name };
    const worker: Worker = startChild(beside(import.meta.url, "failover-worker-process"), options);
    this.#lanes[place] = await worker.hear("lanes");
    worker.listen("lanes", (lanes) => (this.#lanes[place] = lanes));
    worker.listen("taken", (n) => this.senders.taken(n));
    worker.listen("settled", ({ keys, at }) => this.#settled(keys, at));
    worker.listen("failed", (why) => process.stderr.write(`  a fact was not taken: ${why}\n`));
    this.#workers[place] = worker;
  }

  /** Waits until no worker has more than its share of the lanes. */
  async sharedOut(): Promise<void> {
    const even = () => this.#lanes.every((lanes) => lanes <= Math.ceil(LANES / WORKERS));
    await until("the lanes are shared out", even, () => this.#lanes.join(", "));
  }

  /** @returns for each order of its lanes, how long it took until another worker settled a fact of it, ms, in order */
  async killOne(place: number): Promise<number[]> {
    const rows = await this.#server.server.sql("select lane, worker from lineshaft.lane", this.#url);
    const lanes = new Set(rows.filter((row) => row["worker"] === this.#names[place]).map((row) => Number(row["lane"])));
    const waiting = new Set(ordersOf(lanes));
    const ms: number[] = [];
    const killedAt = Date.now();
    this.#settled = (keys, at) => {
      for (const key of keys) if (at >= killedAt && waiting.delete(key)) ms.push(at - killedAt);
    };
    const worker = this.#workers[place];
    this.#lanes[place] = LANES;
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
  async judge(): Promise<{ verdict: Verdict; recognised: number; accepted: number }> {
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
    return { verdict, recognised: applied.recognised, accepted: accepted.length };
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
