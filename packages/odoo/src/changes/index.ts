import type { Clock } from "@lineshaft/core";
import { changesSource, type ChangesOptions, type ChangesSource } from "./changes-source.ts";
import type { ReaderOptions } from "./feed.ts";
import { productionOrders } from "./production-orders.ts";
import { products } from "./products.ts";
import { stock } from "./stock.ts";

/** What the hub takes from Odoo, each as a source of this name. `true` takes the defaults. */
export interface Changes {
  /** As `production-order.v1`. */
  productionOrders?: true | ChangesOptions;
  /** As `product.v1`; those with an internal reference. */
  products?: true | ChangesOptions;
  /** As `stock-balance.v1`. */
  stock?: true | ChangesOptions;
}

const feeds = [productionOrders, products, stock];

export function sourceNames(changes: Changes = {}): string[] {
  return feeds.map((feed) => feed.name).filter((name) => name in changes);
}

export function changesSources(
  changes: Changes = {},
  options: ReaderOptions & { clock: Clock },
): Record<string, ChangesSource> {
  const given: Readonly<Record<string, true | ChangesOptions | undefined>> = { ...changes };
  const wanted = feeds.filter((feed) => given[feed.name] !== undefined);
  return Object.fromEntries(
    wanted.map((feed): [string, ChangesSource] => {
      const own = given[feed.name];
      return [feed.name, changesSource(feed, { ...options, ...(typeof own === "object" && own) })];
    }),
  );
}
