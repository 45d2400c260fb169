import type { Clock } from "@lineshaft/core";
import { amountOf, parseAmount, showAmount } from "./amount.ts";
import type { Amount } from "./amount.ts";
import { initial } from "./edm.ts";
import type { Row } from "./filter.ts";
import { MAX_CONFIRMATIONS, MAX_DOCUMENTS, MAX_FAILED_MOVEMENTS, MAX_ORDERS } from "./limits.ts";
import { SapRefusal } from "./refusal.ts";
import { entitySetNamed } from "./schema.ts";
import type { EntitySet } from "./schema.ts";
import { Table } from "./table.ts";
import { isoUnit, sapUnit } from "./units.ts";

export interface SapMaterial {
  material: string;
  /** ISO code as SAP keeps it, `PCE`, `KGM`. */
  unit: string;
  /** Movements must name a batch. */
  batches?: boolean;
}

export interface SapStock {
  material: string;
  plant: string;
  storageLocation: string;
  batch?: string;
  /** Decimal as text, at most three decimals. */
  quantity: string;
}

export interface SapPurchaseOrder {
  purchaseOrder: string;
  item: string;
  material: string;
  plant: string;
  quantity: string;
}

export interface SapOrder {
  /** Up to 12 digits; leading zeros are added. */
  order: string;
  material: string;
  plant: string;
  quantity: string;
  /** ISO code as SAP keeps it. */
  unit: string;
  storageLocation?: string;
  /** Default released. */
  status?: "created" | "released" | "technicallyComplete" | "closed" | "locked";
  operations?: readonly { operation: string; workCenter?: string; text?: string }[];
  components?: readonly SapComponent[];
  /** Day and time of the plant, `2026-01-05` and `06:00:00`. */
  start?: { date: string; time: string };
  end?: { date: string; time: string };
}

export interface SapComponent {
  material: string;
  quantity: string;
  unit: string;
  operation?: string;
  storageLocation?: string;
  batch?: string;
  /** Withdrawn by SAP itself when the operation is confirmed. */
  backflush?: boolean;
}

/** A goods movement of a confirmation that failed and waits for somebody (transaction COGI). */
export interface FailedMovement {
  confirmation: string;
  movementType: string;
  material: string;
  quantity: string;
  reason: string;
}

/** What the simulated SAP knows and has posted. Everything is in memory and goes with the process. */
export class Plant {
  readonly clock: Clock;
  readonly zone: string;
  /** How long the update task takes: posted at once, seen by readers only then. */
  updateDelayMs = 0;
  negativeStock = false;
  readonly orders = new Table(entitySetNamed("A_ProductionOrder_2"), ["ManufacturingOrder"]);
  readonly operations = new Table(entitySetNamed("A_ProductionOrderOperation_2"), ["ManufacturingOrder"]);
  readonly components = new Table(entitySetNamed("A_ProductionOrderComponent_3"), [
    "ManufacturingOrder",
    "Reservation",
  ]);
  readonly confirmations = new Table(entitySetNamed("ProdnOrdConf2"), [
    "ExternalSystemConfirmation",
    "ConfirmationGroup",
    "OrderID",
  ]);
  readonly confirmationItems = new Table(entitySetNamed("ProdnOrdConfMatlDocItm"), ["ConfirmationGroup"]);
  readonly documents = new Table(entitySetNamed("A_MaterialDocumentHeader"), ["ReferenceDocument", "MaterialDocument"]);
  readonly documentItems = new Table(entitySetNamed("A_MaterialDocumentItem"), [
    "MaterialDocument",
    "ReversedMaterialDocument",
  ]);
  readonly failedMovements: FailedMovement[] = [];
  readonly #stock = new Map<string, { stock: Omit<SapStock, "quantity">; amount: Amount }>();
  readonly #materials = new Map<string, { unit: string; batches: boolean }>();
  readonly #purchaseOrders = new Map<string, SapPurchaseOrder & { open: Amount }>();
  #groups = 0;
  #reservations = 0;
  #documentNumber = 4_900_000_000;

  constructor(clock: Clock, zone: string) {
    this.clock = clock;
    this.zone = zone;
  }

  tables(): Table[] {
    return [
      this.orders,
      this.operations,
      this.components,
      this.confirmations,
      this.confirmationItems,
      this.documents,
      this.documentItems,
    ];
  }

