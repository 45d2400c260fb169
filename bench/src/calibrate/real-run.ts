import { randomUUID } from "node:crypto";
import type { Fact } from "@lineshaft/core";
import { type Hub, flow, openHub } from "@lineshaft/engine";
import { aCompletion, completion } from "@lineshaft/model";
import { SOURCE } from "../engine/bench-hub.ts";
import { CommitWatch } from "../engine/commit-watch.ts";
import { acceptAll, recordOne } from "../engine/load.ts";
import { memorySink, toReported } from "../engine/sink-system.ts";
import { openScratch } from "../scratch.ts";
import { componentLine, linesText } from "./component-lines.ts";
import { spread } from "./spread.ts";
import type { Store } from "./stores.ts";

/** Facts to run, of a size. */
export interface Load {
  messages: number;
  payloadBytes: number;
}

const ORDERS = 1_000;
const TICK_MS = 10;
/** Small, so that a backlog is read from the ledger, as that of an outage is. */
const WINDOW = 1_000;
/** A backlog counts as caught up when no more is open than comes in within this time. */
const CAUGHT_UP_MS = 50;
/** Longest note that a completion may have. */
const NOTE_CHARS = 1_000;
const QUOTE = '"';

/** What times are taken with, in ms. */
export type Stopwatch = () => number;

export const wallTime: Stopwatch = () => performance.now();

/** Of this process: a busy neighbour weighs less on it. It leaves out what is waited for, such as a disk. */
export const processorTime: Stopwatch = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

export interface RunOptions {
  folder?: string | undefined;
  now?: Stopwatch | undefined;
  /** Is told what the ledger takes on disk after the run. */
  bytes?: (bytes: number) => void;
}

/** A hub on a new ledger, with one target that answers at once, but not before its gate is opened. */
export class RealRun implements AsyncDisposable {
  readonly watch: CommitWatch;
  readonly #hub: Hub;
  readonly #gate = Promise.withResolvers<void>();
  readonly #close: () => Promise<void>;
  readonly #now: Stopwatch;

  private constructor(
    hub: Hub,
    watch: CommitWatch,
    more: { gate: PromiseWithResolvers<void>; now: Stopwatch; close: () => Promise<void> },
  ) {
    const { gate, now, close } = more;
    this.#hub = hub;
    this.#now = now;
    this.watch = watch;
    this.#gate = gate;
    this.#close = close;
  }

  static async open(store: Store, { folder, bytes, now = wallTime }: RunOptions = {}): Promise<RealRun> {
    const scratch = openScratch(folder);
    const gate = Promise.withResolvers<void>();
    const watch = new CommitWatch();
    const ledger = store.define(scratch, "run");
    const sink = memorySink("one", () => gate.promise);
    const hub = await openHub({
      name: "calibrate",
      ledger: watch.watch(ledger),
      systems: [sink.definition],
      limits: { windowDeliveries: WINDOW },
      flows: [flow("completions", completion).to(sink.apply, toReported)],
    });
    await hub.start();
    const close = async () => {
      await hub.stop();
      bytes?.(await store.bytes(ledger));
      scratch[Symbol.dispose]();
    };
    return new RealRun(hub, watch, { gate, now, close });
  }

  /** @returns ms */
  async accept({ messages, payloadBytes }: Load): Promise<number> {
    const facts = Array.from({ length: messages }, () => aFact(payloadBytes));
    const from = this.#now();
    await acceptAll(this.#hub.intake(SOURCE), facts);
    return this.#now() - from;
  }

  /** Lets everything out and waits for it. @returns ms */
  async deliver(deliveries: number): Promise<number> {
    const from = this.#now();
    this.#gate.resolve();
    await this.watch.until(deliveries);
    return this.#now() - from;
  }

  /** Lets a backlog out while facts go on coming at a rate, until no backlog is left. @returns ms */
  async catchUp(backlog: number, perSecond: number, payloadBytes: number): Promise<number> {
    const from = this.#now();
    let handed = 0;
    const answers: Promise<number>[] = [];
    const tick = setInterval(() => {
      for (const due = ((this.#now() - from) * perSecond) / 1_000; handed < due; handed++)
        answers.push(recordOne(this.#hub.intake(SOURCE), aFact(payloadBytes)));
    }, TICK_MS);
    const caughtUp = new Promise<number>((resolve) => {
      this.watch.onCommit = () => {
        const open = backlog + handed - this.watch.finished;
        if (open <= (perSecond * CAUGHT_UP_MS) / 1_000) resolve(this.#now() - from);
      };
    });
    this.#gate.resolve();
    const ms = await caughtUp;
    clearInterval(tick);
    await Promise.all(answers);
    await this.watch.until(backlog + handed);
    return ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gate.resolve();
    await this.#close();
  }
}

/** Bytes of the request that the run's mapping makes. */
export function requestBytesOf(payloadBytes: number): number {
  return JSON.stringify(toReported(aReport(payloadBytes))).length;
}

function aFact(payloadBytes: number): Fact {
  return { contract: completion.id, raw: Buffer.from(JSON.stringify(aReport(payloadBytes))) };
}

let next = 0;

/** A completion of about this size: larger ones report more components, as real ones do. */
function aReport(averageBytes: number) {
  const n = next++;
  const payloadBytes = spread(averageBytes, n);
  const bare = { id: randomUUID(), productionOrder: `MO-${n % ORDERS}`, note: "" };
  const sizeOf = (consumed: ReturnType<typeof componentLine>[]) =>
    JSON.stringify(aCompletion({ ...bare, consumed })).length;
  const empty = sizeOf([]);
  const consumed: ReturnType<typeof componentLine>[] = [];
  for (let left = payloadBytes - empty; ;) {
    const line = componentLine(n * 1_000 + consumed.length);
    left -= JSON.stringify(line).length + 1;
    if (left < 0) break;
    consumed.push(line);
  }
  const short = payloadBytes - sizeOf(consumed);
  return aCompletion({
    ...bare,
    consumed,
    note: linesText(Math.min(NOTE_CHARS, Math.max(0, short)), n).replaceAll(QUOTE, " "),
  });
}
