import type { Engine } from "./engine.ts";
import type { Env } from "./env.ts";
import { confirmOrder } from "./production/confirm.ts";
import { stockLocation } from "./models/stock-scrap.ts";
import { applyCount } from "./stock/count.ts";
import { quantsOf } from "./stock/quants.ts";
import type { JsonObject, Row } from "./values.ts";

export interface SeedProduct {
  /** Internal reference; also the name unless one is given. */
  code: string;
  name?: string;
  tracking?: "none" | "lot" | "serial";
  /** Name of the unit; default `Units`. */
  unit?: string;
  /** Default true. */
  stocked?: boolean;
}

export interface SeedBill {
  product: string;
  quantity?: number;
  revision?: string;
  consumption?: "flexible" | "warning" | "strict";
  components: readonly { product: string; quantity: number }[];
  operations?: readonly { name: string; workCenter: string; minutes?: number }[];
  byProducts?: readonly { product: string; quantity: number }[];
}

export interface SeedOrder {
  /** Kept as Source (`origin`). */
  order: string;
  product: string;
  quantity: number;
  /** Default true. */
  confirm?: boolean;
}

/** Fills the database without RPC: ids come back, everything else is as if a user had typed it. */
export class Seeding {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  product(product: SeedProduct): number {
    return this.#inside((env) => makeProduct(env, product));
  }

  products(products: readonly SeedProduct[]): number[] {
    return this.#inside((env) => products.map((product) => makeProduct(env, product)));
  }

  workCenter(center: { code: string; name?: string }): number {
    return this.#inside(
      (env) => env.create("mrp.workcenter", { name: center.name ?? center.code, code: center.code }).id,
    );
  }

  bill(bill: SeedBill): number {
    return this.#inside((env) => makeBill(env, bill));
  }

  order(order: SeedOrder): number {
    return this.orders([order])[0]!;
  }

  /** Many at once, in one transaction. */
  orders(orders: readonly SeedOrder[]): number[] {
    return this.#inside((env) => orders.map((order) => makeOrder(env, order)));
  }

  /** Puts stock in place, absolute; of a lot where one is named, which is made if it is new. */
  stock(stock: { product: string; quantity: number; lot?: string; location?: string }): void {
    this.#inside((env) => {
      const product = productOf(env, stock.product);
      const location = stock.location === undefined ? stockLocation(env) : locationOf(env, stock.location);
      const lot = stock.lot === undefined ? undefined : lotOf(env, product, stock.lot);
      const quant =
        quantsOf(env, product.id, location, lot ?? null)[0] ??
        env.create("stock.quant", { product_id: product.id, location_id: location, lot_id: lot ?? false });
      applyCount(env, quant, stock.quantity);
    });
  }

  equipment(equipment: { name: string; serial?: string }): number {
    return this.#inside(
      (env) => env.create("maintenance.equipment", { name: equipment.name, serial_no: equipment.serial ?? false }).id,
    );
  }

  #inside<T>(fill: (env: Env) => T): T {
    const ADMIN = 2;
    return this.#engine.inside(fill, ADMIN);
  }
}

function makeProduct(env: Env, product: SeedProduct): number {
  const unit = env.search("uom.uom", [["name", "=", product.unit ?? "Units"]])[0];
  if (!unit) throw new Error(`No unit ${product.unit} in this Odoo.`);
  const stocked = product.stocked ?? true;
  const kind: JsonObject =
    env.version <= 17 ? { detailed_type: stocked ? "product" : "consu" } : { is_storable: stocked };
  return env.create("product.product", {
    name: product.name ?? product.code,
    default_code: product.code,
    tracking: product.tracking ?? "none",
    uom_id: unit.id,
    ...kind,
  }).id;
}

function productOf(env: Env, code: string): Row {
  const found = env.of("product.product", "default_code", code)[0];
  if (!found) throw new Error(`No product ${code} in this Odoo.`);
  return found;
}

function locationOf(env: Env, name: string): number {
  const found = env.search("stock.location", [["complete_name", "=", name]])[0];
  if (!found) throw new Error(`No location ${name} in this Odoo.`);
  return found.id;
}

function lotOf(env: Env, product: Row, name: string): number {
  const found = env.of("stock.lot", "name", name).find((lot) => lot.product_id === product.id);
  return found?.id ?? env.create("stock.lot", { name, product_id: product.id, company_id: 1 }).id;
}

function makeBill(env: Env, bill: SeedBill): number {
  const product = productOf(env, bill.product);
  const lines = bill.components.map((line) => [
    0,
    0,
    { product_id: productOf(env, line.product).id, product_qty: line.quantity },
  ]);
  const made = bill.byProducts?.map((line) => [
    0,
    0,
    { product_id: productOf(env, line.product).id, product_qty: line.quantity },
  ]);
  const operations = bill.operations?.map((step, at) => [
    0,
    0,
    {
      name: step.name,
      workcenter_id: centerOf(env, step.workCenter),
      time_cycle_manual: step.minutes ?? 1,
      sequence: at + 1,
    },
  ]);
  return env.create("mrp.bom", {
    product_tmpl_id: product.product_tmpl_id as number,
    product_qty: bill.quantity ?? 1,
    code: bill.revision ?? false,
    sequence: 1,
    consumption: bill.consumption ?? "warning",
    bom_line_ids: lines,
    ...(operations && { operation_ids: operations }),
    ...(made && { byproduct_ids: made }),
  }).id;
}

function centerOf(env: Env, code: string): number {
  const found = env.of("mrp.workcenter", "code", code)[0];
  return found?.id ?? env.create("mrp.workcenter", { name: code, code }).id;
}

function makeOrder(env: Env, order: SeedOrder): number {
  const row = env.create("mrp.production", {
    product_id: productOf(env, order.product).id,
    product_qty: order.quantity,
    origin: order.order,
  });
  if (order.confirm !== false) confirmOrder(env, row);
  return row.id;
}
