import { mkdirSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, platform } from "node:os";
import { dirname, resolve } from "node:path";
import { CALIBRATION_FILE, type Calibration } from "lineshaft";
import { type Report, rounded } from "../report.ts";
import { median } from "../statistics.ts";
import { RateFit } from "./rates.ts";
import { fitStorage } from "./storage.ts";
import { type Store, openStore } from "./stores.ts";
import { compareCatchUp, compareStorage, errorOf } from "./verify.ts";

export interface CalibrateSettings {
  /** Messages in each timed round. */
  messages: number;
  rounds: number;
  /** Which kind of ledger. */
  ledger: string;
  /** Where the constants are written. */
  out?: string;
  folder?: string;
}

/** Messages in each ledger that is weighed. */
const WEIGHED = 1_000;
const VERIFIED_BYTES = 3_000;
const PERCENT = 100;

/** Measures what `lineshaft capacity` reckons with, writes it down, and tries it on runs that it was not taken from. */
export async function calibrateBench(settings: CalibrateSettings): Promise<Report> {
  const { messages, rounds, ledger, folder, out = CALIBRATION_FILE } = settings;
  await using store = await openStore(ledger, folder);
  const storage = await fitStorage(store, WEIGHED, folder);
  const { times, catchUpErrors } = await timesOf(store, storage, settings);
  const calibration = calibrationOf(ledger, storage, times);
  const path = resolve(out);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(calibration, null, 2)}\n`);
  const load = { messages: WEIGHED, payloadBytes: VERIFIED_BYTES };
  return {
    name: "calibrate",
    settings: { ledger, messages, rounds, out: path },
    figures: {
      acceptPerSecond: rounded(1_000 / at1Kb(times.accept)),
      deliverPerSecond: rounded(1_000 / at1Kb(times.deliver)),
      endToEndPerSecond: rounded(1_000 / (at1Kb(times.accept) + at1Kb(times.deliver))),
      commitMs: times.commit,
      deliveryBytes: storage.delivery,
      commitBytes: storage.commit,
      storageErrorPercent: rounded(PERCENT * errorOf(await compareStorage(store, calibration, load, folder))),
      catchUpErrorPercent: rounded(PERCENT * median(catchUpErrors)),
    },
    notes: [
      `Written to ${path}; lineshaft capacity reads it there.`,
      `storageErrorPercent: what is predicted for ${WEIGHED} messages of ${VERIFIED_BYTES} bytes, beside a ledger that a hub filled with them.`,
      "catchUpErrorPercent: the predicted time to catch up, beside a real backlog of as many messages as a round has; median of the rounds. It is as good as the machine is quiet.",
    ],
  };
}

/** Rounds of measuring, each followed by a run that is predicted from it: a neighbour that is busy for a while weighs on both. */
async function timesOf(store: Store, storage: Calibration["storage"], settings: CalibrateSettings) {
  const { messages, rounds, ledger, folder } = settings;
  const all = new RateFit(store, { folder });
  // Once beforehand, so that the code is compiled.
  await new RateFit(store, { folder }).round(messages);
  const catchUpErrors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const own = new RateFit(store, { folder });
    await own.round(messages, all);
    const load = { messages, payloadBytes: VERIFIED_BYTES };
    catchUpErrors.push(
      errorOf(await compareCatchUp(store, calibrationOf(ledger, storage, own.times), load, { folder })),
    );
  }
  return { times: all.times, catchUpErrors };
}

function calibrationOf(engine: string, storage: Calibration["storage"], times: Calibration["times"]): Calibration {
  return {
    engine,
    machine: `${platform()} ${arch()}, ${availableParallelism()} cores, Node ${process.versions.node}`,
    measuredOn: new Date().toISOString().slice(0, 10),
    storage,
    times,
  };
}

function at1Kb({ fixed, perKilobyte }: { fixed: number; perKilobyte: number }): number {
  return fixed + perKilobyte;
}
