import type { Env } from "../env.ts";
import { userError } from "../errors.ts";
import { reserve, unreserve } from "../stock/reserve.ts";
import { ref } from "../values.ts";
import type { Row } from "../values.ts";
import { finishedMoves, rawMoves, refreshProduction } from "./state.ts";
import { planWorkorders, workordersOf } from "./workorders.ts";

/** Releases a draft: consumption rule of the bill, moves confirmed, components reserved. Anything else is left alone. */
export function confirmOrder(env: Env, order: Row): void {
  if (order.state !== "draft") return;
  const bom = env.find("mrp.bom", ref(order.bom_id));
  env.set("mrp.production", order, { state: "confirmed", ...(bom && { consumption: bom.consumption! }) });
  for (const move of [...rawMoves(env, order), ...finishedMoves(env, order)])
    if (move.state === "draft") env.set("stock.move", move, { state: "confirmed" });
  for (const move of finishedMoves(env, order)) reserve(env, move);
  const type = env.find("stock.picking.type", ref(order.picking_type_id));
  if (type?.reservation_method === "at_confirm") reserveComponents(env, order);
  refreshProduction(env, order);
  planWorkorders(env, order);
}

export function reserveComponents(env: Env, order: Row): void {
  for (const move of rawMoves(env, order)) reserve(env, move);
  refreshProduction(env, order);
}

export function unreserveComponents(env: Env, order: Row): void {
  for (const move of rawMoves(env, order)) if (move.state !== "done") unreserve(env, move);
  refreshProduction(env, order);
}

/** @throws UserError for an order that is done; 17 and 18 say nothing and leave what is really done as it is. */
export function cancelOrder(env: Env, order: Row): void {
  const moves = [...rawMoves(env, order), ...finishedMoves(env, order)];
  if (order.state === "done" && env.version >= 19)
    throw userError("You cannot cancel a manufacturing order that is already done.");
  if (moves.some((move) => move.state === "done")) return;
  for (const move of moves) {
    if (move.state === "done") continue;
    env.set("stock.move", move, { picked: false });
    for (const line of env.of("stock.move.line", "move_id", move.id))
      env.set("stock.move.line", line, { picked: false });
    unreserve(env, move);
    env.set("stock.move", move, { state: "cancel" });
  }
  for (const row of workordersOf(env, order))
    if (row.state !== "done") env.set("mrp.workorder", row, { state: "cancel" });
  env.set("mrp.production", order, { state: "cancel", reservation_state: false });
}
