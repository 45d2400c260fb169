import type { Finding } from "@lineshaft/core";
import type { StockMovement } from "../contracts/stock-movement.ts";
import { Exact, normaliseDecimal } from "../decimals.ts";
import type { Quantity } from "../primitives.ts";
import { isConvertible } from "../units.ts";
import type { Gs1Element } from "./element.ts";
import { parseGs1 } from "./parse.ts";
import type { Gs1ParseOptions } from "./parse.ts";

/** What a terminal knows when something was scanned. Fields of the movement that no code holds are taken as they are. */
export interface Scan extends Pick<
  StockMovement,
  "id" | "time" | "type" | "site" | "from" | "to" | "operator" | "document" | "reason" | "note"
> {
  /** The text of the code, or of the codes of one label. */
  codes: readonly string[];
  /** How many trade items, where it was typed in. */
  count?: string;
}

/** A trade item, as the plant knows it. */
export interface TradeItem {
  product: string;
  /** What one of it holds: a case of twelve is `{ value: "12", unit: "C62" }`. */
  holds: Quantity;
}

export interface ScanOptions extends Gs1ParseOptions {
  /** By GTIN of 14 digits; undefined for one that the plant does not know. */
  tradeItem: (gtin: string) => TradeItem | undefined;
}

export type ScannedMovement = { ok: true; movement: StockMovement } | { ok: false; findings: Finding[] };

/** Elements that a field of the movement holds; the others go along in `extensions`. */
const placed = new Set(["00", "01", "02", "10", "21", "30", "37"]);

/**
 * A scan as a stock movement: product by its GTIN, lot (10), serial number (21), SSCC as handling unit, and as quantity
 * the measure on the label (310n, 315n, …) where the product is measured, otherwise the count (30, 37 or typed in) times
 * what one trade item holds. What is missing or does not fit is refused with findings; nothing is guessed.
 */
export function movementOfScan(scan: Scan, { tradeItem, ...parsing }: ScanOptions): ScannedMovement {
  const { codes, count, ...known } = scan;
  const { elements, findings } = readCodes(codes, parsing);
  if (findings.length > 0) return { ok: false, findings };
  const label = new Map(elements.map((each) => [each.ai, each]));
  const gtin = label.get("01") ?? label.get("02");
  if (gtin === undefined) return refused("gs1.product-missing", noProduct(label));
  const item = tradeItem(gtin.value);
  if (item === undefined) {
    const fix = `No product has GTIN ${gtin.value}. Map it to a product, then scan again.`;
    return refused("gs1.product-unknown", fix, gtin.value);
  }
  const quantity = quantityOf(item, label, count);
  if ("fix" in quantity) return { ok: false, findings: [quantity] };
  return { ok: true, movement: { ...known, product: item.product, quantity, ...detailsOf(label, quantity) } };
}

function readCodes(
  codes: readonly string[],
  parsing: Gs1ParseOptions,
): { elements: Gs1Element[]; findings: Finding[] } {
  const read = codes.map((code) => parseGs1(code, parsing));
  const findings = read.flatMap((code, at) =>
    code.findings.map(({ rule, value, fix }) => ({
      field: `/codes/${at}`,
      rule,
      fix,
      ...(value !== undefined && { value }),
    })),
  );
  const elements = read.flatMap((code) => code.elements);
  for (const element of elements) {
    const other = elements.find(({ ai, value }) => ai === element.ai && value !== element.value);
    if (other === undefined || findings.length > 0) continue;
    const fix = `AI ${element.ai} (${element.name}) is ${element.value} on one code and ${other.value} on another. Scan one label at a time.`;
    findings.push({ field: "/codes", rule: "gs1.repeated", value: element.value, fix });
  }
  return { elements, findings };
}

