import type { BillOfMaterials } from "./contracts/bill-of-materials.ts";
import type { CompletionCorrection } from "./contracts/completion-correction.ts";
import type { Completion } from "./contracts/completion.ts";
import type { Downtime } from "./contracts/downtime.ts";
import type { EquipmentEvent } from "./contracts/equipment-event.ts";
import type { EquipmentSummary } from "./contracts/equipment-summary.ts";
import type { Lot } from "./contracts/lot.ts";
import type { MaterialConsumption } from "./contracts/material-consumption.ts";
import type { Product } from "./contracts/product.ts";
import type { ProductionOrderAcknowledgement } from "./contracts/production-order-acknowledgement.ts";
import type { ProductionOrderRelease } from "./contracts/production-order-release.ts";
import type { ProductionOrder } from "./contracts/production-order.ts";
import type { QualityHold } from "./contracts/quality-hold.ts";
import type { QualityResult } from "./contracts/quality-result.ts";
import type { StockBalance } from "./contracts/stock-balance.ts";
import type { StockMovement } from "./contracts/stock-movement.ts";
import type { Quantity } from "./primitives.ts";

/*
 * Valid messages of one small plant that makes gear pumps, for tests, benches and the documentation. Each call gives a
 * fresh one; overrides replace whole fields. They fit one another: the completion is on the order, the order makes the
 * product, all within the hour before 2026-01-05T06:00Z.
 */

/** So many of a unit, pieces unless told otherwise. */
export function aQuantity(value: string | number = "1", unit = "C62"): Quantity {
  return { value: String(value), unit };
}

export function aProduct(overrides: Partial<Product> = {}): Product {
  return {
    id: "product-PUMP-20-7",
    time: "2026-01-05T06:05:00+01:00",
    version: "7",
    product: "PUMP-20",
    description: "Gear pump, 20 l/min",
    productClass: "PUMPS",
    status: "active",
    unit: "C62",
    conversions: [{ quantity: aQuantity(1, "XBX"), equals: aQuantity(24) }],
    tracking: "none",
    ...overrides,
  };
}

export function aBillOfMaterials(overrides: Partial<BillOfMaterials> = {}): BillOfMaterials {
  return {
    id: "bom-PUMP-20-C",
    time: "2026-01-05T06:06:00+01:00",
    version: "3",
    billOfMaterials: "PUMP-20/1",
    product: "PUMP-20",
    site: "HAM",
    revision: "C",
    status: "active",
    validFrom: "2026-01-01",
    quantity: aQuantity(1),
    lines: [
      { line: "10", product: "HOUSING-20", quantity: aQuantity(1), operation: "0010" },
      { line: "20", product: "GEAR-20", quantity: aQuantity(2), operation: "0010" },
      { line: "30", product: "OIL-46", quantity: aQuantity("0.35", "LTR"), operation: "0020", scrapPercent: "2.5" },
    ],
    operations: [
      { operation: "0010", description: "Assemble", workCenter: "ASSY-1", runTime: { value: "6", unit: "MIN" } },
      { operation: "0020", description: "Fill and test", workCenter: "TEST-1", runTime: { value: "2", unit: "MIN" } },
    ],
    ...overrides,
  };
}

export function aProductionOrder(overrides: Partial<ProductionOrder> = {}): ProductionOrder {
  return {
    id: "order-MO-1001-4",
    time: "2026-01-05T06:10:00+01:00",
    version: "4",
    productionOrder: "MO-1001",
    product: "PUMP-20",
    site: "HAM",
    quantity: aQuantity(100),
    billOfMaterials: "PUMP-20/1",
    plannedStart: "2026-01-05T06:00:00+01:00",
    plannedEnd: "2026-01-05T18:00:00+01:00",
    operations: [
      { operation: "0010", description: "Assemble", workCenter: "ASSY-1" },
      { operation: "0020", description: "Fill and test", workCenter: "TEST-1" },
    ],
    components: [
      { component: "1", product: "HOUSING-20", quantity: aQuantity(100), operation: "0010", location: "WIP-1" },
      { component: "2", product: "GEAR-20", quantity: aQuantity(200), operation: "0010", location: "WIP-1" },
    ],
    status: "released",
    ...overrides,
  };
}

export function aProductionOrderRelease(overrides: Partial<ProductionOrderRelease> = {}): ProductionOrderRelease {
  return {
    id: "release-MO-1001-1",
    time: "2026-01-05T06:12:00+01:00",
    productionOrder: "MO-1001",
    product: "PUMP-20",
    site: "HAM",
    quantity: aQuantity(100),
    plannedStart: "2026-01-05T06:00:00+01:00",
    plannedEnd: "2026-01-05T18:00:00+01:00",
    operations: [{ operation: "0010", description: "Assemble", workCenter: "ASSY-1" }],
    components: [{ component: "1", product: "HOUSING-20", quantity: aQuantity(100), operation: "0010" }],
    releasedBy: "m.jensen",
    acknowledgeBy: "2026-01-05T06:42:00+01:00",
    ...overrides,
  };
}

