import type { Env } from "../env.ts";
import { databaseError, userError, validationError } from "../errors.ts";
import {
  boolean,
  char,
  datetime,
  float,
  integer,
  many2many,
  many2one,
  one2many,
  quantity,
  selection,
} from "../schema.ts";
import type { Model } from "../schema.ts";
import { completeOrders } from "../production/complete.ts";
import { cancelOrder, confirmOrder, reserveComponents, unreserveComponents } from "../production/confirm.ts";
import { applyQuantityProducing } from "../production/consume.ts";
import { adoptOrder, fillOrder } from "../production/create.ts";
import { finishedMoves, producedQuantity, rawMoves, refreshProduction } from "../production/state.ts";
import { rescheduleWorkorders } from "../production/workorders.ts";
import { rewriteDoneOrder } from "../production/rewrite.ts";
import { num, ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { company } from "./company.ts";
import { productionLocation } from "./stock-move.ts";
import { trackingOf } from "./product.ts";

const states = ["draft", "confirmed", "progress", "to_close", "done", "cancel"];

export const production: Model = {
  name: "mrp.production",
  label: "Manufacturing Order",
  order: "priority desc, date_start, id",
  fields: {
    name: char("Reference", { indexed: true, copied: false }),
    origin: char("Source", { indexed: true }),
    priority: selection("Priority", ["0", "1"], { default: "0" }),
    product_id: many2one("Product", "product.product", { required: true }),
    product_tmpl_id: many2one("Product Template", "product.template", {
      indexed: false,
      compute: (env, row) => env.find("product.product", ref(row.product_id))?.product_tmpl_id ?? false,
    }),
    product_tracking: selection("Product Tracking", ["serial", "lot", "none"], {
      compute: (env, row) => trackingOf(env.one("product.product", ref(row.product_id))),
    }),
    product_qty: quantity("Quantity To Produce", { required: true }),
    product_uom_id: many2one("Unit", "uom.uom", { required: true }),
    product_uom_qty: float("Total Quantity", { compute: (_, row) => row.product_qty ?? 0 }),
    qty_producing: quantity("Quantity Producing", { copied: false }),
    qty_produced: float("Quantity Produced", { compute: producedQuantity }),
    bom_id: many2one("Bill of Material", "mrp.bom"),
    consumption: selection("Consumption", ["flexible", "warning", "strict"], { required: true, default: "flexible" }),
    state: selection("State", states, { default: "draft", copied: false }),
    reservation_state: selection("MO Readiness", ["confirmed", "assigned", "waiting"], { copied: false }),
    components_availability_state: selection("Component Status", ["available", "expected", "late", "unavailable"], {
      compute: (_, row) => availability(row),
    }),
    components_availability: char("Component Status", {
      compute: (_, row) =>
        row.reservation_state === "assigned" ? "Available" : row.reservation_state ? "Not Available" : false,
    }),
    lot_producing_id: many2one("Lot/Serial Number", "stock.lot", { until: 18, copied: false }),
    lot_producing_ids: many2many("Lot/Serial Numbers", "stock.lot", { since: 19, copied: false }),
    procurement_group_id: many2one("Procurement Group", "procurement.group", { until: 18, copied: false }),
    production_group_id: many2one("Production Group", "mrp.production.group", { since: 19, copied: false }),
    date_start: datetime("Start", { required: true, default: (env) => env.now }),
    date_finished: datetime("End"),
    date_deadline: datetime("Deadline"),
    move_raw_ids: one2many("Components", "stock.move", "raw_material_production_id"),
    move_finished_ids: one2many("Finished Moves", "stock.move", "production_id"),
    move_byproduct_ids: one2many("By-product Moves", "stock.move", "production_id", {
      compute: (env, row) =>
        finishedMoves(env, row)
          .filter((m) => m.product_id !== row.product_id)
          .map((m) => m.id),
    }),
    finished_move_line_ids: one2many("Finished Product", "stock.move.line", "move_id", {
      compute: (env, row) =>
        finishedMoves(env, row).flatMap((m) => env.of("stock.move.line", "move_id", m.id).map((l) => l.id)),
    }),
    workorder_ids: one2many("Work Orders", "mrp.workorder", "production_id"),
    scrap_ids: one2many("Scraps", "stock.scrap", "production_id"),
    picking_type_id: many2one("Operation Type", "stock.picking.type", { required: true }),
    location_src_id: many2one("Components Location", "stock.location", { required: true }),
    location_dest_id: many2one("Finished Products Location", "stock.location", { required: true }),
    production_location_id: many2one("Production Location", "stock.location", {
      indexed: false,
      compute: (env) => productionLocation(env),
    }),
    warehouse_id: many2one("Warehouse", "stock.warehouse", {
      indexed: false,
      compute: (env, row) => env.find("stock.picking.type", ref(row.picking_type_id))?.warehouse_id ?? false,
    }),
    user_id: many2one("Responsible", "res.users", { default: (env) => env.uid }),
    company_id: company,
    backorder_sequence: integer("Backorder Sequence", { copied: false }),
    is_locked: boolean("Is Locked", { default: true }),
    is_planned: boolean("Its Operations are Planned"),
    is_outdated_bom: boolean("Outdated BoM"),
  },
  methods: {
    action_confirm: act((env, rows) => (rows.forEach((row) => confirmOrder(env, row)), true)),
    action_assign: act((env, rows) => (rows.forEach((row) => reserveComponents(env, row)), true)),
    do_unreserve: act((env, rows) => (rows.forEach((row) => unreserveComponents(env, row)), null)),
    action_cancel: act((env, rows) => (rows.forEach((row) => cancelOrder(env, row)), true)),
    set_qty_producing: act((env, rows) => (rows.forEach((row) => applyQuantityProducing(env, row)), null)),
    button_mark_done: act((env, rows) => completeOrders(env, rows)),
    action_generate_serial: act((env, rows) => (rows.forEach((row) => generateLot(env, row)), true)),
    action_toggle_is_locked: act(
      (env, rows) => (
        rows.forEach((row) => env.set("mrp.production", row, { is_locked: row.is_locked !== true })),
        true
      ),
    ),
  },
  receiving: (given) => {
    if (Array.isArray(given.product_id))
      throw databaseError(
        "InvalidTextRepresentation",
        `invalid input syntax for type integer: "${String(given.product_id[1])}"\n`,
      );
  },
  prepare: fillOrder,
  created: (env, row, given) => {
    requirePositive(row);
    requireUniqueName(env, row);
    adoptOrder(env, row, given);
  },
  writing: (env, row, values) => rewriteDoneOrder(env, row, values),
  written: (env, row, changed) => {
    requirePositive(row);
    if (changed.has("name")) requireUniqueName(env, row);
    if (changed.has("qty_producing") && row.state !== "done" && env.version >= 18)
      rescheduleWorkorders(env, row, num(row.qty_producing));
    if (!changed.has("state")) refreshProduction(env, row);
  },
  unlinking: (env, row) => {
    if (!["draft", "cancel"].includes(String(row.state)))
      throw userError("You cannot delete a manufacturing order that is not draft or cancelled.");
    for (const move of [...rawMoves(env, row), ...finishedMoves(env, row)]) env.unlink("stock.move", move);
  },
};

function act(run: (env: Env, rows: readonly Row[]) => unknown) {
  return {
    on: "records" as const,
    params: [],
    needs: "write" as const,
    movesStock: true,
    run: (env: Env, ids: readonly number[]) => run(env, env.many("mrp.production", ids)),
  };
}

function availability(row: Row) {
  if (row.reservation_state === "assigned") return "available";
  return row.reservation_state === false ? false : "unavailable";
}

function requirePositive(row: Row): void {
  if (num(row.product_qty) > 0) return;
  throw validationError("The quantity to produce must be positive!", { fromDatabase: true });
}

export function requireUniqueName(env: Env, row: Row): void {
  const same = env.of("mrp.production", "name", text(row.name));
  if (same.length > 1) throw validationError("Reference must be unique per Company!", { fromDatabase: true });
}

function generateLot(env: Env, row: Row): void {
  const lot = env.create("stock.lot", { product_id: row.product_id as number, company_id: row.company_id as number });
  env.set("mrp.production", row, env.version >= 19 ? { lot_producing_ids: [lot.id] } : { lot_producing_id: lot.id });
}
