import { trackingOf } from "../models/product.ts";
import { ref, text } from "../values.ts";
import type { JsonObject, Row } from "../values.ts";
import { needLot, refuse } from "./terms.ts";
import type { Quantity, Terms } from "./terms.ts";
import { validateScrap } from "./stock.ts";

export interface ScrapLine {
  quantity: Quantity;
  product?: string;
  lot?: string;
  reason?: string;
}

export interface PlannedScrap {
  product: Row;
  /** Of the order's own product: pieces of the report. */
  own: boolean;
  unit: Row;
  amount: number;
  lot: string | undefined;
  reason: string | undefined;
}

export function planScrap(terms: Terms, order: Row, lines: readonly ScrapLine[]): PlannedScrap[] {
  const { env } = terms;
  return lines.map((line) => {
    const product =
      line.product === undefined ? env.one("product.product", ref(order.product_id)) : terms.product(line.product);
    const own = product.id === order.product_id;
    const unit = env.one("uom.uom", ref(own ? order.product_uom_id : product.uom_id));
    if (!own) {
      needLot(product, line.lot, "Scrap");
      if (line.lot !== undefined) terms.lot(product, line.lot);
    }
    const amount = terms.amountIn(line.quantity, unit, text(product.default_code));
    return { product, own, unit, amount, lot: line.lot, reason: line.reason };
  });
}

interface Report {
  /** Name of the order as it was when the report came. */
  source: string;
  order: Row;
  lots: readonly Row[];
}

export function scrapPieces(terms: Terms, report: Report, lines: readonly PlannedScrap[]): void {
  let serials = [...report.lots];
  for (const line of lines) {
    if (!line.own || trackingOf(line.product) !== "serial") {
      scrapLine(terms, report, line, lotOf(terms, report, line));
      continue;
    }
    const chosen = serialsToScrap(line, serials);
    serials = serials.filter((lot) => !chosen.includes(lot));
    for (const lot of chosen) scrapLine(terms, report, { ...line, amount: 1 }, lot);
  }
}

function lotOf(terms: Terms, report: Report, line: PlannedScrap): Row | undefined {
  if (line.own) return report.lots.find((lot) => lot.name === line.lot) ?? report.lots.at(-1);
  return line.lot === undefined ? undefined : terms.lot(line.product, line.lot);
}

function serialsToScrap(line: PlannedScrap, serials: readonly Row[]): Row[] {
  const count = Math.round(line.amount);
  if (line.lot === undefined) return count === 0 ? [] : serials.slice(-count);
  const named = serials.filter((lot) => lot.name === line.lot);
  return named.length === count
    ? named
    : refuse("serial-count", `The scrapped piece ${line.lot} is none of the report.`);
}

function scrapLine(terms: Terms, report: Report, line: PlannedScrap, lot: Row | undefined): void {
  const { order } = report;
  const values: JsonObject = {
    product_id: line.product.id,
    product_uom_id: line.unit.id,
    scrap_qty: line.amount,
    lot_id: lot?.id ?? false,
    origin: report.source,
    production_id: order.id,
    location_id: (line.own ? order.location_dest_id : order.location_src_id) as number,
    ...scrapReason(terms, line.reason),
  };
  validateScrap(terms, terms.env.create("stock.scrap", values));
}

/** From 18 on a reason is a tag, made when it is new. */
export function scrapReason({ env }: Terms, name: string | undefined): JsonObject {
  if (name === undefined || !env.db.has("stock.scrap.reason.tag")) return {};
  const tag =
    env.search("stock.scrap.reason.tag", [["name", "=", name]])[0] ?? env.create("stock.scrap.reason.tag", { name });
  return { scrap_reason_tag_ids: [[6, 0, [tag.id]]] };
}
