import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aStockBalance } from "../examples.ts";
import { stockBalanceRules } from "./stock-balance-rules.ts";

import { closed, identifier, joinKey, quantity } from "../primitives.ts";
import { fact, more, site, version } from "./common.ts";
import { stockStatus } from "./stock-movement.ts";
import { timeToMs } from "../times.ts";

const schema = closed({
  ...fact,
  ...version,
  product: identifier("Product"),
  ...site,
  location: identifier("Location"),
  lot: Type.Optional(identifier("Lot")),
  serial: Type.Optional(identifier("Serial number")),
  stockStatus: Type.Optional(stockStatus),
  quantity: quantity("How much is there; negative when more was booked out than in"),
  reserved: Type.Optional(quantity("How much of it is promised to orders")),
  ...more,
});

/** How much of a product (and lot) is in a location, as one system sees it. */
export type StockBalance = Static<typeof schema>;

export const stockBalance = defineContract({
  name: "stock-balance",
  version: 1,
  title: "Stock balance",
  purpose:
    "How much of a product is in a location, as one system sees it. Sent by the WMS or an ERP after a count or as a snapshot, for reconciliation.",
  kind: "state",
  schema,
  describe: (it) => ({
    id: it.id,
    object: stockObject(it),
    key: joinKey(it.product, it.location),
    version: it.version,
    eventTime: timeToMs(it.time),
  }),
  keys: { object: "product, location, lot, serial, stockStatus", key: "product, location" },
  needs: (it) => [{ contract: "product.v1", object: it.product }],
  mayBeNegative: ["/quantity"],
  rules: stockBalanceRules,
  examples: [aStockBalance()],
});

/** What a balance is about: product, location, lot, serial number and stock status. */
function stockObject(it: StockBalance): string {
  return joinKey(it.product, it.location, it.lot ?? "", it.serial ?? "", it.stockStatus ?? "unrestricted");
}