function quantityOf(
  item: TradeItem,
  label: ReadonlyMap<string, Gs1Element>,
  typed: string | undefined,
): Quantity | Finding {
  const measured = measureOf(item, label);
  const printed = countOf(label);
  if (typed !== undefined && typed !== (measured === undefined ? (printed ?? typed) : "1"))
    return finding("gs1.count-differs", countDiffers(item, measured, printed), typed);
  if (measured !== undefined) return measured;
  const count = printed ?? typed ?? (label.has("21") ? "1" : undefined);
  if (count === undefined) return finding("gs1.quantity-missing", noQuantity(item, label));
  if (!/^(?:0|[1-9][0-9]{0,7})$/.test(count) || count === "0")
    return finding("gs1.quantity-invalid", "Give how many trade items were moved, a whole number above 0.", count);
  if (label.has("21") && count !== "1")
    return finding("gs1.serial-count", "A serial number is that of one piece. Scan each piece on its own.", count);
  const value = normaliseDecimal(new Exact(item.holds.value).times(count).toFixed());
  return { value, unit: item.holds.unit };
}

/** The label's own measure, where the product is kept in such a unit: net ones only (31nn to 32nn, 35nn, 36nn of trade items). */
function measureOf({ holds }: TradeItem, label: ReadonlyMap<string, Gs1Element>): Quantity | undefined {
  for (const { ai, meaning } of label.values())
    if (meaning.kind === "measure" && netMeasure.test(ai) && isConvertible(meaning.quantity.unit, holds.unit))
      return meaning.quantity;
  return undefined;
}

/** Net weights, areas and volumes; a product's width or height says nothing of how much was moved. */
const netMeasure = /^(?:31[01456]|32[0-3]|35[01267]|36[01456])/;

function countOf(label: ReadonlyMap<string, Gs1Element>): string | undefined {
  const meaning = label.get(label.has("01") ? "30" : "37")?.meaning;
  return meaning?.kind === "count" ? meaning.count : undefined;
}

function detailsOf(label: ReadonlyMap<string, Gs1Element>, quantity: Quantity): Partial<StockMovement> {
  const [lot, serial, sscc] = [label.get("10"), label.get("21"), label.get("00")];
  const others = [...label.values()].filter(
    ({ ai, meaning }) => !placed.has(ai) && !(meaning.kind === "measure" && meaning.quantity === quantity),
  );
  return {
    ...(lot && { lot: lot.value }),
    ...(serial && { serials: [serial.value] }),
    ...(sscc && { handlingUnit: sscc.value }),
    ...(others.length > 0 && {
      extensions: { gs1: Object.fromEntries(others.map((each) => [each.ai, readableOf(each)])) },
    }),
  };
}

function readableOf({ value, meaning }: Gs1Element): string {
  return meaning.kind === "date" ? meaning.date : value;
}

function noProduct(label: ReadonlyMap<string, Gs1Element>): string {
  const sscc = label.get("00");
  return sscc === undefined
    ? "The code has no GTIN (01 or 02). Scan the product's code as well."
    : `The code has only the handling unit ${sscc.value}. Scan its content's code as well, or move it as announced in its dispatch advice.`;
}

function noQuantity({ product, holds }: TradeItem, label: ReadonlyMap<string, Gs1Element>): string {
  const measure = [...label.values()].find(({ meaning }) => meaning.kind === "measure");
  return measure === undefined
    ? `The code does not say how much of ${product} was moved (30, 37 or a measure). Type in how many were moved.`
    : `The code gives AI ${measure.ai} (${measure.name}), and ${product} is kept in ${holds.unit}. Type in how many were moved.`;
}

function countDiffers({ product }: TradeItem, measured: Quantity | undefined, printed: string | undefined): string {
  return measured === undefined
    ? `The label says ${printed}. Leave the number out, or scan the single pieces that were moved.`
    : `The label says ${measured.value} ${measured.unit} of ${product}, which is that of one. Scan each label on its own.`;
}

function finding(rule: string, fix: string, value?: string): Finding {
  return { field: "/codes", rule, fix, ...(value !== undefined && { value }) };
}

function refused(rule: string, fix: string, value?: string): ScannedMovement {
  return { ok: false, findings: [finding(rule, fix, value)] };
}
