import type { Env } from "../env.ts";
import { bomFor } from "../models/mrp-bom.ts";
import { productionLocation } from "../models/stock-move.ts";
import { trackingOf } from "../models/product.ts";
import { convert } from "../models/unit.ts";
import { odooTime, timeMs } from "../times.ts";
import { num, ref, roundTo, text } from "../values.ts";
import type { JsonObject, Row, Value } from "../values.ts";
import { makeWorkorders, workordersOf } from "./workorders.ts";

/** What an order gets that the caller did not give: bill, places, name, group. */
export function fillOrder(env: Env, values: Record<string, Value>): void {
  const product = env.find("product.product", ref(values.product_id));
  const type = env.find("stock.picking.type", ref(values.picking_type_id)) ?? manufacturingType(env);
  values.picking_type_id = type.id;
  values.location_src_id ??= type.default_location_src_id!;
  values.location_dest_id ??= type.default_location_dest_id!;
  if (product && values.bom_id === undefined) values.bom_id = bomFor(env, product)?.id ?? false;
  const bom = env.find("mrp.bom", ref(values.bom_id));
  if (!product && bom) values.product_id ??= variantOf(env, bom);
  values.product_qty ??= bom ? num(bom.product_qty) : 1;
  values.product_uom_id ??= bom?.product_uom_id ?? product?.uom_id ?? false;
  if (!values.name) values.name = `WH/MO/${String(env.db.next("mrp.production")).padStart(5, "0")}`;
  const group = env.version >= 19 ? "production_group_id" : "procurement_group_id";
  values[group] ??= env.create(env.version >= 19 ? "mrp.production.group" : "procurement.group", {
    name: text(values.name),
  }).id;
}

function manufacturingType(env: Env): Row {
  return env.search("stock.picking.type", [["code", "=", "mrp_operation"]], { limit: 1 })[0]!;
}

function variantOf(env: Env, bom: Row): number | false {
  return ref(bom.product_id) ?? env.of("product.product", "product_tmpl_id", bom.product_tmpl_id!)[0]?.id ?? false;
}

/** Moves and work orders of a new order, unless the caller gave the moves or they are carried over from another. */
export function adoptOrder(env: Env, order: Row, given: ReadonlySet<string>): void {
  if (env.context.skip_moves === true) return;
  if (!given.has("move_raw_ids")) makeRawMoves(env, order);
  if (!given.has("move_finished_ids")) makeFinishedMoves(env, order);
  if (!given.has("workorder_ids")) makeWorkorders(env, order);
  if (!given.has("date_finished")) env.set("mrp.production", order, { date_finished: plannedEnd(env, order) });
}

/** An hour for an order without operations. */
export function plannedEnd(env: Env, order: Row): string {
  const minutes = workordersOf(env, order).reduce((total, row) => total + num(row.duration_expected), 0) || 60;
  return odooTime(timeMs(text(order.date_start)) + minutes * 60_000);
}

function makeRawMoves(env: Env, order: Row): void {
  const bom = env.find("mrp.bom", ref(order.bom_id));
  if (!bom) return;
  const batches = batchesOf(env, order, bom);
  for (const line of env.search("mrp.bom.line", [["bom_id", "=", bom.id]], { order: "sequence, id" })) {
    env.create("stock.move", {
      ...commonValues(env, order),
      product_id: line.product_id as number,
      product_uom: line.product_uom_id as number,
      product_uom_qty: roundTo(num(line.product_qty) * batches, env.digits),
      location_id: order.location_src_id as number,
      location_dest_id: productionLocation(env),
      raw_material_production_id: order.id,
      bom_line_id: line.id,
      operation_id: line.operation_id as number | false,
      manual_consumption: line.manual_consumption === true,
    });
  }
}

function batchesOf(env: Env, order: Row, bom: Row): number {
  const from = env.one("uom.uom", ref(order.product_uom_id));
  const to = env.one("uom.uom", ref(bom.product_uom_id));
  return convert(env, num(order.product_qty), from, to) / (num(bom.product_qty) || 1);
}

function makeFinishedMoves(env: Env, order: Row): void {
  const bom = env.find("mrp.bom", ref(order.bom_id));
  const places = { location_id: productionLocation(env), location_dest_id: order.location_dest_id as number };
  const tracked = trackingOf(env.one("product.product", ref(order.product_id))) !== "none";
  env.create("stock.move", {
    ...commonValues(env, order),
    ...places,
    product_id: order.product_id as number,
    product_uom: order.product_uom_id as number,
    product_uom_qty: num(order.product_qty),
    production_id: order.id,
    manual_consumption: env.version <= 17 && tracked,
  });
  if (!bom) return;
  for (const line of env.of("mrp.bom.byproduct", "bom_id", bom.id))
    env.create("stock.move", {
      ...commonValues(env, order),
      ...places,
      product_id: line.product_id as number,
      product_uom: line.product_uom_id as number,
      product_uom_qty: roundTo(num(line.product_qty) * batchesOf(env, order, bom), env.digits),
      production_id: order.id,
      byproduct_id: line.id,
    });
}

function commonValues(env: Env, order: Row): JsonObject {
  return {
    ...(env.version <= 18 && { name: text(order.name) }),
    reference: text(order.name),
    origin: text(order.name),
    date: text(order.date_start),
    picking_type_id: order.picking_type_id as number,
  };
}
