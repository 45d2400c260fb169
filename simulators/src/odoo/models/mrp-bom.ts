import type { Env } from "../env.ts";
import { userError, validationError } from "../errors.ts";
import { boolean, char, float, integer, many2one, one2many, quantity, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { num, ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { company } from "./company.ts";
import { productName, trackingOf } from "./product.ts";

const consumptions = ["flexible", "warning", "strict"];

export const bomModels: Model[] = [
  {
    name: "mrp.bom",
    label: "Bill of Material",
    order: "sequence, id",
    displayName: (env, row) => {
      const product = env.find("product.template", ref(row.product_tmpl_id));
      const name = product ? productName(env, product) : "";
      return text(row.code) === "" ? name : `${text(row.code)}: ${name}`;
    },
    fields: {
      code: char("Reference"),
      active: boolean("Active", { default: true }),
      type: selection("BoM Type", ["normal", "phantom"], { required: true, default: "normal" }),
      product_tmpl_id: many2one("Product", "product.template", { required: true }),
      product_id: many2one("Product Variant", "product.product"),
      product_qty: quantity("Quantity", { required: true, default: 1 }),
      product_uom_id: many2one("Unit", "uom.uom", { required: true }),
      sequence: integer("Sequence"),
      consumption: selection("Flexible Consumption", consumptions, { required: true, default: "warning" }),
      ready_to_produce: selection("Manufacturing Readiness", ["all_available", "asap"], {
        required: true,
        default: "all_available",
      }),
      bom_line_ids: one2many("BoM Lines", "mrp.bom.line", "bom_id"),
      byproduct_ids: one2many("By-products", "mrp.bom.byproduct", "bom_id"),
      operation_ids: one2many("Operations", "mrp.routing.workcenter", "bom_id"),
      picking_type_id: many2one("Operation Type", "stock.picking.type"),
      produce_delay: integer("Manufacturing Lead Time"),
      company_id: company,
    },
    prepare: (env, values) => {
      const variant = env.find("product.product", ref(values.product_id));
      if (variant) values.product_tmpl_id ??= variant.product_tmpl_id!;
      values.product_uom_id ??= env.find("product.template", ref(values.product_tmpl_id))?.uom_id ?? false;
    },
    created: refuseCycle,
    written: (env, row) => refuseCycle(env, row),
    unlinking: (env, row) => {
      const open = env
        .of("mrp.production", "bom_id", row.id)
        .some((mo) => mo.state !== "done" && mo.state !== "cancel");
      if (open)
        throw userError(
          "You can not delete a Bill of Material with running manufacturing orders.\nPlease close or cancel it first.",
        );
      for (const model of ["mrp.bom.line", "mrp.bom.byproduct", "mrp.routing.workcenter"])
        for (const line of env.of(model, "bom_id", row.id)) env.unlink(model, line);
    },
  },
  {
    name: "mrp.bom.line",
    label: "Bill of Material Line",
    order: "sequence, id",
    displayName: lineName,
    fields: {
      bom_id: many2one("Parent BoM", "mrp.bom", { required: true }),
      product_id: many2one("Component", "product.product", { required: true }),
      product_qty: quantity("Quantity", { required: true, default: 1 }),
      product_uom_id: many2one("Unit", "uom.uom", { required: true }),
      sequence: integer("Sequence", { default: 1 }),
      operation_id: many2one("Consumed in Operation", "mrp.routing.workcenter"),
      manual_consumption: boolean("Manual Consumption", { until: 18 }),
      company_id: company,
    },
    prepare: (env, values) => {
      const product = env.find("product.product", ref(values.product_id));
      values.product_uom_id ??= product?.uom_id ?? false;
      if (env.version <= 17 && product) values.manual_consumption ??= trackingOf(product) !== "none";
    },
    created: (env, row) => refuseCycle(env, env.one("mrp.bom", ref(row.bom_id))),
  },
  {
    name: "mrp.bom.byproduct",
    label: "Byproduct",
    order: "sequence, id",
    displayName: lineName,
    fields: {
      bom_id: many2one("BoM", "mrp.bom"),
      product_id: many2one("By-product", "product.product", { required: true }),
      product_qty: quantity("Quantity", { required: true, default: 1 }),
      product_uom_id: many2one("Unit", "uom.uom", { required: true }),
      sequence: integer("Sequence"),
      cost_share: float("Cost Share (%)"),
    },
    prepare: (env, values) => {
      values.product_uom_id ??= env.find("product.product", ref(values.product_id))?.uom_id ?? false;
    },
  },
  {
    name: "mrp.routing.workcenter",
    label: "Work Center Usage",
    order: "bom_id, sequence, id",
    fields: {
      name: char("Operation", { required: true }),
      active: boolean("Active", { default: true }),
      bom_id: many2one("Bill of Material", "mrp.bom", { required: true }),
      workcenter_id: many2one("Work Center", "mrp.workcenter", { required: true }),
      sequence: integer("Sequence", { default: 100 }),
      time_mode: selection("Duration Computation", ["auto", "manual"], { default: "manual" }),
      time_cycle_manual: float("Manual Duration", { default: 60 }),
      time_cycle: float("Duration", { compute: (_, row) => row.time_cycle_manual ?? 0 }),
    },
  },
];

function lineName(env: Env, row: Row): string {
  const product = env.find("product.product", ref(row.product_id));
  return product ? productName(env, product) : `${row.id}`;
}

/** The product of a bill, or a component of one of its components, cannot be its own component. */
function refuseCycle(env: Env, bom: Row): void {
  const visit = (template: number, path: ReadonlySet<number>): void => {
    if (path.has(template)) throw cycle(env, bom);
    for (const below of env.of("mrp.bom", "product_tmpl_id", template)) {
      if (below.active !== true) continue;
      for (const line of env.of("mrp.bom.line", "bom_id", below.id)) {
        const component = env.find("product.product", ref(line.product_id))?.product_tmpl_id;
        if (typeof component === "number") visit(component, new Set([...path, template]));
      }
    }
  };
  const own = ref(bom.product_tmpl_id);
  if (own !== undefined && bom.active === true) visit(own, new Set());
}

function cycle(env: Env, bom: Row) {
  const name = productName(env, env.one("product.template", ref(bom.product_tmpl_id)));
  return validationError(
    `The current configuration is incorrect because it would create a cycle between these products: ${name}.`,
  );
}

/** The bill Odoo picks for a product: lowest sequence first, one without a sequence last. */
export function bomFor(env: Env, product: Row): Row | undefined {
  const boms = env
    .of("mrp.bom", "product_tmpl_id", product.product_tmpl_id!)
    .filter((bom) => bom.active === true && bom.type === "normal")
    .filter((bom) => bom.product_id === false || bom.product_id === product.id);
  return boms.sort((a, b) => rank(a) - rank(b) || a.id - b.id)[0];
}

function rank(bom: Row): number {
  return num(bom.sequence) === 0 ? Number.POSITIVE_INFINITY : num(bom.sequence);
}
