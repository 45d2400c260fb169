import type { Env } from "../env.ts";
import { validationError } from "../errors.ts";
import { requireUniqueName } from "../models/mrp-production.ts";
import { unitFactor } from "../stock/move-state.ts";
import { reserve } from "../stock/reserve.ts";
import { num, ref, roundTo, text } from "../values.ts";
import type { JsonObject, Row } from "../values.ts";
import { plannedEnd } from "./create.ts";
import { finishedMoves, rawMoves, refreshProduction } from "./state.ts";
import { makeWorkorders, planWorkorders } from "./workorders.ts";

/**
 * Splits an order at what is in hand. The ORIGINAL record becomes the finished part and is renamed (`-001`); a new
 * record (`-002`) is the remainder, of the same group and source. Returns the remainder.
 * @throws ValidationError when nothing remains.
 */
export function splitOrder(env: Env, order: Row): Row {
  const produced = num(order.qty_producing);
  const rest = roundTo(num(order.product_qty) - produced, env.digits);
  if (rest <= 0) throw validationError("The quantity to produce must be positive!", { fromDatabase: true });
  const factors = new Map(movesOf(env, order).map((move) => [move.id, unitFactor(env, move)]));
  const sequence = nameFirst(env, order);
  const remainder = makeRemainder(env, order, { rest, sequence });
  for (const move of movesOf(env, order)) {
    const demand = roundTo((factors.get(move.id) ?? 0) * rest, env.digits);
    carryMove(env, move, remainder, demand);
    env.set("stock.move", move, { product_uom_qty: roundTo((factors.get(move.id) ?? 0) * produced, env.digits) });
  }
  env.set("mrp.production", order, { product_qty: produced });
  makeWorkorders(env, remainder);
  env.set("mrp.production", remainder, { date_finished: plannedEnd(env, remainder) });
  for (const move of movesOf(env, remainder)) reserve(env, move);
  refreshProduction(env, remainder);
  planWorkorders(env, remainder);
  return remainder;
}

function movesOf(env: Env, order: Row): Row[] {
  return [...rawMoves(env, order), ...finishedMoves(env, order)].filter(
    (m) => m.state !== "done" && m.state !== "cancel",
  );
}

/** Gives the finished part its `-001` when it has no number yet; returns the number of the remainder. */
function nameFirst(env: Env, order: Row): number {
  if (num(order.backorder_sequence) === 0) {
    const name = `${text(order.name)}-001`;
    env.set("mrp.production", order, { backorder_sequence: 1, name });
    requireUniqueName(env, order);
    for (const move of [...rawMoves(env, order), ...finishedMoves(env, order)]) {
      env.set("stock.move", move, { reference: name, origin: name, ...(env.version <= 18 && { name }) });
    }
  }
  const group = env.version >= 19 ? "production_group_id" : "procurement_group_id";
  const family = env.of("mrp.production", group, order[group]!);
  return Math.max(...family.map((row) => num(row.backorder_sequence))) + 1;
}

function makeRemainder(env: Env, order: Row, { rest, sequence }: { rest: number; sequence: number }): Row {
  const name = `${text(order.name).replace(/-\d+$/, "")}-${String(sequence).padStart(3, "0")}`;
  const kept: JsonObject = {};
  for (const field of carried) kept[field] = order[field] as number | string | false;
  const group = env.version >= 19 ? "production_group_id" : "procurement_group_id";
  const remainder = env.withContext({ skip_moves: true }).create("mrp.production", {
    ...kept,
    [group]: order[group] as number,
    name,
    product_qty: rest,
    backorder_sequence: sequence,
    date_start: env.now,
    ...copiedManualFields(env, order),
  });
  env.set("mrp.production", remainder, { state: "confirmed" });
  return remainder;
}

const carried = [
  "product_id",
  "product_uom_id",
  "bom_id",
  "origin",
  "priority",
  "picking_type_id",
  "location_src_id",
  "location_dest_id",
  "date_deadline",
  "consumption",
  "user_id",
  "company_id",
];

function copiedManualFields(env: Env, order: Row): JsonObject {
  const copied: JsonObject = {};
  for (const [name, field] of Object.entries(env.db.model("mrp.production").fields))
    if (field.manual && field.copied !== false) copied[name] = order[name] as number | string | boolean;
  return copied;
}

function carryMove(env: Env, move: Row, remainder: Row, demand: number): void {
  if (demand <= 0) return;
  const values: JsonObject = {};
  for (const field of carriedOfMove) values[field] = move[field] as number | string | boolean;
  const raw = ref(move.raw_material_production_id) !== undefined;
  env.create("stock.move", {
    ...values,
    product_uom_qty: demand,
    ...(env.version <= 18 && { name: text(remainder.name) }),
    reference: text(remainder.name),
    origin: text(remainder.name),
    date: text(remainder.date_start),
    state: "confirmed",
    [raw ? "raw_material_production_id" : "production_id"]: remainder.id,
  });
}

const carriedOfMove = [
  "sequence",
  "product_id",
  "product_uom",
  "location_id",
  "location_dest_id",
  "picking_type_id",
  "bom_line_id",
  "byproduct_id",
  "operation_id",
  "manual_consumption",
];
