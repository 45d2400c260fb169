import type { Env } from "../env.ts";
import { changeQuantity } from "../models/wizards.ts";
import { trackingOf } from "../models/product.ts";
import { convert } from "../models/unit.ts";
import { completeOrders, lotsOfOrder } from "../production/complete.ts";
import { cancelOrder } from "../production/confirm.ts";
import { applyQuantityProducing, consumptionIssues, pickMove } from "../production/consume.ts";
import { finishedMoves, isClosed, producedQuantity, rawMoves, refreshProduction } from "../production/state.ts";
import { addLine, dropLine, setMoveQuantity, take } from "../stock/reserve.ts";
import { pickedQuantity, refreshMove, unitFactor } from "../stock/move-state.ts";
import { compareQuantity, num, ref, text } from "../values.ts";
import type { Row, Value } from "../values.ts";
import type { Applied } from "./operations.ts";
import { apartRows, refuseShort, reportedComponents, settleApart } from "./apart.ts";
import { holdMade, refuseHeld } from "./holds.ts";
import { backorderOf, chainOf, openOrder } from "./orders.ts";
import { planScrap, scrapPieces } from "./scrap-pieces.ts";
import type { ScrapLine, PlannedScrap } from "./scrap-pieces.ts";
import { needLot, refuse } from "./terms.ts";
import type { LotLine, Quantity, Share, Terms } from "./terms.ts";

interface CompleteOrder {
  order: string;
  yield: Quantity;
  final?: boolean;
  lot?: string;
  lots?: { lot: string; quantity: Quantity }[];
  serials?: string[];
  scrap?: ScrapLine[];
  consumption?: (LotLine & { product: string; insteadOf?: string })[];
  shortage?: "book" | "refuse";
  byProducts?: (LotLine & { product: string })[];
  finishedAt?: string;
  report?: string;
  rework?: Quantity;
}

interface Plan {
  order: Row;
  produced: number;
  final: boolean;
  lots: readonly string[];
  /** More than one: each is produced as an order of its own. */
  parts: readonly Part[];
  /** One part of several: a strict bill was looked at for all together. */
  inParts?: boolean;
  consumption: readonly PlannedMove[];
  byProducts: readonly PlannedMove[];
  /** Components consumed as told. */
  named: readonly number[];
}

/** A lot or serial number with the pieces made of it. */
interface Part {
  name: string;
  amount: number;
}

interface PlannedMove {
  product: Row;
  moves: readonly Row[];
  unit: Row;
  shares: readonly Share[];
}

/** One report on an order: what is in hand becomes done, the rest a backorder unless the report is final. */
export function completeOrder(terms: Terms, value: CompleteOrder): Applied {
  const { env } = terms;
  const order = openOrder(terms, value.order);
  const before = text(order.name);
  const scraps = planScrap(terms, order, value.scrap ?? []);
  const plan = planReport(terms, order, value, scraps);
  const waiting = apartRows(env, chainOf(terms, value.order)).filter(({ lines }) => lines.some((it) => it.order === 0));
  if (plan.produced === 0 && waiting.length > 0)
    refuse("consumption-open", `Material was reported for ${before} and nothing was made with it.`);
  const orders = finishReport(terms, plan);
  const done = orders.at(-1)!;
  settleApart(env, waiting, orders[0]!);
  if (value.shortage === "refuse") refuseShort(env, orders);
  const lots = lotRows(terms, plan);
  scrapPieces(terms, { source: before, order: done, lots }, scraps);
  if (plan.produced > 0)
    holdMade(terms, {
      orders,
      lots: lots.map(({ id }) => id),
      good: plan.produced - scrapped(scraps),
      chain: chainOf(terms, value.order),
    });
  if (value.finishedAt !== undefined && done.state === "done")
    for (const made of orders) env.set("mrp.production", made, { date_finished: value.finishedAt });
  const rest = plan.produced > 0 ? backorderOf(terms, done) : undefined;
  const names = orders.map((made) => text(made.name));
  const unit = env.one("uom.uom", ref(order.product_uom_id));
  const rework = value.rework === undefined ? 0 : terms.amountIn(value.rework, unit, before);
  return {
    model: "mrp.production",
    row: done,
    receipt: receiptOf(names),
    detail: {
      order: text(order.name),
      orders: names,
      backorder: rest ? text(rest.name) : false,
      produced: plan.produced,
      scrapped: scrapped(scraps),
      state: done.state,
    },
    ...(value.report !== undefined && { about: value.report }),
    kept: {
      counted: { yield: plan.produced - scrapped(scraps), scrap: scrapped(scraps), rework },
      orders: orders.map(({ id }) => id),
      named: plan.named,
    },
  };
}

