import { onTestFinished } from "vitest";
import type { TagChange, TagObserver } from "@lineshaft/core";
import { keepRunning, settled } from "@lineshaft/testing";
import type { RecordingIntake, Running } from "@lineshaft/testing";
import type { Line } from "../index.ts";

export interface Played {
  readonly running: Running;
  changes(...changes: TagChange[]): Promise<void>;
  /** What the source is told of earlier runs. */
  newest(): ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** A line whose tags a test plays by hand, until the test is over. */
export async function play(line: Line, intake: RecordingIntake): Promise<Played> {
  let observer: TagObserver | undefined;
  const source = line.facts({
    async run(given, signal) {
      observer = given;
      given.listening();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
  });
  const running = keepRunning(source, intake);
  onTestFinished(() => running.stop());
  await settled();
  return {
    running,
    async changes(...changes: TagChange[]) {
      await settled();
      await observer?.changes(changes);
    },
    newest: () => observer?.newest?.() ?? new Map<string, number>(),
    stop: () => running.stop(),
  };
}
