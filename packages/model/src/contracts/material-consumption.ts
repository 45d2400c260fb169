import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aMaterialConsumption } from "../examples.ts";
import { each, positiveRule, uniqueRule } from "../shared-rules.ts";
import { consumedNeeds, consumedParts, serialsOf, substituteRule } from "../consumed-rules.ts";
import { trackingRules } from "../tracking-rules.ts";

import { choice, closed, identifier, listOf } from "../primitives.ts";
import { consumedMaterial, fact, more, note, operation, operator, shift, site, workCenter } from "./common.ts";
import { timeToMs } from "../times.ts";

const schema = closed({
  ...fact,
  productionOrder: identifier("Production order the material went into"),
  operation,
  ...site,
  workCenter,
  consumed: listOf(consumedMaterial, "Material consumed", { minItems: 1 }),
  basis: Type.Optional(
    choice(
      ["actual", "additional"],
      "actual (when left out): this is what was used of these components in the order, in place of what its bill of materials says; additional: it comes on top of that",
    ),
  ),
  scrapped: Type.Optional(Type.Boolean({ description: "The material was lost, not built in" })),
  operator,
  shift,
  note,
  ...more,
});

/** Material was taken for a production order (ISA-95 material consumed actual). */
export type MaterialConsumption = Static<typeof schema>;

export const materialConsumption = defineContract({
  name: "material-consumption",
  version: 1,
  title: "Material consumption",
  purpose:
    "Material was taken for a production order. Sent by the MES or a terminal when it is not reported together with the output.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.productionOrder, key: it.productionOrder, eventTime: timeToMs(it.time) }),
  keys: { object: "productionOrder", key: "productionOrder" },
  needs: (it) => consumedNeeds(it.consumed),
  rules: [
    positiveRule<MaterialConsumption>("material-consumption.quantity-positive", "A consumed quantity", (it) =>
      each(it.consumed, "/consumed/*/quantity", (line) => line.quantity),
    ),
    uniqueRule("material-consumption.serials-unique", "A serial number", serialsOf),
    substituteRule("material-consumption"),
    ...trackingRules("material-consumption", consumedParts),
  ],
  examples: [aMaterialConsumption()],
});
