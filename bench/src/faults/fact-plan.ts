import { aCompletion, aQuantity, completion } from "@lineshaft/model";
import { REFUSED_NOTE, UNMAPPABLE_NOTE } from "./peer-flow.ts";

export type FactKind = "good" | "refused" | "unmappable" | "invalid";
export type Channel = "http" | "mqtt";

/** A fact as a round means to send it. */
export interface PlannedFact {
  id: string;
  order: string;
  kind: FactKind;
  channel: Channel;
  quantity: string;
}

export interface FactPlanOptions {
  random: () => number;
  /** Orders that facts are about: the order keys. */
  orders: readonly string[];
  prefix: string;
  mqtt: boolean;
  /** Share of facts that the peer refuses, and of those that cannot be mapped. */
  troubled: boolean;
}

const REFUSED = 0.02;
const UNMAPPABLE = 0.01;
const INVALID = 0.03;
const OVER_MQTT = 0.4;

/** Draws the facts of a round. */
export class FactPlan {
  readonly facts: PlannedFact[] = [];
  readonly #o: FactPlanOptions;

  constructor(options: FactPlanOptions) {
    this.#o = options;
  }

  next(): PlannedFact {
    const { random, orders, prefix, mqtt } = this.#o;
    const fact: PlannedFact = {
      id: `${prefix}-${this.facts.length + 1}`,
      order: orders[Math.floor(random() * orders.length)] ?? "",
      kind: this.#kind(),
      channel: mqtt && random() < OVER_MQTT ? "mqtt" : "http",
      quantity: String(1 + Math.floor(random() * 9)),
    };
    this.facts.push(fact);
    return fact;
  }

  #kind(): FactKind {
    const drawn = this.#o.random();
    if (drawn < INVALID) return "invalid";
    if (!this.#o.troubled || drawn > INVALID + REFUSED + UNMAPPABLE) return "good";
    return drawn < INVALID + REFUSED ? "refused" : "unmappable";
  }
}

export function payloadOf({ id, order, kind, quantity }: PlannedFact, changed?: { quantity: string }): object {
  // The note carries the id to where SAP keeps a text.
  const notes = { good: id, invalid: id, refused: REFUSED_NOTE, unmappable: UNMAPPABLE_NOTE };
  const made = changed?.quantity ?? quantity;
  return aCompletion({
    id,
    productionOrder: order,
    yield: aQuantity(kind === "invalid" ? "-1" : made),
    scrap: [],
    lots: [{ lot: `L-${id}`, quantity: aQuantity(made) }],
    note: notes[kind],
  });
}

export const CONTRACT = completion.id;
