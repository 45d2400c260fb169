import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aProductionOrder } from "../examples.ts";
import { orderRules, overdeliveryRule } from "./order-rules.ts";

import { LINE_ITEMS } from "../limits.ts";
import { choice, closed, decimal, identifier, listOf, quantity, text, time, duration } from "../primitives.ts";
import { fact, more, site, version, workCenter } from "./common.ts";
import { timeToMs } from "../times.ts";

export const orderOperation = closed({
  operation: identifier("Number of the operation within the order, such as 0010"),
  description: Type.Optional(text("What is done")),
  workCenter,
  quantity: Type.Optional(quantity("How much is to pass this operation; the order's quantity when left out")),
  setupTime: Type.Optional(duration("Planned set-up time")),
  machineTime: Type.Optional(duration("Planned machine time for the whole quantity")),
  labourTime: Type.Optional(duration("Planned labour time for the whole quantity")),
  plannedStart: Type.Optional(time("Planned start")),
  plannedEnd: Type.Optional(time("Planned end")),
});
/** One step of an order. */
export type OrderOperation = Static<typeof orderOperation>;

export const orderComponent = closed({
  component: identifier("Line of the component within the order, such as a reservation item"),
  product: identifier("Product needed"),
  quantity: quantity("How much the whole order needs"),
  operation: Type.Optional(identifier("Operation that needs it")),
  location: Type.Optional(identifier("Location it is taken from")),
  lot: Type.Optional(identifier("Lot to be used")),
  backflush: Type.Optional(Type.Boolean({ description: "Consumed by the ERP itself when the operation is confirmed" })),
});
/** Material an order needs. */
export type OrderComponent = Static<typeof orderComponent>;

/** What an order and its release have in common. */
export const orderContent = {
  productionOrder: identifier("Production order (job order)"),
  product: identifier("Product to be made"),
  ...site,
  quantity: quantity("How much is to be made"),
  billOfMaterials: Type.Optional(identifier("Bill of materials used")),
  revision: Type.Optional(identifier("Engineering revision to be made")),
  priority: Type.Optional(identifier("Priority, in the source's own terms")),
  plannedStart: Type.Optional(time("Planned start")),
  plannedEnd: Type.Optional(time("Planned end")),
  due: Type.Optional(time("When it must be finished")),
  lot: Type.Optional(identifier("Lot that the output is to carry")),
  location: Type.Optional(identifier("Location the output goes to")),
  salesOrder: Type.Optional(identifier("Sales order it is made for")),
  operations: Type.Optional(listOf(orderOperation, "Steps, in order")),
  components: Type.Optional(listOf(orderComponent, "Material needed", { maxItems: LINE_ITEMS })),
};

const schema = closed({
  ...fact,
  ...version,
  ...orderContent,
  status: choice(
    ["planned", "released", "started", "completed", "closed", "cancelled"],
    "How far it is: planned, released to the plant, started, completed, closed for postings, cancelled",
  ),
  completed: Type.Optional(quantity("Yield confirmed so far")),
  tracking: Type.Optional(choice(["none", "lot", "serial"], "How pieces of the product are told apart")),
  overdeliveryPercent: Type.Optional(decimal("How much more than the quantity may be confirmed, in percent")),
  ...more,
});

/** How a production order is now in the system that plans it. */
export type ProductionOrder = Static<typeof schema>;

export const productionOrder = defineContract({
  name: "production-order",
  version: 1,
  title: "Production order",
  purpose:
    "A production order as its planning system sees it now, with operations and components. Sent by the ERP or planning whenever it changes.",
  kind: "state",
  schema,
  describe: (it) => ({
    id: it.id,
    object: it.productionOrder,
    key: it.productionOrder,
    version: it.version,
    eventTime: timeToMs(it.time),
  }),
  keys: { object: "productionOrder", key: "productionOrder" },
  rules: [...orderRules<ProductionOrder>("production-order"), overdeliveryRule],
  examples: [aProductionOrder()],
});
