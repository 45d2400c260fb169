import { expect, test } from "vitest";
import { FakeClock } from "@lineshaft/testing";
import { LedgerClock } from "./ledger-clock.ts";

const LEDGER_NOW = 1_000_000;

test.each([300_000, -300_000, 1_500, -1_500])("a clock that is wrong by %i ms is put right", async (wrongMs) => {
  const machine = new FakeClock(LEDGER_NOW + wrongMs);
  const clock = new LedgerClock(machine);
  const asked = clock.now();
  await machine.advance(20);
  expect(clock.compare(LEDGER_NOW + 10, asked)).toBe(true);
  expect(clock.now()).toBe(LEDGER_NOW + 20);
});

test("a right clock is left alone by a reply that is read after its process was suspended", async () => {
  const machine = new FakeClock(LEDGER_NOW);
  const clock = new LedgerClock(machine);
  const asked = clock.now();
  // The ledger replied at once; the process slept.
  await machine.advance(8_000);
  expect(clock.compare(LEDGER_NOW + 5, asked)).toBe(false);
  expect(clock.offset).toBe(0);
});

test("what a reply surely shows is put right however long it took", async () => {
  const machine = new FakeClock(LEDGER_NOW - 300_000);
  const clock = new LedgerClock(machine);
  const asked = clock.now();
  await machine.advance(8_000);
  expect(clock.compare(LEDGER_NOW, asked)).toBe(true);
  expect(Math.abs(clock.now() - (LEDGER_NOW + 8_000))).toBeLessThanOrEqual(8_000);
});
