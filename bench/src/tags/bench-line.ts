import type { Clock } from "@lineshaft/core";
import { type Line, countTag, defineLine, flagTag, numberTag, stateTag, textTag, unitTemplate } from "@lineshaft/tags";

const press = unitTemplate({
  tags: {
    count: countTag({ maxPerSecond: 50, maximum: 65_535 }),
    reject: countTag({ maxPerSecond: 50 }),
    state: stateTag({ words: { 1: "execute", 2: "stopped" } }),
    fault: flagTag(),
    pressure: numberTag({ unit: "BAR" }),
    power: numberTag({ unit: "KWT", deadband: 0.05 }),
    order: textTag(),
  },
  order: { productionOrder: "order" },
  rules: {
    output: { kind: "completion", good: "count", scrap: [{ tag: "reject", reason: "REJECT" }], every: { pieces: 750 } },
    run: { kind: "state", state: "state", microStopMs: 30_000 },
    fault: { kind: "alarm", tag: "fault", debounceMs: 500 },
    pressure: { kind: "out-of-spec", tag: "pressure", low: 50, high: 150, forMs: 5_000 },
    shift: {
      kind: "summary",
      per: "shift",
      measures: { power: { tag: "power", integral: { per: "hour", unit: "KWH" } } },
      state: "state",
    },
  },
});

/** A hall of presses, each with a rule of every common kind. */
export function benchLine(units: number, clock: Clock): Line {
  return defineLine({
    name: "hall",
    site: "HAM",
    clock,
    shifts: {
      zone: "Europe/Berlin",
      shifts: [
        { name: "early", from: "06:00", to: "14:00" },
        { name: "late", from: "14:00", to: "22:00" },
        { name: "night", from: "22:00", to: "06:00" },
      ],
    },
    units: Array.from({ length: units }, (_, i) =>
      press.unit({ unit: `PRESS-${i}`, workCenter: `WC-${i % 20}`, bind: (tag) => `ns=2;s=Press${i}.${tag}` }),
    ),
  });
}
