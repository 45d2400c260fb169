import { type Flow, type Policy, flow } from "@lineshaft/engine";
import { type ProductionOrderRelease, productionOrderRelease } from "@lineshaft/model";
import type { CreateOrder, Odoo } from "@lineshaft/odoo";
import { defined, odooQuantity } from "./odoo-terms.ts";

export interface OrderReleaseFlowOptions {
  /** Default `order release`. */
  name?: string;
  /** Default `production planning`. */
  owner?: string;
  from?: readonly string[];
  policy?: Policy;
  odoo: { system: Odoo };
}

/** An order released by planning is created and confirmed in Odoo, under the name that completions will use. */
export function orderReleaseFlow({ odoo, ...options }: OrderReleaseFlowOptions): Flow<ProductionOrderRelease> {
  const { from, policy } = options;
  return flow(options.name ?? "order release", productionOrderRelease, {
    owner: options.owner ?? "production planning",
    purpose: "A released production order is created and confirmed in Odoo.",
    ...defined({ from, policy }),
  }).to(odoo.system.createOrder, toOrder);
}

function toOrder({
  productionOrder,
  product,
  quantity,
  revision,
  plannedStart,
  plannedEnd,
  due,
}: ProductionOrderRelease): CreateOrder {
  return {
    order: productionOrder,
    product,
    quantity: odooQuantity(quantity),
    ...defined({ revision, start: plannedStart, deadline: due ?? plannedEnd }),
  };
}
