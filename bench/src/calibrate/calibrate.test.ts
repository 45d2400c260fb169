import { type Calibration, loadCalibration } from "lineshaft";
import { expect, test } from "vitest";
import { openScratch } from "../scratch.ts";
import { calibrateBench } from "./calibrate-bench.ts";
import { median } from "../statistics.ts";
import { RateFit } from "./rates.ts";
import { processorTime } from "./real-run.ts";
import { fitStorage } from "./storage.ts";
import { openStore } from "./stores.ts";
import { type Compared, compareCatchUp, compareStorage, errorOf } from "./verify.ts";

const aCalibration: Calibration = {
  engine: "sqlite",
  machine: "this one",
  measuredOn: "now",
  storage: { messageByPayload: [[1, 1]], attemptByRequest: [[1, 1]], delivery: 1, commit: 1 },
  times: { accept: { fixed: 1, perKilobyte: 0 }, deliver: { fixed: 1, perKilobyte: 0 }, commit: 1 },
};
const TEST_MS = 120_000;
const WEIGHED = 500;

const CAUGHT_UP = 1_500;
const ROUNDS = 9;

/*
 * Both are held to what is promised. Times by the processor's time of this process: those of a clock on the wall swing by
 * half within a second on a machine that is shared, so that the bench itself prints how far its own predictions were off.
 */
test(
  "what a ledger will take is predicted within a quarter, for mixes that were not measured",
  async () => {
    await using sqlite = await openStore("sqlite");
    const storage = await fitStorage(sqlite, WEIGHED);
    const calibration = { ...aCalibration, storage };
    const errors: Record<number, number> = {};
    for (const payloadBytes of [700, 1_900, 3_000, 5_000])
      errors[payloadBytes] = errorOf(await compareStorage(sqlite, calibration, { messages: WEIGHED, payloadBytes }));
    process.stdout.write(`storage, predicted by measured: ${JSON.stringify(errors)}\n`);
    for (const error of Object.values(errors)) expect(Math.abs(error)).toBeLessThan(0.25);
  },
  TEST_MS,
);

test(
  "how long a backlog takes beside normal traffic is predicted within a quarter",
  async () => {
    await using sqlite = await openStore("sqlite");
    const options = { now: processorTime };
    // Once beforehand, so that the code is compiled.
    await new RateFit(sqlite, options).round(CAUGHT_UP);
    const found: Compared[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const rates = new RateFit(sqlite, options);
      await rates.round(CAUGHT_UP);
      const load = { messages: CAUGHT_UP, payloadBytes: 3_000 };
      found.push(await compareCatchUp(sqlite, { ...aCalibration, times: rates.times }, load, options));
    }
    const middle = (of: (found: Compared) => number) => median(found.map(of));
    const error = errorOf({ predicted: middle((f) => f.predicted), measured: middle((f) => f.measured) });
    process.stdout.write(`time to catch up, predicted by measured: ${error}\n`);
    expect(Math.abs(error)).toBeLessThan(0.25);
  },
  TEST_MS,
);

test(
  "the bench writes constants that lineshaft capacity can read, and says how far off they are",
  async () => {
    using scratch = openScratch();
    const out = scratch.path("folder/calibration.json");
    const { figures } = await calibrateBench({ messages: 300, rounds: 1, ledger: "sqlite", out });
    expect(loadCalibration(out)).toMatchObject({ engine: "sqlite", from: out });
    expect(figures).toMatchObject({ storageErrorPercent: expect.any(Number) as number });
    expect(figures["catchUpErrorPercent"]).toBeGreaterThan(-100);
    await expect(calibrateBench({ messages: 1, rounds: 1, ledger: "paper" })).rejects.toThrow(/name one of sqlite/);
  },
  TEST_MS,
);
