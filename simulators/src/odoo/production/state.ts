import type { Env } from "../env.ts";
import { compareQuantity, num } from "../values.ts";
import type { Row } from "../values.ts";
import { pickedQuantity } from "../stock/move-state.ts";

export function rawMoves(env: Env, production: Row): Row[] {
  return env.of("stock.move", "raw_material_production_id", production.id);
}

export function finishedMoves(env: Env, production: Row): Row[] {
  return env.of("stock.move", "production_id", production.id);
}

/** Pieces that stand as produced: done moves of the product itself. */
export function producedQuantity(env: Env, production: Row): number {
  return finishedMoves(env, production)
    .filter((move) => move.product_id === production.product_id && move.state === "done")
    .reduce((total, move) => total + num(move.quantity), 0);
}

/** Works out `state` and `reservation_state` anew. A state written from outside stays until something makes it be worked out. */
export function refreshProduction(env: Env, production: Row): void {
  const state = stateOf(env, production);
  const reservation = reservationOf(env, production, state);
  if (production.state !== state || production.reservation_state !== reservation)
    env.set("mrp.production", production, { state, reservation_state: reservation });
}

export function isClosed(move: Row): boolean {
  return move.state === "done" || move.state === "cancel";
}

function stateOf(env: Env, production: Row): string {
  const state = String(production.state);
  if (state === "draft" || state === "cancel") return state;
  const raw = rawMoves(env, production);
  const finished = finishedMoves(env, production);
  if (finished.length > 0 && finished.every((move) => move.state === "cancel")) return "cancel";
  if (state === "done" || (finished.length > 0 && finished.every(isClosed) && raw.every(isClosed))) return "done";
  return openState(env, production, raw);
}

function openState(env: Env, production: Row, raw: readonly Row[]): string {
  const workorders = env.of("mrp.workorder", "production_id", production.id);
  if (workorders.length > 0 && workorders.every((row) => row.state === "done" || row.state === "cancel"))
    return "to_close";
  const enough = compareQuantity(num(production.qty_producing), num(production.product_qty)) >= 0;
  if (workorders.length === 0 && enough) return "to_close";
  if (workorders.some((row) => row.state === "progress" || row.state === "done")) return "progress";
  if (num(production.qty_producing) !== 0) return "progress";
  return raw.some((move) => pickedQuantity(env, move) > 0) ? "progress" : "confirmed";
}

function reservationOf(env: Env, production: Row, state: string): string | false {
  if (["draft", "done", "cancel"].includes(state)) return false;
  const open = rawMoves(env, production).filter((move) => !isClosed(move));
  const kept = production.reservation_state;
  if (open.every((move) => move.state === "assigned")) return "assigned";
  if (kept === "assigned" && open.every((move) => move.state !== "confirmed")) return "assigned";
  return "confirmed";
}
