import type { Env } from "../env.ts";
import { keepsStock } from "../models/location.ts";
import { isStorable } from "../models/product.ts";
import { num, roundTo } from "../values.ts";
import type { Row, Value } from "../values.ts";

/** Where and of which lot something lies: what Odoo keeps a quant per. */
export interface Place {
  product: number;
  location: number;
  lot: number | undefined;
}

/** Quants of a product at a location, of any lot unless one is named; oldest first. */
export function quantsOf(env: Env, product: number, location?: number, lot?: number | null): Row[] {
  // By lot where one is named: a product may have any number of lots, a lot lies in a few places.
  const found =
    typeof lot === "number" ? env.of("stock.quant", "lot_id", lot) : env.of("stock.quant", "product_id", product);
  return found
    .filter((quant) => quant.product_id === product)
    .filter((quant) => location === undefined || quant.location_id === location)
    .filter((quant) => lot === undefined || quant.lot_id === (lot ?? false));
}

/** What lies on stock, at one location or in all internal ones. */
export function onHand(env: Env, product: number, location?: number): number {
  return sum(env, quantsOf(env, product, location), "quantity", location === undefined);
}

export function reservedAt(env: Env, product: number, location?: number): number {
  return sum(env, quantsOf(env, product, location), "reserved_quantity", location === undefined);
}

function sum(env: Env, quants: readonly Row[], field: string, internalOnly: boolean): number {
  let total = 0;
  for (const quant of quants) {
    if (internalOnly && !keepsStock(env.one("stock.location", quant.location_id as number))) continue;
    total += num(quant[field]);
  }
  return roundTo(total, 6);
}

/** Adds to what lies at a place (below zero too), in its first quant or a new one. Consumables have no quants. */
export function changeStock(env: Env, place: Place, quantity: number): void {
  if (!isStorable(env, env.one("product.product", place.product))) return;
  const quant = quantsOf(env, place.product, place.location, place.lot ?? null)[0];
  if (quant) addTo(env, quant, "quantity", quantity);
  else env.create("stock.quant", { ...placeValues(place), quantity, in_date: env.now });
}

export function changeReservation(env: Env, place: Place, quantity: number): void {
  if (quantity === 0 || !reservable(env, place)) return;
  const quant = quantsOf(env, place.product, place.location, place.lot ?? null)[0];
  if (quant) addTo(env, quant, "reserved_quantity", quantity);
  else if (quantity > 0)
    env.create("stock.quant", { ...placeValues(place), reserved_quantity: quantity, in_date: env.now });
}

function reservable(env: Env, place: Place): boolean {
  if (!keepsStock(env.one("stock.location", place.location))) return false;
  return isStorable(env, env.one("product.product", place.product));
}

export function placeValues(place: Place): { product_id: number; location_id: number; lot_id: number | false } {
  return { product_id: place.product, location_id: place.location, lot_id: place.lot ?? false };
}

function addTo(env: Env, quant: Row, field: string, quantity: number): void {
  const after: Value = roundTo(num(quant[field]) + quantity, 6);
  env.set("stock.quant", quant, { [field]: after });
}