export function aProductionOrderAcknowledgement(
  overrides: Partial<ProductionOrderAcknowledgement> = {},
): ProductionOrderAcknowledgement {
  return {
    id: "ack-MO-1001-1",
    time: "2026-01-05T06:13:00+01:00",
    productionOrder: "MO-1001",
    release: "release-MO-1001-1",
    answer: "accepted",
    plannedStart: "2026-01-05T06:20:00+01:00",
    plannedEnd: "2026-01-05T17:30:00+01:00",
    operator: "shift-lead-a",
    ...overrides,
  };
}

export function aCompletion(overrides: Partial<Completion> = {}): Completion {
  return {
    id: "mes-88001",
    time: "2026-01-05T06:45:00+01:00",
    productionOrder: "MO-1001",
    operation: "0010",
    workCenter: "ASSY-1",
    yield: aQuantity(40),
    scrap: [{ quantity: aQuantity(2), reason: "SEAL-DAMAGED" }],
    final: false,
    labourTime: { value: "0.5", unit: "HUR" },
    machineTime: { value: "25", unit: "MIN" },
    start: "2026-01-05T06:15:00+01:00",
    end: "2026-01-05T06:45:00+01:00",
    operator: "o.petersen",
    shift: "early",
    ...overrides,
  };
}

/** The last report on the order: with lots, rework, a by-product and a reason for what stays open. */
export function aCompletionCorrection(overrides: Partial<CompletionCorrection> = {}): CompletionCorrection {
  return {
    id: "terminal-4-512",
    time: "2026-01-05T06:55:00+01:00",
    productionOrder: "MO-1001",
    operation: "0010",
    completion: "mes-88001",
    changes: [{ from: "yield", to: "scrap", quantity: aQuantity(2), reason: "LEAK" }],
    reason: "Leak found at the test bench after the count",
    operator: "m.jensen",
    ...overrides,
  };
}

export function aFinalCompletion(overrides: Partial<Completion> = {}): Completion {
  return {
    id: "mes-88007",
    time: "2026-01-05T06:55:00+01:00",
    productionOrder: "MO-1001",
    product: "PUMP-20",
    workCenter: "TEST-1",
    yield: aQuantity(57),
    rework: aQuantity(1),
    reworkReason: "LEAK",
    final: true,
    totalYield: aQuantity(97),
    reasonForOpenQuantity: "Housings ran out",
    lots: [
      { lot: "L-260105-A", quantity: aQuantity(48) },
      { lot: "L-260105-B", quantity: aQuantity(9) },
    ],
    location: "FG-1",
    byProducts: [{ product: "CHIPS-AL", quantity: aQuantity("3.2", "KGM") }],
    consumed: [{ product: "OIL-46", quantity: aQuantity("20.3", "LTR"), lot: "OIL-771", location: "TANK-2" }],
    start: "2026-01-05T06:46:00+01:00",
    end: "2026-01-05T06:55:00+01:00",
    ...overrides,
  };
}

export function aMaterialConsumption(overrides: Partial<MaterialConsumption> = {}): MaterialConsumption {
  return {
    id: "mes-88002",
    time: "2026-01-05T06:46:00+01:00",
    productionOrder: "MO-1001",
    operation: "0010",
    workCenter: "ASSY-1",
    consumed: [
      { product: "HOUSING-20", quantity: aQuantity(42), component: "1", lot: "H-5512", location: "WIP-1" },
      { product: "GEAR-20", quantity: aQuantity(84), component: "2", location: "WIP-1" },
    ],
    operator: "o.petersen",
    ...overrides,
  };
}

export function aStockMovement(overrides: Partial<StockMovement> = {}): StockMovement {
  return {
    id: "wms-30441",
    time: "2026-01-05T06:50:00+01:00",
    type: "transfer",
    product: "PUMP-20",
    site: "HAM",
    quantity: aQuantity(24),
    from: "FG-1",
    to: "SHIP-2",
    handlingUnit: "340123450000000017",
    operator: "forklift-3",
    ...overrides,
  };
}

export function aStockBalance(overrides: Partial<StockBalance> = {}): StockBalance {
  return {
    id: "count-FG-1-PUMP-20-991",
    time: "2026-01-05T06:52:00+01:00",
    version: "991",
    product: "PUMP-20",
    site: "HAM",
    location: "FG-1",
    quantity: aQuantity(73),
    reserved: aQuantity(24),
    ...overrides,
  };
}

export function aLot(overrides: Partial<Lot> = {}): Lot {
  return {
    id: "lot-L-260105-A-1",
    time: "2026-01-05T06:55:00+01:00",
    version: "1",
    product: "PUMP-20",
    lot: "L-260105-A",
    site: "HAM",
    status: "available",
    quantity: aQuantity(48),
    productionOrder: "MO-1001",
    produced: "2026-01-05T06:55:00+01:00",
    expires: "2031-01-05",
    parents: [{ product: "OIL-46", lot: "OIL-771", quantity: aQuantity("16.8", "LTR") }],
    ...overrides,
  };
}

