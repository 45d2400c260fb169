import type { Fact, Intake, Receipt, TagChange, TagSource } from "@lineshaft/core";
import { FakeClock } from "@lineshaft/testing";
import { type Report, rounded } from "../report.ts";
import { median, perSecond } from "../statistics.ts";
import { benchLine } from "./bench-line.ts";
import { hallChanges } from "./hall-changes.ts";

export interface ContextualiserSettings {
  /** Tag changes of one timed round. */
  messages: number;
  rounds: number;
}

/** Machines of the hall, with seven tags each. */
const UNITS = 200;
/** Changes handed over at once, as a busy OPC UA subscription does. */
const BATCH = 1_000;
/** Changes of a simulated second. */
const PER_SECOND = 1_000;

/** Tag changes into facts: evaluated, their state saved after each batch, their facts recorded; on one thread, with nothing behind it. */
export async function contextualiserBench({ messages, rounds }: ContextualiserSettings): Promise<Report> {
  const rates: number[] = [];
  const cpuRates: number[] = [];
  let last = await playRound(messages);
  for (let i = 0; i < rounds; i++) {
    last = await playRound(messages);
    rates.push(perSecond(last.changes, last.ms));
    cpuRates.push(perSecond(last.changes, last.cpuMs));
  }
  const rssGrowthMb = await playHour();
  return {
    name: "contextualiser",
    settings: { messages, rounds, units: UNITS, tags: UNITS * 7, batch: BATCH },
    figures: {
      tagsPerSecond: rounded(median(rates)),
      tagsPerCpuSecond: rounded(median(cpuRates)),
      rssGrowthMb: rounded(rssGrowthMb),
      changesPerFact: rounded(last.changes / last.intake.facts),
      stateKb: rounded(last.intake.stateBytes / 1_024),
    },
    notes: [
      "The state and the facts are only counted, not stored: what that costs on a disk, the engine's bench says.",
    ],
  };
}

interface Round {
  changes: number;
  ms: number;
  /** Time that the process had a core for itself, its garbage collection included. */
  cpuMs: number;
  intake: CountingIntake;
}

async function playRound(changes: number): Promise<Round> {
  const batches = [...hallChanges({ units: UNITS, changes, perSecond: PER_SECOND, batch: BATCH })];
  const intake = new CountingIntake();
  const [begun, cpu] = [performance.now(), process.cpuUsage()];
  await run(batches, intake);
  const { user, system } = process.cpuUsage(cpu);
  return { changes, ms: performance.now() - begun, cpuMs: (user + system) / 1_000, intake };
}

/** How much memory grows from the first ten minutes of an hour to its end, in MiB. */
async function playHour(): Promise<number> {
  const hour = hallChanges({ units: UNITS, changes: PER_SECOND * 3_600, perSecond: PER_SECOND, batch: BATCH });
  let [batches, settled] = [0, 0];
  const measured = function* () {
    for (const batch of hour) {
      if (++batches === 600) settled = settledRss();
      yield batch;
    }
  };
  await run(measured(), new CountingIntake());
  return Math.max(0, settledRss() - settled);
}

function settledRss(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 1_048_576;
}

async function run(batches: Iterable<readonly TagChange[]>, intake: Intake): Promise<void> {
  const tags: TagSource = {
    async run(observer) {
      for (const batch of batches) await observer.changes(batch);
    },
  };
  await benchLine(UNITS, new FakeClock()).facts(tags).run(intake, new AbortController().signal);
}

/** Counts what it is handed. */
class CountingIntake implements Intake {
  facts = 0;
  stateBytes = 0;

  async record(_fact: Fact): Promise<Receipt> {
    return { kind: "accepted", message: ++this.facts };
  }

  listening(): void {}

  async loadCursor(): Promise<string | undefined> {
    return undefined;
  }

  async saveCursor(_name: string, value: string): Promise<void> {
    this.stateBytes = value.length;
  }
}
