import { amountOf, showAmount } from "./amount.ts";
import type { Row } from "./filter.ts";
import { cancelDocument, checkOrderStatus, postMovement } from "./goods-movements.ts";
import { blankRow, pad, unitFields } from "./plant.ts";
import type { Plant } from "./plant.ts";
import { SapRefusal } from "./refusal.ts";
import { unitIn } from "./units.ts";

export interface PostedConfirmation {
  row: Row;
  items: Row[];
  /** Text of a warning: it stands all the same. */
  warning?: string;
}

/**
 * Posts a confirmation. Its goods movements are posted each on its own: what fails goes to the list of failed movements
 * and leaves the confirmation standing, as in SAP.
 */
export function postConfirmation(plant: Plant, body: Row, movements: readonly Row[]): PostedConfirmation {
  const number = pad(String(body["OrderID"] ?? ""), 12);
  const order = plant.order(number);
  if (!order) throw new SapRefusal(400, "CO/017", `Order ${number} does not exist`);
  checkOrderStatus(order, number);
  const operation = operationOf(plant, number, String(body["OrderOperation"] ?? ""));
  const unit = unitIn(body, "ConfirmationUnit", String(operation["OperationUnit"]));
  if (unit !== operation["OperationUnit"]) throw new SapRefusal(400, "RU/126", `Unit ${unit} can't be converted`);
  for (const slot of [1, 2, 3, 4, 5, 6]) unitIn({ ISOCode: body[`WorkQuantityUnit${slot}ISOCode`] }, "", "");
  checkTimes(body);
  const group = String(operation["OrderInternalBillOfOperations"]);
  const { date, time } = plant.today();
  const row = blankRow(plant.confirmations.set, {
    ...body,
    ...unitFields("ConfirmationUnit", unit),
    OrderID: number,
    Sequence: body["Sequence"] === "" ? "0" : (body["Sequence"] ?? "0"),
    WorkCenter: body["WorkCenter"] === "" ? (operation["WorkCenter"] ?? "") : (body["WorkCenter"] ?? ""),
    Plant: body["Plant"] === "" ? (order["ProductionPlant"] ?? "") : (body["Plant"] ?? ""),
    PostingDate: body["PostingDate"] ?? date,
    ConfirmationGroup: group,
    ConfirmationCount: plant.nextConfirmation(group),
    ConfirmationEntryDate: date,
    ConfirmationEntryTime: time,
    EnteredByUser: "LINESHAFT",
    IsFinalConfirmation: body["IsFinalConfirmation"] === true || body["FinalConfirmationType"] === "X",
  });
  plant.confirmations.insert(row, plant.visibleAt());
  const wanted = movements.length > 0 ? movements : backflushed(plant, row, order);
  const items = wanted.flatMap((movement) => tryMovement(plant, row, movement));
  countYield(plant, order, operation, amountOf(row["ConfirmationYieldQuantity"]));
  const completed = order["OrderIsTechnicallyCompleted"] === "X";
  return { row, items, ...(completed && { warning: `Order ${number} is technically complete` }) };
}

/** Cancels a confirmation by another one, together with the goods movements that were posted with it. */
export function cancelConfirmation(plant: Plant, parameters: Row): PostedConfirmation {
  const key = {
    ConfirmationGroup: pad(String(parameters["ConfirmationGroup"]), 10),
    ConfirmationCount: pad(String(parameters["ConfirmationCount"]), 8),
  };
  const [original] = plant.confirmations.where(key);
  if (!original)
    throw new SapRefusal(
      400,
      "RU/122",
      `Confirmation ${key.ConfirmationGroup}/${key.ConfirmationCount} does not exist`,
    );
  if (original["IsReversed"] === true || original["IsReversal"] === true) {
    throw new SapRefusal(
      400,
      "RU/125",
      `Confirmation ${key.ConfirmationGroup}/${key.ConfirmationCount} has been cancelled`,
    );
  }
  const items = plant.confirmationItems.where(key);
  for (const document of new Set(items.map((item) => `${item["MaterialDocumentYear"]}/${item["MaterialDocument"]}`))) {
    const [year = "", number = ""] = document.split("/");
    cancelDocument(plant, year, number, null);
  }
  original["IsReversed"] = true;
  const group = key.ConfirmationGroup;
  const row = {
    ...original,
    ConfirmationCount: plant.nextConfirmation(group),
    ConfirmationText: parameters["ConfirmationText"] ?? "",
    ExternalSystemConfirmation: parameters["ExternalSystemConfirmation"] ?? null,
    IsReversed: false,
    IsReversal: true,
  };
  plant.confirmations.insert(row, plant.visibleAt());
  const order = plant.order(String(original["OrderID"]));
  const [operation] = plant.operations.where({ OrderInternalBillOfOperations: group });
  if (order && operation) countYield(plant, order, operation, -amountOf(original["ConfirmationYieldQuantity"]));
  return { row, items: [] };
}

