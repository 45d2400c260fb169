import { num, ref, text } from "../values.ts";
import type { JsonObject, Row } from "../values.ts";
import type { Applied } from "./operations.ts";
import { refuse } from "./terms.ts";
import type { Quantity, Terms } from "./terms.ts";

interface SaveProduct {
  product: string;
  name: string;
  unit?: string;
  kind?: "stocked" | "consumable" | "service";
  tracking?: string;
  barcode?: string;
  weight?: string;
  salesPrice?: string;
  cost?: string;
  description?: string;
  active?: boolean;
}

/** Written as a whole: an existing product is brought to the given state. */
export function saveProduct(terms: Terms, value: SaveProduct): Applied {
  const { env } = terms;
  const found = env.of("product.product", "default_code", value.product);
  const active = found.filter((row) => row.active === true);
  if (found.length > 1 && active.length !== 1)
    refuse("product-ambiguous", `More than one product has the internal reference ${value.product}.`);
  const standing = active[0] ?? found[0];
  const values: JsonObject = {
    name: value.name,
    default_code: value.product,
    ...(value.unit !== undefined && { uom_id: terms.unit(value.unit).id }),
    ...((value.kind !== undefined || !standing) && kindValues(env.version, value.kind ?? "stocked")),
    ...(value.tracking !== undefined && { tracking: value.tracking }),
    ...(value.barcode !== undefined && { barcode: value.barcode }),
    ...(value.weight !== undefined && { weight: Number(value.weight) }),
    ...(value.salesPrice !== undefined && { list_price: Number(value.salesPrice) }),
    ...(value.cost !== undefined && { standard_price: Number(value.cost) }),
    ...(value.description !== undefined && { description: value.description }),
    ...(value.active !== undefined && { active: value.active }),
  };
  if (standing) env.write("product.product", standing, changed(standing, values));
  const row = standing ?? env.create("product.product", values);
  return { model: "product.product", row, receipt: value.product, detail: { created: standing === undefined } };
}

function changed(row: Row, values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => row[name] !== value));
}

function kindValues(version: number, kind: string): JsonObject {
  if (version <= 17)
    return { detailed_type: { stocked: "product", consumable: "consu", service: "service" }[kind] ?? "consu" };
  return kind === "service" ? { type: "service" } : { type: "consu", is_storable: kind === "stocked" };
}

interface BillLine {
  product: string;
  quantity: Quantity;
  operation?: string;
}

interface SaveBill {
  product: string;
  revision: string;
  quantity: Quantity;
  kind?: "manufactured" | "kit";
  consumption?: string;
  components: BillLine[];
  operations?: { name: string; workCenter: string; minutes?: string }[];
  byProducts?: BillLine[];
  replaces?: boolean;
}

export function saveBill(terms: Terms, value: SaveBill): Applied {
  const { env } = terms;
  const product = terms.product(value.product);
  const boms = env.of("mrp.bom", "product_tmpl_id", product.product_tmpl_id!);
  const standing = boms.find((bom) => bom.code === value.revision);
  const names = new Set((value.operations ?? []).map((step) => step.name));
  const stray = value.components.find((line) => line.operation !== undefined && !names.has(line.operation));
  if (stray)
    refuse("operation-unknown", `The component ${stray.product} is used in an operation the bill does not have.`);
  const unit = terms.unit(value.quantity.unit);
  const values: JsonObject = {
    product_tmpl_id: num(product.product_tmpl_id),
    product_id: product.id,
    code: value.revision,
    product_qty: terms.fitting(Number(value.quantity.value), unit, value.product),
    product_uom_id: unit.id,
    type: value.kind === "kit" ? "phantom" : "normal",
    sequence: 1,
    active: true,
    ...(value.consumption !== undefined && { consumption: value.consumption }),
  };
  if (standing)
    env.write("mrp.bom", standing, { ...values, bom_line_ids: [[5]], operation_ids: [[5]], byproduct_ids: [[5]] });
  const bill = standing ?? env.create("mrp.bom", values);
  fillBill(terms, bill, value);
  if (value.replaces !== false)
    for (const other of boms) if (other.id !== bill.id) env.write("mrp.bom", other, { active: false });
  return {
    model: "mrp.bom",
    row: bill,
    receipt: `${value.product} ${value.revision}`,
    detail: { created: standing === undefined },
  };
}

function fillBill(terms: Terms, bill: Row, value: SaveBill): void {
  const { env } = terms;
  const steps = new Map<string, number>();
  (value.operations ?? []).forEach((step, at) => {
    const row = env.create("mrp.routing.workcenter", {
      bom_id: bill.id,
      name: step.name,
      workcenter_id: terms.workCenter(step.workCenter).id,
      sequence: at + 1,
      time_mode: "manual",
      time_cycle_manual: Number(step.minutes ?? 60),
    });
    steps.set(step.name, row.id);
  });
  value.components.forEach((line, at) => {
    const operation = line.operation === undefined ? false : (steps.get(line.operation) ?? false);
    env.create("mrp.bom.line", { ...lineValues(terms, bill, line, at), operation_id: operation });
  });
  (value.byProducts ?? []).forEach((line, at) => env.create("mrp.bom.byproduct", lineValues(terms, bill, line, at)));
}

function lineValues(terms: Terms, bill: Row, line: BillLine, at: number): JsonObject {
  const product = terms.product(line.product);
  const kept = terms.env.one("uom.uom", ref(product.uom_id));
  const unit = terms.unitLike(line.quantity.unit, kept, text(product.default_code));
  return {
    bom_id: bill.id,
    product_id: product.id,
    product_uom_id: unit.id,
    sequence: at + 1,
    product_qty: terms.fitting(Number(line.quantity.value), unit, line.product),
  };
}
