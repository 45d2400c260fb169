import type { TagSource } from "@lineshaft/core";
import { describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { settled } from "./fake-clock.ts";
import { TagRecorder } from "./tag-recorder.ts";

/** A source of tags with the device that it reads, for one test. The device has one tag, a number. */
export interface TagSourceBed {
  tags: TagSource;
  /** As the source names it. */
  tag: string;
  /** Gives the tag a value. */
  set(value: number): Promise<void> | void;
  /** Takes the device away, with all of its connections. */
  lose(): Promise<void>;
  /** Brings it back with a value. */
  bringBack(value: number): Promise<void>;
  /** Lets time go on, for a source on a fake clock. */
  pass?(): Promise<void>;
  dispose(): Promise<void>;
}

/** Turns of the event loop in which something too early would show. */
const TURNS = 200;

/** What every source of tags must do, whatever it speaks. `open` makes a device of its own for each case. */
export function tagSourceCases(name: string, open: () => Promise<TagSourceBed>): void {
  describe(`${name}, as a source of tags`, () => {
    test("the value that stands arrives with quality and times, and then what changes", async () => {
      await using bed = await openBed(open);
      await bed.set(7);
      bed.begin();
      await bed.until("it arrives", () => bed.recorder.last(bed.tag)?.value === 7);
      const { quality, sourceTime, receivedTime } = bed.recorder.last(bed.tag) ?? {};
      expect([quality, Number.isFinite(sourceTime), Number.isFinite(receivedTime)]).toEqual(["good", true, true]);
      await bed.until("it says that it listens", () => bed.recorder.listened > 0);
      await bed.set(8);
      await bed.until("the change arrives", () => bed.recorder.last(bed.tag)?.value === 8);
    });

    test("no more is handed over before the last was taken", async () => {
      await using bed = await openBed(open);
      await bed.set(1);
      const taken = Promise.withResolvers<void>();
      bed.recorder.hold = taken.promise;
      bed.begin();
      await bed.until("it is handed over", () => bed.recorder.batches.length === 1);
      for (const value of [2, 3]) await bed.set(value);
      await bed.pass?.();
      await settled(TURNS);
      expect(bed.recorder.batches).toHaveLength(1);
      bed.recorder.hold = undefined;
      taken.resolve();
      await bed.until("the newest arrives", () => bed.recorder.last(bed.tag)?.value === 3);
    });

    test("what the observer cannot take ends the run with its error", async () => {
      await using bed = await openBed(open);
      await bed.set(1);
      bed.recorder.failure = new Error("The disk is full.");
      bed.begin();
      await bed.until("it ends", () => bed.ended());
      expect(bed.failures.map(String)).toEqual(["Error: The disk is full."]);
    });

    test("stopped by its signal it returns at once, also while the observer takes its time", async () => {
      await using bed = await openBed(open);
      await bed.set(1);
      const never = Promise.withResolvers<void>();
      bed.recorder.hold = never.promise;
      bed.begin();
      await bed.until("it is handed over", () => bed.recorder.batches.length === 1);
      const begun = performance.now();
      const stopped = bed.stop();
      never.resolve();
      await bed.during(stopped);
      expect(performance.now() - begun).toBeLessThan(5_000);
      expect(bed.failures).toEqual([]);
    });

    test("a device gone leaves its value stale, and back again it tells what was missed", async () => {
      await using bed = await openBed(open);
      await bed.set(1);
      bed.begin();
      await bed.until("it is read", () => bed.recorder.last(bed.tag)?.value === 1);
      await bed.lose();
      await bed.until("it is stale", () => bed.recorder.last(bed.tag)?.quality === "stale");
      expect(bed.recorder.last(bed.tag)).toMatchObject({ value: 1, said: expect.stringMatching(/.../) as string });
      await bed.bringBack(5);
      await bed.until("it is good again", () => bed.recorder.last(bed.tag)?.quality === "good");
      expect(bed.recorder.last(bed.tag)?.value).toBe(5);
      await bed.until("the gap is told", () => bed.recorder.gaps.length > 0);
      const { from = 0, to = 0, tags = [], reason = "" } = bed.recorder.gaps[0] ?? {};
      expect([from <= to, tags.length === 0 || tags.includes(bed.tag), reason.length > 0]).toEqual([true, true, true]);
    });
  });
}

interface OpenBed extends TagSourceBed, AsyncDisposable {
  recorder: TagRecorder;
  /** What runs threw that ended by themselves. */
  failures: unknown[];
  /** Runs it, and again when it ends because its device is away. */
  begin(): void;
  ended(): boolean;
  stop(): Promise<void>;
  /** Waits, and lets time go on meanwhile. */
  until(what: string, condition: () => boolean): Promise<void>;
  during(work: Promise<void>): Promise<void>;
}

async function openBed(open: () => Promise<TagSourceBed>): Promise<OpenBed> {
  const bed = await open();
  const recorder = new TagRecorder();
  const stop = new AbortController();
  const failures: unknown[] = [];
  let running: Promise<void> | undefined;
  let over = false;
  const run = async () => {
    while (!stop.signal.aborted) {
      try {
        await bed.tags.run(recorder, stop.signal);
      } catch (error) {
        if (!isAway(error)) return void failures.push(error);
      }
      await settled();
    }
  };
  const until = (what: string, condition: () => boolean) =>
    eventually(
      what,
      async () => {
        if (condition()) return true;
        await bed.pass?.();
        return condition();
      },
      () => [failures.map(String), recorder.all.slice(-3), recorder.gaps],
    );
  const end = async () => {
    stop.abort();
    await running;
  };
  const during = async (work: Promise<void>) => {
    let done = false;
    const settle = () => (done = true);
    work.then(settle, settle);
    await until("it ends", () => done);
    await work;
  };
  return {
    ...bed,
    recorder,
    failures,
    begin: () => void (running = run().finally(() => (over = true))),
    ended: () => over,
    stop: end,
    until,
    during,
    async [Symbol.asyncDispose]() {
      await during(end());
      await bed.dispose();
    },
  };
}

/** A source may end its run because its device is away, to be begun anew. */
function isAway(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "system-unavailable";
}
