import { expect, test } from "vitest";
import { countTag, defineLine, flagTag, stateTag, textTag, unitTemplate } from "./index.ts";

const tags = {
  count: countTag({ maxPerSecond: 2 }),
  state: stateTag({ words: { 1: "execute" } }),
  fault: flagTag(),
  order: textTag(),
};

test("a rule or an order that names a tag the template does not have, or one of another kind, does not compile", () => {
  // @ts-expect-error There is no tag counter.
  unitTemplate({ tags, rules: { output: { kind: "completion", good: "counter" } } });
  // @ts-expect-error A flag counts nothing.
  unitTemplate({ tags, rules: { output: { kind: "completion", good: "fault" } } });
  // @ts-expect-error A state is no alarm.
  unitTemplate({ tags, rules: { fault: { kind: "alarm", tag: "state" } } });
  // @ts-expect-error A counter is no order.
  unitTemplate({ tags, order: { productionOrder: "count" }, rules: {} });
  // @ts-expect-error PackML has no such state.
  stateTag({ words: { 1: "sleeping" } });
  expect(unitTemplate({ tags, rules: { output: { kind: "completion", good: "count" } } }).tags).toBe(tags);
});

test("a unit that leaves a tag unbound, or binds one that there is not, does not compile", () => {
  const press = unitTemplate({ tags, rules: {} });
  const bound = { count: "a", state: "b", fault: "c" };
  // @ts-expect-error The order is not bound.
  expect(() => press.unit({ unit: "P", workCenter: "W", bind: bound })).toThrow("binds no tag to order");
  // @ts-expect-error There is no tag speed.
  press.unit({ unit: "P", workCenter: "W", bind: { ...bound, order: "d", speed: "e" } });
  expect(press.unit({ unit: "P", workCenter: "W", bind: { ...bound, order: "d" } }).bound).toMatchObject(bound);
});

test("what cannot work is refused when it is declared, with the next step", () => {
  const number = { kind: "number" } as const;
  const declare = (rule: object) => () => unitTemplate({ tags: { v: number }, rules: { r: rule as never } });
  expect(declare({ kind: "out-of-spec", tag: "v", forMs: 1 })).toThrow("has no limits");
  expect(declare({ kind: "out-of-spec", tag: "v", high: 1 })).toThrow("long enough");
  expect(declare({ kind: "out-of-spec", tag: "v", high: 1, samples: { beyond: 4, of: 3 } })).toThrow("4 of 3");
  expect(
    declare({ kind: "summary", per: "shift", measures: { v: { tag: "v", integral: { per: "hour", unit: "kwh" } } } }),
  ).toThrow("kwh");
  expect(() => unitTemplate({ tags: { v: { kind: "number", unit: "bar" } }, rules: {} })).toThrow("unit bar");
  expect(() => unitTemplate({ tags: { c: countTag({ maxPerSecond: 0 }) }, rules: {} })).toThrow("maxPerSecond");
  expect(() => unitTemplate({ tags: { "a b": number }, rules: {} })).toThrow("no fit name");
  const unit = unitTemplate({ tags: { v: number }, rules: {} }).unit({ unit: "U", workCenter: "W", bind: { v: "t" } });
  expect(() => defineLine({ name: "l", units: [unit, unit] })).toThrow("unit U twice");
  expect(() => defineLine({ name: "l", units: [unit], lateMs: 1e9 })).toThrow("late changes");
  expect(() => defineLine({ name: "l/1", units: [unit] })).toThrow("no fit name");
  expect(() =>
    defineLine({ name: "l", units: [unit], shifts: { zone: "UTC", shifts: [{ name: "a", from: "6", to: "7" }] } }),
  ).toThrow("no time of day");
});
