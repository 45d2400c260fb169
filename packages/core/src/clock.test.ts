import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a wait of months ends when it is over, not at once", async () => {
  let ran = 0;
  systemClock.after(60 * DAY_MS, () => ran++);
  const slept = systemClock.sleep(60 * DAY_MS).then(() => ran++);
  await vi.advanceTimersByTimeAsync(60 * DAY_MS - 1);
  expect(ran).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  await slept;
  expect(ran).toBe(2);
});

test("what was cancelled in a later part of a long wait does not run", async () => {
  let ran = 0;
  const timer = systemClock.after(60 * DAY_MS, () => ran++);
  await vi.advanceTimersByTimeAsync(40 * DAY_MS);
  timer.cancel();
  await vi.advanceTimersByTimeAsync(40 * DAY_MS);
  expect(ran).toBe(0);
});

test("what is past is due at once, without a warning", async () => {
  vi.useRealTimers();
  const warned: string[] = [];
  const note = ({ name }: Error) => warned.push(name);
  process.on("warning", note);
  await new Promise<void>((resolve) => systemClock.after(-5, resolve));
  process.off("warning", note);
  expect(warned).toEqual([]);
});
