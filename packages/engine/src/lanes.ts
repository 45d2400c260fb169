import type { Clock, Ledger, Log, Timer } from "@lineshaft/core";
import { explain } from "@lineshaft/core";

const LEASE_MS = 10_000;
const RENEW_MS = 3_000;

/** The lanes this worker owns, with their fences; renewed while it lives. */
export class Lanes {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #worker: string;
  readonly #changed: () => void;
  #fences = new Map<number, number>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: { ledger: Ledger; clock: Clock; log: Log; worker: string; changed: () => void }) {
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#worker = options.worker;
    this.#changed = options.changed;
  }

  fence(lane: number): number | undefined {
    return this.#fences.get(lane);
  }

  get owned(): number[] {
    return [...this.#fences.keys()];
  }

  /** @throws LineshaftError `ledger-busy` */
  async claim(): Promise<void> {
    const { lanes } = await this.#ledger.claimLanes({ worker: this.#worker, leaseMs: LEASE_MS });
    this.#fences = new Map(lanes.map((c) => [c.lane, c.fence]));
    this.#arm();
  }

  async release(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#fences.clear();
    await this.#ledger.releaseLanes({ worker: this.#worker });
  }

  #arm(): void {
    if (!this.#stopped) this.#timer = this.#clock.after(RENEW_MS, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    try {
      const { lanes } = await this.#ledger.renewLanes({ worker: this.#worker, leaseMs: LEASE_MS });
      const before = this.#fences.size;
      if (!this.#stopped) this.#fences = new Map(lanes.map((c) => [c.lane, c.fence]));
      if (this.#fences.size < before) {
        this.#log.warn("lanes were taken over by another worker", { left: this.#fences.size });
        this.#changed();
      }
    } catch (error) {
      this.#log.error("the lease on the lanes could not be renewed", { error: explain(error) });
    }
    this.#arm();
  }
}
