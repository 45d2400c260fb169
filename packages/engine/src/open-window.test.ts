import type { Ledger } from "@lineshaft/core";
import { silentLog } from "@lineshaft/core";
import { FakeClock } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { KeyLines } from "./key-lines.ts";
import { OpenWindow, type OpenWindowOptions } from "./open-window.ts";

test.each([
  [0, 5],
  [2, 20],
  [9, 90],
  [40, 100],
])("beside other workers, a window whose read took %d ms rests %d ms", async (readMs, restMs) => {
  const { clock, reads } = aBusyWindow(readMs, true);
  await clock.advance(10 * (readMs + restMs));
  const between = reads.slice(1).map((at, n) => at - (reads[n] ?? 0));
  expect(between.length).toBeGreaterThanOrEqual(9);
  expect(new Set(between)).toEqual(new Set([readMs + restMs]));
});

test("a window that has the ledger to itself rests not at all", async () => {
  const { clock, reads } = aBusyWindow(3, false);
  await clock.advance(30);
  expect(reads.slice(0, 4)).toEqual([0, 3, 6, 9].map((ms) => ms + (reads[0] ?? 0)));
});

/** Others accept something all the time, and reading takes so long. */
function aBusyWindow(readMs: number, shared: boolean) {
  const clock = new FakeClock();
  const reads: number[] = [];
  const ledger = {
    openDeliveries: async () => {
      reads.push(clock.now());
      if (readMs > 0) await clock.sleep(readMs);
      return [];
    },
  } as unknown as Ledger;
  const look = () => {
    window.look();
    window.refill();
  };
  const unused = (() => undefined) as never;
  const options: OpenWindowOptions = {
    system: "odoo",
    ledger,
    clock,
    lines: new KeyLines(clock, look, unused),
    shared: () => shared,
    lanes: () => [0],
    fence: () => 1,
    windowDeliveries: 100,
    log: silentLog,
    track: (work) => void work,
    filled: look,
    settle: unused,
    payloads: unused,
    routing: unused,
  };
  const window = new OpenWindow(options);
  look();
  return { clock, reads };
}
