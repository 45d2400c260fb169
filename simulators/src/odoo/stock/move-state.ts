import type { Env } from "../env.ts";
import { compareQuantity, num, ref, roundTo } from "../values.ts";
import type { Row } from "../values.ts";

/** Works out `quantity` from the lines, and how far the move is covered. */
export function refreshMove(env: Env, move: Row): void {
  const lines = env.of("stock.move.line", "move_id", move.id);
  const quantity = roundTo(
    lines.reduce((total, line) => total + num(line.quantity), 0),
    6,
  );
  const state = stateOf(move, quantity);
  if (move.quantity !== quantity || move.state !== state) env.set("stock.move", move, { quantity, state });
}

function stateOf(move: Row, quantity: number): string {
  const state = String(move.state);
  if (["draft", "done", "cancel"].includes(state)) return state;
  if (compareQuantity(quantity, 0) <= 0) return "confirmed";
  return compareQuantity(quantity, num(move.product_uom_qty)) >= 0 ? "assigned" : "partially_available";
}

/** Consumed or received: what counts of a move that is marked as picked. */
export function pickedQuantity(env: Env, move: Row): number {
  if (move.picked !== true) return 0;
  return env
    .of("stock.move.line", "move_id", move.id)
    .reduce((total, line) => total + (line.picked === true ? num(line.quantity) : 0), 0);
}

/** What one piece of the order takes of a component. */
export function unitFactor(env: Env, move: Row): number {
  const production = env.find("mrp.production", ref(move.raw_material_production_id) ?? ref(move.production_id));
  if (!production) return 1;
  const open = roundTo(num(production.product_qty) - num(env.get("mrp.production", production, "qty_produced")), 6);
  return num(move.product_uom_qty) / (open || 1);
}
