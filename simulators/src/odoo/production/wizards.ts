import type { Env } from "../env.ts";
import type { JsonObject, Row } from "../values.ts";

interface Issue {
  order: Row;
  product: number;
  unit: number;
  consumed: number;
  expected: number;
}

/** The question Odoo asks instead of acting: an answer of HTTP 200 with nothing done. */
export function consumptionWizard(env: Env, orders: readonly Row[], issues: readonly Issue[]) {
  const lines = issues.map((issue) => [
    0,
    0,
    {
      mrp_production_id: issue.order.id,
      product_id: issue.product,
      consumption: issue.order.consumption as string,
      product_uom_id: issue.unit,
      product_consumed_qty_uom: issue.consumed,
      product_expected_qty_uom: issue.expected,
    },
  ]);
  return wizard("mrp.consumption.warning", "Consumption Warning", {
    ...env.context,
    default_mrp_production_ids: orders.map((order) => order.id),
    default_mrp_consumption_warning_line_ids: lines,
    form_view_ref: false,
  });
}

export function backorderWizard(env: Env, orders: readonly Row[], short: readonly Row[]) {
  const name =
    env.version >= 19 ? "You produced less than the initial demand" : "You produced less than initial demand";
  return wizard("mrp.production.backorder", name, {
    ...env.context,
    ...(env.version >= 19 && { always_backorder_mo_ids: [] }),
    default_mrp_production_ids: orders.map((order) => order.id),
    default_mrp_production_backorder_line_ids: short.map((order) => [
      0,
      0,
      { mrp_production_id: order.id, to_backorder: true },
    ]),
  });
}

/** Where the screen goes after a split. The answer of a success without `skip_redirection`. */
export function openBackorder(backorders: readonly Row[]) {
  const ids = backorders.map((order) => order.id);
  return {
    type: "ir.actions.act_window",
    res_model: "mrp.production",
    context: { skip_consumption: false, skip_immediate: false },
    ...(ids.length === 1
      ? { view_mode: "form", res_id: ids[0] }
      : { name: "Backorder MO", domain: [["id", "in", ids]], view_mode: "list,form" }),
  };
}

export function wizard(model: string, name: string, context: JsonObject) {
  return {
    name,
    display_name: name,
    type: "ir.actions.act_window",
    context,
    res_id: 0,
    res_model: model,
    target: "new",
    view_mode: "form",
    views: [[false, "form"]],
    limit: 80,
    help: false,
    domain: false,
    view_id: false,
  };
}
