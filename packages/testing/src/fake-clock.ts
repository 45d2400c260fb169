import type { Clock, Timer } from "@lineshaft/core";

interface Waiting {
  due: number;
  order: number;
  run: () => void;
}

/** A clock that stands still until it is advanced. Timers fire in order of their time, then of their making. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  #waiting = new Set<Waiting>();

  constructor(now = Date.UTC(2026, 0, 5, 6, 0, 0)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const waiting = { due: this.#now + Math.max(0, ms), order: this.#order++, run };
    this.#waiting.add(waiting);
    return { cancel: () => this.#waiting.delete(waiting) };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        timer.cancel();
        reject(new Error("stopped"));
      };
      const timer = this.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Moves time on, firing what falls due and letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#waiting.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.run();
      await settled();
    }
    this.#now = end;
    await settled();
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#waiting.size;
  }

  #next(end: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const w of this.#waiting) {
      if (w.due <= end && (first === undefined || w.due < first.due || (w.due === first.due && w.order < first.order)))
        first = w;
    }
    return first;
  }
}

/** Lets everything that can go on without time passing go on: several turns of the event loop. */
export async function settled(turns = 5): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Repeatable randomness (mulberry32): the same seed gives the same sequence, in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