  addMaterial({ material, unit, batches = false }: SapMaterial): void {
    this.#materials.set(material, { unit: sapUnit(unit), batches });
  }

  addPurchaseOrder(order: SapPurchaseOrder): void {
    const key = `${pad(order.purchaseOrder, 10)}/${pad(order.item, 5)}`;
    this.#purchaseOrders.set(key, { ...order, open: amountOf(order.quantity) });
  }

  purchaseOrder(number: string, item: string): (SapPurchaseOrder & { open: Amount }) | undefined {
    return this.#purchaseOrders.get(`${number}/${item}`);
  }

  material(material: string): { unit: string; batches: boolean } {
    const known = this.#materials.get(material);
    if (!known) throw new SapRefusal(400, "M3/305", `Material ${material} does not exist or is not activated`);
    return known;
  }

  /** Adds a production order with its operations (0010 when none are given) and components. */
  addOrder(order: SapOrder): void {
    if (this.orders.size >= MAX_ORDERS) throw usedUp("production orders");
    const number = pad(order.order, 12);
    if (this.order(number)) throw new Error(`The simulator has order ${number} already.`);
    if (parseAmount(order.quantity) === undefined) throw new Error(`${order.quantity} is no quantity of SAP.`);
    const unit = sapUnit(order.unit);
    if (!this.#materials.has(order.material)) this.addMaterial({ material: order.material, unit: order.unit });
    const stamp = this.stamp();
    const { status = "released", storageLocation = "0001" } = order;
    const row = blankRow(this.orders.set, {
      ManufacturingOrder: number,
      ManufacturingOrderType: "PP01",
      ProductionPlant: order.plant,
      Material: order.material,
      TotalQuantity: showAmount(amountOf(order.quantity)),
      ...unitFields("ProductionUnit", unit),
      StorageLocation: storageLocation,
      ProductionVersion: "0001",
      ...schedule("MfgOrderPlanned", order),
      ...schedule("MfgOrderScheduled", order),
      LastChangeDateTime: stamp,
      OrderIsCreated: status === "created" ? "X" : "",
      OrderIsReleased: status === "created" ? "" : "X",
      OrderIsTechnicallyCompleted: status === "technicallyComplete" ? "X" : "",
      OrderIsClosed: status === "closed" ? "X" : "",
      OrderIsLocked: status === "locked" ? "X" : "",
    });
    this.orders.insert(row, this.clock.now());
    this.#addOperations(order, number, unit, stamp);
    this.#addComponents(order, number, storageLocation, stamp);
  }

  #addOperations(order: SapOrder, number: string, unit: string, stamp: string): void {
    const operations = order.operations ?? [{ operation: "0010", workCenter: "WC-1" }];
    for (const [index, { operation, workCenter = "", text = "" }] of operations.entries()) {
      const group = String(++this.#groups).padStart(10, "0");
      const row = blankRow(this.operations.set, {
        OrderInternalBillOfOperations: group,
        OrderIntBillOfOperationsItem: String(index + 1).padStart(8, "0"),
        ManufacturingOrder: number,
        ManufacturingOrderSequence: "0",
        ManufacturingOrderOperation: operation,
        MfgOrderOperationText: text,
        WorkCenter: workCenter,
        OperationControlProfile: "PP01",
        OpPlannedTotalQuantity: showAmount(amountOf(order.quantity)),
        ...unitFields("OperationUnit", unit),
        OpErlstSchedldExecStrtDte: order.start?.date ?? null,
        OpErlstSchedldExecStrtTme: order.start?.time ?? null,
        OpErlstSchedldExecEndDte: order.end?.date ?? null,
        OpErlstSchedldExecEndTme: order.end?.time ?? null,
        LastChangeDateTime: stamp,
      });
      this.operations.insert(row, this.clock.now());
    }
  }

  #addComponents(order: SapOrder, number: string, storageLocation: string, stamp: string): void {
    const reservation = String(++this.#reservations).padStart(10, "0");
    const first = order.operations?.[0]?.operation ?? "0010";
    for (const [index, component] of (order.components ?? []).entries()) {
      if (!this.#materials.has(component.material)) {
        this.addMaterial({ material: component.material, unit: component.unit });
      }
      const row = blankRow(this.components.set, {
        Reservation: reservation,
        ReservationItem: String(index + 1).padStart(4, "0"),
        ManufacturingOrder: number,
        ManufacturingOrderSequence: "0",
        ManufacturingOrderOperation: component.operation ?? first,
        Material: component.material,
        Plant: order.plant,
        StorageLocation: component.storageLocation ?? storageLocation,
        Batch: component.batch ?? "",
        RequiredQuantity: showAmount(amountOf(component.quantity)),
        ...unitFields("BaseUnit", sapUnit(component.unit)),
        GoodsMovementType: "261",
        MatlCompIsMarkedForBackflush: component.backflush ?? false,
        LastChangeDateTime: stamp,
      });
      this.components.insert(row, this.clock.now());
    }
  }

  order(number: string): Row | undefined {
    return this.orders.where({ ManufacturingOrder: pad(number, 12) })[0];
  }

  /** Changes fields of an order as a person in SAP would; its change stamp moves on. */
  changeOrder(number: string, fields: Row): void {
    const row = this.order(number);
    if (!row) throw new Error(`The simulator has no order ${number}.`);
    Object.assign(row, fields, { LastChangeDateTime: this.stamp() });
  }

  setStock({ quantity, ...stock }: SapStock): void {
    this.#stock.set(stockKey(stock), { stock, amount: amountOf(quantity) });
  }

  stock(): SapStock[] {
    return Array.from(this.#stock.values(), ({ stock, amount }) => ({ ...stock, quantity: showAmount(amount) }));
  }

  stockOf(stock: Omit<SapStock, "quantity">): Amount {
    return this.#stock.get(stockKey(stock))?.amount ?? 0n;
  }

  moveStock(stock: Omit<SapStock, "quantity">, change: Amount): void {
    const key = stockKey(stock);
    const known = this.#stock.get(key);
    if (known) known.amount += change;
    else this.#stock.set(key, { stock, amount: change });
  }

  nextDocument(): string {
    if (this.documents.size >= MAX_DOCUMENTS) throw usedUp("material documents");
    return String(this.#documentNumber++);
  }

  /** Number of the next confirmation of an operation. */
  nextConfirmation(group: string): string {
    if (this.confirmations.size >= MAX_CONFIRMATIONS) throw usedUp("confirmations");
    return String(this.confirmations.where({ ConfirmationGroup: group }).length + 1).padStart(8, "0");
  }

  failMovement(movement: FailedMovement): void {
    if (this.failedMovements.length >= MAX_FAILED_MOVEMENTS) throw usedUp("failed goods movements");
    this.failedMovements.push(movement);
  }

  /** When what is posted now is seen by readers. */
  visibleAt(): number {
    return this.clock.now() + this.updateDelayMs;
  }

  /** What the plant's clock shows. */
  today(): { date: string; time: string } {
    const parts: Record<string, string> = {};
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: this.zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    for (const { type, value } of format.formatToParts(this.clock.now())) parts[type] = value;
    const { year = "", month = "", day = "", hour = "", minute = "", second = "" } = parts;
    return { date: `${year}-${month}-${day}`, time: `${hour}:${minute}:${second}` };
  }

  stamp(): string {
    const { date, time } = this.today();
    return `${date}${time}`.replaceAll(/\D/g, "");
  }
}

/** A row with every field of its set, the unnamed ones blank. */
export function blankRow(set: EntitySet, fields: Row): Row {
  const row: Row = {};
  for (const [name, type] of Object.entries(set.fields)) row[name] = fields[name] ?? initial(type);
  return row;
}

/** A unit in SAP's three ways. */
export function unitFields(prefix: string, unit: string): Row {
  return { [prefix]: unit, [`${prefix}ISOCode`]: isoUnit(unit), [`${prefix}SAPCode`]: unit };
}

export function pad(number: string, length: number): string {
  return /^\d+$/.test(number) ? number.padStart(length, "0") : number;
}

function schedule(prefix: string, { start, end }: SapOrder): Row {
  return {
    [`${prefix}StartDate`]: start?.date ?? null,
    [`${prefix}StartTime`]: start?.time ?? null,
    [`${prefix}EndDate`]: end?.date ?? null,
    [`${prefix}EndTime`]: end?.time ?? null,
  };
}

function stockKey({ material, plant, storageLocation, batch = "" }: Omit<SapStock, "quantity">): string {
  return [material, plant, storageLocation, batch].join("\u0000");
}

function usedUp(what: string): SapRefusal {
  return new SapRefusal(400, "NR/751", `The number range of ${what} is used up in this simulator`);
}
