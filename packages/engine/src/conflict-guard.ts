import type { Item, Target } from "@lineshaft/core";

/** Keeps items that share a conflict key (a product and location, an order) out of two calls at once. */
export class ConflictGuard {
  readonly #inFlight = new Set<string>();

  /**
   * Claims what an item must not share with another call, and notes it in `ofThisCall`, to be released when the call has
   * ended. In one call items may share. False when another call has one of them.
   */
  claim(item: Item<never>, target: Target<never>, ofThisCall: Set<string>): boolean {
    const wanted = target.conflicts?.(item) ?? [];
    if (wanted.some((key) => this.#inFlight.has(key) && !ofThisCall.has(key))) return false;
    for (const key of wanted) {
      this.#inFlight.add(key);
      ofThisCall.add(key);
    }
    return true;
  }

  release(claims: ReadonlySet<string>): void {
    for (const key of claims) this.#inFlight.delete(key);
  }
}
