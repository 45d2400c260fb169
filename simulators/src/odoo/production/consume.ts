import type { Env } from "../env.ts";
import { setMoveQuantity } from "../stock/reserve.ts";
import { unitFactor } from "../stock/move-state.ts";
import { num, ref, roundTo } from "../values.ts";
import type { Row } from "../values.ts";
import { producedQuantity, rawMoves, refreshProduction } from "./state.ts";

/**
 * `set_qty_producing`: what the pieces in hand take goes on the component moves and is picked, except where consumption
 * is a matter for the operator (17 and 18: every component with lots), where only the quantity follows.
 */
export function applyQuantityProducing(env: Env, order: Row): void {
  const open = num(order.qty_producing) - producedQuantity(env, order);
  for (const move of rawMoves(env, order)) {
    if (move.state === "done" || move.state === "cancel") continue;
    const wanted = roundTo(open * unitFactor(env, move), env.digits);
    if (move.picked === true && move.manual_consumption === true) continue;
    setMoveQuantity(env, move, wanted);
    if (move.manual_consumption !== true) pickMove(env, move);
  }
  refreshProduction(env, order);
}

export function pickMove(env: Env, move: Row): void {
  env.set("stock.move", move, { picked: true });
  for (const line of env.of("stock.move.line", "move_id", move.id)) env.set("stock.move.line", line, { picked: true });
}

/** Consumed against expected, where they differ and the order minds: one entry per component. */
export function consumptionIssues(env: Env, order: Row, picked: (move: Row) => number) {
  if (order.consumption === "flexible" || !env.find("mrp.bom", ref(order.bom_id))) return [];
  const issues: { order: Row; product: number; unit: number; consumed: number; expected: number }[] = [];
  for (const move of rawMoves(env, order)) {
    if (move.state === "done" || move.state === "cancel") continue;
    const expected = num(env.get("stock.move", move, "should_consume_qty"));
    const consumed = roundTo(picked(move), env.digits);
    if (consumed !== expected)
      issues.push({ order, product: num(move.product_id), unit: num(move.product_uom), consumed, expected });
  }
  return issues;
}
