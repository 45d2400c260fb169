import type { Env } from "../env.ts";
import { trackingOf } from "../models/product.ts";
import { convert } from "../models/unit.ts";
import { completeOrders, lotsOfOrder } from "../production/complete.ts";
import { cancelOrder } from "../production/confirm.ts";
import { applyQuantityProducing, consumptionIssues, pickMove } from "../production/consume.ts";
import { finishedMoves, isClosed, producedQuantity, rawMoves, refreshProduction } from "../production/state.ts";
import { addLine, dropLine, setMoveQuantity } from "../stock/reserve.ts";
import { pickedQuantity, refreshMove } from "../stock/move-state.ts";
import { compareQuantity, num, ref, text } from "../values.ts";
import type { Row, Value } from "../values.ts";
import type { Applied } from "./operations.ts";
import { backorderOf, openOrder } from "./orders.ts";
import { planScrap, scrapPieces } from "./scrap-pieces.ts";
import type { ScrapLine, PlannedScrap } from "./scrap-pieces.ts";
import { needLot, refuse } from "./terms.ts";
import type { LotLine, Quantity, Share, Terms } from "./terms.ts";

interface CompleteOrder {
  order: string;
  yield: Quantity;
  final?: boolean;
  lot?: string;
  serials?: string[];
  scrap?: ScrapLine[];
  consumption?: (LotLine & { product: string })[];
  byProducts?: (LotLine & { product: string })[];
  finishedAt?: string;
}

interface Plan {
  order: Row;
  produced: number;
  final: boolean;
  lots: readonly string[];
  consumption: readonly PlannedMove[];
  byProducts: readonly PlannedMove[];
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
  const done = finishReport(terms, plan);
  const lots = lotRows(terms, plan);
  scrapPieces(terms, { source: before, order: done, lots }, scraps);
  if (value.finishedAt !== undefined && done.state === "done")
    env.set("mrp.production", done, { date_finished: value.finishedAt });
  const rest = plan.produced > 0 ? backorderOf(terms, done) : undefined;
  return {
    model: "mrp.production",
    row: done,
    receipt: text(done.name),
    detail: {
      order: text(order.name),
      backorder: rest ? text(rest.name) : false,
      produced: plan.produced,
      scrapped: scrapped(scraps),
      state: done.state,
    },
  };
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
  const consumption = (value.consumption ?? []).map((line) => planMove(terms, order, line, rawMoves(env, order), true));
  const byProducts = (value.byProducts ?? []).map((line) => planMove(terms, order, line, byProductMoves, false));
  if (produced === 0 && value.final !== true)
    refuse(
      "nothing-reported",
      `Neither yield nor scrap of ${text(order.name)} was reported, and the report is not the final one.`,
    );
  const lots = planLots(terms, { order, product, produced, value });
  return { order, produced, final: value.final === true, lots, consumption, byProducts };
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
    if (raw && share.lot !== undefined) terms.lot(product, share.lot);
  }
  return { product, moves: own, unit, shares };
}

function planLots(
  terms: Terms,
  report: { order: Row; product: Row; produced: number; value: CompleteOrder },
): readonly string[] {
  const { env } = terms;
  const { order, product, produced, value } = report;
  const tracking = trackingOf(product);
  if (tracking === "none" || produced === 0) return [];
  const given = value.serials ?? (value.lot === undefined ? [] : [value.lot]);
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
  } else if (names.length > 1)
    refuse("value-invalid", `The product ${text(product.default_code)} takes one lot for each report.`);
  return names;
}

function lotRows(terms: Terms, plan: Plan): Row[] {
  const product = terms.env.one("product.product", ref(plan.order.product_id));
  return plan.lots.map((name) => terms.lotOrNew(product, name));
}

/** Returns the order that now stands as the finished part. Before 19 an order makes one serial, so each is a split. */
function finishReport(terms: Terms, plan: Plan): Row {
  const { env } = terms;
  if (plan.produced === 0) {
    cancelOrder(env, plan.order);
    return plan.order;
  }
  if (env.version >= 19 || plan.lots.length < 2) return finishPart(terms, plan);
  let { order } = plan;
  plan.lots.forEach((lot, at) => {
    const last = at === plan.lots.length - 1;
    const first = at === 0;
    finishPart(terms, {
      order,
      lots: [lot],
      produced: 1,
      final: last && plan.final,
      consumption: first ? plan.consumption : [],
      byProducts: first ? plan.byProducts : [],
    });
    if (last) return;
    order = backorderOf(terms, order) ?? refuse("serial-count", "More serial numbers than open pieces.");
  });
  return order;
}

function finishPart(terms: Terms, plan: Plan): Row {
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
  return order;
}

function lotValues(env: Env, lots: readonly number[]): Record<string, Value> {
  if (lots.length === 0) return {};
  return env.version >= 19 ? { lot_producing_ids: lots } : { lot_producing_id: lots[0]! };
}

function refuseStrict(env: Env, plan: Plan): void {
  if (plan.order.consumption !== "strict" || plan.consumption.length === 0) return;
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
  if (total > 0) pickMove(env, move);
  else env.set("stock.move", move, { picked: false });
}
