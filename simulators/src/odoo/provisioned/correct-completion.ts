import { changeQuantity } from "../models/wizards.ts";
import { trackingOf } from "../models/product.ts";
import { lotsOfOrder } from "../production/complete.ts";
import { producedQuantity, rawMoves } from "../production/state.ts";
import { moveAtOnce } from "../stock/move-at-once.ts";
import { quantsOf } from "../stock/quants.ts";
import { lineSource } from "../stock/reserve.ts";
import { num, ref, roundTo, text } from "../values.ts";
import type { Row } from "../values.ts";
import { completeOrder } from "./complete-order.ts";
import { holdLocation, isHeld } from "./holds.ts";
import { keptAbout } from "./kept.ts";
import type { Counted, Kept } from "./kept.ts";
import type { Applied } from "./operations.ts";
import { chainOf, isOpen } from "./orders.ts";
import { scrapReason } from "./scrap-pieces.ts";
import { validateScrap } from "./stock.ts";
import { refuse } from "./terms.ts";
import type { Quantity, Terms } from "./terms.ts";

interface Change {
  from: keyof Counted | "nothing";
  to: keyof Counted | "nothing";
  quantity: Quantity;
  lot?: string;
  reason?: string;
}

interface CorrectCompletion {
  order: string;
  report: string;
  changes: Change[];
}

/** A correction is booked on top of what stands: scrap, unbuild, or a further completion. */
export function correctCompletion(terms: Terms, value: CorrectCompletion): Applied {
  const { env } = terms;
  const family = chainOf(terms, value.order);
  const kept = keptAbout(env, ["completeOrder", "correctCompletion"], value.report).filter(({ orders }) =>
    orders.some((id) => family.some((order) => order.id === id)),
  );
  if (kept.length === 0) refuse("report-unknown", `No report ${value.report} was completed on ${value.order}.`);
  const orders = family.filter(({ id }) => kept.some((one) => one.orders.includes(id)));
  const counted: Counted = { yield: 0, scrap: 0, rework: 0 };
  for (const one of kept) for (const name of names) counted[name] += one.counted[name];
  const before = { ...counted };
  const unit = env.one("uom.uom", ref(orders[0]!.product_uom_id));
  const more: Change[] = [];
  const did: string[] = [];
  for (const change of value.changes) {
    const amount = terms.amountIn(change.quantity, unit, value.order);
    if (change.from !== "nothing") counted[change.from] -= amount;
    if (change.to !== "nothing") counted[change.to] += amount;
    if (names.some((name) => counted[name] < -1e-6))
      refuse(
        "correction-exceeds",
        `The correction takes more from the ${change.from} of ${value.report} than is left.`,
      );
    const way = `${change.from} ${change.to}`;
    if (way === "yield scrap") did.push(scrapMade(terms, madeOn(terms, orders, change), change, amount));
    else if (way === "yield nothing") did.push(unbuild(terms, family, madeOn(terms, orders, change), change, amount));
    else if (["nothing yield", "nothing scrap", "rework yield", "rework scrap"].includes(way)) more.push(change);
    else if (/yield|scrap/.test(way))
      refuse("not-reversible", `Odoo has no booking that turns ${change.from} into ${change.to}.`);
  }
  const further = more.length > 0 ? completeMore(terms, value.order, orders, more) : undefined;
  if (further) did.push(further.receipt);
  const order = orders.at(-1)!;
  const moved = { yield: 0, scrap: 0, rework: 0 };
  for (const name of names) moved[name] = roundTo(counted[name] - before[name], 6);
  return {
    model: "mrp.production",
    row: order,
    receipt: did.join(", ") || text(order.name),
    detail: { report: value.report, moved, did },
    about: value.report,
    kept: {
      counted: moved,
      orders: [...orders.map(({ id }) => id), ...(further ? [further.row.id] : [])],
      named: further ? (further.kept as Kept).named : [],
    },
  };
}

const names = ["yield", "scrap", "rework"] as const;

function madeOn({ env }: Terms, orders: readonly Row[], { lot }: Change): Row {
  const done = orders.filter(({ state }) => state === "done");
  const product = env.one("product.product", ref(orders[0]!.product_id));
  const lotNames = (order: Row) => lotsOfOrder(env, order).map((id) => text(env.one("stock.lot", id).name));
  if (lot !== undefined) {
    const found = done.findLast((order) => lotNames(order).includes(lot));
    return found ?? refuse("lot-unknown", `The report made nothing of the lot ${lot}.`);
  }
  if (trackingOf(product) !== "none" && (done.length !== 1 || lotNames(done[0]!).length !== 1))
    refuse("lot-missing", "The report made several lots or serial numbers: the correction has to name one.");
  return done.at(-1) ?? refuse("report-unknown", "Nothing of the report is done.");
}

