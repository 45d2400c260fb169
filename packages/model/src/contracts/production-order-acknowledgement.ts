import Type, { type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { FACT_ID_CHARS, choice, closed, identifier, text, time, timeToMs } from "../primitives.ts";
import { fact, more, note, operator, site, workCenter } from "./common.ts";

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
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.productionOrder, key: it.productionOrder, eventTime: timeToMs(it.time) }),
  rules: [],
  examples: [],
});
