import type { Env } from "../env.ts";
import { userError } from "../errors.ts";
import { productName, trackingOf } from "../models/product.ts";
import { keepsStock } from "../models/location.ts";
import { compareQuantity, num, ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { changeStock } from "./quants.ts";
import { dropLine, lineSource, setLineQuantity } from "./reserve.ts";

/**
 * Carries out what was picked of the moves: stock changes, lines and moves are done. Lines that were not picked fall
 * away; a move of which nothing was picked is cancelled where `cancelUnpicked` says so.
 * @throws UserError when a tracked product has no lot, or a serial number stands already.
 */
export function finishMoves(env: Env, moves: readonly Row[]): void {
  for (const move of moves) {
    for (const line of env.of("stock.move.line", "move_id", move.id))
      if (line.picked !== true || compareQuantity(num(line.quantity), 0) === 0) dropLine(env, line);
  }
  const lines = moves.flatMap((move) => env.of("stock.move.line", "move_id", move.id));
  requireLots(env, lines);
  for (const line of lines) finishLine(env, line);
  for (const move of moves) finishMove(env, move);
}

function finishMove(env: Env, move: Row): void {
  const lines = env.of("stock.move.line", "move_id", move.id);
  const quantity = lines.reduce((total, line) => total + num(line.quantity), 0);
  if (lines.length === 0) env.set("stock.move", move, { state: "cancel", quantity: 0 });
  else env.set("stock.move", move, { state: "done", quantity, picked: true, date: env.now });
}

function finishLine(env: Env, line: Row): void {
  if (text(line.lot_name) !== "" && line.lot_id === false)
    env.set("stock.move.line", line, { lot_id: lotNamed(env, line) });
  const { product, location, lot } = lineSource(line);
  const quantity = num(line.quantity);
  setLineQuantity(env, line, 0);
  changeStock(env, { product, location, lot }, -quantity);
  changeStock(env, { product, location: num(line.location_dest_id), lot }, quantity);
  env.set("stock.move.line", line, { quantity, state: "done", date: env.now });
}

/** The lot a line names, made if it is new. */
function lotNamed(env: Env, line: Row): number {
  const found = env.of("stock.lot", "product_id", line.product_id!).find((lot) => lot.name === line.lot_name);
  return (
    found?.id ?? env.create("stock.lot", { name: line.lot_name as string, product_id: line.product_id as number }).id
  );
}

function requireLots(env: Env, lines: readonly Row[]): void {
  const missing = new Set<string>();
  for (const line of lines) {
    const product = env.one("product.product", ref(line.product_id));
    if (trackingOf(product) === "none" || line.lot_id !== false || text(line.lot_name) !== "") continue;
    missing.add(productName(env, product));
  }
  if (missing.size === 0) return;
  const list = [...missing].map((name) => ` - ${name}`).join("\n");
  throw userError(`You need to supply a Lot/Serial Number for product:\n${list}`);
}

/** Quantity of a serial number on stock; more than one piece of a serial is refused by callers. */
export function serialOnStock(env: Env, lot: number): boolean {
  return env
    .of("stock.quant", "lot_id", lot)
    .some((quant) => num(quant.quantity) > 0 && keepsStock(env.one("stock.location", ref(quant.location_id))));
}

/** Rewrites the quantity of a move that is done: stock follows without any new move, as Odoo lets it. */
export function rewriteDoneMove(env: Env, move: Row, quantity: number): void {
  const lines = env.of("stock.move.line", "move_id", move.id);
  const line = lines[0];
  if (!line) return;
  const others = lines.slice(1).reduce((total, other) => total + num(other.quantity), 0);
  const difference = quantity - others - num(line.quantity);
  const { product, location, lot } = lineSource(line);
  changeStock(env, { product, location, lot }, -difference);
  changeStock(env, { product, location: num(line.location_dest_id), lot }, difference);
  env.set("stock.move.line", line, { quantity: num(line.quantity) + difference });
  env.set("stock.move", move, { quantity });
}