function lotToCorrect({ env }: Terms, order: Row, lot: string | undefined): Row | undefined {
  const lots = env.many("stock.lot", [...lotsOfOrder(env, order)]);
  return lot === undefined ? lots[0] : lots.find(({ name }) => name === lot);
}

/** What is on hold lies apart from the stock. */
function liesAt(terms: Terms, order: Row, lot: string | undefined): number {
  const made = lotToCorrect(terms, order, lot);
  return made && isHeld(terms.env, made.id) ? holdLocation(terms).id : num(order.location_dest_id);
}

function scrapMade(terms: Terms, order: Row, change: Change, amount: number): string {
  const row = terms.env.create("stock.scrap", {
    product_id: num(order.product_id),
    product_uom_id: num(order.product_uom_id),
    scrap_qty: amount,
    origin: text(order.name),
    production_id: order.id,
    location_id: liesAt(terms, order, change.lot),
    lot_id: lotToCorrect(terms, order, change.lot)?.id ?? false,
    ...scrapReason(terms, change.reason),
  });
  validateScrap(terms, row);
  return text(row.name);
}

/** What was counted and never made leaves the stock again, and its components come back, in the lots they had. */
function unbuild(terms: Terms, family: readonly Row[], order: Row, change: Change, amount: number): string {
  const { env } = terms;
  const product = num(order.product_id);
  const place = {
    product,
    location: liesAt(terms, order, change.lot),
    lot: lotToCorrect(terms, order, change.lot)?.id,
  };
  const there = quantsOf(env, product, place.location, place.lot ?? null).reduce(
    (sum, it) => sum + num(it.quantity),
    0,
  );
  if (there < amount) refuse("insufficient-stock", `Odoo did not take back ${amount}: the stock holds ${there}.`);
  const share = amount / producedQuantity(env, order);
  const values = { product_uom: num(order.product_uom_id) };
  const used = rawMoves(env, order).filter(({ state }) => state === "done");
  const through = num(used[0]?.location_dest_id ?? order.production_location_id);
  moveAtOnce(env, { place, to: through, quantity: amount, values });
  for (const move of used)
    for (const line of env.of("stock.move.line", "move_id", move.id)) {
      const { product: component, location, lot } = lineSource(line);
      const back = { place: { product: component, location: through, lot }, to: location };
      const quantity = roundTo(num(line.quantity) * share, env.digits);
      if (quantity > 0) moveAtOnce(env, { ...back, quantity, values: { product_uom: num(move.product_uom) } });
    }
  const rest = family.filter(isOpen);
  if (rest.length === 1) changeQuantity(env, rest[0]!, num(rest[0]!.product_qty) + amount);
  return `unbuild of ${text(order.name)}`;
}

/** More than was counted is a further completion, of what is open. */
function completeMore(terms: Terms, order: string, orders: readonly Row[], changes: readonly Change[]): Applied {
  const { env } = terms;
  const lots = new Set(changes.flatMap(({ lot }) => (lot === undefined ? [] : [lot])));
  if (lots.size > 1) refuse("value-invalid", "The correction adds pieces of several lots: send one for each.");
  const first = changes[0]!.quantity.unit;
  const good = changes.filter(({ to }) => to === "yield");
  const pieces = good.reduce((sum, { quantity }) => sum + terms.amountIn(quantity, terms.unit(first), order), 0);
  const known = lotsOfOrder(env, orders.at(-1)!).map((id) => text(env.one("stock.lot", id).name));
  const lot =
    [...lots][0] ??
    (trackingOf(env.one("product.product", ref(orders[0]!.product_id))) === "lot" ? known[0] : undefined);
  return completeOrder(terms, {
    order,
    yield: { value: String(pieces), unit: first },
    scrap: changes
      .filter(({ to }) => to === "scrap")
      .map(({ quantity, reason, lot: of }) => ({
        quantity,
        ...(reason !== undefined && { reason }),
        ...(of !== undefined && { lot: of }),
      })),
    ...(lot !== undefined && { lot }),
  });
}
