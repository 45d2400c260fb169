import type { Reference, References } from "@lineshaft/core";
import type { ConsumedMaterial } from "./contracts/common.ts";
import type { Placed } from "./shared-rules.ts";
import { breach } from "./rules.ts";
import type { Rule } from "./rules.ts";
import { knownProduct } from "./tracking-rules.ts";
import type { TrackedPart } from "./tracking-rules.ts";

/** Whatever reports consumed material. */
interface Consuming {
  consumed?: readonly ConsumedMaterial[];
}

/** The products consumed, each once. */
export function consumedNeeds(consumed: readonly ConsumedMaterial[] | undefined): Reference[] {
  if (consumed === undefined) return [];
  return [...new Set(consumed.map(({ product }) => product))].map((object) => ({ contract: "product.v1", object }));
}

/** The consumed lines, with what is known of their products. */
export function consumedParts({ consumed = [] }: Consuming, references: References): TrackedPart[] {
  return consumed.map((line, i) => ({
    field: `/consumed/${i}`,
    product: knownProduct(references, line.product),
    quantity: line.quantity,
    lots: line.lot === undefined ? [] : [line.lot],
    serials: line.serials,
  }));
}

/** Serial numbers of all consumed lines, told apart by product. */
export function serialsOf({ consumed = [] }: Consuming): Placed<string>[] {
  return consumed.flatMap(({ product, serials = [] }, line) =>
    serials.map((serial, n) => ({ at: `/consumed/${line}/serials/${n}`, value: `${product} ${serial}` })),
  );
}

/** A substitute is another product than the component it was used for. */
export function substituteRule<T extends Consuming>(contract: string): Rule<T> {
  return {
    code: `${contract}.substitute-differs`,
    promise: "A substitute is not the component that it was used instead of.",
    fix: "Name in insteadOf the component of the order, or leave it out.",
    check({ consumed = [] }, _context, tell) {
      for (const [i, { product, insteadOf }] of consumed.entries())
        if (insteadOf === product) tell(breach(`/consumed/${i}/insteadOf`, insteadOf));
    },
  };
}
