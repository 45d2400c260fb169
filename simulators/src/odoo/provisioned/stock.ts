import { trackingOf } from "../models/product.ts";
import { applyCount, mergeQuants } from "../stock/count.ts";
import { finishMoves } from "../stock/finish.ts";
import { quantsOf } from "../stock/quants.ts";
import { callMethod, findMethod } from "../rpc/call.ts";
import { num, ref, text } from "../values.ts";
import type { JsonObject, Row } from "../values.ts";
import type { Applied } from "./operations.ts";
import { holdAll, refuseHeld } from "./holds.ts";
import { anyOrder } from "./orders.ts";
import { scrapReason } from "./scrap-pieces.ts";
import { needLot, refuse } from "./terms.ts";
import type { LotLine, Quantity, Terms } from "./terms.ts";

interface MoveStock extends LotLine {
  kind: "transfer" | "receipt" | "issue";
  product: string;
  from?: string;
  to?: string;
  reference?: string;
  movedAt?: string;
}

export function moveStock(terms: Terms, value: MoveStock, token: string): Applied {
  const { env } = terms;
  const product = terms.product(value.product);
  const unit = terms.unitLike(value.quantity.unit, env.one("uom.uom", ref(product.uom_id)), value.product);
  const from =
    value.from === undefined
      ? defaultPlace(terms, value.kind === "receipt" ? "supplier" : "stock")
      : terms.location(value.from);
  const to =
    value.to === undefined
      ? defaultPlace(terms, value.kind === "issue" ? "customer" : "stock")
      : terms.location(value.to);
  if (from.id === to.id) refuse("value-invalid", `A movement to itself moves nothing; name another location.`);
  const shares = terms.shares(value, product, unit);
  for (const share of shares) checkShare(terms, value, product, from.id, share);
  const picking = env.create("stock.picking", {
    picking_type_id: pickingType(terms, value.kind),
    location_id: from.id,
    location_dest_id: to.id,
    origin: value.reference ?? token,
  });
  const move = env.create("stock.move", {
    product_id: product.id,
    product_uom: unit.id,
    product_uom_qty: shares.reduce((sum, share) => sum + share.amount, 0),
    location_id: from.id,
    location_dest_id: to.id,
    picking_id: picking.id,
    state: "confirmed",
  });
  for (const share of shares)
    env.create("stock.move.line", {
      move_id: move.id,
      quantity: share.amount,
      picked: true,
      lot_id: share.lot === undefined ? false : terms.lotOrNew(product, share.lot).id,
    });
  finishMoves(env, [move]);
  env.set("stock.picking", picking, { date_done: value.movedAt ?? env.now });
  holdAll(
    terms,
    product.id,
    shares.flatMap(({ lot }) => (lot === undefined ? [] : [terms.lot(product, lot).id])),
  );
  return { model: "stock.picking", row: picking, receipt: text(picking.name), detail: {} };
}

function checkShare(
  terms: Terms,
  value: MoveStock,
  product: Row,
  from: number,
  share: { lot: string | undefined; amount: number },
): void {
  const { env } = terms;
  if (share.amount <= 0) refuse("nothing-reported", `A movement of ${value.product} needs a quantity above zero.`);
  needLot(product, share.lot, "A movement");
  if (trackingOf(product) === "none" && share.lot !== undefined)
    refuse("value-invalid", `The product ${value.product} is not tracked by lot, and the movement names ${share.lot}.`);
  if (share.lot !== undefined && value.kind !== "receipt") refuseHeld(env, terms.lot(product, share.lot), from);
}

function defaultPlace(terms: Terms, kind: "stock" | "supplier" | "customer"): Row {
  if (kind === "stock") return terms.stockLocation();
  const found = terms.env.search("stock.location", [["usage", "=", kind]], { order: "id", limit: 1 })[0];
  return found ?? refuse("location-unknown", `Odoo has no location of the kind ${kind}; name one.`);
}

function pickingType(terms: Terms, kind: MoveStock["kind"]): number {
  const field = { receipt: "in_type_id", issue: "out_type_id", transfer: "int_type_id" }[kind];
  return num(terms.warehouse()[field]);
}

interface SetStock {
  product: string;
  location?: string;
  lot?: string;
  quantity: Quantity;
}

export function setStock(terms: Terms, value: SetStock): Applied {
  const { env } = terms;
  const product = terms.product(value.product);
  const location = terms.stockLocation(value.location);
  const amount = terms.amountIn(value.quantity, env.one("uom.uom", ref(product.uom_id)), value.product);
  needLot(product, value.lot, "A count");
  if (trackingOf(product) === "none" && value.lot !== undefined)
    refuse("value-invalid", `The product ${value.product} is not tracked by lot, and the count names ${value.lot}.`);
  const lot = value.lot === undefined ? undefined : terms.lotOrNew(product, value.lot);
  mergeQuants(env, product.id);
  const quant =
    quantsOf(env, product.id, location.id, lot?.id ?? null)[0] ??
    env.create("stock.quant", { product_id: product.id, location_id: location.id, lot_id: lot?.id ?? false });
  const before = num(quant.quantity);
  applyCount(env, quant, amount);
  const receipt = `${value.product} @ ${env.displayName(location, "stock.location")}`;
  return { model: "stock.quant", row: quant, receipt, detail: { before, after: num(quant.quantity) } };
}

interface Scrap {
  product: string;
  quantity: Quantity;
  lot?: string;
  location?: string;
  order?: string;
  reason?: string;
}

export function scrap(terms: Terms, value: Scrap, token: string): Applied {
  const { env } = terms;
  const product = terms.product(value.product);
  const unit = terms.unitLike(value.quantity.unit, env.one("uom.uom", ref(product.uom_id)), value.product);
  const lot = value.lot === undefined ? undefined : terms.lot(product, value.lot);
  needLot(product, value.lot, "Scrap");
  const amount = terms.fitting(Number(value.quantity.value), unit, value.product);
  if (amount === 0) refuse("nothing-reported", `Scrap of ${value.product} needs a quantity above zero.`);
  const order = value.order === undefined ? undefined : anyOrder(terms, value.order);
  const origin = order ? text(order.name) : token;
  const reason = scrapReason(terms, value.reason);
  const keptAsText = value.reason !== undefined && Object.keys(reason).length === 0;
  const values: JsonObject = {
    product_id: product.id,
    scrap_qty: amount,
    product_uom_id: unit.id,
    lot_id: lot?.id ?? false,
    origin: keptAsText ? `${origin}: ${value.reason}` : origin,
    location_id: scrapPlace(terms, value, order, product),
    ...(order && { production_id: order.id }),
    ...reason,
  };
  const row = env.create("stock.scrap", values);
  validateScrap(terms, row);
  return { model: "stock.scrap", row, receipt: text(row.name), detail: {} };
}

function scrapPlace(terms: Terms, value: Scrap, order: Row | undefined, product: Row): number {
  if (value.location !== undefined) return terms.location(value.location).id;
  if (order) return num(product.id === order.product_id ? order.location_dest_id : order.location_src_id);
  return terms.stockLocation().id;
}

export function validateScrap({ env }: Terms, row: Row): void {
  const method = findMethod(env.db, "stock.scrap", "action_validate")!;
  callMethod(env, method, { model: "stock.scrap", method: "action_validate", ids: [row.id], args: {} });
  if (row.state === "done") return;
  const product = env.one("product.product", ref(row.product_id));
  refuse(
    "insufficient-stock",
    `Odoo did not scrap ${num(row.scrap_qty)} of ${text(product.default_code)}: the location holds too little.`,
  );
}
