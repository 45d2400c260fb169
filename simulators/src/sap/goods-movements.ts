import { amountOf, showAmount } from "./amount.ts";
import type { Row } from "./filter.ts";
import { blankRow, pad, unitFields } from "./plant.ts";
import type { Plant, SapStock } from "./plant.ts";
import { SapRefusal } from "./refusal.ts";
import { unitIn } from "./units.ts";

/** Goods movement code and reference type with which a movement type may be posted. */
const rules: Record<string, { codes: string[]; reference?: (item: Row) => string }> = {
  "101": { codes: ["01", "02"], reference: (item) => (item["PurchaseOrder"] === "" ? "F" : "B") },
  "261": { codes: ["03"] },
  "311": { codes: ["04"] },
  "531": { codes: ["05"] },
  "551": { codes: ["03"] },
};

/** What takes back a movement type. */
const reversals: Record<string, string> = { "101": "102", "261": "262", "311": "312", "531": "532", "551": "552" };

/** Posts a material document with all of its items, or none. */
export function postDocument(plant: Plant, header: Row, bodies: readonly Row[]): Row {
  if (bodies.length === 0) throw new SapRefusal(400, "M7/001", "Enter at least one item");
  const items = bodies.map((body) => completeItem(plant, body));
  for (const item of items) checkCode(header, item);
  checkStock(plant, items);
  return writeDocument(plant, header, items);
}

/** Posts one movement of a confirmation as a document of its own. */
export function postMovement(plant: Plant, body: Row): Row {
  const item = completeItem(plant, body);
  checkStock(plant, [item]);
  const { date } = plant.today();
  return writeDocument(plant, { PostingDate: date, DocumentDate: date, GoodsMovementCode: "" }, [item]);
}

/** Cancels a whole material document by another one. */
export function cancelDocument(plant: Plant, year: string, number: string, postingDate: string | null): Row {
  const [document] = plant.documents.where({ MaterialDocumentYear: year, MaterialDocument: pad(number, 10) });
  if (!document) throw new SapRefusal(400, "M7/061", `Document ${number} does not exist in year ${year}`);
  const items = plant.documentItems.where({
    MaterialDocumentYear: year,
    MaterialDocument: document["MaterialDocument"] ?? "",
  });
  if (items.some((item) => item["GoodsMovementIsCancelled"] === true || item["ReversedMaterialDocument"] !== "")) {
    throw new SapRefusal(400, "M7/162", `Document ${number} has already been reversed or is a reversal`);
  }
  const opposite = items.map((item) => ({
    ...item,
    GoodsMovementType: reversals[String(item["GoodsMovementType"])] ?? "",
    ReversedMaterialDocumentYear: year,
    ReversedMaterialDocument: item["MaterialDocument"] ?? "",
    ReversedMaterialDocumentItem: item["MaterialDocumentItem"] ?? "",
  }));
  checkStock(plant, opposite);
  const { date } = plant.today();
  const header = { ...document, PostingDate: postingDate ?? date, ReferenceDocument: "" };
  const written = writeDocument(plant, header, opposite);
  for (const item of items) item["GoodsMovementIsCancelled"] = true;
  return written;
}

/** Fills in what SAP derives and refuses what does not hold together. */
function completeItem(plant: Plant, body: Row): Row {
  const item = blankRow(plant.documentItems.set, body);
  const type = String(item["GoodsMovementType"]);
  if (!(type in rules)) throw new SapRefusal(400, "M7/001", `Movement type ${type} is not known to this simulator`);
  const material = String(item["Material"]);
  const { unit: baseUnit, batches } = plant.material(material);
  const unit = unitIn(body, "EntryUnit", baseUnit);
  if (unit !== baseUnit)
    throw new SapRefusal(400, "M7/060", `Unit ${unit} can't be converted into ${baseUnit} for ${material}`);
  if (amountOf(item["QuantityInEntryUnit"]) <= 0n) throw new SapRefusal(400, "M7/003", "Enter a quantity");
  if (item["Plant"] === "" || item["StorageLocation"] === "")
    throw new SapRefusal(400, "M7/002", "Enter plant and storage location");
  if (batches && item["Batch"] === "") throw new SapRefusal(400, "M7/018", `Enter a batch for material ${material}`);
  const completed = { ...item, ...unitFields("EntryUnit", unit) };
  checkObject(plant, completed, type);
  return completed;
}

/** The order, purchase order or place that the movement type asks for. */
function checkObject(plant: Plant, item: Row, type: string): void {
  if (type === "101" && item["PurchaseOrder"] !== "") return checkPurchaseOrder(plant, item);
  if (type === "311" && item["IssuingOrReceivingStorageLoc"] === "") {
    throw new SapRefusal(400, "M7/002", "Enter the receiving storage location");
  }
  if (type === "311" || type === "551") return;
  const number = String(item["ManufacturingOrder"]);
  const order = plant.order(number);
  if (!order) throw new SapRefusal(400, "M7/097", `Order ${number} does not exist`);
  checkOrderStatus(order, number);
  if (type === "101" && order["Material"] !== item["Material"]) {
    throw new SapRefusal(400, "M7/104", `Order ${number} does not make material ${String(item["Material"])}`);
  }
}

