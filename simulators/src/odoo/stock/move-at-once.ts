import type { Env } from "../env.ts";
import type { JsonObject, Row } from "../values.ts";
import { finishMoves } from "./finish.ts";
import type { Place } from "./quants.ts";

/** A move that is made and carried out in one go: an adjustment, a scrap, a return. */
export function moveAtOnce(env: Env, move: { place: Place; to: number; quantity: number; values: JsonObject }): Row {
  const { place, to, quantity } = move;
  const row = env.create("stock.move", {
    product_id: place.product,
    product_uom_qty: quantity,
    location_id: place.location,
    location_dest_id: to,
    state: "confirmed",
    ...move.values,
  });
  env.create("stock.move.line", { move_id: row.id, lot_id: place.lot ?? false, quantity, picked: true });
  finishMoves(env, [row]);
  return row;
}
