import type { Env } from "../env.ts";
import { keepsStock } from "../models/location.ts";
import { trackingOf } from "../models/product.ts";
import { lotsOfOrder } from "../production/complete.ts";
import { producedQuantity } from "../production/state.ts";
import { finishMoves } from "../stock/finish.ts";
import { quantsOf } from "../stock/quants.ts";
import { refreshMove } from "../stock/move-state.ts";
import { dropLine } from "../stock/reserve.ts";
import { num, ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { apartKey } from "./apart.ts";
import { LEDGER } from "./kept.ts";
import type { Applied } from "./operations.ts";
import { chainOf } from "./orders.ts";
import { scrapReason } from "./scrap-pieces.ts";
import { validateScrap } from "./stock.ts";
import { refuse } from "./terms.ts";
import type { Quantity, Terms } from "./terms.ts";

const HELD = "quality hold that stands";
const RELEASED = "quality hold that was released";

interface Hold {
  hold: string;
  product: number;
  lots: number[];
  /** All of the lots or the order, also what comes while the hold stands. */
  all: boolean;
  /** How much was brought to hold when it was placed. */
  amount: number;
  /** The chain of orders whose output is held. */
  orders: string | false;
  location: number;
  reason: string;
}

function standing(env: Env): { row: Row; hold: Hold }[] {
  const rows = env.of(LEDGER, "x_about", HELD);
  return rows.map((row) => ({ row, hold: JSON.parse(text(row.x_kept)) as Hold }));
}

export function isHeld(env: Env, lot: number): boolean {
  return standing(env).some(({ hold }) => hold.all && hold.lots.includes(lot));
}

/** @throws Refusal `lot-held` for a lot that is held as a whole, or of which the held part would be taken */
export function refuseHeld(env: Env, lot: Row, source?: number): void {
  const found = standing(env).find(({ hold }) => hold.lots.includes(lot.id) && (hold.all || source === hold.location));
  if (found) refuse("lot-held", `The lot ${text(lot.name)} is on hold (${found.hold.hold}): ${found.hold.reason}`);
}

/** Beside the stock in the warehouse. */
export function holdLocation(terms: Terms): Row {
  const { env } = terms;
  const inside = num(terms.warehouse().view_location_id);
  const found = env.search("stock.location", [
    ["name", "=", "Quality Hold"],
    ["location_id", "=", inside],
  ])[0];
  return found ?? env.create("stock.location", { name: "Quality Hold", usage: "internal", location_id: inside });
}

interface PlaceHold {
  hold: string;
  product: string;
  lot?: string;
  serials?: string[];
  order?: string;
  quantity?: Quantity;
  reason: string;
}

export function placeHold(terms: Terms, value: PlaceHold): Applied {
  const { env } = terms;
  const product = terms.product(value.product);
  const untracked = trackingOf(product) === "none";
  const given = value.serials ?? (value.lot === undefined ? [] : [value.lot]);
  const names = untracked && value.order !== undefined ? [] : given;
  if (names.length > 0 && untracked)
    refuse("value-invalid", `The product ${value.product} is not tracked by lot, and the hold names ${names[0]}.`);
  if (names.length === 0 && value.order === undefined)
    refuse("lot-missing", `The hold ${value.hold} names neither a lot nor a production order.`);
  const orders = value.order === undefined || names.length > 0 ? [] : chainOf(terms, value.order);
  const done = orders.filter(({ state }) => state === "done");
  const lots =
    names.length > 0
      ? names.map((name) => terms.lotOrNew(product, name).id)
      : done.flatMap((order) => [...lotsOfOrder(env, order)]);
  const place = holdLocation(terms).id;
  const unit = env.one("uom.uom", ref(product.uom_id));
  const amount = value.quantity === undefined ? undefined : terms.amountIn(value.quantity, unit, value.product);
  const made = done.reduce((sum, order) => sum + producedQuantity(env, order), 0);
  const most = amount ?? (untracked ? made : Infinity);
  const where = orders.map((order) => num(order.location_dest_id));
  const held = toHold(terms, { hold: value.hold, product: product.id, lots, where, place, most });
  const hold: Hold = {
    hold: value.hold,
    product: product.id,
    lots,
    all: amount === undefined,
    amount: held,
    orders: orders.length === 0 ? false : apartKey(orders),
    location: place,
    reason: value.reason,
  };
  return {
    model: lots.length > 0 ? "stock.lot" : "mrp.production",
    row: lots.length > 0 ? env.one("stock.lot", lots[0]) : orders[0]!,
    receipt: `hold ${value.hold}`,
    detail: { held, location: "Quality Hold" },
    about: HELD,
    kept: hold,
  };
}

interface Sweep {
  hold: string;
  product: number;
  /** Of these lots; with none, of no lot at the places in `where`. */
  lots: readonly number[];
  where: readonly number[];
  place: number;
  most: number;
}

function toHold(terms: Terms, { hold, product, lots, where, place, most }: Sweep): number {
  const { env } = terms;
  let moved = 0;
  for (const quant of quantsOf(env, product)) {
    const location = num(quant.location_id);
    const lot = ref(quant.lot_id);
    if (location === place || !keepsStock(env.one("stock.location", location))) continue;
    if (lots.length > 0 ? lot === undefined || !lots.includes(lot) : !where.includes(location)) continue;
    const quantity = Math.min(num(quant.quantity), most - moved);
    if (quantity <= 0) continue;
    transfer(terms, { product, from: location, to: place, quantity, lot, origin: hold });
    moved += quantity;
  }
  return moved;
}

interface Transfer {
  product: number;
  from: number;
  to: number;
  quantity: number;
  lot: number | undefined;
  origin: string;
}

function transfer(terms: Terms, { product, from, to, quantity, lot, origin }: Transfer): void {
  const { env } = terms;
  freeReservations(env, product, from, lot);
  const picking = env.create("stock.picking", {
    picking_type_id: num(terms.warehouse().int_type_id),
    location_id: from,
    location_dest_id: to,
    origin,
  });
  const move = env.create("stock.move", {
    product_id: product,
    product_uom_qty: quantity,
    location_id: from,
    location_dest_id: to,
    picking_id: picking.id,
    state: "confirmed",
  });
  env.create("stock.move.line", { move_id: move.id, lot_id: lot ?? false, quantity, picked: true });
  finishMoves(env, [move]);
  env.set("stock.picking", picking, { date_done: env.now });
}

/** What others had set aside of it is theirs no more. */
function freeReservations(env: Env, product: number, location: number, lot: number | undefined): void {
  const lines = env.search("stock.move.line", [
    ["product_id", "=", product],
    ["location_id", "=", location],
    ["lot_id", "=", lot ?? false],
    ["state", "not in", ["done", "cancel"]],
  ]);
  for (const line of lines) {
    const move = env.find("stock.move", ref(line.move_id));
    dropLine(env, line);
    if (move) refreshMove(env, move);
  }
}

/** What was moved or received of a lot that is held as a whole goes to hold. */
export function holdAll(terms: Terms, product: number, lots: readonly number[]): void {
  for (const { hold } of standing(terms.env))
    if (hold.product === product && hold.all && hold.lots.some((lot) => lots.includes(lot)))
      toHold(terms, { ...hold, where: [], place: hold.location, most: Infinity });
}

/** What a completion made while its lot or its order is held goes to hold. */
export function holdMade(
  terms: Terms,
  made: { orders: readonly Row[]; lots: readonly number[]; good: number; chain: readonly Row[] },
): void {
  const { env } = terms;
  const product = num(made.orders[0]!.product_id);
  for (const { row, hold } of standing(env)) {
    if (hold.product !== product || !hold.all) continue;
    const ofOrder = hold.orders !== false && hold.orders === apartKey(made.chain);
    const lots = made.lots.filter((lot) => ofOrder || hold.lots.includes(lot));
    if (lots.length === 0 && !ofOrder) continue;
    const where = made.orders.map((order) => num(order.location_dest_id));
    const most = lots.length > 0 ? Infinity : made.good;
    toHold(terms, { hold: hold.hold, product, lots, where, place: hold.location, most });
    const all = { ...hold, lots: [...new Set([...hold.lots, ...lots])] };
    env.set(LEDGER, row, { x_kept: JSON.stringify(all) });
  }
}

interface ReleaseHold {
  hold: string;
  disposition: string;
}

export function releaseHold(terms: Terms, value: ReleaseHold): Applied {
  const { env } = terms;
  const found = standing(env).find(({ hold }) => hold.hold === value.hold);
  if (!found) return refuse("hold-unknown", `No hold ${value.hold} stands in Odoo.`);
  const { row, hold } = found;
  env.set(LEDGER, row, { x_about: RELEASED });
  let moved = 0;
  for (const quant of quantsOf(env, hold.product, hold.location)) {
    const lot = ref(quant.lot_id);
    // Of a part of a lot no more than was held of it: another hold may have the rest.
    const quantity = hold.all ? num(quant.quantity) : Math.min(num(quant.quantity), hold.amount - moved);
    if (quantity <= 0 || (hold.lots.length > 0 && (lot === undefined || !hold.lots.includes(lot)))) continue;
    if (lot !== undefined && isHeld(env, lot)) continue;
    if (value.disposition === "scrap") scrapHeld(terms, hold, quantity, lot);
    else if (value.disposition === "use-as-is")
      transfer(terms, {
        product: hold.product,
        from: hold.location,
        to: terms.stockLocation().id,
        quantity,
        lot,
        origin: hold.hold,
      });
    else continue;
    moved += quantity;
  }
  const [lot] = hold.lots;
  return {
    model: lot === undefined ? "product.product" : "stock.lot",
    row: lot === undefined ? env.one("product.product", hold.product) : env.one("stock.lot", lot),
    receipt: `release of ${hold.hold}`,
    detail: { disposition: value.disposition, moved },
  };
}

function scrapHeld(terms: Terms, hold: Hold, quantity: number, lot: number | undefined): void {
  const { env } = terms;
  const scrap = env.create("stock.scrap", {
    product_id: hold.product,
    product_uom_id: num(env.one("product.product", hold.product).uom_id),
    scrap_qty: quantity,
    lot_id: lot ?? false,
    origin: hold.hold,
    location_id: hold.location,
    ...scrapReason(terms, hold.reason),
  });
  validateScrap(terms, scrap);
}
