import { Type } from "typebox";
import type { Static, TProperties } from "typebox";
import {
  MAX_ITEMS,
  calendarDate,
  closed,
  customFields,
  instant,
  numberText,
  quantityText,
  text,
  unitCode,
} from "./fields.ts";

/** What every item of a goods movement says. */
const stock = {
  material: text(40, "Material number"),
  plant: text(4, "Plant"),
  storageLocation: text(4, "Storage location"),
  batch: Type.Optional(text(10, "Batch (lot)")),
  quantity: quantityText,
  unit: unitCode,
  text: Type.Optional(text(50, "Text of the item")),
  fields: Type.Optional(customFields),
};

const stockType = Type.Optional(
  Type.Union([Type.Literal("unrestricted"), Type.Literal("quality"), Type.Literal("blocked")], {
    description: "Stock it goes to; default unrestricted",
  }),
);
const reason = Type.Optional(numberText(4, "Reason code of the movement, as customised in SAP"));
const lotDates = { manufacturedOn: Type.Optional(calendarDate), expiresOn: Type.Optional(calendarDate) };

function movement<K extends string, P extends TProperties>(kind: K, title: string, item: P) {
  return Type.Object(
    {
      kind: Type.Literal(kind, { description: title }),
      postedAt: instant,
      documentedAt: Type.Optional(instant),
      text: Type.Optional(text(25, "Header text of the material document")),
      items: Type.Array(Type.Object({ ...stock, ...item }, closed), { minItems: 1, maxItems: MAX_ITEMS }),
    },
    { ...closed, title },
  );
}

const orderReceipt = movement("orderReceipt", "Receipt from a production order (101)", {
  order: numberText(12, "Production order"),
  orderItem: Type.Optional(numberText(4, "Order item; SAP assumes 1")),
  deliveryDone: Type.Optional(Type.Boolean({ description: "No more will be received for this item" })),
  stockType,
  ...lotDates,
});
const purchaseReceipt = movement("purchaseReceipt", "Receipt against a purchase order (101)", {
  purchaseOrder: numberText(10, "Purchase order"),
  purchaseOrderItem: numberText(5, "Item of the purchase order"),
  deliveryDone: Type.Optional(Type.Boolean({ description: "No more will be delivered for this item" })),
  supplierBatch: Type.Optional(text(15, "The supplier's own batch")),
  stockType,
  ...lotDates,
});
const orderIssue = movement("orderIssue", "Issue to a production order (261)", {
  order: numberText(12, "Production order"),
  reservation: Type.Optional(numberText(10, "Reservation of the component")),
  reservationItem: Type.Optional(numberText(4, "Item of that reservation")),
  reservationDone: Type.Optional(Type.Boolean({ description: "No more of this component will be withdrawn" })),
});
const transfer = movement("transfer", "Transfer between storage locations of a plant (311)", {
  toStorageLocation: text(4, "Receiving storage location"),
  toBatch: Type.Optional(text(10, "Receiving batch, when it differs")),
});
const byProduct = movement("byProduct", "Receipt of a by-product from a production order (531)", {
  order: numberText(12, "Production order"),
  reservation: Type.Optional(numberText(10, "Reservation of the by-product")),
  reservationItem: Type.Optional(numberText(4, "Item of that reservation")),
  ...lotDates,
});
const scrapping = movement("scrapping", "Scrapping from unrestricted stock (551)", {
  reason,
  costCenter: Type.Optional(text(10, "Cost center that bears it")),
});
const reversal = Type.Object(
  {
    kind: Type.Literal("reversal", { description: "Cancels a whole material document" }),
    document: numberText(10, "Material document to cancel"),
    year: Type.String({ pattern: "^[0-9]{4}$", description: "Its year" }),
    postedAt: Type.Optional(instant),
  },
  { ...closed, title: "Reversal of a material document" },
);

/** One branch per kind, by kind. */
export const goodsMovementBranches = {
  orderReceipt,
  purchaseReceipt,
  orderIssue,
  transfer,
  byProduct,
  scrapping,
  reversal,
};

/** The value of `goodsMovement`: one material document. */
export const goodsMovementSchema = Type.Union(
  [orderReceipt, purchaseReceipt, orderIssue, transfer, byProduct, scrapping, reversal],
  { title: "Goods movement" },
);

export type GoodsMovement = Static<typeof goodsMovementSchema>;
