import Type, { type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { closed, identifier, listOf, timeToMs } from "../primitives.ts";
import { consumedMaterial, fact, more, note, operation, operator, shift, site, workCenter } from "./common.ts";

const schema = closed({
  ...fact,
  productionOrder: identifier("Production order the material went into"),
  operation,
  ...site,
  workCenter,
  consumed: listOf(consumedMaterial, "Material consumed", { minItems: 1 }),
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
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.productionOrder, key: it.productionOrder, eventTime: timeToMs(it.time) }),
  rules: [],
  examples: [],
});
