import type { Env } from "../env.ts";
import { keepsStock } from "../models/location.ts";
import { isStorable } from "../models/product.ts";
import { compareQuantity, num, ref, roundTo } from "../values.ts";
import type { Row } from "../values.ts";
import { refreshMove } from "./move-state.ts";
import { changeReservation, quantsOf } from "./quants.ts";
import type { Place } from "./quants.ts";

/** Sets aside what a move still needs, first in first out, as move lines by lot. */
export function reserve(env: Env, move: Row): void {
  const needed = roundTo(num(move.product_uom_qty) - num(move.quantity), 6);
  if (compareQuantity(needed, 0) > 0 && !["done", "cancel", "draft"].includes(String(move.state)))
    take(env, move, needed);
  refreshMove(env, move);
}

/** Adds lines for `needed`; where stock is not counted one line takes it all. Returns what could not be found. */
export function take(env: Env, move: Row, needed: number): number {
  if (!isCounted(env, move)) {
    addLine(env, move, undefined, needed);
    return 0;
  }
  let open = needed;
  for (const quant of quantsOf(env, num(move.product_id), num(move.location_id))) {
    if (compareQuantity(open, 0) <= 0) break;
    const free = roundTo(num(quant.quantity) - num(quant.reserved_quantity), 6);
    const part = Math.min(free, open);
    if (compareQuantity(part, 0) <= 0) continue;
    addLine(env, move, ref(quant.lot_id), part);
    open = roundTo(open - part, 6);
  }
  return open;
}

export function isCounted(env: Env, move: Row): boolean {
  const product = env.one("product.product", ref(move.product_id));
  return isStorable(env, product) && keepsStock(env.one("stock.location", ref(move.location_id)));
}

/** Puts `quantity` on the move's line of that lot, making one where there is none. */
export function addLine(env: Env, move: Row, lot: number | undefined, quantity: number): Row {
  const same = env.of("stock.move.line", "move_id", move.id).find((line) => line.lot_id === (lot ?? false));
  if (same) {
    setLineQuantity(env, same, roundTo(num(same.quantity) + quantity, 6));
    return same;
  }
  return env.create("stock.move.line", {
    ...lineValues(move),
    lot_id: lot ?? false,
    quantity,
    picked: move.picked === true,
  });
}

export function lineValues(move: Row) {
  return {
    move_id: move.id,
    product_id: move.product_id as number,
    product_uom_id: move.product_uom as number,
    location_id: move.location_id as number,
    location_dest_id: move.location_dest_id as number,
    picking_id: (move.picking_id ?? false) as number | false,
    production_id: (move.raw_material_production_id ?? false) as number | false,
    workorder_id: (move.workorder_id ?? false) as number | false,
  };
}

/** Changes a line and what it has reserved. */
export function setLineQuantity(env: Env, line: Row, quantity: number): void {
  if (line.state !== "done") changeReservation(env, lineSource(line), roundTo(quantity - num(line.quantity), 6));
  env.set("stock.move.line", line, { quantity });
}

export function lineSource(line: Row): Place {
  return { product: num(line.product_id), location: num(line.location_id), lot: ref(line.lot_id) };
}

/** What writing `quantity` on a move does: fewer, from the last line; more, from free stock and then from nowhere. */
export function setMoveQuantity(env: Env, move: Row, quantity: number): void {
  const lines = env.of("stock.move.line", "move_id", move.id);
  let excess = roundTo(lines.reduce((total, line) => total + num(line.quantity), 0) - quantity, 6);
  for (const line of lines.toReversed()) {
    if (excess <= 0) break;
    const part = Math.min(excess, num(line.quantity));
    if (compareQuantity(part, num(line.quantity)) === 0) dropLine(env, line);
    else setLineQuantity(env, line, roundTo(num(line.quantity) - part, 6));
    excess = roundTo(excess - part, 6);
  }
  if (excess < 0) {
    const missing = take(env, move, -excess);
    if (missing > 0) addLine(env, move, onlyLot(env, move), missing);
  }
  refreshMove(env, move);
}

function onlyLot(env: Env, move: Row): number | undefined {
  const lines = env.of("stock.move.line", "move_id", move.id);
  return lines.length === 1 ? ref(lines[0]!.lot_id) : undefined;
}

export function dropLine(env: Env, line: Row): void {
  if (line.state !== "done") changeReservation(env, lineSource(line), -num(line.quantity));
  env.set("stock.move.line", line, { quantity: 0 });
  env.unlink("stock.move.line", line);
}

export function unreserve(env: Env, move: Row): void {
  for (const line of env.of("stock.move.line", "move_id", move.id)) if (line.picked !== true) dropLine(env, line);
  refreshMove(env, move);
}
