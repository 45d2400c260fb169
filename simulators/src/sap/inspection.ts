import type { Row } from "./filter.ts";
import type { Gateway } from "./gateway.ts";
import type { FailedMovement, Plant, SapStock } from "./plant.ts";

export interface SapConfirmation {
  /** `group/count` */
  confirmation: string;
  order: string;
  operation: string;
  yield: string;
  scrap: string;
  rework: string;
  unit: string;
  final: boolean;
  /** ExternalSystemConfirmation; null when there was none. */
  externalKey: string | null;
  reversed: boolean;
  reversal: boolean;
  row: Row;
}

export interface SapMaterialDocument {
  /** `document/year` */
  document: string;
  reference: string;
  items: Row[];
}

/** What a test or a demo may see of the simulated SAP, past its API and past any delay. */
export interface SapInspection {
  confirmations(): SapConfirmation[];
  materialDocuments(): SapMaterialDocument[];
  /** How often a confirmation with this external key stands; cancelled ones and cancellations do not count. */
  confirmationsWith(externalKey: string): number;
  /** How often a material document with this reference stands. */
  documentsWith(reference: string): number;
  orders(): Row[];
  stock(): SapStock[];
  /** Goods movements that failed and wait (COGI). */
  failedMovements(): FailedMovement[];
  /** Requests so far, by method and service, and all of them. */
  requests(): { total: number; by: Record<string, number> };
  counts(): { orders: number; confirmations: number; materialDocuments: number; failedMovements: number };
}

export function inspectionOf(plant: Plant, gateway: Gateway): SapInspection {
  return {
    confirmations: () => plant.confirmations.all().map((row) => confirmationOf(row)),
    materialDocuments: () => plant.documents.all().map((row) => documentOf(plant, row)),
    confirmationsWith: (externalKey) =>
      plant.confirmations
        .where({ ExternalSystemConfirmation: externalKey.toLowerCase() })
        .filter((row) => row["IsReversed"] !== true && row["IsReversal"] !== true).length,
    documentsWith: (reference) => plant.documents.where({ ReferenceDocument: reference }).length,
    orders: () => plant.orders.all(),
    stock: () => plant.stock(),
    failedMovements: () => [...plant.failedMovements],
    requests: () => {
      const by = Object.fromEntries(gateway.requests);
      return { total: Object.values(by).reduce((sum, each) => sum + each, 0), by };
    },
    counts: () => ({
      orders: plant.orders.size,
      confirmations: plant.confirmations.size,
      materialDocuments: plant.documents.size,
      failedMovements: plant.failedMovements.length,
    }),
  };
}

function confirmationOf(row: Row): SapConfirmation {
  const text = (name: string) => String(row[name] ?? "");
  const key = row["ExternalSystemConfirmation"];
  return {
    confirmation: `${text("ConfirmationGroup")}/${text("ConfirmationCount")}`,
    order: text("OrderID"),
    operation: text("OrderOperation"),
    yield: text("ConfirmationYieldQuantity"),
    scrap: text("ConfirmationScrapQuantity"),
    rework: text("ConfirmationReworkQuantity"),
    unit: text("ConfirmationUnitISOCode"),
    final: row["IsFinalConfirmation"] === true,
    externalKey: typeof key === "string" ? key : null,
    reversed: row["IsReversed"] === true,
    reversal: row["IsReversal"] === true,
    row,
  };
}

function documentOf(plant: Plant, row: Row): SapMaterialDocument {
  const key = {
    MaterialDocument: row["MaterialDocument"] ?? "",
    MaterialDocumentYear: row["MaterialDocumentYear"] ?? "",
  };
  return {
    document: `${String(key.MaterialDocument)}/${String(key.MaterialDocumentYear)}`,
    reference: String(row["ReferenceDocument"] ?? ""),
    items: plant.documentItems.where(key),
  };
}
