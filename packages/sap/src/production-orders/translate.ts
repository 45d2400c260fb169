import { unalpha } from "../external-keys.ts";
import { fieldOf, isObject } from "../json.ts";
import { fromJsonDate, fromJsonTime } from "../odata/edm-time.ts";
import { navigated, textField } from "../odata/service.ts";
import type { Entity } from "../odata/service.ts";
import { fromPlantTime } from "../plant-time.ts";
import type { Units } from "../units.ts";
import { COMPONENT_NAVIGATIONS, OPERATION_NAVIGATION } from "./query.ts";

/** What the source hands over as received: the order as SAP gave it, and the version the source made of its stamp. */
export interface ReadOrder {
  version: string;
  order: Entity;
}

/** What translating needs to know of the system. */
export interface OrderTerms {
  units: Units;
  zoneOf(plant: string | undefined): string;
}

/**
 * The order in the hub's terms, as `production-order.v1` asks for them. Dates and times of SAP are the plant's; they get
 * its offset. Units become UN/ECE codes, numbers lose their leading zeros.
 * @throws Error naming the field that can't be told, which refuses the fact
 */
export function translateOrder(body: unknown, terms: OrderTerms): unknown {
  const { version, order } = readOrder(body);
  const number = unalpha(required(order, "ManufacturingOrder"));
  const plant = textField(order, "ProductionPlant") ?? textField(order, "Plant");
  const zone = terms.zoneOf(plant);
  const unit = terms.units.fromSap(order["ProductionUnitISOCode"], order["ProductionUnit"]);
  const completed = decimal(order["MfgOrderConfirmedYieldQty"]);
  return withoutUndefined({
    id: `${number}@${version}`,
    time: stampTime(version, zone),
    version,
    productionOrder: number,
    product: unalpha(required(order, "Material")),
    site: plant,
    quantity: { value: decimal(order["TotalQuantity"]) ?? missing("TotalQuantity"), unit },
    status: statusOf(order),
    completed: completed === undefined ? undefined : { value: completed, unit },
    priority: textField(order, "OrderSequenceNumber"),
    plannedStart: timeOf(order, "MfgOrderScheduledStart", zone) ?? timeOf(order, "MfgOrderPlannedStart", zone),
    plannedEnd: timeOf(order, "MfgOrderScheduledEnd", zone) ?? timeOf(order, "MfgOrderPlannedEnd", zone),
    due: timeOf(order, "MfgOrderPlannedEnd", zone),
    location: textField(order, "StorageLocation"),
    salesOrder: mapped(textField(order, "SalesOrder"), unalpha),
    operations: navigated(order, OPERATION_NAVIGATION).map((operation) => translateOperation(operation, zone, terms)),
    components: componentsOf(order).map((component) => translateComponent(component, terms)),
    extensions: extensionsOf(order),
  });
}

function readOrder(body: unknown): ReadOrder {
  const [version, order] = [fieldOf(body, "version"), fieldOf(body, "order")];
  if (typeof version !== "string" || !isObject(order)) throw new Error("This is no order as the source hands it over.");
  return { version, order };
}

function translateOperation(operation: Entity, zone: string, { units }: OrderTerms): Entity {
  const unitName = operation["OperationUnitISOCode"];
  const planned = decimal(operation["OpPlannedTotalQuantity"]);
  const quantity =
    planned === undefined || unitName === undefined
      ? undefined
      : { value: planned, unit: units.fromSap(unitName, operation["OperationUnit"]) };
  return withoutUndefined({
    operation: required(operation, "ManufacturingOrderOperation"),
    description: textField(operation, "MfgOrderOperationText"),
    workCenter: textField(operation, "WorkCenter"),
    quantity,
    plannedStart: timeOf(operation, "OpErlstSchedldExecStrt", zone, ["Dte", "Tme"]),
    plannedEnd: timeOf(operation, "OpErlstSchedldExecEnd", zone, ["Dte", "Tme"]),
  });
}

