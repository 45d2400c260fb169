import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aLot } from "../examples.ts";
import { lotRules } from "./lot-rules.ts";

import { calendarDate, choice, closed, identifier, joinKey, listOf, quantity, text, time } from "../primitives.ts";
import { fact, more, site, version } from "./common.ts";
import { timeToMs } from "../times.ts";

const parentLot = closed({
  product: identifier("Product of the parent lot"),
  lot: identifier("Lot that went into this one"),
  quantity: Type.Optional(quantity("How much of it went in")),
});

const schema = closed({
  ...fact,
  ...version,
  product: identifier("Product"),
  lot: identifier("Lot"),
  ...site,
  status: choice(["available", "quarantine", "blocked"], "What the lot may be used for"),
  statusReason: Type.Optional(text("Why it may not be used")),
  quantity: Type.Optional(quantity("How much the lot held when it was made")),
  productionOrder: Type.Optional(identifier("Production order that made it")),
  supplier: Type.Optional(identifier("Supplier it came from")),
  supplierLot: Type.Optional(identifier("The supplier's own lot")),
  produced: Type.Optional(time("When it was made")),
  expires: Type.Optional(calendarDate("Expiry date")),
  parents: Type.Optional(listOf(parentLot, "Lots it was made of")),
  ...more,
});

/** How a lot (ISA-95 material lot) is now. */
export type Lot = Static<typeof schema>;

export const lot = defineContract({
  name: "lot",
  version: 1,
  title: "Lot",
  purpose:
    "A lot (material lot) as it is now: what it may be used for, where it came from, when it expires. Sent by the ERP, the MES or the quality system.",
  kind: "state",
  schema,
  describe: (it) => ({
    id: it.id,
    object: lotObject(it.product, it.lot),
    key: lotObject(it.product, it.lot),
    version: it.version,
    eventTime: timeToMs(it.time),
  }),
  keys: { object: "product, lot", key: "product, lot" },
  rules: lotRules,
  examples: [aLot()],
});

/** The name of a lot across contracts: lot numbers are unique only within a product. */
export function lotObject(product: string, lot: string): string {
  return joinKey(product, lot);
}
