import type { Env } from "../env.ts";
import { accessError } from "../errors.ts";
import { rewriteDoneMove } from "../stock/finish.ts";
import { compareQuantity, num } from "../values.ts";
import type { Row, Value } from "../values.ts";
import { finishedMoves } from "./state.ts";

/** Writing `qty_producing` on an order that is done rewrites its stock: accepted, no trace, components untouched. */
export function rewriteDoneOrder(env: Env, order: Row, values: Record<string, Value>): void {
  if (order.state !== "done" || values.qty_producing === undefined) return;
  const wanted = num(values.qty_producing);
  if (compareQuantity(wanted, num(order.qty_producing)) === 0) return;
  const move = finishedMoves(env, order).find((m) => m.product_id === order.product_id && m.state === "done");
  if (move) {
    requireValuationRight(env);
    rewriteDoneMove(env, move, wanted);
  }
}

/** Up to 18 the change of value is written in the caller's own name, which only a stock manager may. */
function requireValuationRight(env: Env): void {
  if (env.version >= 19 || env.su || env.groups.has("stock_manager")) return;
  throw accessError("You are not allowed to create 'Stock Valuation Layer' (stock.valuation.layer) records.");
}
