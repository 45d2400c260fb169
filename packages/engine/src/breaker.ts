import type { Clock, Health, Timer } from "@lineshaft/core";
import { waitAtMost } from "./outcomes.ts";

/** Failures in a row that open a breaker. */
const OPEN_AFTER = 5;
const PROBE_FIRST_MS = 1_000;
const PROBE_CAP_MS = 30_000;
/** Longest wait for one probe. */
const PROBE_MS = 15_000;

export type BreakerState = "closed" | "open" | "probing";

/**
 * Keeps calls from a system that is down. After `OPEN_AFTER` failures in a row it opens; then only `check` is called,
 * with back-off, until the system answers. The next call after that is a trial: alone, and the last word.
 */
export class Breaker {
  state: BreakerState = "closed";
  since: number;
  message: string | undefined;
  nextProbeAt: number | undefined;
  readonly #clock: Clock;
  readonly #check: (signal: AbortSignal) => Promise<Health>;
  readonly #changed: (state: BreakerState) => void;
  #failures = 0;
  #probes = 0;
  #timer: Timer | undefined;
  readonly #stop = new AbortController();

  constructor(options: {
    clock: Clock;
    check: (signal: AbortSignal) => Promise<Health>;
    changed: (state: BreakerState) => void;
  }) {
    this.#clock = options.clock;
    this.#check = options.check;
    this.#changed = options.changed;
    this.since = options.clock.now();
  }

  /** How many calls may be under way, given the system's own limit. */
  allowance(limit: number): number {
    return this.state === "closed" ? limit : this.state === "probing" ? 1 : 0;
  }

  succeeded(): void {
    this.#failures = 0;
    if (this.state !== "probing") return;
    this.#probes = 0;
    this.message = undefined;
    this.#become("closed");
  }

  failed(message: string): void {
    this.message = message;
    this.#failures++;
    if (this.state === "open") return;
    if (this.state === "probing" || this.#failures >= OPEN_AFTER) this.#open();
  }

  stop(): void {
    this.#stop.abort(new Error("the hub is stopping"));
    this.#timer?.cancel();
  }

  #open(): void {
    this.#become("open");
    const wait = Math.min(PROBE_CAP_MS, PROBE_FIRST_MS * 2 ** this.#probes++);
    this.nextProbeAt = this.#clock.now() + wait;
    this.#timer = this.#clock.after(wait, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    let health: Health;
    try {
      // Bounded here as well: a check that does not heed its signal would keep the breaker open for ever.
      health = await waitAtMost(this.#clock, PROBE_MS, this.#stop.signal, (signal) => this.#check(signal));
    } catch (error) {
      health = { ok: false, message: error instanceof Error ? error.message : String(error), next: "" };
    }
    if (this.#stop.signal.aborted) return;
    if (health.ok) return this.#become("probing");
    this.message = health.message;
    this.#open();
  }

  #become(state: BreakerState): void {
    if (this.state !== state) this.since = this.#clock.now();
    this.state = state;
    if (state !== "open") this.nextProbeAt = undefined;
    this.#changed(state);
  }
}
