import type { TagChange } from "@lineshaft/core";
import { contracts } from "@lineshaft/model";
import { FakeClock, RecordingIntake } from "@lineshaft/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { replayTags } from "./index.ts";
import type { Line } from "./index.ts";
import { CrashingIntake, feed } from "./testing/crashing-intake.ts";
import {
  at,
  bodies,
  expectFit,
  hour,
  minute,
  order,
  piecesOf,
  pressLine,
  second,
  start,
} from "./testing/press-line.ts";

const recordings = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 20 * minute }),
      tag: fc.constantFrom("count", "count", "reject", "state", "reason", "fault", "pressure", "power", "order", "lot"),
      value: fc.integer({ min: 0, max: 40 }),
      quality: fc.constantFrom("good", "good", "good", "good", "bad", "stale"),
      odd: fc.boolean(),
    }),
    { maxLength: 120 },
  )
  .map((steps) => {
    let ms = 0;
    let count = 0;
    return steps.map(({ gap, tag, value, quality, odd }): TagChange => {
      ms += gap;
      if (tag === "count") count += value;
      const values: Record<string, TagChange["value"]> = {
        count: value === 39 ? 10_000_000 : count,
        reject: value,
        state: value % 5,
        reason: value % 20,
        fault: odd,
        pressure: value === 40 ? NaN : 70 + value * 2,
        power: value,
        order: odd ? `MO-${value % 3}` : "",
        lot: odd ? `L-${value % 2}` : "",
      };
      return at(ms, tag, values[tag] ?? null, { quality: quality as TagChange["quality"] });
    });
  });

describe("the same recording", () => {
  test("gives the same facts whatever the size of its batches, and wherever the hub is started again", async () => {
    await fc.assert(
      fc.asyncProperty(
        recordings,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        fc.constantFrom(0, 30 * second, 9 * minute),
        async (recording, sizes, lateMs) => {
          const line = pressLine({ clock: new FakeClock(start), lateMs });
          const whole = replayTags(line, recording);
          expectFit(whole);
          const intake = new RecordingIntake({ contracts, now: () => start + 400 * 24 * hour });
          let from = 0;
          for (let i = 0; from < recording.length; i++) {
            const to = from + (sizes[i % sizes.length] ?? 1);
            // A new run for each batch: all that is known in between is what was saved.
            await feed(line, intake, [recording.slice(from, to)]);
            from = to;
          }
          expect(intake.recorded.filter(({ receipt }) => receipt.kind === "refused")).toEqual([]);
          expect(sorted(intake.texts)).toEqual(sorted(whole.map(({ body }) => JSON.stringify(body))));
        },
      ),
      { numRuns: 150 },
    );
  });

  test("gives the same facts with a crash at any step, and batches handed over again", async () => {
    const recording = [
      ...order(0, "MO-7", "L-1"),
      at(0, "state", 1),
      at(0, "count", 0),
      at(0, "fault", false),
      at(0, "pressure", 100),
      ...Array.from({ length: 40 }, (_, i) => at((i + 1) * 10 * second, "count", i * 3 + 3)),
      at(7 * minute, "state", 2),
      at(7 * minute, "count", 130, { quality: "stale" }),
      at(8 * minute, "fault", true),
      at(8.5 * minute, "fault", false),
      at(9 * minute, "pressure", 200),
      at(9.5 * minute, "pressure", 100),
      at(9.6 * minute, "count", 140),
      at(10 * minute, "state", 1),
      at(10 * minute, "count", 5_000_000),
      at(11 * minute, "order", "MO-8"),
      at(12 * minute, "count", 143),
      at(9 * hour, "power", 3),
    ];
    const batches = Array.from({ length: Math.ceil(recording.length / 7) }, (_, i) =>
      recording.slice(i * 7, i * 7 + 7),
    );
    for (const lateMs of [0, minute]) {
      const line = pressLine({ clock: new FakeClock(start), lateMs });
      const whole = replayTags(line, recording);
      expect(whole.length).toBeGreaterThan(10);
      let crashes = 0;
      for (let step = 0; ; step++) {
        const intake = new CrashingIntake(step);
        await feedWithCrashes(line, intake, batches);
        expect(intake.recorded.filter(({ receipt }) => receipt.kind === "duplicate" && receipt.differs)).toEqual([]);
        expect(sorted(intake.texts)).toEqual(sorted(whole.map(({ body }) => JSON.stringify(body))));
        if (!intake.crashed) break;
        crashes++;
      }
      expect(crashes).toBeGreaterThan(30);
    }
  });
});

