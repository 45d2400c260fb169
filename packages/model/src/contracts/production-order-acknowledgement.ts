import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aProductionOrderAcknowledgement } from "../examples.ts";
import { isBlank, neededRule, spanRules } from "../shared-rules.ts";

import { FACT_ID_CHARS } from "../limits.ts";
import { choice, closed, identifier, text, time } from "../primitives.ts";
import { fact, more, note, operator, site, workCenter } from "./common.ts";
import { timeToMs } from "../times.ts";

const schema = closed({
  ...fact,
  productionOrder: identifier("Production order"),
  ...site,
  workCenter,
  release: Type.Optional(identifier("Id of the release that is answered", FACT_ID_CHARS)),
  answer: choice(["accepted", "rejected"], "Whether the plant takes the order on"),
  reason: Type.Optional(text("Why it was rejected")),
  plannedStart: Type.Optional(time("When the plant means to start")),
  plannedEnd: Type.Optional(time("When the plant means to be done")),
  operator,
  note,
  ...more,
});

/** The plant's answer to a released production order. */
export type ProductionOrderAcknowledgement = Static<typeof schema>;

export const productionOrderAcknowledgement = defineContract({
  name: "production-order-acknowledgement",
  version: 1,
  title: "Production order acknowledgement",
  purpose: "The plant takes a released order on, or says why it does not. Sent by the MES.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.productionOrder, key: it.productionOrder, eventTime: timeToMs(it.time) }),
  keys: { object: "productionOrder", key: "productionOrder" },
  rules: [
    neededRule<ProductionOrderAcknowledgement>({
      code: "production-order-acknowledgement.reason-given",
      promise: "A rejected order comes with a reason.",
      fix: "Say in reason why the plant does not take the order on.",
      field: "/reason",
      missing: (it) => it.answer === "rejected" && isBlank(it.reason),
    }),
    ...spanRules<ProductionOrderAcknowledgement>({
      contract: "production-order-acknowledgement",
      start: "plannedStart",
      end: "plannedEnd",
      past: false,
    }),
  ],
  examples: [aProductionOrderAcknowledgement()],
});
