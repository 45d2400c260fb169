import { expect, test } from "vitest";
import { countTag, defineLine, replayTags, textTag, unitTemplate } from "./index.ts";
import type { Recorded, TagFact } from "./index.ts";
import { LineMachine } from "./line-machine.ts";
import { at, bodies, expectFit, minute, order, second } from "./testing/press-line.ts";

const tags = {
  count: countTag({ maxPerSecond: 2 }),
  doubt: countTag({ maxPerSecond: 2 }),
  order: textTag(),
  product: textTag(),
  lot: textTag(),
};

/** A press at whose panel the operator rejects pieces that were counted as good; ten of them wait for each other. */
const press = unitTemplate({
  tags,
  order: { productionOrder: "order", product: "product", lot: "lot" },
  rules: {
    output: {
      kind: "completion",
      good: "count",
      rejected: [{ tag: "doubt", reason: "DENT" }],
      every: { pieces: 10, seconds: 600 },
    },
  },
});

function run(...recording: Recorded[]): TagFact[] {
  const unit = press.unit({ unit: "PRESS-04", workCenter: "ASSY-1", bind: (tag) => `P4.${tag}` });
  const line = defineLine({ name: "hall-1", site: "HAM", units: [unit] });
  const facts = replayTags(line, [...order(0, "MO-7", "L-1"), at(0, "count", 0), at(0, "doubt", 0), ...recording]);
  expectFit(facts);
  return facts;
}

const pieces = (value: string) => ({ value, unit: "C62" });

test("a piece rejected while its report waits is reported as scrap, and is no good piece", () => {
  const facts = run(at(10 * second, "count", 6), at(20 * second, "doubt", 2), at(30 * second, "count", 10));
  expect(bodies(facts, "completion")).toMatchObject([
    { yield: pieces("8"), scrap: [{ quantity: pieces("2"), reason: "DENT" }], lots: [{ quantity: pieces("8") }] },
  ]);
  expect(bodies(facts, "completion-correction")).toEqual([]);
});

test("a piece rejected after its report corrects that report, by name, on its order", () => {
  const facts = run(at(30 * second, "count", 10), ...order(minute, "MO-8"), at(2 * minute, "doubt", 3));
  const [completion] = bodies(facts, "completion");
  expect(completion).toMatchObject({ yield: pieces("10"), productionOrder: "MO-7" });
  expect(bodies(facts, "completion-correction")).toMatchObject([
    {
      completion: completion?.["id"],
      productionOrder: "MO-7",
      changes: [{ from: "yield", to: "scrap", quantity: pieces("3"), reason: "DENT" }],
      operator: "PRESS-04",
    },
  ]);
});

test("what is rejected beyond the pieces that wait is of the report before", () => {
  const facts = run(
    at(30 * second, "count", 10),
    at(40 * second, "count", 12),
    at(50 * second, "doubt", 5),
    ...order(minute, "MO-8"),
  );
  expect(bodies(facts, "completion")).toMatchObject([
    { yield: pieces("10") },
    { yield: pieces("0"), scrap: [{ quantity: pieces("2") }] },
  ]);
  expect(bodies(facts, "completion-correction")).toMatchObject([{ changes: [{ quantity: pieces("3") }] }]);
});

test("more than was ever counted is told, and corrects nothing beyond it", () => {
  const facts = run(at(30 * second, "count", 10), at(minute, "doubt", 8), at(2 * minute, "doubt", 12));
  const corrected = bodies(facts, "completion-correction").map((body) => body["changes"]);
  expect(corrected).toMatchObject([[{ quantity: pieces("8") }], [{ quantity: pieces("2") }]]);
  expect(bodies(facts, "equipment-event")).toMatchObject([
    { finding: "rejected-exceeds", description: expect.stringContaining("2 C62 (DENT)") as string },
  ]);
});

test("the machine remembers what it may still correct, wherever it is started again", () => {
  const unit = () => press.unit({ unit: "PRESS-04", workCenter: "ASSY-1", bind: (tag) => `P4.${tag}` });
  const recording = [
    ...order(0, "MO-7", "L-1"),
    at(0, "count", 0),
    at(0, "doubt", 0),
    at(30 * second, "count", 10),
    at(minute, "doubt", 2),
    at(2 * minute, "count", 15),
    at(3 * minute, "doubt", 9),
    ...order(4 * minute, "MO-8"),
  ];
  const line = () => defineLine({ name: "hall-1", site: "HAM", units: [unit()] }).definition;
  const facts = (restartBefore: number): TagFact[] => {
    let machine = new LineMachine(line());
    return recording.flatMap((change, n) => {
      if (n === restartBefore) {
        const saved = machine.save([], 0);
        machine = new LineMachine(line());
        machine.restore(saved);
      }
      machine.change(change);
      return machine.takeFacts();
    });
  };
  const whole = facts(-1);
  expect(bodies(whole, "completion-correction")).toHaveLength(2);
  for (const n of recording.keys()) expect(facts(n)).toEqual(whole);
});

test("pieces that are rejected in other steps than they are counted in are refused at once", () => {
  const mixed = () =>
    unitTemplate({
      tags: { ...tags, doubt: countTag({ maxPerSecond: 2, unit: "KGM" }) },
      order: { productionOrder: "order" },
      rules: { output: { kind: "completion", good: "count", rejected: [{ tag: "doubt", reason: "DENT" }] } },
    });
  expect(mixed).toThrow("counts in other steps");
});
