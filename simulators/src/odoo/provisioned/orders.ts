import { confirmOrder } from "../production/confirm.ts";
import { ref, text } from "../values.ts";
import type { JsonObject, Row } from "../values.ts";
import type { Applied } from "./operations.ts";
import { refuse } from "./terms.ts";
import type { Quantity, Terms } from "./terms.ts";

const openStates = new Set(["confirmed", "progress", "to_close"]);

/** All orders a name stands for: the order itself, what was split off it, or those whose source it is. */
export function chainOf({ env }: Terms, name: string): Row[] {
  const split = () => {
    const found = env.search("mrp.production", [["name", "=like", `${name}-___`]]);
    return found.filter((row) => /-\d{3}$/.test(text(row.name)));
  };
  let named = env.of("mrp.production", "name", name);
  if (named.length === 0) named = env.of("mrp.production", "origin", name);
  if (named.length === 0) named = split();
  if (named.length === 0) refuse("order-unknown", `No production order has the name or source ${name}.`);
  const field = groupField(env.version);
  const family = new Map(named.map((row) => [row.id, row]));
  for (const row of named)
    for (const member of env.of("mrp.production", field, row[field]!))
      if (member.product_id === row.product_id) family.set(member.id, member);
  return [...family.values()].sort((a, b) => a.id - b.id);
}

export function groupField(version: number): string {
  return version >= 19 ? "production_group_id" : "procurement_group_id";
}

export function openOrder(terms: Terms, name: string): Row {
  const family = chainOf(terms, name);
  const open = family.filter((row) => openStates.has(text(row.state)));
  if (open.length === 1) return open[0]!;
  if (open.length > 1) refuse("order-ambiguous", `More than one open production order stands for ${name}.`);
  if (family.some((row) => row.state === "draft"))
    refuse("order-not-released", `The production order ${name} is a draft: it was never confirmed.`);
  return refuse("order-closed", `Nothing of the production order ${name} is open.`);
}

export function isOpen(order: Row): boolean {
  return openStates.has(text(order.state));
}

/** The open member, else the one finished last. */
export function anyOrder(terms: Terms, name: string): Row {
  const family = chainOf(terms, name);
  return family.find((row) => openStates.has(text(row.state))) ?? family.at(-1)!;
}

/** The open remainder of an order that was split. */
export function backorderOf({ env }: Terms, order: Row): Row | undefined {
  const field = groupField(env.version);
  return env
    .of("mrp.production", field, order[field]!)
    .find((row) => row.product_id === order.product_id && openStates.has(text(row.state)));
}

interface CreateOrder {
  order: string;
  product: string;
  quantity: Quantity;
  revision?: string;
  start?: string;
  deadline?: string;
  confirm?: boolean;
}

export function createOrder(terms: Terms, value: CreateOrder): Applied {
  const { env } = terms;
  const product = terms.product(value.product);
  const standing = env.of("mrp.production", "origin", value.order).find((row) => row.state !== "cancel");
  if (standing)
    refuse("order-exists", `The production order ${text(standing.name)} has the source ${value.order} already.`);
  const unit = terms.unitLike(value.quantity.unit, env.one("uom.uom", ref(product.uom_id)), value.product);
  const values: JsonObject = {
    product_id: product.id,
    product_qty: terms.fitting(Number(value.quantity.value), unit, value.product),
    product_uom_id: unit.id,
    origin: value.order,
    ...(value.revision !== undefined && { bom_id: billOf(terms, product, value.revision).id }),
    ...(value.start !== undefined && { date_start: value.start }),
    ...(value.deadline !== undefined && { date_deadline: value.deadline }),
  };
  const order = env.create("mrp.production", values);
  if (value.confirm !== false) confirmOrder(env, order);
  return { model: "mrp.production", row: order, receipt: text(order.name), detail: { state: order.state } };
}

function billOf({ env }: Terms, product: Row, revision: string): Row {
  const found = env
    .of("mrp.bom", "product_tmpl_id", product.product_tmpl_id!)
    .find((bom) => bom.active === true && bom.code === revision);
  return (
    found ?? refuse("bill-unknown", `The product ${text(product.default_code)} has no bill of materials ${revision}.`)
  );
}