/** All orders made, or the first and the last of many. */
function receiptOf(names: readonly string[]): string {
  return names.length <= 10 ? names.join(", ") : `${names[0]} … ${names.at(-1)}`;
}

function scrapped(scraps: readonly PlannedScrap[]): number {
  return scraps.reduce((sum, line) => sum + (line.own ? line.amount : 0), 0);
}

function planReport(terms: Terms, order: Row, value: CompleteOrder, scraps: readonly PlannedScrap[]): Plan {
  const { env } = terms;
  const unit = env.one("uom.uom", ref(order.product_uom_id));
  const product = env.one("product.product", ref(order.product_id));
  const produced = terms.amountIn(value.yield, unit, text(product.default_code)) + scrapped(scraps);
  const byProductMoves = finishedMoves(env, order).filter((move) => move.product_id !== order.product_id);
  const told = (value.consumption ?? []).flatMap((line) => [
    planMove(terms, order, line, rawMoves(env, order), true),
    ...(line.insteadOf === undefined ? [] : [nothingInstead(terms, order, line.insteadOf)]),
  ]);
  const { consumption, named } = planApart(terms, order, value.order, produced, told);
  const byProducts = (value.byProducts ?? []).map((line) => planMove(terms, order, line, byProductMoves, false));
  if (produced === 0 && value.final !== true)
    refuse(
      "nothing-reported",
      `Neither yield nor scrap of ${text(order.name)} was reported, and the report is not the final one.`,
    );
  const report = { order, product, produced, value, scraps };
  const given = lotsGiven(terms, report);
  const names = planLots(terms, report);
  const parts = planParts(terms, report, names, given);
  const lots = parts.length > 0 ? parts.map((part) => part.name) : names;
  return { order, produced, final: value.final === true, lots, parts, consumption, byProducts, named };
}

function nothingInstead(terms: Terms, order: Row, code: string): PlannedMove {
  const product = terms.product(code);
  const nothing = nothingOfProduct(terms.env, order, product);
  return nothing ?? refuse("component-unknown", `${code} is no component of ${text(order.name)}.`);
}

function nothingOfProduct(env: Env, order: Row, product: Row): PlannedMove | undefined {
  const moves = rawMoves(env, order).filter((move) => move.product_id === product.id && !isClosed(move));
  if (moves.length === 0) return undefined;
  const unit = env.one("uom.uom", ref(moves[0]!.product_uom));
  return { product, moves, unit, shares: [{ lot: undefined, amount: 0 }] };
}

/** Adds what was reported before this completion, and nothing by the bill of what was reported. */
function planApart(terms: Terms, order: Row, name: string, produced: number, told: readonly PlannedMove[]) {
  const { env } = terms;
  const rows = apartRows(env, chainOf(terms, name));
  const consumption = told.map((line) => ({ ...line, shares: [...line.shares] }));
  const named = new Set(told.map(({ product }) => product.id));
  for (const line of rows.flatMap(({ lines }) => lines).filter((it) => it.order === 0)) {
    const product = env.one("product.product", line.product);
    let found = consumption.find((it) => it.product.id === product.id);
    if (!found) {
      const moves = rawMoves(env, order).filter((move) => move.product_id === product.id && !isClosed(move));
      const unit = env.one("uom.uom", ref(moves[0]?.product_uom) ?? ref(product.uom_id));
      const byBill = moves.reduce((sum, move) => sum + unitFactor(env, move), 0) * produced;
      found = {
        product,
        moves,
        unit,
        shares: line.additional && byBill > 0 ? [{ lot: undefined, amount: byBill }] : [],
      };
      consumption.push(found);
      if (!line.additional) named.add(product.id);
    }
    for (const [lot, amount] of line.shares) {
      const lotName = lot === 0 ? undefined : text(env.one("stock.lot", lot).name);
      const own = env.one("uom.uom", ref(product.uom_id));
      found.shares.push({ lot: lotName, amount: convert(env, amount, own, found.unit) });
    }
  }
  for (const component of reportedComponents(rows).keys()) {
    if (named.has(component)) continue;
    const nothing = nothingOfProduct(env, order, env.one("product.product", component));
    if (nothing) consumption.push({ ...nothing, shares: [...nothing.shares] });
    named.add(component);
  }
  return { consumption, named: [...named] };
}

