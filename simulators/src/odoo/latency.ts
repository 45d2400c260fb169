import { isObject } from "./values.ts";

/** Milliseconds each thing takes, as measured on Odoo 19 and 17 community with two cores for database, server and client. */
export const latencies = {
  /** Any call: connection, authentication, registry. */
  call: 20,
  create: 25,
  write: 15,
  orderCreate: 80,
  orderConfirm: 105,
  orderComplete: 120,
  orderSplit: 115,
  setQuantityProducing: 60,
  lotCreate: 20,
  scrapValidate: 90,
  /** Each further record in the same call costs a fraction of the first. */
  furtherShare: 0.23,
  /** Per item of a batch of our own server action. */
  item: 115,
  signIn: 370,
} as const;

const methodCosts: Readonly<Record<string, number>> = {
  "mrp.production.create": latencies.orderCreate,
  "mrp.production.action_confirm": latencies.orderConfirm,
  "mrp.production.set_qty_producing": latencies.setQuantityProducing,
  "stock.scrap.action_validate": latencies.scrapValidate,
  "stock.lot.create": latencies.lotCreate,
};

/** How long a call takes on a real server of that size. */
export function realLatency(call: {
  model: string;
  method: string;
  records: number;
  context: Readonly<Record<string, unknown>>;
}): number {
  const { model, method, records, context } = call;
  const further = 1 + Math.max(0, records - 1) * latencies.furtherShare;
  if (model === "ir.actions.server" && method === "run") return latencies.call + latencies.item * itemsIn(context);
  if (method === "button_mark_done") {
    const split = Array.isArray(context.mo_ids_to_backorder) ? latencies.orderSplit : 0;
    return latencies.call + (latencies.orderComplete + split) * further;
  }
  const cost = methodCosts[`${model}.${method}`];
  if (cost !== undefined) return latencies.call + cost * further;
  if (method === "create" || method === "load") return latencies.call + latencies.create * further;
  return latencies.call + (method === "write" ? latencies.write * further : 0);
}

function itemsIn(context: Readonly<Record<string, unknown>>): number {
  const request = context.lineshaft;
  return isObject(request) && Array.isArray(request.items) ? request.items.length : 0;
}
