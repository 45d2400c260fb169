import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  countTag,
  defineLine,
  flagTag,
  numberTag,
  readRecording,
  replayTags,
  stateTag,
  textTag,
  unitTemplate,
} from "./index.ts";
import { expectFit } from "./testing/press-line.ts";

const text = readFileSync(fileURLToPath(new URL("../../../docs/tags.md", import.meta.url)), "utf8");

// What follows up to the end of the line is the page's own code; the first test holds them together.
const press = unitTemplate({
  tags: {
    count: countTag({ maxPerSecond: 2, maximum: 65_535 }),
    reject: countTag({ maxPerSecond: 2 }),
    state: stateTag({ words: { 1: "execute", 2: "stopped", 3: "aborted" } }),
    reason: textTag(),
    fault: flagTag(),
    pressure: numberTag({ unit: "BAR" }),
    power: numberTag({ unit: "KWT", deadband: 0.1 }),
    serviced: flagTag(),
    order: textTag(),
    product: textTag(),
    lot: textTag(),
  },
  order: { productionOrder: "order", product: "product", lot: "lot" },
  rules: {
    output: {
      kind: "completion",
      good: "count",
      scrap: [{ tag: "reject", reason: "REJECT" }],
      every: { pieces: 100, seconds: 600 },
    },
    run: { kind: "state", state: "state", reason: "reason", reasons: { "17": "TOOL" }, microStopMs: 30_000 },
    fault: { kind: "alarm", tag: "fault", alarm: "A-1204", debounceMs: 2_000, rearmMs: 10_000 },
    pressure: { kind: "out-of-spec", tag: "pressure", low: 80, high: 120, forMs: 5_000 },
    service: { kind: "runtime", state: "state", hours: 500, done: "serviced" },
    energy: {
      kind: "summary",
      per: "shift",
      measures: { power: { tag: "power", integral: { per: "hour", unit: "KWH" } } },
      state: "state",
    },
  },
});

export const line = defineLine({
  name: "hall-1",
  site: "HAM",
  shifts: {
    zone: "Europe/Berlin",
    shifts: [
      { name: "early", from: "06:00", to: "14:00" },
      { name: "late", from: "14:00", to: "22:00" },
      { name: "night", from: "22:00", to: "06:00" },
    ],
  },
  units: [
    press.unit({ unit: "PRESS-04", workCenter: "ASSY-1", bind: (tag) => `ns=2;s=Press4.${tag}` }),
    press.unit({ unit: "PRESS-05", workCenter: "ASSY-1", bind: (tag) => `ns=2;s=Press5.${tag}` }),
  ],
});

describe("docs/tags.md", () => {
  test("declares the line that this test compiles", () => {
    const [, declared = ""] = /```ts\n[^\n]+\n\n([\s\S]*?)```/.exec(text) ?? [];
    const own = readFileSync(fileURLToPath(import.meta.url), "utf8");
    expect(declared.length).toBeGreaterThan(1_000);
    expect(own).toContain(declared.trimEnd());
  });

  const examples = [
    ...text.matchAll(/### ([a-z-]+)\n[\s\S]*?```json recording\n([\s\S]*?)```\n\n```json facts\n([\s\S]*?)```/g),
  ].map((match) => ({ kind: match[1] ?? "", recording: match[2] ?? "", facts: match[3] ?? "[]" }));

  test("has an example of each kind of rule", () => {
    expect(examples.map(({ kind }) => kind)).toEqual([
      "completion",
      "state",
      "alarm",
      "out-of-spec",
      "runtime",
      "summary",
    ]);
  });

  test.each(examples)("what it says that $kind makes of a recording is what it makes", ({ recording, facts, kind }) => {
    const made = replayTags(line, readRecording(recording));
    expectFit(made);
    const shown = kind === "runtime" ? made.filter(({ contract }) => contract !== "equipment-summary.v1") : made;
    expect(shown.map(({ body }) => body)).toMatchObject(JSON.parse(facts) as object[]);
  });
});