function planMove(
  terms: Terms,
  order: Row,
  line: LotLine & { product: string },
  moves: readonly Row[],
  raw: boolean,
): PlannedMove {
  const { env } = terms;
  const product = terms.product(line.product);
  const own = moves.filter((move) => move.product_id === product.id && !isClosed(move));
  if (own.length === 0 && !raw) refuse("component-unknown", `${line.product} is no by-product of ${text(order.name)}.`);
  const unit = env.one("uom.uom", ref(own[0]?.product_uom) ?? ref(product.uom_id));
  const shares = terms.shares(line, product, unit);
  for (const share of shares) {
    if (own.length === 0) needLot(product, share.lot, "The quantity");
    if (raw && share.lot !== undefined) refuseHeld(env, terms.lot(product, share.lot));
  }
  return { product, moves: own, unit, shares };
}

interface Report {
  order: Row;
  product: Row;
  produced: number;
  value: CompleteOrder;
  scraps: readonly PlannedScrap[];
}

/** The lots of a report of several, whose quantities add up to the yield. */
function lotsGiven(terms: Terms, { order, product, produced, value, scraps }: Report): readonly Part[] {
  const { env } = terms;
  const { lots = [], lot, serials } = value;
  const unit = env.one("uom.uom", ref(order.product_uom_id));
  const parts = lots.map((one) => ({
    name: one.lot,
    amount: terms.amountIn(one.quantity, unit, text(product.default_code)),
  }));
  if (parts.length === 0) return [];
  if (lot !== undefined || serials !== undefined)
    refuse("value-invalid", `The report of ${text(order.name)} names lots, and a lot or serial numbers besides.`);
  if (trackingOf(product) === "serial")
    refuse("value-invalid", `The product ${text(product.default_code)} is tracked by serial: name serial numbers.`);
  const total = parts.reduce((sum, part) => sum + part.amount, 0);
  const good = produced - scrapped(scraps);
  if (compareQuantity(total, good, 6) !== 0)
    refuse("lots-sum", `The lots of ${text(order.name)} add up to ${total}, the yield is ${good}.`);
  return parts;
}

/** An order makes one lot, before 19 one serial number. Scrap that names no lot of the report counts with the last. */
function planParts(
  terms: Terms,
  { product, scraps }: Report,
  names: readonly string[],
  given: readonly Part[],
): readonly Part[] {
  if (trackingOf(product) === "serial")
    return terms.env.version >= 19 ? [] : names.map((name) => ({ name, amount: 1 }));
  if (names.length === 0) return [];
  const parts = given.map((part) => ({ ...part }));
  for (const line of parts.length === 0 ? [] : scraps.filter((scrap) => scrap.own)) {
    const part = parts.find(({ name }) => name === line.lot) ?? parts.at(-1)!;
    part.amount += line.amount;
  }
  return parts.filter(({ amount }) => amount > 0);
}

