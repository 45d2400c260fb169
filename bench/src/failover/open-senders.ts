import { completionText } from "../engine/completion-facts.ts";

/** Where a fact is handed to; false when that worker is gone. */
export type Give = (worker: number, fact: { n: number; raw: string }) => boolean;

interface Unanswered {
  n: number;
  worker: number;
}

/**
 * One sender for each order: hands its facts over by the clock, whether or not earlier ones are through, but never a
 * fact before the receipt of the one before. Its worker is always the same; when that one is gone, it sends what is
 * unanswered to another one, under the same id.
 */
export class OpenSenders {
  readonly #orders: number;
  readonly #give: Give;
  readonly #workers: number;
  /** By order: numbers of facts that are due. */
  readonly #due: number[][];
  readonly #unanswered = new Map<number, Unanswered>();
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Facts that were sent once more. */
  resent = 0;

  constructor({ orders, workers, give }: { orders: number; workers: number; give: Give }) {
    this.#orders = orders;
    this.#workers = workers;
    this.#give = give;
    this.#due = Array.from({ length: orders }, () => []);
  }

  /** Facts that became due so far. */
  get count(): number {
    return this.#next;
  }

  /** Facts without a receipt. */
  get open(): number {
    return this.#unanswered.size + this.#due.reduce((sum, due) => sum + due.length, 0);
  }

  start(perSecond: number): void {
    const from = performance.now();
    const first = this.#next;
    this.#timer = setInterval(() => {
      for (const due = first + ((performance.now() - from) * perSecond) / 1_000; this.#next < due; this.#next++) {
        const order = this.#next % this.#orders;
        this.#due[order]?.push(this.#next);
        this.#send(order);
      }
    }, 1);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  taken(n: number): void {
    const order = n % this.#orders;
    if (this.#unanswered.get(order)?.n !== n) return;
    this.#unanswered.delete(order);
    this.#send(order);
  }

  /** A worker is gone: what it did not answer goes to another one. */
  gone(worker: number): void {
    for (const [order, { n, worker: at }] of this.#unanswered) {
      if (at !== worker) continue;
      this.#unanswered.delete(order);
      this.#due[order]?.unshift(n);
      this.resent++;
      this.#send(order);
    }
  }

  #send(order: number): void {
    const [n] = this.#due[order] ?? [];
    if (n === undefined || this.#unanswered.has(order)) return;
    const fact = { n, raw: completionText(n, order) };
    for (let tried = 0; tried < this.#workers; tried++) {
      const worker = (order + tried) % this.#workers;
      if (!this.#give(worker, fact)) continue;
      this.#due[order]?.shift();
      this.#unanswered.set(order, { n, worker });
      return;
    }
  }
}
