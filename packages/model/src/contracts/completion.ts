import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aCompletion, aFinalCompletion } from "../examples.ts";
import { completionNeeds, completionRules } from "./completion-rules.ts";

import { closed, identifier, listOf, quantity, serials, text, time, duration } from "../primitives.ts";
import {
  consumedMaterial,
  fact,
  lotQuantity,
  more,
  note,
  operation,
  operator,
  shift,
  site,
  workCenter,
} from "./common.ts";
import { timeToMs } from "../times.ts";

const scrap = closed({
  quantity: quantity("How much was scrapped"),
  reason: Type.Optional(identifier("Reason code of the scrap")),
  lot: Type.Optional(identifier("Lot scrapped")),
  serials: Type.Optional(serials("Serial numbers scrapped")),
  note,
});
/** A part of the output that can't be used, with its reason. */
export type Scrap = Static<typeof scrap>;

const byProduct = closed({
  product: identifier("By-product"),
  quantity: quantity("How much fell off"),
  lot: Type.Optional(identifier("Lot of the by-product")),
  location: Type.Optional(identifier("Location it went to")),
});
/** Something else that was made along the way. */
export type ByProduct = Static<typeof byProduct>;

const schema = closed({
  ...fact,
  productionOrder: identifier("Production order (job order) that is reported on"),
  operation,
  product: Type.Optional(identifier("Product made; the order's product when left out")),
  ...site,
  workCenter,
  equipment: Type.Optional(identifier("Machine or work unit within the work center")),
  yield: quantity("Good output of this report alone, not of the order so far"),
  scrap: Type.Optional(listOf(scrap, "Output that can't be used")),
  rework: Type.Optional(quantity("Output that has to be worked on again")),
  reworkReason: Type.Optional(identifier("Reason code of the rework")),
  final: Type.Boolean({
    description: "true: nothing more will be reported on the order or operation; false: a partial report",
  }),
  reasonForOpenQuantity: Type.Optional(text("Why a final report leaves some of the order's quantity open")),
  totalYield: Type.Optional(quantity("Good output of the order or operation so far, this report included")),
  lots: Type.Optional(listOf(lotQuantity, "Lots of the yield and how much each holds")),
  serials: Type.Optional(serials("Serial numbers of the yield, one per piece")),
  location: Type.Optional(identifier("Location the yield went to")),
  labourTime: Type.Optional(duration("Labour time")),
  machineTime: Type.Optional(duration("Machine time")),
  setupTime: Type.Optional(duration("Set-up time")),
  start: Type.Optional(time("When the work reported began")),
  end: Type.Optional(time("When the work reported ended")),
  byProducts: Type.Optional(listOf(byProduct, "What was made besides the product")),
  consumed: Type.Optional(listOf(consumedMaterial, "Material consumed, when it is reported together with the output")),
  operator,
  shift,
  note,
  ...more,
});

/** What was made on a production order (ISA-95 production performance): yield, scrap, rework, times, lots. */
export type Completion = Static<typeof schema>;

export const completion = defineContract({
  name: "completion",
  version: 1,
  title: "Completion",
  purpose:
    "What was made on a production order: yield, scrap, rework, times, lots and serial numbers, in part or as the final report. Sent by the MES, a machine or a terminal.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.productionOrder, key: it.productionOrder, eventTime: timeToMs(it.time) }),
  keys: { object: "productionOrder", key: "productionOrder" },
  needs: completionNeeds,
  rules: completionRules,
  examples: [aCompletion(), aFinalCompletion()],
});
