import type { Env } from "../env.ts";
import {
  boolean,
  char,
  datetime,
  integer,
  float,
  many2many,
  many2one,
  one2many,
  quantity,
  selection,
} from "../schema.ts";
import type { Model } from "../schema.ts";
import { rewriteDoneMove } from "../stock/finish.ts";
import { refreshMove, unitFactor } from "../stock/move-state.ts";
import { reserve, setMoveQuantity } from "../stock/reserve.ts";
import { num, ref, roundTo } from "../values.ts";
import type { Row, Value } from "../values.ts";
import { refreshProduction } from "../production/state.ts";
import { company } from "./company.ts";
import { trackingOf } from "./product.ts";

export const moveStates = ["draft", "waiting", "confirmed", "partially_available", "assigned", "done", "cancel"];

export const stockMove: Model = {
  name: "stock.move",
  label: "Stock Move",
  order: "sequence, id",
  displayName: (env, row) => `${String(row.reference || "Move")}: ${String(row.id)}`,
  fields: {
    name: char("Description", { until: 18, default: "/" }),
    sequence: integer("Sequence", { default: 10 }),
    product_id: many2one("Product", "product.product", { required: true }),
    product_uom: many2one("Unit", "uom.uom", { required: true }),
    product_uom_qty: quantity("Demand", { required: true }),
    quantity: quantity("Quantity", { assign: assignQuantity, copied: false }),
    picked: boolean("Picked", { assign: assignPicked, copied: false }),
    state: selection("Status", moveStates, { default: "draft", copied: false }),
    date: datetime("Date Scheduled", { required: true, default: (env) => env.now }),
    date_deadline: datetime("Deadline"),
    location_id: many2one("Source Location", "stock.location", { required: true }),
    location_dest_id: many2one("Intermediate Location", "stock.location", { required: true }),
    picking_id: many2one("Transfer", "stock.picking"),
    picking_type_id: many2one("Operation Type", "stock.picking.type"),
    raw_material_production_id: many2one("Production Order for components", "mrp.production"),
    production_id: many2one("Production Order for finished products", "mrp.production"),
    workorder_id: many2one("Work Order To Consume", "mrp.workorder"),
    operation_id: many2one("Operation To Consume", "mrp.routing.workcenter"),
    bom_line_id: many2one("BoM Line", "mrp.bom.line"),
    byproduct_id: many2one("By-products", "mrp.bom.byproduct"),
    scrap_id: many2one("Scrap", "stock.scrap"),
    scrapped: boolean("Scrapped", { until: 18 }),
    unit_factor: float("Unit Factor", { compute: unitFactor }),
    should_consume_qty: float("Quantity To Consume", { compute: shouldConsume }),
    manual_consumption: boolean("Manual Consumption"),
    move_line_ids: one2many("Move Lines", "stock.move.line", "move_id"),
    lot_ids: many2many("Serial Numbers", "stock.lot", { compute: (env, row) => lotsOf(env, row) }),
    has_tracking: selection("Tracking", ["serial", "lot", "none"], {
      compute: (env, row) => trackingOf(env.one("product.product", ref(row.product_id))),
    }),
    move_orig_ids: many2many("Original Move", "stock.move"),
    move_dest_ids: many2many("Destination Moves", "stock.move"),
    procure_method: selection("Supply Method", ["make_to_stock", "make_to_order"], { default: "make_to_stock" }),
    reference: char("Reference"),
    origin: char("Source Document"),
    is_inventory: boolean("Inventory"),
    additional: boolean("Whether the move was added after the picking's confirmation"),
    price_unit: float("Unit Price"),
    company_id: company,
  },
  methods: {
    _action_confirm: { on: "records", params: [], run: () => true },
  },
  prepare: (env, values) => {
    values.product_uom ??= env.one("product.product", ref(values.product_id)).uom_id!;
    inheritPlaces(env, values);
  },
  created: (env, row) => {
    if (row.raw_material_production_id !== false && row.state === "draft") joinProduction(env, row);
  },
  written: (env, row, changed) => {
    if (changed.has("product_uom_qty")) refreshMove(env, row);
    const production = ref(row.raw_material_production_id);
    if (production !== undefined) refreshProduction(env, env.one("mrp.production", production));
  },
  unlinking: (env, row) => {
    for (const line of env.of("stock.move.line", "move_id", row.id)) env.unlink("stock.move.line", line);
  },
};

function assignQuantity(env: Env, row: Row, value: Value): void {
  if (row.state === "done") rewriteDoneMove(env, row, num(value));
  else setMoveQuantity(env, row, num(value));
}

function assignPicked(env: Env, row: Row, value: Value): void {
  const picked = value === true;
  env.set("stock.move", row, { picked });
  for (const line of env.of("stock.move.line", "move_id", row.id)) env.set("stock.move.line", line, { picked });
}

function shouldConsume(env: Env, move: Row): number {
  const production = env.find("mrp.production", ref(move.raw_material_production_id));
  if (!production || move.state === "done") return 0;
  const open = num(production.qty_producing) - num(env.get("mrp.production", production, "qty_produced"));
  return roundTo(open * unitFactor(env, move), 2);
}

function lotsOf(env: Env, move: Row): number[] {
  const lots = env.of("stock.move.line", "move_id", move.id).map((line) => ref(line.lot_id));
  return [...new Set(lots.filter((lot) => lot !== undefined))];
}

/** A move added to an order or transfer takes its places from there. */
function inheritPlaces(env: Env, values: Record<string, Value>): void {
  const production = env.find("mrp.production", ref(values.raw_material_production_id));
  const picking = env.find("stock.picking", ref(values.picking_id));
  if (production) {
    values.location_id ??= production.location_src_id!;
    values.location_dest_id ??= productionLocation(env);
    values.reference ??= production.name!;
    values.origin ??= production.name!;
  }
  if (picking) {
    values.location_id ??= picking.location_id!;
    values.location_dest_id ??= picking.location_dest_id!;
    values.reference ??= picking.name!;
  }
}

export function productionLocation(env: Env): number {
  return env.search("stock.location", [["usage", "=", "production"]], { limit: 1 })[0]!.id;
}

function joinProduction(env: Env, move: Row): void {
  const production = env.one("mrp.production", ref(move.raw_material_production_id));
  if (production.state === "draft") return;
  env.set("stock.move", move, { state: "confirmed", additional: true });
  reserve(env, move);
}