function operationOf(plant: Plant, order: string, operation: string): Row {
  const [found] = plant.operations.where({ ManufacturingOrder: order, ManufacturingOrderOperation: pad(operation, 4) });
  if (!found) throw new SapRefusal(400, "RU/013", `Operation ${operation} does not exist in order ${order}`);
  return found;
}

function checkTimes(body: Row): void {
  const at = (edge: string) =>
    `${body[`ConfirmedExecution${edge}Date`] ?? ""} ${body[`ConfirmedExecution${edge}Time`] ?? ""}`;
  const [start, end] = [at("Start"), at("End")];
  if (start !== " " && end !== " " && end < start) {
    throw new SapRefusal(400, "RU/201", "Finish of execution lies before its start");
  }
}

/** What SAP withdraws by itself: the operation's marked components, in proportion to the quantity confirmed. */
function backflushed(plant: Plant, row: Row, order: Row): Row[] {
  if (row["APIConfHasNoGoodsMovements"] === true) return [];
  const made = amountOf(row["ConfirmationYieldQuantity"]) + amountOf(row["ConfirmationScrapQuantity"]);
  const total = amountOf(order["TotalQuantity"]);
  if (made <= 0n || total <= 0n) return [];
  const components = plant.components.where({
    ManufacturingOrder: order["ManufacturingOrder"] ?? "",
    ManufacturingOrderOperation: row["OrderOperation"] ?? "",
  });
  return components
    .filter((component) => component["MatlCompIsMarkedForBackflush"] === true)
    .map((component) => ({
      GoodsMovementType: "261",
      Material: component["Material"] ?? "",
      Plant: component["Plant"] ?? "",
      StorageLocation: component["StorageLocation"] ?? "",
      Batch: component["Batch"] ?? "",
      Reservation: component["Reservation"] ?? "",
      ReservationItem: component["ReservationItem"] ?? "",
      QuantityInEntryUnit: showAmount((amountOf(component["RequiredQuantity"]) * made) / total),
      EntryUnit: component["BaseUnit"] ?? "",
    }));
}

function tryMovement(plant: Plant, confirmation: Row, movement: Row): Row[] {
  const key = {
    ConfirmationGroup: confirmation["ConfirmationGroup"] ?? "",
    ConfirmationCount: confirmation["ConfirmationCount"] ?? "",
  };
  const order = String(confirmation["OrderID"]);
  try {
    const document = postMovement(plant, {
      ...movement,
      ManufacturingOrder: order,
      ManufacturingOrderItem: movement["OrderItem"] ?? "",
    });
    const documentKey = {
      MaterialDocumentYear: document["MaterialDocumentYear"] ?? "",
      MaterialDocument: document["MaterialDocument"] ?? "",
    };
    const [posted] = plant.documentItems.where(documentKey);
    const item = blankRow(plant.confirmationItems.set, {
      ...posted,
      ...movement,
      ...documentKey,
      ...key,
      OrderID: order,
    });
    if (posted)
      Object.assign(item, unitFields("EntryUnit", String(posted["EntryUnit"])), { MaterialDocumentItem: "0001" });
    plant.confirmationItems.insert(item, plant.visibleAt());
    return [item];
  } catch (error) {
    if (!(error instanceof SapRefusal)) throw error;
    plant.failMovement({
      confirmation: `${key.ConfirmationGroup}/${key.ConfirmationCount}`,
      movementType: String(movement["GoodsMovementType"]),
      material: String(movement["Material"]),
      quantity: String(movement["QuantityInEntryUnit"]),
      reason: error.message,
    });
    return [];
  }
}

/** The order's yield is that of its last operation. */
function countYield(plant: Plant, order: Row, operation: Row, change: bigint): void {
  const stamp = plant.stamp();
  const done = amountOf(operation["OpTotalConfirmedYieldQty"]) + change;
  Object.assign(operation, { OpTotalConfirmedYieldQty: showAmount(done), LastChangeDateTime: stamp });
  const operations = plant.operations.where({ ManufacturingOrder: order["ManufacturingOrder"] ?? "" });
  order["LastChangeDateTime"] = stamp;
  if (operations.at(-1) !== operation) return;
  const complete = done >= amountOf(order["TotalQuantity"]);
  Object.assign(order, {
    MfgOrderConfirmedYieldQty: showAmount(done),
    OrderIsConfirmed: complete ? "X" : "",
    OrderIsPartiallyConfirmed: !complete && done > 0n ? "X" : "",
  });
}
