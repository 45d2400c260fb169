import type { Env } from "../env.ts";
import { userError } from "../errors.ts";
import { trackingOf, productName } from "../models/product.ts";
import { finishMoves, serialOnStock } from "../stock/finish.ts";
import { pickedQuantity } from "../stock/move-state.ts";
import { addLine, setMoveQuantity } from "../stock/reserve.ts";
import { compareQuantity, num, ref, refs, text } from "../values.ts";
import type { Row } from "../values.ts";
import { splitOrder } from "./backorder.ts";
import { applyQuantityProducing, consumptionIssues, pickMove } from "./consume.ts";
import { finishedMoves, rawMoves, refreshProduction } from "./state.ts";
import { backorderWizard, consumptionWizard, openBackorder } from "./wizards.ts";
import { finishWorkorders } from "./workorders.ts";

/**
 * `button_mark_done`. True: done. An action: a wizard wants an answer and NOTHING was done, or, without
 * `skip_redirection`, the way to the backorder that was made. Cancelled orders are skipped without a word.
 */
export function completeOrders(env: Env, orders: readonly Row[]): unknown {
  const named = idsIn(env.context.mo_ids_to_backorder);
  const open = orders.filter(
    (order) => order.state !== "cancel" && (order.state !== "done" || named.includes(order.id)),
  );
  if (open.length === 0) return true;
  for (const order of open) if (num(order.qty_producing) === 0) produceAll(env, order);
  const mark = wizardFor(env, open);
  if (mark) return mark;
  const backorders = open.filter((order) => named.includes(order.id)).map((order) => splitOrder(env, order));
  for (const order of open) finishOrder(env, order);
  for (const backorder of backorders) refreshProduction(env, backorder);
  if (backorders.length === 0 || env.context.skip_redirection === true) return true;
  return openBackorder(backorders);
}

export function idsIn(value: unknown): readonly number[] {
  return Array.isArray(value) ? (value as number[]) : [];
}

/** Nothing reported: the whole order, with everything the bill says. 19 makes up a lot where one is missing. */
function produceAll(env: Env, order: Row): void {
  env.set("mrp.production", order, { qty_producing: num(order.product_qty) });
  applyQuantityProducing(env, order);
  requireConsumedLots(env, order);
}

/** @throws UserError where a component with lots was left for the operator to pick. */
function requireConsumedLots(env: Env, order: Row): void {
  const missing = rawMoves(env, order)
    .filter((move) => move.manual_consumption === true && move.picked !== true)
    .map((move) => env.one("product.product", ref(move.product_id)))
    .filter((product) => trackingOf(product) !== "none");
  if (missing.length === 0) return;
  const list = missing.map((product) => `  - ${productName(env, product)}`).join("\n");
  throw userError(`You need to supply Lot/Serial Number for products and 'consume' them:\n${list}`);
}

function wizardFor(env: Env, orders: readonly Row[]): unknown {
  const unfinished = orders.filter((order) => order.state !== "done");
  if (env.context.skip_consumption !== true) {
    const issues = unfinished.flatMap((order) => consumptionIssues(env, order, (move) => pickedQuantity(env, move)));
    if (issues.length > 0) return consumptionWizard(env, orders, issues);
  }
  if (env.context.skip_backorder === true) return undefined;
  const short = unfinished.filter((order) => compareQuantity(num(order.qty_producing), num(order.product_qty)) < 0);
  const asking = short.filter((order) => typeOf(env, order)?.create_backorder === "ask");
  return asking.length > 0 ? backorderWizard(env, orders, asking) : undefined;
}

function typeOf(env: Env, order: Row): Row | undefined {
  return env.find("stock.picking.type", ref(order.picking_type_id));
}

function finishOrder(env: Env, order: Row): void {
  if (order.state === "done") return;
  const quantity = num(order.qty_producing);
  setFinishedQuantities(env, order, quantity);
  finishWorkorders(env, order, quantity);
  const raw = rawMoves(env, order).filter((move) => move.state !== "done" && move.state !== "cancel");
  const finished = finishedMoves(env, order).filter((move) => move.state !== "done" && move.state !== "cancel");
  finishMoves(env, raw);
  finishMoves(env, finished);
  env.set("mrp.production", order, {
    state: "done",
    reservation_state: false,
    date_start: env.now,
    date_finished: env.now,
    is_locked: true,
  });
}

/** The product gets the lots of the order; a by-product nobody touched comes as the bill says. */
function setFinishedQuantities(env: Env, order: Row, quantity: number): void {
  for (const move of finishedMoves(env, order)) {
    if (move.state === "done" || move.state === "cancel") continue;
    if (move.product_id === order.product_id) setProduced(env, order, move, quantity);
    else if (move.picked !== true) {
      setMoveQuantity(env, move, num(move.product_uom_qty));
      pickMove(env, move);
    }
  }
}

function setProduced(env: Env, order: Row, move: Row, quantity: number): void {
  const lots = producingLots(env, order, quantity);
  setMoveQuantity(env, move, 0);
  if (lots.length === 0) addLine(env, move, undefined, quantity);
  for (const lot of lots) addLine(env, move, lot, quantity / lots.length);
  env.set("stock.move", move, { quantity });
  pickMove(env, move);
}

function producingLots(env: Env, order: Row, quantity: number): readonly number[] {
  const product = env.one("product.product", ref(order.product_id));
  const tracking = trackingOf(product);
  if (tracking === "none") return [];
  const given = lotsOfOrder(env, order);
  const lots = given.length > 0 ? given : inventLot(env, order);
  if (tracking === "serial") requireNewSerials(env, lots, quantity);
  return lots;
}

export function lotsOfOrder(env: Env, order: Row): readonly number[] {
  if (env.version >= 19) return refs(order.lot_producing_ids);
  const lot = ref(order.lot_producing_id);
  return lot === undefined ? [] : [lot];
}

function inventLot(env: Env, order: Row): number[] {
  const lot = env.create("stock.lot", {
    product_id: order.product_id as number,
    company_id: order.company_id as number,
  });
  env.set("mrp.production", order, env.version >= 19 ? { lot_producing_ids: [lot.id] } : { lot_producing_id: lot.id });
  return [lot.id];
}

/** @throws UserError for a serial number that stands on stock already, or for more pieces than serials. */
function requireNewSerials(env: Env, lots: readonly number[], quantity: number): void {
  const taken = lots.find((lot) => serialOnStock(env, lot));
  if (taken !== undefined) {
    const name = text(env.one("stock.lot", taken).name);
    throw userError(`This serial number for product has already been produced: ${name}`);
  }
  if (compareQuantity(quantity, lots.length) !== 0)
    throw userError(`Quantity of ${quantity} does not match the ${lots.length} serial numbers given.`);
}
