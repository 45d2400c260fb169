import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aQualityResult } from "../examples.ts";
import { qualityResultRules } from "./quality-result-rules.ts";

import { choice, closed, decimal, identifier, listOf, quantity, serials, text, unit } from "../primitives.ts";
import { fact, more, note, operation, site, workCenter } from "./common.ts";
import { lotObject } from "./lot.ts";
import { timeToMs } from "../times.ts";

const verdict = ["passed", "failed"] as const;

const characteristic = closed({
  characteristic: identifier("Characteristic inspected"),
  description: Type.Optional(text("What it is")),
  result: choice(verdict, "Whether it is within what is allowed"),
  value: Type.Optional(decimal("Value measured")),
  unit: Type.Optional(unit("Unit of value, target and limits")),
  target: Type.Optional(decimal("Value aimed at")),
  lower: Type.Optional(decimal("Lowest value allowed")),
  upper: Type.Optional(decimal("Highest value allowed")),
  finding: Type.Optional(text("What was seen, for what is not measured")),
});
/** One thing inspected (ISA-95 test result). */
export type Characteristic = Static<typeof characteristic>;

const defect = closed({
  defect: identifier("Defect code"),
  quantity: Type.Optional(quantity("How much has it")),
  note,
});

const schema = closed({
  ...fact,
  inspection: identifier("Inspection lot, check or sample"),
  product: identifier("Product inspected"),
  ...site,
  lot: Type.Optional(identifier("Lot inspected")),
  serials: Type.Optional(serials("Serial numbers inspected")),
  productionOrder: Type.Optional(identifier("Production order it was made on")),
  operation,
  workCenter,
  result: choice(verdict, "Result of the whole inspection"),
  inspected: Type.Optional(quantity("How much was inspected")),
  rejected: Type.Optional(quantity("How much of it was found bad")),
  characteristics: Type.Optional(listOf(characteristic, "What was inspected")),
  defects: Type.Optional(listOf(defect, "Defects found")),
  inspector: Type.Optional(identifier("Who inspected")),
  note,
  ...more,
});

/** An inspection came to a result. */
export type QualityResult = Static<typeof schema>;

export const qualityResult = defineContract({
  name: "quality-result",
  version: 1,
  title: "Quality result",
  purpose:
    "An inspection came to a result, with measured values and defects. Sent by the quality system or a test bench.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.inspection, key: qualityKey(it), eventTime: timeToMs(it.time) }),
  keys: { object: "inspection", key: "product, lot" },
  needs: (it) => [{ contract: "product.v1", object: it.product }],
  rules: qualityResultRules,
  examples: [aQualityResult()],
});

/** Results and holds of one lot keep their order; without a lot, those of one product do. */
export function qualityKey(it: { product: string; lot?: string }): string {
  return it.lot === undefined ? it.product : lotObject(it.product, it.lot);
}
