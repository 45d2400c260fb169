import { sqlite } from "@lineshaft/ledger-sqlite";
import { beside, startChild } from "../child.ts";
import { type Report, rounded } from "../report.ts";
import { type Scratch, openScratch } from "../scratch.ts";
import { median, perSecond } from "../statistics.ts";
import { SOURCE, startBenchHub } from "./bench-hub.ts";
import { CommitWatch, type GroupShape } from "./commit-watch.ts";
import { FACT_BYTES, completionFacts } from "./completion-facts.ts";
import { HTTP_IN_FLIGHT, httpSink } from "./http-sink.ts";
import { acceptAll, settleAll } from "./load.ts";
import { type Latencies, openLoop } from "./open-loop.ts";
import { rawMessages, runRawStore } from "./raw-store.ts";
import { type Sink, memorySink, toReported } from "./sink-system.ts";

export interface EngineSettings {
  /** Messages in each timed round. */
  messages: number;
  rounds: number;
  /** Length of each open-loop round. */
  seconds: number;
  /** Facts per second of the open loop. */
  rate: number;
  /** Where the ledgers are made; it should be on a real disk. */
  folder?: string;
}

const ORDERS = 1_000;
/** Share of a round that is run beforehand and not counted, so that the code is compiled. */
const WARM_UP = 0.25;

/** How fast the hub accepts, and how fast it brings messages to both targets, beside what its store could do. */
export async function engineBench(settings: EngineSettings): Promise<Report> {
  using scratch = openScratch(settings.folder);
  const { messages, rounds, rate, seconds } = settings;
  const run = new Rounds(scratch);
  const warmUp = Math.ceil(messages * WARM_UP);
  await run.store(warmUp, (await run.endToEnd(warmUp)).groups);
  const ends: number[] = [];
  const raws: number[] = [];
  const shares: number[] = [];
  const accepts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const end = await run.endToEnd(messages);
    const raw = await run.store(messages, end.groups);
    ends.push(end.rate);
    raws.push(raw);
    shares.push(end.rate / raw);
    accepts.push(await run.accept(messages));
  }
  const latencies = await run.openLoops(rounds, seconds, rate);
  const http = await run.http(messages, rounds);
  return {
    name: "engine",
    settings: {
      messages,
      rounds,
      bytes: FACT_BYTES,
      orders: ORDERS,
      targets: 2,
      synchronous: "full",
      rate,
      seconds,
      httpInFlight: HTTP_IN_FLIGHT,
    },
    figures: {
      endToEndPerSecond: rounded(median(ends)),
      rawPerSecond: rounded(median(raws)),
      share: rounded(median(shares)),
      acceptPerSecond: rounded(median(accepts)),
      ...latencies,
      httpEndToEndPerSecond: rounded(http),
    },
    notes: ["share is the median of each round's own ratio: end to end by raw store, one right after the other."],
  };
}

class Rounds {
  readonly #scratch: Scratch;
  #ledgers = 0;
  #facts = 0;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  /** The ledger before goes first: what it still has to write back to the disk would weigh on the next one. */
  #newLedger(): string {
    this.#scratch.clear();
    return this.#scratch.path(`ledger-${++this.#ledgers}.db`);
  }

  #newFacts(count: number) {
    const facts = completionFacts(this.#facts, count, ORDERS);
    this.#facts += count;
    return facts;
  }

  async endToEnd(messages: number): Promise<{ rate: number; groups: GroupShape[] }> {
    const facts = this.#newFacts(messages);
    const watch = new CommitWatch();
    const ledger = watch.watch(sqlite({ path: this.#newLedger() }));
    await using hub = await startBenchHub(ledger, memorySink("one"), memorySink("two"));
    const startedAt = performance.now();
    await settleAll(hub.intake(SOURCE), facts, watch);
    return { rate: perSecond(messages, performance.now() - startedAt), groups: watch.groups };
  }

  /** Accepting alone: the targets take nothing until all is accepted. */
  async accept(messages: number): Promise<number> {
    const facts = this.#newFacts(messages);
    const { promise, resolve } = Promise.withResolvers<void>();
    const gate = () => promise;
    await using hub = await startBenchHub(
      sqlite({ path: this.#newLedger() }),
      memorySink("one", gate),
      memorySink("two", gate),
    );
    const startedAt = performance.now();
    await acceptAll(hub.intake(SOURCE), facts);
    const rate = perSecond(messages, performance.now() - startedAt);
    resolve();
    return rate;
  }

  async store(messages: number, groups: readonly GroupShape[]): Promise<number> {
    const raw = rawMessages(this.#newFacts(messages), toReported);
    return perSecond(messages, await runRawStore(this.#newLedger(), raw, groups));
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
    const ledger = watch.watch(sqlite({ path: this.#newLedger() }));
    await using hub = await startBenchHub(ledger, memorySink("one"), memorySink("two"));
    return await openLoop(hub.intake(SOURCE), this.#newFacts(Math.ceil(seconds * rate)), rate, watch);
  }

  async http(messages: number, rounds: number): Promise<number> {
    const server = startChild<{ url: string }>(beside(import.meta.url, "http-sink-process"), {});
    try {
      const url = await server.hear("url");
      const rates: number[] = [];
      for (let round = 0; round < rounds; round++)
        rates.push(await this.#throughHttp(messages, httpSink("one", url), httpSink("two", url)));
      return median(rates);
    } finally {
      await server.kill();
    }
  }

  async #throughHttp(messages: number, first: Sink, second: Sink): Promise<number> {
    const facts = this.#newFacts(messages);
    const watch = new CommitWatch();
    const ledger = watch.watch(sqlite({ path: this.#newLedger() }));
    await using hub = await startBenchHub(ledger, first, second);
    const startedAt = performance.now();
    await settleAll(hub.intake(SOURCE), facts, watch);
    return perSecond(messages, performance.now() - startedAt);
  }
}
