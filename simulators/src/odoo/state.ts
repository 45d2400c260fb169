import type { Env } from "./env.ts";
import { keepsStock } from "./models/location.ts";
import { num, ref, refs, text } from "./values.ts";
import type { Row } from "./values.ts";

/** What stands in the simulated Odoo, in words rather than ids, for tests and the demo. */
export interface OdooState {
  orders: {
    id: number;
    name: string;
    origin: string;
    product: string;
    state: string;
    quantity: number;
    produced: number;
    lots: string[];
  }[];
  lots: { name: string; product: string; quantity: number }[];
  /** On hand in internal locations, lots together. */
  stock: { product: string; location: string; quantity: number; reserved: number }[];
  scraps: { name: string; product: string; quantity: number; state: string; origin: string }[];
  /** How often each token took effect. */
  effects: Record<string, number>;
}

export function readState(env: Env): OdooState {
  return {
    orders: env.search("mrp.production", []).map((row) => ({
      id: row.id,
      name: text(row.name),
      origin: text(row.origin),
      product: codeOf(env, row),
      state: text(row.state),
      quantity: num(row.product_qty),
      produced: num(env.get("mrp.production", row, "qty_produced")),
      lots: lotsOf(env, row),
    })),
    lots: env.search("stock.lot", []).map((row) => ({
      name: text(row.name),
      product: codeOf(env, row),
      quantity: num(env.get("stock.lot", row, "product_qty")),
    })),
    stock: stockOf(env),
    scraps: env.search("stock.scrap", []).map((row) => ({
      name: text(row.name),
      product: codeOf(env, row),
      quantity: num(row.scrap_qty),
      state: text(row.state),
      origin: text(row.origin),
    })),
    effects: env.db.effects.entries(),
  };
}

function codeOf(env: Env, row: Row): string {
  const product = env.one("product.product", ref(row.product_id));
  return text(product.default_code) || text(product.name);
}

function lotsOf(env: Env, order: Row): string[] {
  const single = ref(order.lot_producing_id);
  const ids = single === undefined ? refs(order.lot_producing_ids ?? []) : [single];
  return ids.map((id) => text(env.one("stock.lot", id).name));
}

function stockOf(env: Env): OdooState["stock"] {
  const sums = new Map<string, OdooState["stock"][number]>();
  for (const quant of env.search("stock.quant", [])) {
    const location = env.one("stock.location", ref(quant.location_id));
    if (!keepsStock(location)) continue;
    const entry = {
      product: codeOf(env, quant),
      location: env.displayName(location, "stock.location"),
      quantity: 0,
      reserved: 0,
    };
    const key = `${entry.product}\n${entry.location}`;
    const sum = sums.get(key) ?? entry;
    sum.quantity += num(quant.quantity);
    sum.reserved += num(quant.reserved_quantity);
    sums.set(key, sum);
  }
  return [...sums.values()];
}
