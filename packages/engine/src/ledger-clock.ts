import type { Clock, Timer } from "@lineshaft/core";

/** Smaller differences are the time a reply takes. */
const TOLERATED_MS = 1_000;

/** This machine's clock, put right by the ledger's: workers whose clocks differ by minutes agree on when something is due. */
export class LedgerClock implements Clock {
  readonly #clock: Clock;
  #offset = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#offset;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  after(ms: number, run: () => void): Timer {
    return this.#clock.after(ms, run);
  }

  /** How far this machine's clock is behind the ledger's, ms. */
  get offset(): number {
    return this.#offset;
  }

  /** The ledger's time in a reply to a request that left at `asked`, by this clock. Returns whether it was put right. */
  compare(ledgerNow: number, asked: number): boolean {
    const difference = ledgerNow - (asked + this.now()) / 2;
    if (Math.abs(difference) <= TOLERATED_MS) return false;
    this.#offset += Math.round(difference);
    return true;
  }
}
