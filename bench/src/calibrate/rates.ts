import type { Calibration } from "lineshaft";
import { rounded } from "../report.ts";
import { median } from "../statistics.ts";
import { RealRun, type RunOptions, wallTime } from "./real-run.ts";
import type { Store } from "./stores.ts";
import { systemClock } from "@lineshaft/core";
import { openScratch } from "../scratch.ts";

const SMALL_BYTES = 700;
const LARGE_BYTES = 6_000;
const KB = 1_000;
const SINGLE_COMMITS = 200;

/** Times of one worker, each round with small and large payloads one right after the other. */
export class RateFit {
  readonly #accept: { small: number[]; large: number[] } = { small: [], large: [] };
  readonly #deliver: { small: number[]; large: number[] } = { small: [], large: [] };
  readonly #commit: number[] = [];
  readonly #store: Store;
  readonly #options: Pick<RunOptions, "folder" | "now">;

  constructor(store: Store, options: Pick<RunOptions, "folder" | "now"> = {}) {
    this.#store = store;
    this.#options = options;
  }

  /** `also` learns the same. */
  async round(messages: number, also?: RateFit): Promise<void> {
    for (const [size, payloadBytes] of [
      ["small", SMALL_BYTES],
      ["large", LARGE_BYTES],
    ] as const) {
      await using run = await RealRun.open(this.#store, this.#options);
      const accept = (await run.accept({ messages, payloadBytes })) / messages;
      const deliver = (await run.deliver(messages)) / messages;
      this.#add(size, accept, deliver);
      if (also !== undefined) also.#add(size, accept, deliver);
    }
    const commit = await commitMs(this.#store, this.#options);
    this.#commit.push(commit);
    if (also !== undefined) also.#commit.push(commit);
  }

  #add(size: "small" | "large", accept: number, deliver: number): void {
    this.#accept[size].push(accept);
    this.#deliver[size].push(deliver);
  }

  get times(): Calibration["times"] {
    return { accept: line(this.#accept), deliver: line(this.#deliver), commit: rounded(median(this.#commit)) };
  }
}

function line({ small, large }: { small: number[]; large: number[] }): { fixed: number; perKilobyte: number } {
  const [low, high] = [median(small), median(large)];
  // A busy neighbour can make the small ones slower than the large ones.
  const perKilobyte = Math.max(0, ((high - low) * KB) / (LARGE_BYTES - SMALL_BYTES));
  return {
    fixed: rounded(Math.max(low / 10, low - (perKilobyte * SMALL_BYTES) / KB)),
    perKilobyte: rounded(perKilobyte),
  };
}

async function commitMs(store: Store, { folder, now = wallTime }: Pick<RunOptions, "folder" | "now">): Promise<number> {
  using scratch = openScratch(folder);
  await using ledger = await store.define(scratch, "commits").open({ clock: systemClock });
  const refusal = {
    source: "mes",
    contract: "completion.v1",
    received: Buffer.from("{"),
    receivedBytes: 1,
    findings: [],
  };
  const from = now();
  for (let n = 0; n < SINGLE_COMMITS; n++) {
    const at = Date.now();
    await ledger.commit({ at, refusals: [{ ...refusal, receivedTime: at }] });
  }
  return (now() - from) / SINGLE_COMMITS;
}
