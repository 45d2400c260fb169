import { LineshaftError } from "@lineshaft/core";
import type { Intake, Source } from "@lineshaft/core";
import { describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { settled } from "./fake-clock.ts";
import { RecordingIntake } from "./recording-intake.ts";

/** A source with the peer it reads, for one test. */
export interface SourceBed {
  source: Source;
  /** Gives a payload to the peer, which delivers it in order and until it is acknowledged. Does not wait for that. */
  publish(raw: string | Uint8Array): Promise<void> | void;
  /** Facts the source has acknowledged to its peer so far. */
  acknowledged(): number;
  /** Takes the peer away and brings it back with all it had. Left out where the source itself is what others connect to. */
  restartPeer?(): Promise<void>;
  dispose(): Promise<void>;
}

/** A source as the runtime keeps it going: begun anew whenever it throws. */
export interface Running extends AsyncDisposable {
  /** What `run` threw so far. */
  readonly failures: unknown[];
  /** Aborts the signal and waits until `run` has returned. */
  stop(): Promise<void>;
}

/** Keeps a source running into an intake until it is stopped or disposed of. */
export function keepRunning(source: Source, intake: Intake): Running {
  const stop = new AbortController();
  const failures: unknown[] = [];
  const ended = (async () => {
    while (!stop.signal.aborted) {
      try {
        await source.run(intake, stop.signal);
      } catch (error) {
        failures.push(error);
      }
      await settled();
    }
  })();
  const end = async () => {
    stop.abort();
    await ended;
  };
  return { failures, stop: end, [Symbol.asyncDispose]: end };
}

const overloaded = new LineshaftError("intake-overloaded", "1000 facts wait already.", { next: "Come back later." });

/** Turns of the event loop in which an acknowledgement too early would show. */
const TURNS = 200;

/**
 * What every source must do, whatever it speaks. `open` makes a peer of its own for each case.
 * The payloads are small JSON texts, apart from those that are meant to be malformed.
 */
export function sourceCases(name: string, open: () => Promise<SourceBed>): void {
  describe(`${name}, as a source`, () => {
    acknowledgement(open);
    content(open);
    interruption(open);
  });
}

function acknowledgement(open: () => Promise<SourceBed>): void {
  test("the peer is answered only after the fact is on disk", async () => {
    await using bed = await openBed(open);
    bed.intake.hold();
    await bed.publish(text(1));
    await eventually("the fact is handed over", () => bed.intake.handed.length > 0);
    await settled(TURNS);
    expect(bed.acknowledged()).toBe(0);
    bed.intake.release();
    await eventually("the fact is acknowledged", () => bed.acknowledged() === 1);
  });

  test("a fact that could not be stored is not acknowledged, and comes again", async () => {
    await using bed = await openBed(open);
    bed.intake.failWith(overloaded);
    await bed.publish(text(1));
    await eventually("the fact is handed over", () => bed.intake.handed.length > 0);
    await settled(TURNS);
    expect(bed.acknowledged()).toBe(0);
    bed.intake.failWith(undefined);
    await eventually("the fact comes again", () => bed.intake.texts.includes(text(1)));
    await eventually("it is acknowledged then", () => bed.acknowledged() === 1);
  });

  test("refused facts and duplicates are acknowledged, since they are kept", async () => {
    await using bed = await openBed(open);
    bed.intake.answer = () => ({
      kind: "refused",
      refusal: 1,
      findings: [{ field: "/a", rule: "r", fix: "Mend it." }],
    });
    await bed.publish(text(1));
    await eventually("the refused fact is acknowledged", () => bed.acknowledged() === 1);
    bed.intake.answer = () => ({ kind: "duplicate", message: 7, differs: false });
    await bed.publish(text(2));
    await eventually("the duplicate is acknowledged", () => bed.acknowledged() === 2);
    expect(bed.intake.texts).toEqual([text(1), text(2)]);
  });
}

function content(open: () => Promise<SourceBed>): void {
  test("a malformed payload is handed over byte by byte as it came", async () => {
    await using bed = await openBed(open);
    const payloads = [Buffer.from('{"half":'), Buffer.from([0xff, 0xfe, 0x00, 0x7b, 0xc3, 0x28])];
    for (const payload of payloads) await bed.publish(payload);
    await eventually("both are recorded", () => bed.intake.recorded.length === 2);
    expect(bed.intake.recorded.map(({ fact }) => Buffer.from(fact.raw).toString("hex"))).toEqual(
      payloads.map((payload) => payload.toString("hex")),
    );
  });

  test("facts are handed over in the order the peer has them", async () => {
    await using bed = await openBed(open);
    const texts = Array.from({ length: 200 }, (_, i) => text(i));
    for (const each of texts) await bed.publish(each);
    await eventually(
      "all are acknowledged",
      () => bed.acknowledged() === texts.length,
      () => bed.acknowledged(),
    );
    expect(bed.intake.texts).toEqual(texts);
  });
}

function interruption(open: () => Promise<SourceBed>): void {
  test("stopped by its signal it returns at once, and what is not on disk comes again", async () => {
    await using bed = await openBed(open);
    bed.intake.hold();
    for (let i = 0; i < 3; i++) await bed.publish(text(i));
    await eventually("a fact is handed over", () => bed.intake.handed.length > 0);
    const begun = performance.now();
    await bed.running.stop();
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(bed.acknowledged()).toBe(0);
    const later = new RecordingIntake();
    await using running = keepRunning(bed.source, later);
    await eventually(
      "all come again",
      () => later.texts.length === 3,
      () => [later.texts, running.failures],
    );
  });

  test("a peer gone and back costs no fact", async (context) => {
    await using bed = await openBed(open);
    context.skip(bed.restartPeer === undefined, "others connect to this source; it has no peer to lose");
    for (let i = 0; i < 20; i++) await bed.publish(text(i));
    await bed.restartPeer?.();
    for (let i = 20; i < 40; i++) await bed.publish(text(i));
    await eventually(
      "all are recorded",
      () => bed.intake.texts.length === 40,
      () => bed.running.failures.map(String),
    );
    expect(bed.intake.texts.toSorted()).toEqual(Array.from({ length: 40 }, (_, n) => text(n)).toSorted());
  });
}

function text(n: number): string {
  return JSON.stringify({ n });
}

interface OpenBed extends SourceBed, AsyncDisposable {
  intake: RecordingIntake;
  running: Running;
}

async function openBed(open: () => Promise<SourceBed>): Promise<OpenBed> {
  const bed = await open();
  const intake = new RecordingIntake();
  const running = keepRunning(bed.source, intake);
  const close = async () => {
    intake.release();
    await running.stop();
    await bed.dispose();
  };
  return { ...bed, intake, running, [Symbol.asyncDispose]: close };
}
