import type { Env } from "../env.ts";
import { boolean, char, float, html, many2one, one2many, selection } from "../schema.ts";
import type { Field, Model } from "../schema.ts";
import { onHand, reservedAt } from "../stock/quants.ts";
import { ref, text } from "../values.ts";
import type { Row, Value } from "../values.ts";

const trackings = ["serial", "lot", "none"];

/** Fields that live on the template and are seen through the variant. */
const shared: Record<string, Field> = {
  name: char("Name", { required: true }),
  type: selection("Product Type", ["consu", "service", "product"], { until: 17, compute: kindOf }),
  detailed_type: selection("Product Type", ["consu", "service", "product"], { until: 17, default: "consu" }),
  is_storable: boolean("Track Inventory", { since: 18 }),
  tracking: selection("Tracking", trackings, { default: "none" }),
  uom_id: many2one("Unit", "uom.uom", { required: true, default: 1 }),
  uom_po_id: many2one("Purchase Unit", "uom.uom", { until: 18, default: 1 }),
  list_price: float("Sales Price", { default: 1 }),
  standard_price: float("Cost"),
  weight: float("Weight"),
  volume: float("Volume"),
  description: html("Notes"),
  sale_ok: boolean("Sales", { default: true }),
  purchase_ok: boolean("Purchase", { default: true }),
  company_id: many2one("Company", "res.company"),
};

const sharedType: Field = selection("Product Type", ["consu", "service", "combo"], { since: 18, default: "consu" });
/** `type` is a stored choice from 18 on; a second declaration because 17 computes it. */
const typeField = (version18: boolean): Field => (version18 ? sharedType : shared.type!);

function kindOf(_: Env, row: Row): Value {
  return row.detailed_type ?? "consu";
}

/** Keeps stock: quants, reservations and lots only exist for such a product. */
export function isStorable(env: Env, product: Row): boolean {
  return env.version <= 17 ? product.detailed_type === "product" : product.is_storable === true;
}

/** Products as `[code] name`, how Odoo shows them in every many2one. */
export function productName(_: Env, row: Row): string {
  return text(row.default_code) === "" ? text(row.name) : `[${text(row.default_code)}] ${text(row.name)}`;
}

/** The models of products; `type` differs between versions, so they are built for one. */
export function productModels(version: number): Model[] {
  const fields = { ...shared, type: typeField(version >= 18) };
  return [templateModel(fields), variantModel(fields)];
}

function templateModel(fields: Record<string, Field>): Model {
  return {
    name: "product.template",
    label: "Product",
    order: "name",
    displayName: productName,
    fields: {
      ...fields,
      default_code: char("Internal Reference", { indexed: true }),
      barcode: char("Barcode"),
      active: boolean("Active", { default: true }),
      product_variant_ids: one2many("Products", "product.product", "product_tmpl_id"),
      product_variant_id: many2one("Product", "product.product", {
        indexed: false,
        compute: (env, row) => env.of("product.product", "product_tmpl_id", row.id)[0]?.id ?? false,
      }),
      bom_ids: one2many("Bill of Materials", "mrp.bom", "product_tmpl_id"),
      qty_available: float("Quantity On Hand", {
        compute: (env, row) => {
          const variant = env.of("product.product", "product_tmpl_id", row.id)[0];
          return variant ? onHand(env, variant.id) : 0;
        },
      }),
    },
    created: (env, row) => {
      if (env.context.create_product_product === false) return;
      if (env.of("product.product", "product_tmpl_id", row.id).length > 0) return;
      env.create("product.product", variantValues(env, row));
    },
    written: (env, row, changed) => {
      for (const variant of env.of("product.product", "product_tmpl_id", row.id))
        copyShared(env, { from: row, to: variant, model: "product.product" }, changed);
    },
  };
}

function variantModel(fields: Record<string, Field>): Model {
  return {
    name: "product.product",
    label: "Product Variant",
    order: "default_code, name, id",
    displayName: productName,
    fields: {
      ...fields,
      default_code: char("Internal Reference", { indexed: true }),
      barcode: char("Barcode", { indexed: true }),
      active: boolean("Active", { default: true }),
      product_tmpl_id: many2one("Product Template", "product.template", { required: true }),
      stock_quant_ids: one2many("Quants", "stock.quant", "product_id"),
      stock_move_ids: one2many("Stock Moves", "stock.move", "product_id"),
      bom_line_ids: one2many("BoM Components", "mrp.bom.line", "product_id"),
      variant_bom_ids: one2many("BOM Product Variants", "mrp.bom", "product_id"),
      qty_available: float("Quantity On Hand", { compute: (env, row) => onHand(env, row.id, contextLocation(env)) }),
      free_qty: float("Free To Use Quantity", {
        compute: (env, row) =>
          onHand(env, row.id, contextLocation(env)) - reservedAt(env, row.id, contextLocation(env)),
      }),
      virtual_available: float("Forecasted Quantity", {
        compute: (env, row) => onHand(env, row.id, contextLocation(env)),
      }),
    },
    prepare: (env, values) => {
      values.product_tmpl_id ??= makeTemplate(env, values);
    },
    written: (env, row, changed) => {
      const template = env.find("product.template", ref(row.product_tmpl_id));
      if (template) copyShared(env, { from: row, to: template, model: "product.template" }, changed);
    },
  };
}

function contextLocation(env: Env): number | undefined {
  return typeof env.context.location === "number" ? env.context.location : undefined;
}

function makeTemplate(env: Env, values: Record<string, Value>): number {
  const given = { ...values };
  delete given.product_tmpl_id;
  const created = env.withContext({ create_product_product: false }).create("product.template", given as never);
  return created.id;
}

function variantValues(env: Env, template: Row) {
  const values: Record<string, Value> = { product_tmpl_id: template.id };
  for (const name of Object.keys(env.db.model("product.template").fields))
    if (isShared(env, name)) values[name] = template[name]!;
  return values as never;
}

function isShared(env: Env, name: string): boolean {
  const field = env.db.model("product.product").fields[name];
  const common = name in shared || name === "default_code" || name === "barcode" || name === "active";
  return common && field !== undefined && field.compute === undefined;
}

function copyShared(env: Env, copy: { from: Row; to: Row; model: string }, changed: ReadonlySet<string>): void {
  const values: Record<string, Value> = {};
  for (const name of changed) if (isShared(env, name)) values[name] = copy.from[name]!;
  if (Object.keys(values).length > 0) env.set(copy.model, copy.to, values);
}

export function trackingOf(product: Row): "none" | "lot" | "serial" {
  return (product.tracking || "none") as "none" | "lot" | "serial";
}
