import { addDecimals } from "@lineshaft/model";
import type { Completion, MaterialConsumption } from "@lineshaft/model";
import type { MesDay, MesMessage } from "./day.ts";

/** What has to stand in the systems at the end of the day for one order, each fact counted once. Decimals as strings. */
export interface OrderTruth {
  productionOrder: string;
  product: string;
  unit: string;
  yield: string;
  scrap: string;
  scrapByReason: Record<string, string>;
  /** Taken out for rework at some time; good or scrap in the end. */
  rework: string;
  /** Yield by lot; empty where the product carries none. */
  lots: Record<string, string>;
  consumed: Record<string, string>;
  byProducts: Record<string, string>;
  /** Reports, without duplicates. */
  completions: number;
  consumptions: number;
}

/** The truth by order, from a day or from those of its messages that were sent. */
export function expectedTruth(day: MesDay | readonly MesMessage[]): Map<string, OrderTruth> {
  const messages = "messages" in day ? day.messages : day;
  const truth = new Map<string, OrderTruth>();
  const seen = new Set<string>();
  for (const { fact, kind } of messages) {
    if (seen.has(fact.id)) continue;
    seen.add(fact.id);
    if (kind === "completion" && "yield" in fact) addCompletion(orderIn(truth, fact), fact);
    if (kind === "material-consumption" && "consumed" in fact && !("yield" in fact))
      addConsumption(orderIn(truth, fact), fact);
  }
  return truth;
}

function orderIn(truth: Map<string, OrderTruth>, { productionOrder }: { productionOrder: string }): OrderTruth {
  const known = truth.get(productionOrder);
  if (known !== undefined) return known;
  const zero = { yield: "0", scrap: "0", rework: "0", completions: 0, consumptions: 0 };
  const lists = { scrapByReason: {}, lots: {}, consumed: {}, byProducts: {} };
  const made: OrderTruth = { productionOrder, product: "", unit: "", ...zero, ...lists };
  truth.set(productionOrder, made);
  return made;
}

function addCompletion(truth: OrderTruth, fact: Completion): void {
  truth.completions++;
  truth.product = fact.product ?? truth.product;
  truth.unit = fact.yield.unit;
  truth.yield = addDecimals(truth.yield, fact.yield.value);
  truth.rework = addDecimals(truth.rework, fact.rework?.value ?? "0");
  for (const { quantity, reason = "" } of fact.scrap ?? []) {
    truth.scrap = addDecimals(truth.scrap, quantity.value);
    addTo(truth.scrapByReason, reason, quantity.value);
  }
  for (const { lot, quantity } of fact.lots ?? []) addTo(truth.lots, lot, quantity.value);
  for (const { product, quantity } of fact.byProducts ?? []) addTo(truth.byProducts, product, quantity.value);
}

function addConsumption(truth: OrderTruth, fact: MaterialConsumption): void {
  truth.consumptions++;
  for (const { product, quantity } of fact.consumed) addTo(truth.consumed, product, quantity.value);
}

function addTo(sums: Record<string, string>, name: string, value: string): void {
  sums[name] = addDecimals(sums[name] ?? "0", value);
}
