import { alpha } from "../external-keys.ts";
import { toJsonDate } from "../odata/edm-time.ts";
import { dateLiteral, queryString, stringLiteral } from "../odata/literal.ts";
import type { Entity } from "../odata/service.ts";
import { toPlantTime } from "../plant-time.ts";
import { lotDates, quantity, reservation } from "./confirmation-body.ts";
import type { Terms } from "./confirmation-body.ts";
import type { GoodsMovement } from "./goods-movement.ts";

export type Reversal = Extract<GoodsMovement, { kind: "reversal" }>;
export type Posting = Exclude<GoodsMovement, Reversal>;
type ItemOf<K extends Posting["kind"]> = Extract<Posting, { kind: K }>["items"][number];

/**
 * `GoodsMovementCode` tells which transaction would do it; with the movement type it decides what an item must carry:
 * 01 receipt for a purchase order, 02 for an order, 03 issue, 04 transfer, 05 other receipt.
 */
const codes: Record<Posting["kind"], { code: string; type: string }> = {
  purchaseReceipt: { code: "01", type: "101" },
  orderReceipt: { code: "02", type: "101" },
  orderIssue: { code: "03", type: "261" },
  scrapping: { code: "03", type: "551" },
  transfer: { code: "04", type: "311" },
  byProduct: { code: "05", type: "531" },
};

/** `InventoryStockType` of a receipt; blank is unrestricted. */
const stockTypes = { unrestricted: "", quality: "X", blocked: "S" } as const;

/** The entity `A_MaterialDocumentHeader` with its items (API_MATERIAL_DOCUMENT_SRV). */
export function goodsMovementBody(value: Posting, reference: string, terms: Terms): Entity {
  const { code, type } = codes[value.kind];
  const zone = terms.zoneOf(value.items[0]?.plant);
  const special = itemFields(value);
  return {
    GoodsMovementCode: code,
    PostingDate: toJsonDate(toPlantTime(value.postedAt, zone).date),
    DocumentDate: toJsonDate(toPlantTime(value.documentedAt ?? value.postedAt, zone).date),
    ReferenceDocument: reference,
    ...(value.text !== undefined && { MaterialDocumentHeaderText: value.text }),
    to_MaterialDocumentItem: {
      results: value.items.map((item, index) => ({
        GoodsMovementType: type,
        Material: item.material,
        Plant: item.plant,
        StorageLocation: item.storageLocation,
        ...(item.batch !== undefined && { Batch: item.batch }),
        QuantityInEntryUnit: quantity(item.quantity),
        EntryUnitISOCode: terms.units.toSap(item.unit),
        ...(item.text !== undefined && { MaterialDocumentItemText: item.text }),
        ...special[index],
        ...item.fields,
      })),
    },
  };
}

/** Fields of an item beyond those that all kinds share, one object per item. */
function itemFields(value: Posting): Entity[] {
  if (value.kind === "orderReceipt") return value.items.map((item) => ({ ...orderReceipt(item), ...lotDates(item) }));
  if (value.kind === "purchaseReceipt") {
    return value.items.map((item) => ({ ...purchaseReceipt(item), ...lotDates(item) }));
  }
  if (value.kind === "orderIssue") return value.items.map((item) => componentOf(item));
  if (value.kind === "byProduct") return value.items.map((item) => ({ ...componentOf(item), ...lotDates(item) }));
  if (value.kind === "transfer") return value.items.map((item) => transfer(item));
  return value.items.map((item) => scrapping(item));
}

function componentOf(item: ItemOf<"orderIssue"> | ItemOf<"byProduct">): Entity {
  return { ManufacturingOrder: alpha(item.order, 12), ...reservation(item) };
}

function orderReceipt(item: ItemOf<"orderReceipt">): Entity {
  return {
    // F: with reference to an order.
    GoodsMovementRefDocType: "F",
    ManufacturingOrder: alpha(item.order, 12),
    ManufacturingOrderItem: alpha(item.orderItem ?? "1", 4),
    ...(item.deliveryDone !== undefined && { IsCompletelyDelivered: item.deliveryDone }),
    ...(item.stockType !== undefined && { InventoryUsabilityCode: stockTypes[item.stockType] }),
  };
}

function purchaseReceipt(item: ItemOf<"purchaseReceipt">): Entity {
  return {
    // B: with reference to a purchase order.
    GoodsMovementRefDocType: "B",
    PurchaseOrder: alpha(item.purchaseOrder, 10),
    PurchaseOrderItem: alpha(item.purchaseOrderItem, 5),
    ...(item.deliveryDone !== undefined && { IsCompletelyDelivered: item.deliveryDone }),
    ...(item.supplierBatch !== undefined && { BatchBySupplier: item.supplierBatch }),
    ...(item.stockType !== undefined && { InventoryUsabilityCode: stockTypes[item.stockType] }),
  };
}

function transfer(item: ItemOf<"transfer">): Entity {
  return {
    IssuingOrReceivingPlant: item.plant,
    IssuingOrReceivingStorageLoc: item.toStorageLocation,
    ...(item.batch !== undefined && { IssgOrRcvgBatch: item.toBatch ?? item.batch }),
  };
}

function scrapping(item: ItemOf<"scrapping">): Entity {
  return {
    ...(item.reason !== undefined && { GoodsMovementReasonCode: alpha(item.reason, 4) }),
    ...(item.costCenter !== undefined && { CostCenter: alpha(item.costCenter, 10) }),
  };
}

/** Call of the function `Cancel`, relative to the service. */
export function reversalPath(value: Reversal, zone: string): string {
  return `Cancel${queryString({
    MaterialDocumentYear: stringLiteral(value.year),
    MaterialDocument: stringLiteral(alpha(value.document, 10)),
    ...(value.postedAt !== undefined && { PostingDate: dateLiteral(toPlantTime(value.postedAt, zone).date) }),
  })}`;
}
