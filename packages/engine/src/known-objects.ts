import type { Clock, Ledger, Reference } from "@lineshaft/core";

/** Objects remembered; the oldest are forgotten first. */
const REMEMBERED = 10_000;
/** How long one is believed without asking the ledger, in ms: another worker may have learned of a newer version. */
const BELIEVED_MS = 5_000;

/** Most times that rules may ask for more. */
const ROUNDS = 3;

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

  /**
   * Runs rules with what they ask for: first with what the contract said they would need, then, when they asked for more
   * (the product of an order that only the order names), once more with that.
   */
  async answer<T>(needs: readonly Reference[], rules: (known: (reference: Reference) => unknown) => T): Promise<T> {
    const found = new Map<string, unknown>();
    let wanted: Iterable<Reference> = needs;
    for (let round = 0; ; round++) {
      for (const reference of wanted) found.set(keyOf(reference), await this.#get(reference));
      const missed = new Map<string, Reference>();
      const result = rules((reference) => {
        const key = keyOf(reference);
        if (!found.has(key)) missed.set(key, reference);
        return found.get(key);
      });
      if (missed.size === 0 || round >= ROUNDS) return result;
      wanted = missed.values();
    }
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
