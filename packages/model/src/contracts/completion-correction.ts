import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aCompletionCorrection } from "../examples.ts";
import { completionCorrectionRules } from "./completion-correction-rules.ts";

import { choice, closed, identifier, listOf, quantity, text } from "../primitives.ts";
import { FACT_ID_CHARS } from "../limits.ts";
import { fact, more, note, operation, shift, site, workCenter } from "./common.ts";
import { timeToMs } from "../times.ts";

const counted = ["yield", "scrap", "rework", "nothing"] as const;

const change = closed({
  from: choice(counted, "What the pieces were counted as; nothing when they were not counted"),
  to: choice(counted, "What they are; nothing when there are no such pieces"),
  quantity: quantity("How much"),
  lot: Type.Optional(identifier("Lot or serial number of the pieces; required where the completion has several")),
  reason: Type.Optional(identifier("Reason code of the scrap or rework; required for scrap")),
});
/** Pieces that were counted as one thing and are another. */
export type CompletionChange = Static<typeof change>;

const schema = closed({
  ...fact,
  productionOrder: identifier("Production order (job order) of the completion"),
  operation,
  completion: identifier("Completion that it corrects: the id that its source gave it", FACT_ID_CHARS),
  product: Type.Optional(identifier("Product made; the order's product when left out")),
  ...site,
  workCenter,
  changes: listOf(change, "What was counted wrongly", { minItems: 1 }),
  reason: text("Why it is corrected"),
  operator: identifier("Who corrects it, as the plant names people"),
  shift,
  note,
  ...more,
});

/** A completion was counted wrongly. What it told stays; this tells by how much it was wrong. */
export type CompletionCorrection = Static<typeof schema>;

export const completionCorrection = defineContract({
  name: "completion-correction",
  version: 1,
  title: "Completion correction",
  purpose:
    "A completion was counted wrongly: by how much of yield, scrap and rework, who says so and why. The completion itself stays as it was. Sent by a terminal or the MES.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.productionOrder, key: it.productionOrder, eventTime: timeToMs(it.time) }),
  keys: { object: "productionOrder", key: "productionOrder" },
  rules: completionCorrectionRules,
  examples: [aCompletionCorrection()],
});
