import type { Env } from "../env.ts";
import { userError } from "../errors.ts";
import { boolean, date, datetime, float, many2one, quantity, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { applyCount, mergeQuants } from "../stock/count.ts";
import { quantsOf } from "../stock/quants.ts";
import { compareQuantity, isObject, num, ref, roundTo } from "../values.ts";
import type { JsonObject, Row, Value } from "../values.ts";
import { company } from "./company.ts";
import { trackingOf } from "./product.ts";

export const stockQuant: Model = {
  name: "stock.quant",
  label: "Quants",
  order: "id",
  fields: {
    product_id: many2one("Product", "product.product", { required: true }),
    location_id: many2one("Location", "stock.location", { required: true }),
    lot_id: many2one("Lot/Serial Number", "stock.lot"),
    company_id: company,
    quantity: float("Quantity"),
    reserved_quantity: float("Reserved Quantity"),
    available_quantity: float("Available Quantity", {
      compute: (_, row) => roundTo(num(row.quantity) - num(row.reserved_quantity), 6),
    }),
    inventory_quantity: quantity("Counted Quantity", { assign: assignCount }),
    inventory_quantity_set: boolean("Inventory Quantity Set"),
    inventory_diff_quantity: float("Difference"),
    inventory_quantity_auto_apply: quantity("Inventoried Quantity", {
      compute: (_, row) => row.quantity ?? 0,
      assign: assignAndApply,
    }),
    inventory_date: date("Scheduled"),
    in_date: datetime("Incoming Date", { required: true, default: (env) => env.now }),
    is_outdated: boolean("Quantity has been moved since last count", { compute: isOutdated }),
    product_uom_id: many2one("Unit", "uom.uom", {
      indexed: false,
      compute: (env, row) => env.find("product.product", ref(row.product_id))?.uom_id ?? false,
    }),
    tracking: selection("Tracking", ["serial", "lot", "none"], {
      compute: (env, row) => trackingOf(env.one("product.product", ref(row.product_id))),
    }),
    user_id: many2one("Assigned To", "res.users"),
  },
  methods: {
    create: {
      on: "model",
      params: ["vals_list*"],
      needs: "create",
      movesStock: true,
      run: (env, _, args) => asList(args.vals_list).map((values) => createOrCount(env, values).id),
    },
    write: {
      on: "records",
      params: ["vals*"],
      needs: "write",
      movesStock: true,
      run: (env, ids, args) => {
        for (const quant of env.many("stock.quant", ids)) env.write("stock.quant", quant, args.vals as JsonObject);
        return true;
      },
    },
    action_apply_inventory: {
      on: "records",
      params: ["date"],
      needs: "write",
      movesStock: true,
      run: (env, ids) => applyInventory(env, env.many("stock.quant", ids)),
    },
    action_view_inventory: {
      on: "model",
      params: [],
      run: (env) => {
        mergeQuants(env);
        return {
          type: "ir.actions.act_window",
          res_model: "stock.quant",
          name: "Physical Inventory",
          view_mode: "list",
        };
      },
    },
    action_set_inventory_quantity_to_zero: {
      on: "records",
      params: [],
      needs: "write",
      run: (env, ids) => {
        for (const quant of env.many("stock.quant", ids)) clearCount(env, quant);
        return null;
      },
    },
  },
};

function asList(values: unknown): JsonObject[] {
  return (Array.isArray(values) ? values : [values]).filter(isObject);
}

/** In inventory mode a count for a place that has a quant goes to that quant; otherwise there will be two. */
function createOrCount(env: Env, values: JsonObject): Row {
  if (env.context.inventory_mode !== true) return env.create("stock.quant", values);
  const lot = typeof values.lot_id === "number" ? values.lot_id : null;
  const found = quantsOf(env, values.product_id as number, values.location_id as number, lot)[0];
  if (!found) return env.create("stock.quant", values);
  const { product_id: _p, location_id: _l, lot_id: _o, ...counted } = values;
  env.write("stock.quant", found, counted);
  return found;
}

function assignCount(env: Env, quant: Row, value: Value): void {
  env.set("stock.quant", quant, {
    inventory_quantity: num(value),
    inventory_quantity_set: true,
    inventory_diff_quantity: roundTo(num(value) - num(quant.quantity), 6),
  });
}

/** Counts and applies in one: absolute, so that doing it again changes nothing. Needs the inventory manager. */
function assignAndApply(env: Env, quant: Row, value: Value): void {
  if (!managesStock(env) || env.context.inventory_mode !== true) return;
  applyCount(env, quant, num(value));
}

function managesStock(env: Env): boolean {
  return env.su || env.groups.has("stock_manager");
}

function isOutdated(_: Env, quant: Row): boolean {
  if (quant.inventory_quantity_set !== true) return false;
  const difference = roundTo(num(quant.inventory_quantity) - num(quant.quantity), 6);
  return compareQuantity(difference, num(quant.inventory_diff_quantity)) !== 0;
}

/** 19 takes "no count set" for a count of zero and empties the place; 17 and 18 leave such a quant alone. */
function applyInventory(env: Env, quants: readonly Row[]): unknown {
  const outdated = quants.filter((quant) => isOutdated(env, quant));
  if (outdated.length > 0) return conflictWizard(quants, outdated);
  if (env.version < 19 && !managesStock(env))
    throw userError("Only a stock manager can validate an inventory adjustment.");
  for (const quant of quants)
    if (env.version >= 19 || quant.inventory_quantity_set === true)
      applyCount(env, quant, num(quant.inventory_quantity));
  return null;
}

function conflictWizard(quants: readonly Row[], outdated: readonly Row[]) {
  return {
    name: "Conflict in Inventory Adjustment",
    type: "ir.actions.act_window",
    view_mode: "form",
    views: [[false, "form"]],
    res_model: "stock.inventory.conflict",
    target: "new",
    context: { default_quant_ids: quants.map((q) => q.id), default_quant_to_fix_ids: outdated.map((q) => q.id) },
  };
}

function clearCount(env: Env, quant: Row): void {
  env.set("stock.quant", quant, { inventory_quantity: 0, inventory_quantity_set: false, inventory_diff_quantity: 0 });
}
