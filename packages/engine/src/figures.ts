import type { Outcome } from "@lineshaft/core";

/** Plain numbers that the hot path counts up; metrics and screens read them. */
export interface SystemFigures {
  outcomes: Record<Outcome["kind"], number>;
  lookedUp: number;
}

export function newSystemFigures(): SystemFigures {
  return { outcomes: { done: 0, unavailable: 0, rejected: 0, uncertain: 0 }, lookedUp: 0 };
}

export interface RouteFigures {
  done: number;
  rejected: number;
  retried: number;
  lookedUp: number;
  parked: number;
}

export function newRouteFigures(): RouteFigures {
  return { done: 0, rejected: 0, retried: 0, lookedUp: 0, parked: 0 };
}

/** Latencies remembered for the percentiles of a screen. */
const REMEMBERED = 1_024;

/** The latest latencies, for percentiles without a history. */
export class Latencies {
  readonly #values = new Float64Array(REMEMBERED);
  #count = 0;

  add(ms: number): void {
    this.#values[this.#count++ % REMEMBERED] = ms;
  }

  /** Nearest-rank percentile, `share` in (0, 1]; 0 when there is nothing yet. */
  percentile(share: number): number {
    const known = this.#values.slice(0, Math.min(this.#count, REMEMBERED)).sort();
    return known[Math.max(0, Math.ceil(share * known.length) - 1)] ?? 0;
  }
}