function translateComponent(component: Entity, { units }: OrderTerms): Entity {
  const backflush = component["MatlCompIsMarkedForBackflush"];
  return withoutUndefined({
    component: [required(component, "Reservation"), required(component, "ReservationItem")]
      .map((part) => unalpha(part))
      .join("/"),
    product: unalpha(required(component, "Material")),
    quantity: {
      value: decimal(component["RequiredQuantity"]) ?? missing("RequiredQuantity"),
      unit: units.fromSap(component["BaseUnitISOCode"] ?? component["EntryUnitISOCode"], component["BaseUnit"]),
    },
    operation: textField(component, "ManufacturingOrderOperation"),
    location: textField(component, "StorageLocation"),
    lot: textField(component, "Batch"),
    backflush: backflush === undefined ? undefined : isSet(backflush),
  });
}

/** A phantom is never withdrawn; what is beneath it is. */
function componentsOf(order: Entity): Entity[] {
  const navigation = COMPONENT_NAVIGATIONS.find((name) => navigated(order, name).length > 0);
  if (navigation === undefined) return [];
  return navigated(order, navigation).filter(
    (component) =>
      !isSet(component["MaterialComponentIsPhantomItem"]) && textField(component, "Material") !== undefined,
  );
}

/** Later states come first: SAP's flags add up. */
function statusOf(order: Entity): string {
  if (isSet(order["OrderIsDeleted"]) || isSet(order["OrderIsMarkedForDeletion"])) return "cancelled";
  if (isSet(order["OrderIsClosed"])) return "closed";
  if (isSet(order["OrderIsTechnicallyCompleted"])) return "completed";
  const confirmed = isSet(order["OrderIsConfirmed"]) || isSet(order["OrderIsPartiallyConfirmed"]);
  if (confirmed || Number(order["MfgOrderConfirmedYieldQty"] ?? 0) > 0) return "started";
  return isSet(order["OrderIsReleased"]) ? "released" : "planned";
}

function extensionsOf(order: Entity): Entity | undefined {
  const names = [
    "ManufacturingOrderType",
    "ProductionVersion",
    "MRPController",
    "ProductionSupervisor",
    "PlannedOrder",
  ];
  const known = names.map((name) => [`sap${name}`, textField(order, name)] as const);
  const custom = Object.entries(order).filter(([name, value]) => name.startsWith("YY1_") && typeof value !== "object");
  const locked = isSet(order["OrderIsLocked"]) ? [["sapOrderIsLocked", true] as const] : [];
  const fields = [...known.filter(([, value]) => value !== undefined), ...locked, ...custom.slice(0, 40)];
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

/**
 * When the order was changed. SAP says in no zone; it is read as the plant's, which orders by time just as well.
 */
function stampTime(version: string, zone: string): string {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})/.exec(version);
  if (!match) return missing("LastChangeDateTime");
  const [, y, mo, d, h, mi, s] = match;
  return fromPlantTime({ date: `${y}-${mo}-${d}`, time: `${h}:${mi}:${s}` }, zone);
}

function timeOf(entity: Entity, field: string, zone: string, [date, time] = ["Date", "Time"] as [string, string]) {
  const day = fromJsonDate(entity[field + date]);
  if (day === undefined) return undefined;
  return fromPlantTime({ date: day.date, time: fromJsonTime(entity[field + time]) ?? "00:00:00" }, zone);
}

/** An exact decimal without leading zeros, plus signs or an exponent; Edm.Decimal is sent as text. */
function decimal(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value).trim();
  return text === "" ? undefined : text;
}

function required(entity: Entity, name: string): string {
  return textField(entity, name) ?? missing(name);
}

function missing(name: string): never {
  throw new Error(`SAP sent no ${name}.`);
}

function isSet(flag: unknown): boolean {
  return flag === true || flag === "X";
}

function mapped<A, B>(value: A | undefined, map: (value: A) => B): B | undefined {
  return value === undefined ? undefined : map(value);
}

function withoutUndefined(entity: Record<string, unknown>): Entity {
  return Object.fromEntries(Object.entries(entity).filter(([, value]) => value !== undefined));
}
