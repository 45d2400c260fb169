import type { Health } from "@lineshaft/core";
import { FakeClock } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { Breaker } from "./breaker.ts";

test("opens after five failures in a row, and not before", () => {
  const { breaker } = aBreaker(() => never());
  for (let n = 0; n < 4; n++) breaker.failed("no answer");
  breaker.succeeded();
  for (let n = 0; n < 4; n++) breaker.failed("no answer");
  expect(breaker.state).toBe("closed");
  breaker.failed("no answer");
  expect(breaker).toMatchObject({ state: "open", message: "no answer" });
  expect(breaker.allowance(4)).toBe(0);
});

test("goes on probing when a check neither answers nor heeds its signal", async () => {
  let checks = 0;
  const { breaker, clock } = aBreaker(() => (++checks === 1 ? never() : Promise.resolve({ ok: true })));
  open(breaker);
  await clock.advance(1_000);
  expect(checks).toBe(1);
  await clock.advance(16_000);
  expect(breaker.state).toBe("open");
  await clock.advance(2_000);
  expect(checks).toBe(2);
  expect(breaker.state).toBe("probing");
  expect(breaker.allowance(4)).toBe(1);
});

test("is closed by the trial's success, and opened again by its failure", async () => {
  const { breaker, clock } = aBreaker(() => Promise.resolve({ ok: true }));
  open(breaker);
  await clock.advance(1_000);
  breaker.failed("still no answer");
  expect(breaker).toMatchObject({ state: "open", message: "still no answer" });
  await clock.advance(2_000);
  breaker.succeeded();
  expect(breaker).toMatchObject({ state: "closed", message: undefined });
});

test("asks less and less often, but at least every half minute", async () => {
  const at: number[] = [];
  const { breaker, clock } = aBreaker(() => {
    at.push(clock.now());
    return Promise.reject(new Error("refused"));
  });
  const openedAt = clock.now();
  open(breaker);
  await clock.advance(130_000);
  const waits = at.map((time, n) => (time - (at[n - 1] ?? openedAt)) / 1_000);
  expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
});

test("asks nothing more once it is stopped", async () => {
  let checks = 0;
  const { breaker, clock } = aBreaker(() => {
    checks++;
    return never();
  });
  open(breaker);
  await clock.advance(1_000);
  breaker.stop();
  await clock.advance(120_000);
  expect(checks).toBe(1);
  expect(clock.timers).toBe(0);
});

function aBreaker(check: () => Promise<Health>) {
  const clock = new FakeClock();
  return { clock, breaker: new Breaker({ clock, check, changed: () => undefined }) };
}

function open(breaker: Breaker): void {
  for (let n = 0; n < 5; n++) breaker.failed("no answer");
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