/** @throws SapRefusal when the order takes no postings */
export function checkOrderStatus(order: Row, number: string): void {
  if (order["OrderIsReleased"] !== "X")
    throw new SapRefusal(400, "BS/007", `Order ${number} is not released (status CRTD)`);
  if (order["OrderIsLocked"] === "X")
    throw new SapRefusal(400, "BS/013", `System status LKD is active (ORD ${number})`);
  if (order["OrderIsClosed"] === "X")
    throw new SapRefusal(400, "BS/013", `System status CLSD is active (ORD ${number})`);
}

function checkPurchaseOrder(plant: Plant, item: Row): void {
  const [number, line] = [String(item["PurchaseOrder"]), String(item["PurchaseOrderItem"])];
  const order = plant.purchaseOrder(number, line);
  if (!order) throw new SapRefusal(400, "M7/064", `Purchase order ${number} has no item ${line}`);
  if (order.material !== item["Material"])
    throw new SapRefusal(400, "M7/104", `Purchase order ${number} is for another material`);
  const amount = amountOf(item["QuantityInEntryUnit"]);
  if (amount > order.open) {
    throw new SapRefusal(400, "M7/022", `PO Ordered quantity exceeded by ${showAmount(amount - order.open)}`);
  }
}

function checkCode(header: Row, item: Row): void {
  const type = String(item["GoodsMovementType"]);
  const code = String(header["GoodsMovementCode"] ?? "");
  const rule = rules[type];
  if (!rule?.codes.includes(code)) {
    throw new SapRefusal(400, "M7/120", `Movement type ${type} is not allowed with goods movement code ${code}`);
  }
  const reference = rule.reference?.(item);
  if (reference !== undefined && item["GoodsMovementRefDocType"] !== reference) {
    throw new SapRefusal(400, "M7/121", `Movement type ${type} needs reference document type ${reference}`);
  }
}

/** All items of a document together must leave no stock below zero. */
function checkStock(plant: Plant, items: readonly Row[]): void {
  if (plant.negativeStock) return;
  const after = new Map<string, bigint>();
  for (const item of items) {
    for (const { stock, change } of effects(item)) {
      const key = JSON.stringify(stock);
      const left = (after.get(key) ?? plant.stockOf(stock)) + change;
      after.set(key, left);
      if (change < 0n && left < 0n) {
        const { material, plant: place, storageLocation, batch = "" } = stock;
        const unit = String(item["EntryUnit"]);
        throw new SapRefusal(
          400,
          "M7/021",
          `Deficit of SL Unrestricted-use ${showAmount(-left)} ${unit} : ${material} ${place} ${storageLocation} ${batch}`.trim(),
        );
      }
    }
  }
}

interface Effect {
  stock: Omit<SapStock, "quantity">;
  change: bigint;
}

/** What a movement does to stock. */
function effects(item: Row): Effect[] {
  const amount = amountOf(item["QuantityInEntryUnit"]);
  const at = (storageLocation: unknown, batch: unknown) => ({
    material: String(item["Material"]),
    plant: String(item["Plant"]),
    storageLocation: String(storageLocation),
    ...(batch !== "" && { batch: String(batch) }),
  });
  const here = at(item["StorageLocation"], item["Batch"]);
  const there = at(
    item["IssuingOrReceivingStorageLoc"],
    item["IssgOrRcvgBatch"] === "" ? item["Batch"] : item["IssgOrRcvgBatch"],
  );
  const type = String(item["GoodsMovementType"]);
  if (type === "311" || type === "312") {
    const [from, to] = type === "311" ? [here, there] : [there, here];
    return [
      { stock: from, change: -amount },
      { stock: to, change: amount },
    ];
  }
  return [{ stock: here, change: intoStock.has(type) ? amount : -amount }];
}

const intoStock: ReadonlySet<string> = new Set(["101", "531", "262", "552"]);

function writeDocument(plant: Plant, header: Row, items: readonly Row[]): Row {
  const { date, time } = plant.today();
  const key = { MaterialDocumentYear: date.slice(0, 4), MaterialDocument: plant.nextDocument() };
  const row = blankRow(plant.documents.set, {
    ...header,
    ...key,
    PostingDate: header["PostingDate"] ?? date,
    DocumentDate: header["DocumentDate"] ?? date,
    CreationDate: date,
    CreationTime: time,
    CreatedByUser: "LINESHAFT",
  });
  for (const [index, item] of items.entries()) {
    const number = String(index + 1).padStart(4, "0");
    plant.documentItems.insert(
      { ...item, ...key, MaterialDocumentItem: number, GoodsMovementIsCancelled: false },
      plant.visibleAt(),
    );
    for (const { stock, change } of effects(item)) plant.moveStock(stock, change);
    withdraw(plant, item);
  }
  plant.documents.insert(row, plant.visibleAt());
  return row;
}

/** Keeps purchase orders and reservations in step. */
function withdraw(plant: Plant, item: Row): void {
  const amount = amountOf(item["QuantityInEntryUnit"]);
  const type = String(item["GoodsMovementType"]);
  const purchase = plant.purchaseOrder(String(item["PurchaseOrder"]), String(item["PurchaseOrderItem"]));
  if (purchase) purchase.open += type === "102" ? amount : -amount;
  const [component] = plant.components.where({
    Reservation: item["Reservation"] ?? "",
    ReservationItem: item["ReservationItem"] ?? "",
  });
  if (!component || item["Reservation"] === "") return;
  const change = type === "262" ? -amount : amount;
  component["WithdrawnQuantity"] = showAmount(amountOf(component["WithdrawnQuantity"]) + change);
  if (item["ReservationIsFinallyIssued"] === true) component["ReservationIsFinallyIssued"] = true;
}
