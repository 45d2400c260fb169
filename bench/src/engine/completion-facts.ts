import type { Fact } from "@lineshaft/core";
import { aCompletion, aQuantity, completion } from "@lineshaft/model";

/** What a fact of a bench weighs, in bytes; the last one may differ by its digits. */
export const FACT_BYTES = 1_024;

/** A completion of order `MO-<order>` with id `mes-<n>`, padded to `bytes` by its note. */
export function completionText(n: number, order: number, bytes = FACT_BYTES): string {
  const bare = JSON.stringify(payload(n, order, ""));
  return JSON.stringify(payload(n, order, "n".repeat(Math.max(0, bytes - bare.length))));
}

/** Facts ready to be handed over, as bytes, because that is how they leave a socket. */
export function completionFacts(first: number, count: number, orders: number): Fact[] {
  return Array.from({ length: count }, (_, at) => completionFact(first + at, orders));
}

/** The same, each made when it is asked for: what is measured is the memory of the hub, and not that of its load. */
export function completionFactsAsNeeded(first: number, count: number, orders: number): Facts {
  return { length: count, at: (index) => completionFact(first + index, orders) };
}

/** A list of facts, or what makes them one by one. */
export interface Facts {
  readonly length: number;
  at(index: number): Fact | undefined;
}

export function completionFact(n: number, orders: number): Fact {
  return { contract: completion.id, raw: Buffer.from(completionText(n, n % orders)) };
}

function payload(n: number, order: number, note: string) {
  return aCompletion({
    id: `mes-${n}`,
    productionOrder: `MO-${order}`,
    lots: [{ lot: `L-${order}`, quantity: aQuantity(40) }],
    consumed: [
      { product: "HOUSING-20", quantity: aQuantity(42), lot: "H-2601" },
      { product: "OIL-46", quantity: aQuantity("14.7", "LTR"), location: "WH/Stock/Oils" },
    ],
    note,
  });
}
