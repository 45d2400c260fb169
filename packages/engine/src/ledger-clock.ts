import type { Clock, Timer } from "@lineshaft/core";

/** Smaller differences matter to nobody. */
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
    const waited = this.now() - asked;
    const difference = ledgerNow - (asked + waited / 2);
    // The reply may have been read long after it was made, by a process that was suspended: that says nothing of a clock.
    if (Math.abs(difference) <= TOLERATED_MS + waited / 2) return false;
    this.#offset += Math.round(difference);
    return true;
  }
}
