import { LineshaftError } from "@lineshaft/core";
import { FakeClock, RecordingIntake, settled } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { play } from "./testing/played-line.ts";
import { at, hour, minute, order, pressLine, second, start } from "./testing/press-line.ts";

const told = (intake: RecordingIntake) => intake.texts.map((text) => JSON.parse(text) as Record<string, unknown>);

test("what falls due while no tag changes is told by the clock, at the time at which it fell due", async () => {
  const clock = new FakeClock(start);
  const intake = new RecordingIntake();
  const line = await play(pressLine({ clock }), intake);
  await line.changes(...order(0, "MO-7"), at(0, "count", 0), at(second, "count", 4), at(2 * second, "state", 2));
  await clock.advance(31 * second);
  expect(told(intake)).toEqual([]);
  await clock.advance(10 * minute);
  expect(told(intake)).toMatchObject([
    { kind: "state", time: new Date(start + 2 * second).toISOString() },
    { yield: { value: "4" }, time: new Date(start + second).toISOString() },
  ]);
  expect(intake.listened).toBe(1);
});

test("raw changes are answered when the state is saved, and are nowhere else in the hub", async () => {
  const intake = new RecordingIntake();
  const line = await play(pressLine({ clock: new FakeClock(start) }), intake);
  await line.changes(at(0, "power", 47.11));
  await line.changes(at(1, "power", 48.22));
  expect(intake.handed).toEqual([]);
  expect([...intake.cursors.keys()]).toEqual(["tags:hall-1"]);
  expect(JSON.parse(intake.cursors.get("tags:hall-1") ?? "")).toMatchObject({ facts: [] });
});

test("a hub that cannot store a fact takes nothing more, and begins again from what is saved", async () => {
  const intake = new RecordingIntake();
  const line = await play(pressLine({ clock: new FakeClock(start) }), intake);
  await line.changes(...order(0, "MO-7"), at(0, "count", 0));
  intake.failWith(new LineshaftError("intake-overloaded", "1000 facts wait already.", { next: "Come back later." }));
  await expect(line.changes(at(10 * second, "count", 12))).rejects.toThrow("wait already");
  await settled(20);
  intake.failWith(undefined);
  await settled(50);
  await line.changes(at(10 * second, "count", 12));
  await line.changes(at(20 * second, "count", 24));
  expect(told(intake).map((body) => body["yield"])).toEqual([
    { value: "12", unit: "C62" },
    { value: "12", unit: "C62" },
  ]);
  expect(line.running.failures.length).toBeGreaterThan(0);
});

test("a time in which the hub did not run is a gap, over which counters go on", async () => {
  const clock = new FakeClock(start);
  const intake = new RecordingIntake();
  {
    const line = await play(pressLine({ clock }), intake);
    await line.changes(...order(0, "MO-7"), at(0, "count", 0), at(0, "state", 1));
    await line.stop();
  }
  await clock.advance(2 * hour);
  const line = await play(pressLine({ clock }), intake);
  await line.changes(...order(2 * hour, "MO-7"), at(2 * hour, "state", 1), at(2 * hour, "count", 70));
  await clock.advance(minute);
  expect(told(intake)).toMatchObject([
    { kind: "state" },
    { kind: "gap", start: new Date(start).toISOString(), description: expect.stringContaining("did not run") },
    { yield: { value: "70" }, extensions: { countedOverGap: "70" }, productionOrder: "MO-7" },
  ]);
});

test("a stop of forty seconds is a gap from the moment of the stop, and a short one is none", async () => {
  const clock = new FakeClock(start);
  const intake = new RecordingIntake();
  let line = await play(pressLine({ clock }), intake);
  await line.changes(...order(0, "MO-7"), at(0, "count", 0), at(0, "state", 1));
  await clock.advance(7 * second);
  await line.stop();
  await clock.advance(20 * second);
  line = await play(pressLine({ clock }), intake);
  await line.changes(at(27 * second, "count", 5));
  await clock.advance(3 * second);
  await line.stop();
  const gaps = () => told(intake).filter(({ kind }) => kind === "gap");
  expect(gaps()).toEqual([]);
  await clock.advance(40 * second);
  line = await play(pressLine({ clock }), intake);
  const back = ["order", "state", "count", "power"].map((tag) => at(70 * second, tag, tag === "order" ? "MO-7" : 9));
  await line.changes(...back);
  await clock.advance(minute);
  expect(gaps()).toMatchObject([{ start: new Date(start + 30 * second).toISOString() }]);
});

test("after a restart the source is told how far each tag was taken", async () => {
  const clock = new FakeClock(start);
  const intake = new RecordingIntake();
  const first = await play(pressLine({ clock }), intake);
  expect(first.newest()).toEqual(new Map());
  await first.changes(at(0, "count", 0), at(second, "count", 4), at(2 * second, "state", 2));
  await first.stop();
  const again = await play(pressLine({ clock }), intake);
  expect(again.newest()).toEqual(
    new Map([
      [at(0, "count", 0).tag, start + second],
      [at(0, "state", 2).tag, start + 2 * second],
    ]),
  );
});

test("a state that cannot be read ends the run with a sentence, and nothing is overwritten", async () => {
  const intake = new RecordingIntake();
  intake.cursors.set("tags:hall-1", '{"v":2}');
  const source = pressLine().facts({ async run() {} });
  await expect(source.run(intake, new AbortController().signal)).rejects.toThrow("state of line hall-1 cannot be read");
  expect(intake.cursors.get("tags:hall-1")).toBe('{"v":2}');
});
