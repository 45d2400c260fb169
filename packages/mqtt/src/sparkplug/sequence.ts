// They count through 0 to 255 over all kinds of an edge node's messages (Sparkplug 3.0 §6.4.2).
const NUMBERS = 256;

/**
 * Brings an edge node's messages into their order. What comes too early waits; how long is the caller's affair.
 */
export class Sequence<T> {
  readonly #most: number;
  readonly #early = new Map<number, T>();
  #next = 0;

  /** @param most most messages that wait, at most 127: numbers further ahead may as well lie behind */
  constructor(most: number) {
    this.#most = most;
  }

  /** A BIRTH begins anew, wherever it begins. */
  begin(seq: number): void {
    this.#next = (seq + 1) % NUMBERS;
    this.#early.clear();
  }

  /** The number that is waited for. */
  get next(): number {
    return this.#next;
  }

  /** Messages that came too early. */
  get early(): number {
    return this.#early.size;
  }

  /**
   * Takes a message and gives those whose turn it is, in order.
   * @returns `"broken"` when waiting is of no use: the number is too far ahead, or it was had before, as after a BIRTH that got lost
   */
  offer(seq: number, message: T): readonly T[] | "broken" {
    if (seq !== this.#next) {
      const ahead = (seq - this.#next + NUMBERS) % NUMBERS;
      if (this.#early.has(seq) || ahead > this.#most) return "broken";
      this.#early.set(seq, message);
      return [];
    }
    const turn = [message];
    this.#next = (seq + 1) % NUMBERS;
    for (let next = this.#early.get(this.#next); next !== undefined; next = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      turn.push(next);
      this.#next = (this.#next + 1) % NUMBERS;
    }
    return turn;
  }

  clear(): void {
    this.#early.clear();
  }
}
