import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aStockMovement } from "../examples.ts";
import { stockMovementRules } from "./stock-movement-rules.ts";

import { choice, closed, identifier, quantity, serials, text } from "../primitives.ts";
import { fact, more, note, operator, site } from "./common.ts";
import { timeToMs } from "../times.ts";

/** What a location's stock may be used for. */
export const stockStatus = choice(
  ["unrestricted", "quality", "blocked"],
  "What the stock may be used for; unrestricted when left out",
);

const schema = closed({
  ...fact,
  type: choice(
    ["receipt", "issue", "transfer", "adjustment", "scrap", "return"],
    "What moved: into stock, out of stock, from place to place, a counting difference, lost as scrap, back again",
  ),
  product: identifier("Product moved"),
  ...site,
  quantity: quantity("How much moved; never negative, the direction is in from and to"),
  from: Type.Optional(identifier("Location it left")),
  to: Type.Optional(identifier("Location it came to")),
  lot: Type.Optional(identifier("Lot moved")),
  toLot: Type.Optional(identifier("Lot it became, when the lot changes on the way")),
  serials: Type.Optional(serials("Serial numbers moved, one per piece")),
  stockStatus: Type.Optional(stockStatus),
  toStockStatus: Type.Optional(stockStatus),
  reason: Type.Optional(text("Why, required for adjustment and scrap")),
  productionOrder: Type.Optional(identifier("Production order it belongs to")),
  purchaseOrder: Type.Optional(identifier("Purchase order it belongs to")),
  salesOrder: Type.Optional(identifier("Sales order it belongs to")),
  orderLine: Type.Optional(identifier("Line of that order")),
  handlingUnit: Type.Optional(identifier("Pallet, carton or other handling unit")),
  document: Type.Optional(identifier("Delivery note or other paper it came with")),
  operator,
  note,
  ...more,
});

/** Stock moved (ISA-95 inventory operations). */
export type StockMovement = Static<typeof schema>;

export const stockMovement = defineContract({
  name: "stock-movement",
  version: 1,
  title: "Stock movement",
  purpose:
    "Stock moved: in, out, from place to place, by a counting difference, as scrap or back again. Sent by the WMS, a barcode terminal or an ERP.",
  kind: "event",
  schema,
  // Ordered by product, not by location: a transfer touches two locations, and an issue from the second must not overtake it.
  describe: (it) => ({ id: it.id, object: it.product, key: it.product, eventTime: timeToMs(it.time) }),
  keys: { object: "product", key: "product" },
  needs: (it) => [{ contract: "product.v1", object: it.product }],
  rules: stockMovementRules,
  examples: [aStockMovement()],
});
