import { Type } from "typebox";
import type { Static } from "typebox";
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

/** A goods movement posted together with a confirmation: by-product, consumption, receipt. */
const confirmedMovementSchema = Type.Object(
  {
    movementType: Type.Union(
      [Type.Literal("101"), Type.Literal("261"), Type.Literal("262"), Type.Literal("531"), Type.Literal("532")],
      { description: "SAP movement type" },
    ),
    material: text(40, "Material number"),
    plant: text(4, "Plant"),
    storageLocation: Type.Optional(text(4, "Storage location")),
    batch: Type.Optional(text(10, "Batch (lot)")),
    quantity: quantityText,
    unit: unitCode,
    orderItem: Type.Optional(numberText(4, "Order item, for a receipt")),
    reservation: Type.Optional(numberText(10, "Reservation of the component")),
    reservationItem: Type.Optional(numberText(4, "Item of that reservation")),
    reservationDone: Type.Optional(Type.Boolean({ description: "No more of this component will be withdrawn" })),
    deliveryDone: Type.Optional(Type.Boolean({ description: "No more will be received for this order item" })),
    manufacturedOn: Type.Optional(calendarDate),
    expiresOn: Type.Optional(calendarDate),
  },
  closed,
);

/** Time or another activity that the work center's formula asks for. */
const activitySchema = Type.Object(
  {
    slot: Type.Integer({ minimum: 1, maximum: 6, description: "Position of the activity in the work center, 1 to 6" }),
    quantity: quantityText,
    unit: unitCode,
    finished: Type.Optional(Type.Boolean({ description: "No more of this activity is expected" })),
  },
  closed,
);

/** The value of `confirmOperation`: one confirmation of one operation of a production order. */
export const operationConfirmationSchema = Type.Object(
  {
    order: numberText(12, "Production order; leading zeros may be left out"),
    operation: numberText(4, "Operation, 0010"),
    sequence: Type.Optional(numberText(6, "Sequence; SAP assumes 0")),
    suboperation: Type.Optional(numberText(4, "Suboperation")),
    yield: quantityText,
    scrap: Type.Optional(quantityText),
    rework: Type.Optional(quantityText),
    unit: unitCode,
    scrapReason: Type.Optional(text(4, "Reason code of the variance, as customised in SAP")),
    final: Type.Optional(
      Type.Union([Type.Literal("partial"), Type.Literal("final"), Type.Literal("automatic")], {
        description: "partial: more will come (default). final: nothing more. automatic: SAP decides by the quantity",
      }),
    ),
    clearReservations: Type.Optional(Type.Boolean({ description: "Close what is still reserved, with the final one" })),
    postedAt: Type.Optional(instant),
    startedAt: Type.Optional(instant),
    endedAt: Type.Optional(instant),
    activities: Type.Optional(Type.Array(activitySchema, { maxItems: 6 })),
    plant: Type.Optional(text(4, "Plant, when not the operation's own")),
    workCenter: Type.Optional(text(8, "Work center, when not the planned one")),
    personnel: Type.Optional(numberText(8, "Personnel number")),
    enteredBy: Type.Optional(text(12, "Who reported it in the plant")),
    text: Type.Optional(text(40, "Text of the confirmation")),
    goodsMovements: Type.Optional(Type.Array(confirmedMovementSchema, { maxItems: MAX_ITEMS })),
    noGoodsMovements: Type.Optional(
      Type.Boolean({ description: "Suppress backflush and automatic receipt; consumption is reported apart" }),
    ),
    fields: Type.Optional(customFields),
  },
  { ...closed, title: "Confirmation of a production order's operation" },
);

export type OperationConfirmation = Static<typeof operationConfirmationSchema>;
export type ConfirmedMovement = Static<typeof confirmedMovementSchema>;
