import type { Env } from "../env.ts";
import { compareQuantity, num, ref, roundTo } from "../values.ts";
import type { Row } from "../values.ts";
import { quantsOf } from "./quants.ts";
import { moveAtOnce } from "./move-at-once.ts";

/** Brings a quant to `counted` by a move from or to the inventory loss location, and forgets the count. */
export function applyCount(env: Env, quant: Row, counted: number): void {
  const difference = roundTo(counted - num(quant.quantity), 6);
  const losses = env.search("stock.location", [["usage", "=", "inventory"]], { order: "id", limit: 1 })[0]!;
  if (compareQuantity(difference, 0) !== 0) {
    const from = difference > 0 ? losses.id : num(quant.location_id);
    const to = difference > 0 ? num(quant.location_id) : losses.id;
    moveAtOnce(env, {
      place: { product: num(quant.product_id), location: from, lot: ref(quant.lot_id) },
      to,
      quantity: Math.abs(difference),
      values: { is_inventory: true, reference: "Product Quantity Updated" },
    });
  }
  env.set("stock.quant", quant, { inventory_quantity: 0, inventory_quantity_set: false, inventory_diff_quantity: 0 });
}

/** Merges quants of the same place and drops those with nothing left, as opening the inventory screen does. */
export function mergeQuants(env: Env, product?: number): void {
  const first = new Map<string, Row>();
  const quants = product === undefined ? env.search("stock.quant", []) : quantsOf(env, product);
  for (const quant of quants) {
    const key = `${String(quant.product_id)} ${String(quant.location_id)} ${String(quant.lot_id)}`;
    const kept = first.get(key);
    if (!kept) {
      first.set(key, quant);
      continue;
    }
    env.set("stock.quant", kept, {
      quantity: roundTo(num(kept.quantity) + num(quant.quantity), 6),
      reserved_quantity: roundTo(num(kept.reserved_quantity) + num(quant.reserved_quantity), 6),
    });
    env.unlink("stock.quant", quant);
  }
}
