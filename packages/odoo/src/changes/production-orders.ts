import type { Row } from "../plain/records.ts";
import { idOf, isoTime, textOf } from "../values.ts";
import { byId, idsOf, quantityOf, type Feed, type Reader } from "./feed.ts";

const STATUS: Readonly<Record<string, string>> = {
  draft: "planned",
  confirmed: "released",
  progress: "started",
  to_close: "completed",
  done: "closed",
  cancel: "cancelled",
};

/** Production orders as `production-order.v1`, with components and operations. */
export const productionOrders: Feed = {
  name: "productionOrders",
  contract: "production-order.v1",
  model: "mrp.production",
  fields: (major) => [
    "name",
    "origin",
    "state",
    "product_id",
    "product_qty",
    "qty_produced",
    "product_uom_id",
    "bom_id",
    "date_start",
    "date_finished",
    "date_deadline",
    "move_raw_ids",
    "workorder_ids",
    major >= 19 ? "lot_producing_ids" : "lot_producing_id",
  ],
  async canonical(reader, rows) {
    const moves = await byId(
      reader,
      "stock.move",
      rows.flatMap((row) => idsOf(row["move_raw_ids"])),
      ["product_id", "product_uom_qty", "product_uom", "state"],
    );
    const steps = await byId(
      reader,
      "mrp.workorder",
      rows.flatMap((row) => idsOf(row["workorder_ids"])),
      ["name", "workcenter_id", "duration_expected"],
    );
    const centers = await byId(reader, "mrp.workcenter", idsIn(steps, "workcenter_id"), ["code", "name"]);
    const productIds = [...idsIn(moves, "product_id"), ...rows.flatMap((row) => idOf(row["product_id"]) ?? [])];
    const products = await byId(reader, "product.product", productIds, ["default_code", "tracking"]);
    const bills = await byId(
      reader,
      "mrp.bom",
      rows.flatMap((row) => idOf(row["bom_id"]) ?? []),
      ["code"],
    );
    return rows.map((row) => orderOf(reader, row, { moves, steps, centers, products, bills }));
  },
};

type Rows = ReadonlyMap<number, Row>;

interface Around {
  moves: Rows;
  steps: Rows;
  centers: Rows;
  products: Rows;
  bills: Rows;
}

function orderOf(reader: Reader, row: Row, around: Around): Record<string, unknown> {
  const product = around.products.get(idOf(row["product_id"]) ?? 0);
  const lot =
    reader.major >= 19
      ? undefined
      : textOf(Array.isArray(row["lot_producing_id"]) ? row["lot_producing_id"][1] : undefined);
  const revision = textOf(around.bills.get(idOf(row["bom_id"]) ?? 0)?.["code"]);
  const origin = textOf(row["origin"]);
  const operations = idsOf(row["workorder_ids"]).flatMap((id, place) => operationOf(around, id, place));
  const components = idsOf(row["move_raw_ids"]).flatMap((id) => componentOf(reader, around, id));
  return {
    productionOrder: row["name"],
    product: productCode(product, row["product_id"]),
    quantity: quantityOf(reader, row["product_qty"], row["product_uom_id"]),
    completed: quantityOf(reader, row["qty_produced"], row["product_uom_id"]),
    status: STATUS[String(row["state"])] ?? String(row["state"]),
    ...(revision !== undefined && { revision }),
    ...(typeof row["date_start"] === "string" && { plannedStart: isoTime(row["date_start"]) }),
    ...(typeof row["date_finished"] === "string" && { plannedEnd: isoTime(row["date_finished"]) }),
    ...(typeof row["date_deadline"] === "string" && { due: isoTime(row["date_deadline"]) }),
    ...(lot !== undefined && { lot }),
    ...(product && { tracking: product["tracking"] }),
    ...(operations.length > 0 && { operations }),
    ...(components.length > 0 && { components }),
    extensions: { odooId: row.id, ...(origin !== undefined && { origin }) },
  };
}

function operationOf({ steps, centers }: Around, id: number, place: number) {
  const step = steps.get(id);
  if (!step) return [];
  const center = centers.get(idOf(step["workcenter_id"]) ?? 0);
  const workCenter = textOf(center?.["code"]) ?? textOf(center?.["name"]);
  return [
    {
      operation: String((place + 1) * 10).padStart(4, "0"),
      description: step["name"],
      ...(workCenter !== undefined && { workCenter }),
      machineTime: {
        value: Number(step["duration_expected"])
          .toFixed(2)
          .replace(/\.?0+$/, ""),
        unit: "MIN",
      },
    },
  ];
}

function componentOf(reader: Reader, { moves, products }: Around, id: number) {
  const move = moves.get(id);
  if (!move || move["state"] === "cancel" || Number(move["product_uom_qty"]) <= 0) return [];
  return [
    {
      component: String(id),
      product: productCode(products.get(idOf(move["product_id"]) ?? 0), move["product_id"]),
      quantity: quantityOf(reader, move["product_uom_qty"], move["product_uom"]),
    },
  ];
}

/** A product without an internal reference keeps Odoo's number, so that the fact is not lost. */
function productCode(product: Row | undefined, many2one: unknown): string {
  return textOf(product?.["default_code"]) ?? `odoo-${idOf(many2one) ?? 0}`;
}

function idsIn(rows: Rows, field: string): number[] {
  return [...rows.values()].flatMap((row) => idOf(row[field]) ?? []);
}
