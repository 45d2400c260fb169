import { aQuantity } from "@lineshaft/model";

/** One consumed component; each differs from the others as real ones do, so that a store compresses them as it would those. */
export function componentLine(n: number) {
  const mixed = Math.imul(n + 1, 2_654_435_761) >>> 0;
  return {
    product: `PART-${mixed % 9_000}`,
    quantity: aQuantity(1 + (mixed % 97)),
    lot: `L-${mixed.toString(36)}`,
    location: `WIP-${mixed % 7}`,
  };
}

/** Text of `bytes` bytes, as the `n`th payload has: component lines, cut off. */
export function linesText(bytes: number, n: number): string {
  let text = "";
  for (let at = n * 1_000; text.length < bytes; at++) text += JSON.stringify(componentLine(at));
  return text.slice(0, bytes);
}
