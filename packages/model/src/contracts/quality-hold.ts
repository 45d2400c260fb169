import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aQualityHold } from "../examples.ts";
import { qualityHoldRules } from "./quality-hold-rules.ts";

import { choice, closed, identifier, quantity, serials, text } from "../primitives.ts";
import { fact, more, note, site } from "./common.ts";
import { qualityKey } from "./quality-result.ts";
import { timeToMs } from "../times.ts";

const schema = closed({
  ...fact,
  hold: identifier("Hold; its placing and its release carry the same"),
  action: choice(["place", "release"], "Whether the hold begins or ends"),
  product: identifier("Product held"),
  ...site,
  lot: Type.Optional(identifier("Lot held")),
  serials: Type.Optional(serials("Serial numbers held")),
  productionOrder: Type.Optional(identifier("Production order that made it; held is its output where no lot is named")),
  quantity: Type.Optional(quantity("How much is held; the whole lot when left out")),
  location: Type.Optional(identifier("Location it is held in; everywhere when left out")),
  reason: Type.Optional(text("Why it is held, or why it is released; required")),
  disposition: Type.Optional(
    choice(["use-as-is", "rework", "scrap", "return-to-supplier"], "What becomes of it; required when it ends"),
  ),
  nonconformance: Type.Optional(identifier("Nonconformance report")),
  inspection: Type.Optional(identifier("Inspection that led to it")),
  decidedBy: Type.Optional(identifier("Who decided; required when it ends")),
  note,
  ...more,
});

/** Material was put on hold, or released from it. */
export type QualityHold = Static<typeof schema>;

export const qualityHold = defineContract({
  name: "quality-hold",
  version: 1,
  title: "Quality hold",
  purpose:
    "Material was put on hold, or released from it. Sent by the quality system; stock and production have to respect it at once.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.hold, key: qualityKey(it), eventTime: timeToMs(it.time) }),
  keys: { object: "hold", key: "product, lot" },
  rules: qualityHoldRules,
  examples: [aQualityHold()],
});