export function aDowntime(overrides: Partial<Downtime> = {}): Downtime {
  return {
    id: "scada-7712",
    time: "2026-01-05T06:40:00+01:00",
    site: "HAM",
    workCenter: "ASSY-1",
    equipment: "PRESS-04",
    category: "unplanned",
    reason: "HYDRAULIC-PRESSURE",
    alarm: "A-1204",
    start: "2026-01-05T06:31:00+01:00",
    end: "2026-01-05T06:40:00+01:00",
    productionOrder: "MO-1001",
    maintenanceNeeded: true,
    shift: "early",
    ...overrides,
  };
}

/** A machine that stopped. */
export function anEquipmentEvent(overrides: Partial<EquipmentEvent> = {}): EquipmentEvent {
  return {
    id: "PRESS-04.run.mk0w2v5s",
    time: "2026-01-05T06:31:00+01:00",
    kind: "state",
    site: "HAM",
    workCenter: "ASSY-1",
    equipment: "PRESS-04",
    state: "stopped",
    previous: "execute",
    reason: "HYDRAULIC-PRESSURE",
    productionOrder: "MO-1001",
    shift: "early",
    ...overrides,
  };
}

export function anAlarmEvent(overrides: Partial<EquipmentEvent> = {}): EquipmentEvent {
  return {
    id: "PRESS-04.pressure.mk0w2u1c",
    time: "2026-01-05T06:30:50+01:00",
    kind: "alarm",
    equipment: "PRESS-04",
    alarm: "A-1204",
    active: true,
    severity: "high",
    measured: "82.5",
    unit: "BAR",
    ...overrides,
  };
}

/** A machine whose values were missing for a while. */
export function aGapEvent(overrides: Partial<EquipmentEvent> = {}): EquipmentEvent {
  return {
    id: "PRESS-04.gap.mk0w1c40",
    time: "2026-01-05T06:24:10+01:00",
    kind: "gap",
    equipment: "PRESS-04",
    tags: ["ns=2;s=Press4.Count", "ns=2;s=Press4.State"],
    start: "2026-01-05T06:22:00+01:00",
    end: "2026-01-05T06:24:10+01:00",
    filled: false,
    description: "Connection to 10.2.0.14:4840 was lost.",
    ...overrides,
  };
}

/** A machine whose counter cannot be right. */
export function aFindingEvent(overrides: Partial<EquipmentEvent> = {}): EquipmentEvent {
  return {
    id: "PRESS-04.finding.mk0w2a9c",
    time: "2026-01-05T06:33:00+01:00",
    kind: "finding",
    equipment: "PRESS-04",
    finding: "implausible-jump",
    tags: ["ns=2;s=Press4.Count"],
    value: "918273",
    description: "The counter went from 4211 to 918273 within 2 s, where at most 7 pieces are possible.",
    next: "Look at the counter. If these pieces were made, report them by hand.",
    ...overrides,
  };
}

export function anEquipmentSummary(overrides: Partial<EquipmentSummary> = {}): EquipmentSummary {
  return {
    id: "PRESS-04.energy.mk0vyq9c",
    time: "2026-01-05T06:30:00+01:00",
    summary: "energy",
    per: "shift",
    site: "HAM",
    workCenter: "ASSY-1",
    equipment: "PRESS-04",
    shift: "night",
    start: "2026-01-04T22:00:00+01:00",
    end: "2026-01-05T06:00:00+01:00",
    measures: [
      {
        measure: "power",
        unit: "KWT",
        count: 2880,
        min: "1.2",
        max: "18.4",
        mean: "9.75",
        total: "77.9",
        totalUnit: "KWH",
        covered: { value: "28790", unit: "SEC" },
      },
    ],
    running: { value: "25200", unit: "SEC" },
    standing: { value: "3590", unit: "SEC" },
    stops: 2,
    microStops: 14,
    ...overrides,
  };
}

export function aQualityResult(overrides: Partial<QualityResult> = {}): QualityResult {
  return {
    id: "qms-5501",
    time: "2026-01-05T06:56:00+01:00",
    inspection: "INS-260105-17",
    product: "PUMP-20",
    lot: "L-260105-A",
    productionOrder: "MO-1001",
    operation: "0020",
    result: "failed",
    inspected: aQuantity(8),
    rejected: aQuantity(1),
    characteristics: [
      {
        characteristic: "flow",
        result: "passed",
        value: "20.1",
        unit: "L2",
        target: "20",
        lower: "19.5",
        upper: "20.5",
      },
      { characteristic: "leak-tight", result: "failed", finding: "Drop at the shaft seal" },
    ],
    defects: [{ defect: "LEAK-SHAFT", quantity: aQuantity(1) }],
    inspector: "q.lund",
    ...overrides,
  };
}

export function aQualityHold(overrides: Partial<QualityHold> = {}): QualityHold {
  return {
    id: "qms-5502",
    time: "2026-01-05T06:57:00+01:00",
    hold: "HOLD-88",
    action: "place",
    product: "PUMP-20",
    lot: "L-260105-A",
    reason: "Leak at the shaft seal in 1 of 8",
    inspection: "INS-260105-17",
    nonconformance: "NC-2026-003",
    decidedBy: "q.lund",
    ...overrides,
  };
}