function planLots(terms: Terms, report: Report): readonly string[] {
  const { env } = terms;
  const { order, product, produced, value } = report;
  const tracking = trackingOf(product);
  if (tracking === "none" || produced === 0) return [];
  const given = value.serials ?? value.lots?.map(({ lot }) => lot) ?? (value.lot === undefined ? [] : [value.lot]);
  const names = given.length > 0 ? given : lotsOfOrder(env, order).map((id) => text(env.one("stock.lot", id).name));
  if (names.length === 0)
    refuse(
      "lot-missing",
      `The product ${text(product.default_code)} is tracked by ${tracking}, and the report names none.`,
    );
  if (tracking === "serial") {
    const pieces = convert(
      env,
      produced,
      env.one("uom.uom", ref(order.product_uom_id)),
      env.one("uom.uom", ref(product.uom_id)),
    );
    if (names.length !== pieces || new Set(names).size !== names.length)
      refuse(
        "serial-count",
        `The report of ${text(order.name)} is about ${pieces} pieces and names ${names.length} serial numbers.`,
      );
  } else if (names.length > 1 && value.lots === undefined)
    refuse("value-invalid", `The product ${text(product.default_code)} is tracked by lot: give each its quantity.`);
  return names;
}

function lotRows(terms: Terms, plan: Plan): Row[] {
  const product = terms.env.one("product.product", ref(plan.order.product_id));
  return plan.lots.map((name) => terms.lotOrNew(product, name));
}

/** Returns the orders that now stand as the finished parts. */
function finishReport(terms: Terms, plan: Plan): readonly Row[] {
  const { env } = terms;
  if (plan.produced === 0) {
    cancelOrder(env, plan.order);
    return [plan.order];
  }
  if (plan.parts.length < 2) {
    finishPart(terms, plan);
    return [plan.order];
  }
  requireStrictSum(env, plan);
  makeRoom(env, plan);
  const done: Row[] = [];
  let { order } = plan;
  plan.parts.forEach(({ name, amount }, at) => {
    const last = at === plan.parts.length - 1;
    const first = at === 0;
    const part = {
      order,
      lots: [name],
      parts: [],
      named: [],
      produced: amount,
      final: last && plan.final,
      inParts: true,
    };
    const byProducts = finishedMoves(env, order).filter((move) => move.product_id !== order.product_id);
    finishPart(terms, {
      ...part,
      consumption: first ? plan.consumption : nothingOf(plan.consumption, rawMoves(env, order)),
      byProducts: first ? plan.byProducts : nothingOf(plan.byProducts, byProducts),
    });
    done.push(order);
    if (!last) order = backorderOf(terms, order) ?? refuse("not-completed", "No open order is left for the next part.");
  });
  return done;
}

/** The parts before the last must leave something open for the next one. */
function makeRoom(env: Env, { order, parts, produced }: Plan): void {
  const before = parts.slice(0, -1).reduce((sum, part) => sum + part.amount, 0);
  const already = producedQuantity(env, order);
  if (compareQuantity(num(order.product_qty) - already, before, 6) <= 0) changeQuantity(env, order, already + produced);
}

/** What was reported is booked with the first part; the later ones take nothing of it. */
function nothingOf(lines: readonly PlannedMove[], moves: readonly Row[]): PlannedMove[] {
  return lines.flatMap((line) => {
    const own = moves.filter((move) => move.product_id === line.product.id && !isClosed(move));
    return own.length === 0 ? [] : [{ ...line, moves: own, shares: [{ lot: undefined, amount: 0 }] }];
  });
}

/** On a strict bill the parts together have to consume what it says. */
function requireStrictSum(env: Env, { order, consumption, produced }: Plan): void {
  if (order.consumption !== "strict") return;
  for (const { product, moves, shares } of consumption) {
    const expected = moves.reduce((sum, move) => sum + unitFactor(env, move), 0) * produced;
    const reported = shares.reduce((sum, share) => sum + share.amount, 0);
    if (compareQuantity(expected, reported, 2) !== 0)
      refuse(
        "odoo-refused",
        `The bill of materials of ${text(order.name)} is strict: ${text(product.default_code)} differs from it.`,
      );
  }
}

