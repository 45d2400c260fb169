import type { Quality, TagChange, TagValue } from "@lineshaft/core";
import { contractOf } from "@lineshaft/model";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRecording, replayTags } from "./index.ts";
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

const cases: [what: string, tag: string, value: TagValue, code: string, shown: string][] = [
  ["NaN", "pressure", NaN, "not-finite", "NaN"],
  ["Infinity", "power", -Infinity, "not-finite", "-Infinity"],
  ["a number in a string", "count", "12", "wrong-type", "12"],
  ["a bigint beyond 2^53", "count", 2n ** 63n, "too-large", "9223372036854775808"],
  ["a part of a piece", "count", 1.5, "count-not-whole", "1.5"],
  ["a negative count", "count", -1, "count-negative", "-1"],
  ["a state without a word", "state", 99, "state-unknown", "99"],
  ["a number for a flag", "fault", 1, "wrong-type", "1"],
  ["nothing", "pressure", null, "wrong-type", "null"],
  ["a structure", "order", { a: 1n }, "wrong-type", "a object"],
  ["half a character", "lot", "\ud800", "text-unfit", "\ufffd"],
];

describe("a value that cannot be right", () => {
  test.each(cases)("%s becomes a finding with tag, value and next step, once", (_what, tag, value, code, shown) => {
    const facts = replayTags(pressLine(), [at(0, tag, value), at(second, tag, value)]);
    expectFit(facts);
    expect(bodies(facts, "equipment-event")).toMatchObject([
      { kind: "finding", finding: code, tags: [`P4.${tag}`], value: shown, next: expect.stringMatching(/\.$/) },
    ]);
  });

  test("concludes nothing, and a counter goes on from its next good value", () => {
    const recording = [...order(0, "MO-7"), at(0, "count", 0), at(second, "count", NaN), at(2 * second, "count", 3)];
    const facts = replayTags(pressLine(), recording, { until: start + hour });
    expect(piecesOf(facts)).toBe(3);
  });

  test("that a template's name shares with what every object has is no word", () => {
    const facts = replayTags(pressLine(), [at(0, "state", "constructor")]);
    expect(bodies(facts, "equipment-event")).toMatchObject([{ finding: "state-unknown" }]);
  });
});

describe("a time that cannot be right", () => {
  test.each([
    ["none", NaN, "time-unreadable"],
    ["far in the future", start + hour, "time-ahead"],
    ["beyond all calendars", 1e18, "time-unreadable"],
  ])("%s is told and left out", (_what, sourceTime, code) => {
    const recording = [
      ...order(0, "MO-7"),
      at(0, "count", 0),
      at(second, "count", 1, { sourceTime }),
      at(2 * second, "count", 3),
    ];
    const facts = replayTags(pressLine(), recording, { until: start + hour });
    expectFit(facts);
    expect(bodies(facts, "equipment-event")).toMatchObject([{ finding: code, tags: ["P4.count"], value: "1" }]);
    expect(piecesOf(facts)).toBe(3);
  });

  test("going backwards is told once and left out, until the clock is right again", () => {
    const back = [at(minute, "count", 4), at(minute, "count", 5)].map((change) => ({
      ...change,
      receivedTime: start + 10 * minute,
    }));
    const facts = replayTags(
      pressLine(),
      [...order(0, "MO-7"), at(0, "count", 0), at(5 * minute, "count", 3), ...back, at(11 * minute, "count", 9)],
      { until: start + hour },
    );
    expect(bodies(facts, "equipment-event")).toMatchObject([{ finding: "time-backwards", value: "4" }]);
    expect(piecesOf(facts)).toBe(9);
  });

  test("does not matter to a line that takes the time of receipt", () => {
    const odd = (ms: number, count: number) => at(ms, "count", count, { sourceTime: 7 });
    const recording = [
      ...order(0, "MO-7").map((change) => ({ ...change, sourceTime: 7 })),
      odd(0, 0),
      odd(10 * second, 5),
    ];
    expect(piecesOf(replayTags(pressLine({ time: "received" }), recording, { until: start + hour }))).toBe(5);
  });
});

test("a tag that no unit has is told once", () => {
  const stray = { ...at(0, "x", 5), tag: "P9.Unknown" };
  const facts = replayTags(pressLine(), [stray, stray]);
  expectFit(facts);
  expect(facts).toMatchObject([
    { body: { finding: "tag-unknown", tags: ["P9.Unknown"], equipment: "hall-1", value: "5" } },
  ]);
});

test("a gap told by the source is told on, and breaks what has to hold without a break", () => {
  const gap = {
    tags: [],
    from: start + 61 * second,
    to: start + 62 * second,
    reason: "Queue overflow.",
    filled: false,
  };
  const recording = [
    ...order(0, "MO-7", "L-1"),
    at(0, "count", 1),
    at(minute, "pressure", 130),
    { gap },
    at(66 * second, "pressure", 100),
    at(67 * second, "count", 3),
  ];
  const facts = replayTags(pressLine(), recording, { until: start + hour });
  expectFit(facts);
  expect(bodies(facts, "quality-hold")).toMatchObject([{ time: new Date(start + 65 * second).toISOString() }]);
  expect(bodies(facts, "equipment-event")).toMatchObject([
    { kind: "gap", filled: false, description: "Queue overflow." },
  ]);
  expect(bodies(facts, "completion")).toMatchObject([{ extensions: { countedOverGap: "2" } }]);
});

test("nothing that a device can say makes it fail, and all that it says of it fits its contract", () => {
  const values = fc.oneof(
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.string({ unit: "binary" }),
    fc.constant(null),
    fc.uint8Array(),
    fc.array(fc.integer()),
  );
  const times = fc.oneof(fc.double(), fc.integer({ min: start - hour, max: start + 20 * hour }));
  const change: fc.Arbitrary<TagChange> = fc.record(
    {
      tag: fc.oneof(fc.constantFrom(...pressLine().tags), fc.string({ unit: "binary" })),
      value: values,
      quality: fc.constantFrom<Quality>("good", "good", "bad", "uncertain", "stale"),
      sourceTime: times,
      receivedTime: times,
      historical: fc.boolean(),
    },
    { requiredKeys: ["tag", "value", "quality", "sourceTime", "receivedTime"] },
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), fc.constantFrom(0, minute), (recording, lateMs) => {
      for (const { contract, body } of replayTags(pressLine({ lateMs }), recording, { until: start + 20 * hour }))
        expect({ body, findings: contractOf(contract)?.check(body) }).toEqual({ body, findings: [] });
    }),
    { numRuns: 150 },
  );
});

test("a recording is read line by line, and a line that is none is named", () => {
  const text = `{"time":"2026-01-05T06:00:00+01:00","tag":"P4.count","value":1}\n\n{"gap":{"tags":[],"from":1,"to":2,"reason":"r","filled":true}}\n`;
  expect(readRecording(text)).toEqual([
    at(0, "count", 1),
    { gap: { tags: [], from: 1, to: 2, reason: "r", filled: true } },
  ]);
  expect(() => readRecording(`${text}{"tag":1`)).toThrow("Line 4 of the recording");
});
