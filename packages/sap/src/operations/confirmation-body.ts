import { alpha } from "../external-keys.ts";
import { toJsonDate, toJsonTime } from "../odata/edm-time.ts";
import type { Entity } from "../odata/service.ts";
import { toPlantTime } from "../plant-time.ts";
import type { Units } from "../units.ts";
import type { ConfirmedMovement, OperationConfirmation } from "./operation-confirmation.ts";

/** What turning a value into SAP's terms needs to know of the system. */
export interface Terms {
  units: Units;
  zoneOf(plant: string | undefined): string;
}

/** `FinalConfirmationType`: blank for partial, X for final, 1 for SAP to decide. */
const finalTypes = { partial: "", final: "X", automatic: "1" } as const;

/** The entity `ProdnOrdConf2` that says what the value says (API_PROD_ORDER_CONFIRMATION_2_SRV). */
export function confirmationBody(value: OperationConfirmation, externalKey: string, terms: Terms): Entity {
  const unit = terms.units.toSap(value.unit);
  return {
    OrderID: alpha(value.order, 12),
    OrderOperation: alpha(value.operation, 4),
    ...(value.sequence !== undefined && { Sequence: value.sequence }),
    ...(value.suboperation !== undefined && { OrderSuboperation: alpha(value.suboperation, 4) }),
    ConfirmationYieldQuantity: quantity(value.yield),
    ...(value.scrap !== undefined && { ConfirmationScrapQuantity: quantity(value.scrap) }),
    ...(value.rework !== undefined && { ConfirmationReworkQuantity: quantity(value.rework) }),
    ConfirmationUnitISOCode: unit,
    ...(value.scrapReason !== undefined && { VarianceReasonCode: alpha(value.scrapReason, 4) }),
    FinalConfirmationType: finalTypes[value.final ?? "partial"],
    IsFinalConfirmation: value.final === "final",
    ...(value.clearReservations !== undefined && { OpenReservationsIsCleared: value.clearReservations }),
    ...times(value, terms.zoneOf(value.plant)),
    ...activities(value, terms.units),
    ...(value.plant !== undefined && { Plant: value.plant }),
    ...(value.workCenter !== undefined && { WorkCenter: value.workCenter }),
    ...(value.personnel !== undefined && { Personnel: alpha(value.personnel, 8) }),
    ...(value.enteredBy !== undefined && { EnteredByExternalUser: value.enteredBy }),
    ...(value.text !== undefined && { ConfirmationText: value.text }),
    ExternalSystemConfirmation: externalKey,
    ...(value.noGoodsMovements !== undefined && { APIConfHasNoGoodsMovements: value.noGoodsMovements }),
    ...value.fields,
    ...(value.goodsMovements !== undefined &&
      value.goodsMovements.length > 0 && {
        to_ProdnOrdConfMatlDocItm: {
          results: value.goodsMovements.map((movement) => movementBody(movement, value, terms)),
        },
      }),
  };
}

function times(value: OperationConfirmation, zone: string): Entity {
  const start = value.startedAt === undefined ? undefined : toPlantTime(value.startedAt, zone);
  const end = value.endedAt === undefined ? undefined : toPlantTime(value.endedAt, zone);
  const posted = value.postedAt === undefined ? undefined : toPlantTime(value.postedAt, zone);
  // In the hour that the plant's clock shows twice, an end may show an earlier time than its start, which SAP refuses.
  const goesBack = start && end && `${end.date} ${end.time}` < `${start.date} ${start.time}`;
  const inOrder = goesBack && instantsInOrder(value) ? start : end;
  return {
    ...(posted && { PostingDate: toJsonDate(posted.date) }),
    ...(start && {
      ConfirmedExecutionStartDate: toJsonDate(start.date),
      ConfirmedExecutionStartTime: toJsonTime(start.time),
    }),
    ...(inOrder && {
      ConfirmedExecutionEndDate: toJsonDate(inOrder.date),
      ConfirmedExecutionEndTime: toJsonTime(inOrder.time),
    }),
  };
}

function instantsInOrder({ startedAt, endedAt }: OperationConfirmation): boolean {
  return startedAt !== undefined && endedAt !== undefined && Date.parse(startedAt) <= Date.parse(endedAt);
}

function activities(value: OperationConfirmation, units: Units): Entity {
  const body: Entity = {};
  for (const { slot, quantity: amount, unit, finished } of value.activities ?? []) {
    body[`OpConfirmedWorkQuantity${slot}`] = quantity(amount);
    body[`WorkQuantityUnit${slot}ISOCode`] = units.toSap(unit);
    if (finished !== undefined) body[`NoFurtherOpWorkQuantity${slot}IsExpd`] = finished;
  }
  return body;
}

function movementBody(movement: ConfirmedMovement, value: OperationConfirmation, { units }: Terms): Entity {
  return {
    OrderID: alpha(value.order, 12),
    GoodsMovementType: movement.movementType,
    // F: with reference to the order, for its receipt.
    ...(movement.movementType === "101" && {
      GoodsMovementRefDocType: "F",
      OrderItem: alpha(movement.orderItem ?? "1", 4),
    }),
    Material: movement.material,
    Plant: movement.plant,
    ...(movement.storageLocation !== undefined && { StorageLocation: movement.storageLocation }),
    ...(movement.batch !== undefined && { Batch: movement.batch }),
    QuantityInEntryUnit: quantity(movement.quantity),
    EntryUnitISOCode: units.toSap(movement.unit),
    ...reservation(movement),
    ...(movement.deliveryDone !== undefined && { IsCompletelyDelivered: movement.deliveryDone }),
    ...lotDates(movement),
  };
}

/** A reservation's item, with leading zeros. */
export function reservation(it: { reservation?: string; reservationItem?: string; reservationDone?: boolean }): Entity {
  return {
    ...(it.reservation !== undefined && { Reservation: alpha(it.reservation, 10) }),
    ...(it.reservationItem !== undefined && { ReservationItem: alpha(it.reservationItem, 4) }),
    ...(it.reservationDone !== undefined && { ReservationIsFinallyIssued: it.reservationDone }),
  };
}

/** Calendar dates of a lot. */
export function lotDates(it: { manufacturedOn?: string; expiresOn?: string }): Entity {
  return {
    ...(it.manufacturedOn !== undefined && { ManufactureDate: toJsonDate(it.manufacturedOn) }),
    ...(it.expiresOn !== undefined && { ShelfLifeExpirationDate: toJsonDate(it.expiresOn) }),
  };
}

/** Edm.Decimal(13,3) as text; zeros beyond the third decimal say nothing. */
export function quantity(text: string): string {
  return text.replace(/(\.\d{3})0+$/, "$1");
}