function finishPart(terms: Terms, plan: Plan): void {
  const { env } = terms;
  const { order } = plan;
  const lots = lotRows(terms, plan).map((lot) => lot.id);
  env.set("mrp.production", order, {
    qty_producing: plan.produced + producedQuantity(env, order),
    ...lotValues(env, lots),
  });
  applyQuantityProducing(env, order);
  for (const line of plan.consumption) setConsumption(terms, order, line);
  for (const line of plan.byProducts) setMove(terms, line.moves[0]!, line);
  for (const move of rawMoves(env, order)) if (!isClosed(move)) nameLots(env, order, move);
  for (const move of rawMoves(env, order)) if (num(move.quantity) > 0 && move.picked !== true) pickMove(env, move);
  refreshProduction(env, order);
  refuseStrict(env, plan);
  const rest = num(order.product_qty) - plan.produced;
  const split = !plan.final && compareQuantity(rest, 0, 6) > 0;
  completeOrders(
    env.withContext({
      skip_backorder: true,
      mo_ids_to_backorder: split ? [order.id] : [],
      skip_consumption: true,
      skip_redirection: true,
    }),
    [order],
  );
  if (order.state !== "done")
    refuse("not-completed", `Odoo left ${text(order.name)} in the state ${text(order.state)}.`);
}

/** What a component with lots takes beyond its reservation comes from the lots on stock. */
function nameLots(env: Env, order: Row, move: Row): void {
  const product = env.one("product.product", ref(move.product_id));
  if (trackingOf(product) === "none") return;
  const bare = env.of("stock.move.line", "move_id", move.id).filter((line) => ref(line.lot_id) === undefined);
  const missing = bare.reduce((sum, line) => sum + num(line.quantity), 0);
  if (missing === 0) return;
  for (const line of bare) dropLine(env, line);
  const short = take(env, move, missing);
  if (short > 0)
    refuse(
      "lot-missing",
      `The component ${text(product.default_code)} of ${text(order.name)} is tracked by ${trackingOf(product)}, ` +
        `the report names none, and stock has too little of any: ${short} more needed.`,
    );
  refreshMove(env, move);
  pickMove(env, move);
}

function lotValues(env: Env, lots: readonly number[]): Record<string, Value> {
  if (lots.length === 0) return {};
  return env.version >= 19 ? { lot_producing_ids: lots } : { lot_producing_id: lots[0]! };
}

function refuseStrict(env: Env, plan: Plan): void {
  if (plan.order.consumption !== "strict" || plan.consumption.length === 0 || plan.inParts === true) return;
  if (consumptionIssues(env, plan.order, (move) => pickedQuantity(env, move)).length > 0)
    refuse(
      "odoo-refused",
      `The bill of materials of ${text(plan.order.name)} is strict, and the reported consumption differs from it.`,
    );
}

/** The reported amount goes to the first move of the product; its other moves consume nothing. */
function setConsumption(terms: Terms, order: Row, line: PlannedMove): void {
  const { env } = terms;
  const move =
    line.moves[0] ??
    env.create("stock.move", {
      product_id: line.product.id,
      product_uom: line.unit.id,
      product_uom_qty: 0,
      raw_material_production_id: order.id,
    });
  for (const other of line.moves.slice(1)) emptyMove(env, other);
  setMove(terms, move, line);
}

function emptyMove(env: Env, move: Row): void {
  for (const line of env.of("stock.move.line", "move_id", move.id)) dropLine(env, line);
  env.set("stock.move", move, { picked: false });
  refreshMove(env, move);
}

function setMove(terms: Terms, move: Row, line: PlannedMove): void {
  const { env } = terms;
  const total = line.shares.reduce((sum, share) => sum + share.amount, 0);
  if (line.shares.length === 1 && line.shares[0]!.lot === undefined) setMoveQuantity(env, move, total);
  else {
    emptyMove(env, move);
    for (const share of line.shares)
      addLine(
        env,
        move,
        share.lot === undefined ? undefined : terms.lotOrNew(line.product, share.lot).id,
        share.amount,
      );
  }
  refreshMove(env, move);
  // A by-product of which nothing was reported stays at nothing; one nobody touched comes as the bill says.
  if (total > 0 || ref(move.raw_material_production_id) === undefined) pickMove(env, move);
  else env.set("stock.move", move, { picked: false });
}