describe("counters", () => {
  const walks = fc.array(
    fc.record({
      pieces: fc.integer({ min: 0, max: 60 }),
      seconds: fc.integer({ min: 30, max: 300 }),
      next: fc.constantFrom("go on", "go on", "go on", "reset", "lose"),
    }),
    { minLength: 1, maxLength: 150 },
  );

  test("report exactly the pieces that were made, through roll-overs, resets and gaps", () => {
    fc.assert(
      fc.property(walks, fc.integer({ min: 0, max: 65_535 }), (walk, first) => {
        let [ms, count, made] = [0, first, 0];
        const recording = [...order(0, "MO-7"), at(0, "count", count)];
        for (const { pieces, seconds, next } of walk) {
          ms += seconds * second;
          made += pieces;
          count = (count + pieces) % 65_536;
          recording.push(at(ms, "count", count));
          if (next === "lose") recording.push(at(ms + 1, "count", null, { quality: "stale" }));
          // A reset that cannot be taken for anything else: the counter was neither near its end nor near nought.
          if (next === "reset" && count > 1_000 && count < 64_000) {
            count = 0;
            recording.push(at(ms + second, "count", 0));
            ms += second;
          }
        }
        const facts = replayTags(pressLine(), recording, { until: start + ms + hour });
        expect(piecesOf(facts)).toBe(made);
      }),
      { numRuns: 200 },
    );
  });
});

describe("late changes", () => {
  test("of a history are taken in the order of event time within the bound, and never become current", () => {
    const recording = [
      ...order(0, "MO-7"),
      at(0, "state", 1),
      at(minute, "state", 1, { quality: "stale" }),
      at(5 * minute, "state", 1),
      at(2 * minute, "state", 2, { historical: true, receivedTime: start + 5 * minute }),
      at(4 * minute, "state", 1, { historical: true, receivedTime: start + 5 * minute }),
      at(20 * minute, "power", 1),
    ];
    const told = bodies(replayTags(pressLine({ lateMs: 5 * minute }), recording), "equipment-event");
    expect(told).toContainEqual(
      expect.objectContaining({ state: "stopped", time: new Date(start + 2 * minute).toISOString() }),
    );
    const late = replayTags(pressLine(), recording);
    expect(bodies(late, "equipment-event")).toMatchObject([
      { state: "execute" },
      { kind: "gap" },
      { kind: "gap", end: new Date(start + 5 * minute).toISOString() },
      { kind: "finding", finding: "history-late", tags: ["P4.state"], next: expect.stringContaining("lateMs") },
    ]);
    expect(bodies(late, "downtime")).toEqual([]);
  });

  test("count pieces in the shift in which they were made", () => {
    const recording = [
      ...order(0, "MO-7"),
      at(0, "count", 0),
      at(7.99 * hour, "count", 3, { receivedTime: start + 7.999 * hour }),
      at(8.001 * hour, "count", 8),
      at(7.998 * hour, "reject", 0),
      at(9 * hour, "count", 8),
    ];
    const facts = bodies(replayTags(pressLine({ lateMs: 5 * minute }), recording), "completion");
    expect(facts).toMatchObject([
      { shift: "early", yield: { value: "3" } },
      { shift: "late", yield: { value: "5" } },
    ]);
  });
});

/** Goes on after each crash with the batch that was not answered, as a broker does. */
async function feedWithCrashes(line: Line, intake: CrashingIntake, batches: readonly TagChange[][]): Promise<void> {
  for (let i = 0; i < batches.length;) {
    try {
      await feed(line, intake, batches.slice(i), () => i++);
    } catch (error) {
      if (!intake.crashed) throw error;
    }
  }
}

const sorted = (texts: readonly string[]) => [...texts].sort();
