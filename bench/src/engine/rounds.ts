import type { LedgerDefinition } from "@lineshaft/engine";
import { rounded } from "../report.ts";
import { median, perSecond } from "../statistics.ts";
import { SOURCE, startBenchHub } from "./bench-hub.ts";
import type { BenchStore } from "./bench-store.ts";
import { CommitWatch, type GroupShape } from "./commit-watch.ts";
import { completionFacts } from "./completion-facts.ts";
import { acceptAll, settleAll } from "./load.ts";
import { type Latencies, openLoop } from "./open-loop.ts";
import { rawMessages } from "./raw-message.ts";
import { type Sink, memorySink, toReported } from "./sink-system.ts";

export const ORDERS = 1_000;

/** Rounds of one worker, whatever its ledger: each on a new ledger, with facts that none before had. */
export class Rounds {
  readonly #store: BenchStore;
  #facts = 0;

  constructor(store: BenchStore) {
    this.#store = store;
  }

  async endToEnd(messages: number, sinks = memorySinks()): Promise<{ rate: number; groups: GroupShape[] }> {
    return runEndToEnd(await this.#store.newLedger(), this.#newFacts(messages), sinks);
  }

  /** Accepting alone: the targets take nothing until all is accepted. */
  async accept(messages: number): Promise<number> {
    const facts = this.#newFacts(messages);
    const { promise, resolve } = Promise.withResolvers<void>();
    await using hub = await startBenchHub(await this.#store.newLedger(), ...memorySinks(() => promise));
    const startedAt = performance.now();
    await acceptAll(hub.intake(SOURCE), facts);
    const rate = perSecond(messages, performance.now() - startedAt);
    resolve();
    return rate;
  }

  /** What the store does with groups of these shapes, and nothing else. */
  async raw(messages: number, groups: readonly GroupShape[]): Promise<number> {
    return perSecond(messages, await this.#store.raw(rawMessages(this.#newFacts(messages), toReported), groups));
  }

  /** Medians of the rounds' percentiles. */
  async openLoops(rounds: number, seconds: number, rate: number): Promise<Latencies> {
    const found: Latencies[] = [];
    for (let round = 0; round < rounds; round++) found.push(await this.#openLoop(seconds, rate));
    const of = (name: keyof Latencies) => rounded(median(found.map((latencies) => latencies[name])));
    return {
      p50Ms: of("p50Ms"),
      p99Ms: of("p99Ms"),
      afterAcceptP50Ms: of("afterAcceptP50Ms"),
      afterAcceptP99Ms: of("afterAcceptP99Ms"),
    };
  }

  async #openLoop(seconds: number, rate: number): Promise<Latencies> {
    const watch = new CommitWatch();
    await using hub = await startBenchHub(watch.watch(await this.#store.newLedger()), ...memorySinks());
    return await openLoop(hub.intake(SOURCE), this.#newFacts(Math.ceil(seconds * rate)), rate, watch);
  }

  #newFacts(count: number) {
    const facts = completionFacts(this.#facts, count, ORDERS);
    this.#facts += count;
    return facts;
  }
}

/** Facts through a hub on this ledger, until all of both targets' outcomes are on disk. */
export async function runEndToEnd(
  ledger: LedgerDefinition,
  facts: ReturnType<typeof completionFacts>,
  sinks = memorySinks(),
): Promise<{ rate: number; groups: GroupShape[] }> {
  const watch = new CommitWatch();
  await using hub = await startBenchHub(watch.watch(ledger), ...sinks);
  const startedAt = performance.now();
  await settleAll(hub.intake(SOURCE), facts, watch);
  return { rate: perSecond(facts.length, performance.now() - startedAt), groups: watch.groups };
}

function memorySinks(gate?: () => Promise<void>): [Sink, Sink] {
  return [memorySink("one", gate), memorySink("two", gate)];
}
