import type { Clock, Ledger, Reference } from "@lineshaft/core";

/** Objects remembered; the oldest are forgotten first. */
const REMEMBERED = 10_000;
/** How long one is believed without asking the ledger, in ms: another worker may have learned of a newer version. */
const BELIEVED_MS = 5_000;

interface Known {
  payload: unknown;
  until: number;
}

/** The newest known state of the objects that rules ask for, without a read for every fact. */
export class KnownObjects {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Resolves to a function that answers for all of `needs`. */
  async lookUp(needs: readonly Reference[]): Promise<(reference: Reference) => unknown> {
    const found = new Map<string, unknown>();
    for (const reference of needs) found.set(keyOf(reference), await this.#get(reference));
    return (reference) => found.get(keyOf(reference));
  }

  /** Call when a newer state of an object was accepted. */
  forget(reference: Reference): void {
    this.#known.delete(keyOf(reference));
  }

  async #get(reference: Reference): Promise<unknown> {
    const key = keyOf(reference);
    const now = this.#clock.now();
    const known = this.#known.get(key);
    if (known !== undefined && known.until > now) return known.payload;
    const canonical = await this.#ledger.latest(reference.contract, reference.object);
    const payload: unknown = canonical === undefined ? undefined : JSON.parse(canonical);
    this.#known.delete(key);
    this.#known.set(key, { payload, until: now + BELIEVED_MS });
    if (this.#known.size > REMEMBERED) this.#known.delete(this.#known.keys().next().value ?? "");
    return payload;
  }
}

function keyOf({ contract, object }: Reference): string {
  return `${contract}\n${object}`;
}
