import {
  type LineOptions,
  countTag,
  defineLine,
  flagTag,
  numberTag,
  stateTag,
  textTag,
  unitTemplate,
} from "@lineshaft/tags";

/** Numbers of PackML to its words. */
const words = { 3: "starting", 4: "idle", 6: "execute", 11: "held", 16: "completing" } as const;

/** What all machines of the line have. */
const counted = {
  good: countTag({ maxPerSecond: 20 }),
  scrap: countTag({ maxPerSecond: 20 }),
  state: stateTag({ words }),
  reason: textTag(),
  product: textTag(),
  order: textTag(),
};

/** Every ten pieces, or a quarter of a minute after the first. */
const output = {
  kind: "completion",
  good: "good",
  scrap: [{ tag: "scrap", reason: "SURFACE" }],
  every: { pieces: 10, seconds: 15 },
} as const;

/** Short stops count in summaries only; no order and setting up are meant. */
const run = {
  kind: "state",
  state: "state",
  reason: "reason",
  microStopMs: 5_000,
  planned: ["NO-ORDER", "SET-UP"],
} as const;

const heated = { ...counted, temperature: numberTag({ unit: "CEL", deadband: 0.5 }) };

const pressRules = {
  output,
  run,
  jam: { kind: "alarm", tag: "jammed", alarm: "MATERIAL-JAM", severity: "high" },
  heat: { kind: "out-of-spec", tag: "temperature", high: 195, samples: { beyond: 3, of: 5 } },
  heats: { kind: "summary", per: "order", measures: { temperature: { tag: "temperature" } }, state: "state" },
} as const;

const press = unitTemplate({
  tags: { ...heated, jammed: flagTag() },
  order: { productionOrder: "order", product: "product" },
  rules: pressRules,
});

/** A press whose pieces come in lots: what was made too hot is held by its lot. */
const lotPress = unitTemplate({
  tags: { ...heated, jammed: flagTag(), lot: textTag() },
  order: { productionOrder: "order", product: "product", lot: "lot" },
  rules: pressRules,
});

const tester = unitTemplate({
  tags: heated,
  order: { productionOrder: "order", product: "product" },
  rules: { output, run },
});

const packer = unitTemplate({
  tags: { ...counted, energy: countTag({ maxPerSecond: 1_000, unit: "WHR" }) },
  order: { productionOrder: "order", product: "product" },
  rules: {
    output,
    run,
    energy: { kind: "summary", per: "order", measures: { energy: { tag: "energy" } }, state: "state" },
  },
});

const place: Pick<LineOptions, "site" | "area" | "line"> = { site: "1010", area: "HALL-2", line: "LINE-1" };

const tagNames = { good: "Good", scrap: "Scrap", state: "State", reason: "Reason", temperature: "Temperature" };
const opcuaNames = { ...tagNames, jammed: "Jammed", product: "Product", order: "Order", lot: "Lot" };
const sparkplugNames = {
  ...tagNames,
  good: "Count/Good",
  scrap: "Count/Scrap",
  product: "Order/Product",
  order: "Order/Number",
};

/** On OPC UA. */
export const presses = defineLine({
  name: "presses",
  ...place,
  units: [
    press.unit({ unit: "PRESS-11", workCenter: "PRESS-11", bind: (tag) => `PRESS-11.${opcuaNames[tag]}` }),
    lotPress.unit({ unit: "PRESS-12", workCenter: "PRESS-12", bind: (tag) => `PRESS-12.${opcuaNames[tag]}` }),
  ],
});

/** On Sparkplug. */
export const testers = defineLine({
  name: "testers",
  ...place,
  units: [
    tester.unit({
      unit: "TESTER-3",
      workCenter: "TESTER-3",
      bind: (tag) => `Hall-2/line-1/TESTER-3/${sparkplugNames[tag]}`,
    }),
  ],
});

/** On Modbus; it has no clock of its own. */
export const packers = defineLine({
  name: "packers",
  ...place,
  time: "received",
  units: [packer.unit({ unit: "PACKER-4", workCenter: "PACKER-4", bind: (tag) => tag })],
});
