import type { TagChange, TagValue } from "@lineshaft/core";
import { contractOf } from "@lineshaft/model";
import { expect } from "vitest";
import { countTag, defineLine, flagTag, numberTag, stateTag, textTag, unitTemplate } from "../index.ts";
import type { Line, LineOptions, TagFact } from "../index.ts";

/** 2026-01-05T06:00+01:00, when the early shift begins. */
export const start = Date.UTC(2026, 0, 5, 5);
export const second = 1_000;
export const minute = 60_000;
export const hour = 3_600_000;

/** The shifts of the test plant. */
export const shifts = {
  zone: "Europe/Berlin",
  shifts: [
    { name: "early", from: "06:00", to: "14:00" },
    { name: "late", from: "14:00", to: "22:00" },
    { name: "night", from: "22:00", to: "06:00" },
  ],
};

/** A press with one rule of each kind. */
export const press = unitTemplate({
  tags: {
    count: countTag({ maxPerSecond: 2, maximum: 65_535 }),
    reject: countTag({ maxPerSecond: 2 }),
    state: stateTag({ words: { 1: "execute", 2: "stopped", 3: "aborted", 4: "idle" } }),
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
      every: { pieces: 10, seconds: 600 },
    },
    run: { kind: "state", state: "state", reason: "reason", reasons: { "17": "TOOL" }, microStopMs: 30 * second },
    fault: { kind: "alarm", tag: "fault", debounceMs: 2 * second, rearmMs: 10 * second, severity: "high" },
    pressure: { kind: "out-of-spec", tag: "pressure", low: 80, high: 120, forMs: 5 * second },
    service: { kind: "runtime", state: "state", hours: 100, done: "serviced" },
    shift: {
      kind: "summary",
      per: "shift",
      measures: { power: { tag: "power", integral: { per: "hour", unit: "KWH" } } },
      state: "state",
    },
  },
});

/** A line with one press, whose tags are named `P4.count` and so on. */
export function pressLine(options: Partial<LineOptions> = {}): Line {
  const unit = press.unit({ unit: "PRESS-04", workCenter: "ASSY-1", bind: (tag) => `P4.${tag}` });
  return defineLine({ name: "hall-1", site: "HAM", units: [unit], shifts, ...options });
}

/** A good value, so many ms after the start. */
export function at(ms: number, tag: string, value: TagValue, more: Partial<TagChange> = {}): TagChange {
  return { tag: `P4.${tag}`, value, quality: "good", sourceTime: start + ms, receivedTime: start + ms, ...more };
}

/** The order tags, as an order begins. */
export function order(ms: number, name: string, lot = ""): TagChange[] {
  return [at(ms, "product", "PUMP-20"), at(ms, "lot", lot), at(ms, "order", name)];
}

export function bodies(facts: readonly TagFact[], contract: string): Record<string, unknown>[] {
  return facts.filter((fact) => fact.contract === `${contract}.v1`).map(({ body }) => body);
}

/** Good pieces of all completions and of all findings about unknown orders. */
export function piecesOf(facts: readonly TagFact[]): number {
  return bodies(facts, "completion").reduce((sum, body) => sum + Number((body["yield"] as { value: string }).value), 0);
}

/** Each fact fits its contract and breaks none of its rules. */
export function expectFit(facts: readonly TagFact[], now = start + 400 * 24 * hour): void {
  for (const { contract, id, body } of facts) {
    const found = contractOf(contract);
    expect({ body, findings: found?.check(body) }).toEqual({ body, findings: [] });
    const broken = found?.rules(body, () => undefined, now);
    expect({ body, broken }).toEqual({ body, broken: [] });
    expect(found?.describe(body).id).toBe(id);
  }
  expect(new Set(facts.map(({ id }) => id)).size).toBe(facts.length);
}
