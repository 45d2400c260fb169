import type { Env } from "../env.ts";
import { keepsStock } from "../models/location.ts";
import { rawMoves } from "../production/state.ts";
import { quantsOf } from "../stock/quants.ts";
import { compareQuantity, num, ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { LEDGER } from "./kept.ts";
import { refuse } from "./terms.ts";

/** A line of consumption reported apart from completions. */
export interface ApartLine {
  product: number;
  /** What it was used as: itself, or the component it replaced. */
  component: number;
  additional: boolean;
  /** The order that it was booked on; 0 while it waits for a completion. */
  order: number;
  /** Lots (0 for none) and amounts in the product's own unit. */
  shares: [lot: number, amount: number][];
}

/** The oldest order of a chain stays in it through all splitting. */
export function apartKey(family: readonly Row[]): string {
  return `mrp.production,${Math.min(...family.map(({ id }) => id))}`;
}

export function apartRows(env: Env, family: readonly Row[]): { row: Row; lines: ApartLine[] }[] {
  return env.of(LEDGER, "x_about", apartKey(family)).map((row) => ({
    row,
    lines: (JSON.parse(text(row.x_kept)) as { lines: ApartLine[] }).lines,
  }));
}

/** Components that were reported for an order, with the orders of its chain that they were booked on. */
export function reportedComponents(rows: readonly { lines: ApartLine[] }[]): Map<number, number[]> {
  const reported = new Map<number, number[]>();
  for (const { component, additional, order } of rows.flatMap(({ lines }) => lines))
    if (!additional) reported.set(component, [...(reported.get(component) ?? []), order]);
  return reported;
}

/** What waited is booked with this order. */
export function settleApart(env: Env, rows: readonly { row: Row; lines: ApartLine[] }[], order: Row): void {
  for (const { row, lines } of rows) {
    const settled = lines.map((line) => ({ ...line, order: line.order || order.id }));
    env.set(LEDGER, row, { x_kept: JSON.stringify({ lines: settled }) });
  }
}

/** What lies at a place, of one lot or of any. */
export function heldAt(env: Env, location: number, product: number, lot?: number): number {
  return quantsOf(env, product, location, lot).reduce((sum, quant) => sum + num(quant.quantity), 0);
}

/** @throws Refusal `insufficient-stock` when orders consumed more of a component than the stock held */
export function refuseShort(env: Env, orders: readonly Row[]): void {
  for (const order of orders)
    for (const move of rawMoves(env, order).filter(({ state }) => state === "done"))
      for (const line of env.of("stock.move.line", "move_id", move.id)) {
        const location = num(line.location_id);
        if (!keepsStock(env.one("stock.location", location)) || num(line.quantity) === 0) continue;
        const held = heldAt(env, location, num(line.product_id), ref(line.lot_id));
        if (compareQuantity(held, 0, 6) >= 0) continue;
        const code = text(env.one("product.product", ref(line.product_id)).default_code);
        refuse("insufficient-stock", `The component ${code} of ${text(order.name)} is short: ${-held} too little.`);
      }
}
