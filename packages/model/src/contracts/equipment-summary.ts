import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { anEquipmentSummary } from "../examples.ts";
import { equipmentSummaryRules } from "./equipment-summary-rules.ts";

import { choice, closed, decimal, duration, identifier, listOf, time, unit } from "../primitives.ts";
import { fact, more, note, operation, shift, site, workCenter } from "./common.ts";
import { timeToMs } from "../times.ts";

const measure = closed({
  measure: identifier("What is summed up: temperature, energy, cycle"),
  unit: Type.Optional(unit("Unit of the values")),
  count: Type.Integer({ description: "Number of good values", minimum: 0 }),
  min: Type.Optional(decimal("Smallest value")),
  max: Type.Optional(decimal("Largest value")),
  mean: Type.Optional(decimal("Mean of the values, each weighing the same")),
  sum: Type.Optional(decimal("Sum of the values")),
  total: Type.Optional(decimal("Integral over time of the values, or what a meter counted on")),
  totalUnit: Type.Optional(unit("Unit of the total")),
  covered: Type.Optional(duration("How long the value was good")),
});
/** Values of one kind over the time of a summary. */
export type Measure = Static<typeof measure>;

const schema = closed({
  ...fact,
  summary: identifier("Name of the summary"),
  per: choice(["shift", "order"], "What the time summed up is"),
  ...site,
  area: Type.Optional(identifier("Area within the site")),
  line: Type.Optional(identifier("Production line")),
  workCenter,
  equipment: identifier("Machine or work unit (ISA-95 equipment)"),
  productionOrder: Type.Optional(identifier("Production order summed up; required for a summary per order")),
  operation,
  product: Type.Optional(identifier("Product that was made")),
  lot: Type.Optional(identifier("Lot that was made")),
  shift,
  start: time("When the time summed up began"),
  end: time("When it ended"),
  measures: Type.Optional(listOf(measure, "Values over this time")),
  running: Type.Optional(duration("How long it surely ran")),
  standing: Type.Optional(duration("How long it surely stood")),
  stops: Type.Optional(Type.Integer({ description: "Stops that were reported", minimum: 0 })),
  microStops: Type.Optional(Type.Integer({ description: "Stops too short to be reported", minimum: 0 })),
  note,
  ...more,
});

/** What a machine's values come to over a shift or an order (ISA-95 production performance, ISO 22400 times). */
export type EquipmentSummary = Static<typeof schema>;

export const equipmentSummary = defineContract({
  name: "equipment-summary",
  version: 1,
  title: "Equipment summary",
  purpose:
    "What a machine's values come to over a shift or an order: energy, cycle times, process values, running and standing time. Made of its tags.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.equipment, key: it.equipment, eventTime: timeToMs(it.time) }),
  keys: { object: "equipment", key: "equipment" },
  rules: equipmentSummaryRules,
  examples: [anEquipmentSummary()],
});
