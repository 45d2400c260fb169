import { availableParallelism } from "node:os";
import { beside, startChild } from "../child.ts";
import { type Report, rounded } from "../report.ts";
import { median } from "../statistics.ts";
import { openBenchStore } from "./bench-store.ts";
import { FACT_BYTES } from "./completion-facts.ts";
import { HTTP_IN_FLIGHT, httpSink } from "./http-sink.ts";
import { TARGETS } from "./load.ts";
import { ORDERS, Rounds } from "./rounds.ts";
import { type WorkersRound, Workers, workersFigures, workersNotes } from "./workers-round.ts";

export interface EngineSettings {
  /** Messages in each timed round. */
  messages: number;
  rounds: number;
  /** Length of each open-loop round. */
  seconds: number;
  /** Facts per second of the open loop. */
  rate: number;
  /** Which kind of ledger. */
  ledger: string;
  /** Where the ledgers are made; it should be on a real disk. */
  folder?: string;
}

/** Share of a round that is run beforehand and not counted, so that the code is compiled. */
const WARM_UP = 0.25;

interface OneWorker {
  ends: number[];
  raws: number[];
  shares: number[];
  accepts: number[];
}

/** How fast the hub accepts, and how fast it brings messages to both targets, beside what its store could do. */
export async function engineBench(settings: EngineSettings): Promise<Report> {
  const { messages, rounds, rate, seconds, ledger, folder } = settings;
  await using store = await openBenchStore(ledger, folder);
  const run = new Rounds(store);
  const warmUp = Math.ceil(messages * WARM_UP);
  await run.raw(warmUp, (await run.endToEnd(warmUp)).groups);
  await using workers = store.shared === undefined ? undefined : new Workers(store.shared);
  await workers?.warmUp(warmUp);
  const one: OneWorker = { ends: [], raws: [], shares: [], accepts: [] };
  const many: WorkersRound[] = [];
  for (let round = 0; round < rounds; round++) {
    if (workers !== undefined) many.push(await workers.round(messages));
    await oneWorker(run, messages, one);
  }
  const latencies = await run.openLoops(rounds, seconds, rate);
  const figures = {
    endToEndPerSecond: rounded(median(one.ends)),
    rawPerSecond: rounded(median(one.raws)),
    share: rounded(median(one.shares)),
    acceptPerSecond: rounded(median(one.accepts)),
    ...latencies,
    httpEndToEndPerSecond: rounded(await throughHttp(run, messages, rounds)),
    ...workersFigures(one.ends, many),
  };
  return {
    name: "engine",
    settings: {
      ledger,
      messages,
      rounds,
      bytes: FACT_BYTES,
      orders: ORDERS,
      targets: TARGETS,
      cores: availableParallelism(),
      ...store.settings,
      rate,
      seconds,
      httpInFlight: HTTP_IN_FLIGHT,
    },
    figures,
    notes: [
      "share is the median of each round's own ratio: end to end by raw store, one right after the other.",
      ...workersNotes(many),
    ],
  };
}

/** One right after the other: a slow minute of the machine meets all of them. */
async function oneWorker(run: Rounds, messages: number, found: OneWorker): Promise<void> {
  const end = await run.endToEnd(messages);
  const raw = await run.raw(messages, end.groups);
  found.ends.push(end.rate);
  found.raws.push(raw);
  found.shares.push(end.rate / raw);
  found.accepts.push(await run.accept(messages));
}

async function throughHttp(run: Rounds, messages: number, rounds: number): Promise<number> {
  const server = startChild<{ url: string }>(beside(import.meta.url, "http-sink-process"), {});
  try {
    const url = await server.hear("url");
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++)
      rates.push((await run.endToEnd(messages, [httpSink("one", url), httpSink("two", url)])).rate);
    return median(rates);
  } finally {
    await server.kill();
  }
}
