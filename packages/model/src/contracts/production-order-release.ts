import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aProductionOrderRelease } from "../examples.ts";
import { spanRules } from "../shared-rules.ts";
import { orderRules } from "./order-rules.ts";

import { closed, identifier, time } from "../primitives.ts";
import { fact, more, note, workCenter } from "./common.ts";
import { orderContent } from "./production-order.ts";
import { timeToMs } from "../times.ts";

const schema = closed({
  ...fact,
  ...orderContent,
  workCenter,
  releasedBy: Type.Optional(identifier("Who released it")),
  acknowledgeBy: Type.Optional(time("Until when the plant has to acknowledge it")),
  note,
  ...more,
});

/** A production order was released to the plant: from now on it may be worked on. */
export type ProductionOrderRelease = Static<typeof schema>;

export const productionOrderRelease = defineContract({
  name: "production-order-release",
  version: 1,
  title: "Production order release",
  purpose:
    "A production order was released: the plant may work on it from now on. Sent by the ERP to the MES, which answers with an acknowledgement.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.productionOrder, key: it.productionOrder, eventTime: timeToMs(it.time) }),
  keys: { object: "productionOrder", key: "productionOrder" },
  rules: [
    ...orderRules<ProductionOrderRelease>("production-order-release"),
    ...spanRules<ProductionOrderRelease>({
      contract: "production-order-release",
      start: "time",
      end: "acknowledgeBy",
      past: false,
    }),
  ],
  examples: [aProductionOrderRelease()],
});
