import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aProduct } from "../examples.ts";
import { productRules } from "./product-rules.ts";

import { choice, closed, identifier, listOf, quantity, text, unit } from "../primitives.ts";
import { fact, more, version } from "./common.ts";
import { timeToMs } from "../times.ts";

const unitConversion = closed({
  quantity: quantity("So much, 1 BX"),
  equals: quantity("is as much as, 24 C62"),
});
/** What a product's units are worth in one another: `quantity` of it equals `equals` of it, exactly. */
export type UnitConversion = Static<typeof unitConversion>;

const schema = closed({
  ...fact,
  ...version,
  product: identifier("Product (material definition)"),
  description: Type.Optional(text("What it is called")),
  productClass: Type.Optional(identifier("Material class or product group")),
  revision: Type.Optional(identifier("Engineering revision")),
  status: Type.Optional(choice(["active", "blocked", "obsolete"], "Whether it may be made and moved")),
  unit: unit("Base unit: stock is counted in it"),
  conversions: Type.Optional(listOf(unitConversion, "Units of this product and what they are worth")),
  tracking: Type.Optional(
    choice(["none", "lot", "serial"], "How pieces are told apart: not at all, by lot, one by one"),
  ),
  gtin: Type.Optional(Type.String({ description: "GS1 trade item number", pattern: "^[0-9]{8}(?:[0-9]{4,6})?$" })),
  netWeight: Type.Optional(quantity("Net weight of one base unit")),
  shelfLife: Type.Optional(quantity("How long it keeps, in a unit of time")),
  ...more,
});

/** How a product is now in the system that owns it. */
export type Product = Static<typeof schema>;

export const product = defineContract({
  name: "product",
  version: 1,
  title: "Product",
  purpose:
    "A product (material definition) as its owning system describes it now: base unit, what its other units are worth, how it is tracked. Sent by the ERP or PLM whenever it changes.",
  kind: "state",
  schema,
  describe: (it) => ({
    id: it.id,
    object: it.product,
    key: it.product,
    version: it.version,
    eventTime: timeToMs(it.time),
  }),
  keys: { object: "product", key: "product" },
  rules: productRules,
  examples: [aProduct()],
});
