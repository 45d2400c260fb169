import type { TagChange, TagGap, TagObserver } from "@lineshaft/core";

/**
 * Changes and gaps on their way to who takes them, in order and many at a time. While one hand-over is under way the next
 * one grows, so that a slow taker gets larger ones.
 */
export class TagOutbox {
  /** Rejects when something could not be taken; nothing is handed over afterwards. */
  readonly failed: Promise<never>;

  readonly #observer: TagObserver;
  readonly #most: number;
  readonly #fail = Promise.withResolvers<never>();
  #changes: TagChange[] = [];
  /** What stands before `#changes`. */
  #parcels: (TagChange[] | TagGap)[] = [];
  #round = Promise.withResolvers<void>();
  #running = false;

  /** @param most most changes in one hand-over */
  constructor(observer: TagObserver, most: number) {
    this.#observer = observer;
    this.#most = most;
    this.failed = this.#fail.promise;
    // Whoever waits for `taken` hears of the failure too.
    this.failed.catch(() => {});
  }

  change(change: TagChange): void {
    this.#changes.push(change);
    if (this.#changes.length >= this.#most) this.#cutParcel();
    this.#start();
  }

  gap(gap: TagGap): void {
    this.#cutParcel();
    this.#parcels.push(gap);
    this.#start();
  }

  /** Resolves when all that was put in until now is taken. */
  taken(): Promise<void> {
    return this.#running ? this.#round.promise : Promise.resolve();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    // After all messages of the same read, so that they share one hand-over.
    process.nextTick(() => void this.#run());
  }

  async #run(): Promise<void> {
    let round = this.#round;
    try {
      while (this.#parcels.length > 0 || this.#changes.length > 0) {
        this.#cutParcel();
        const parcels = this.#parcels;
        this.#parcels = [];
        // Whoever asks from now on may have put in more: they wait for the next round.
        this.#round = Promise.withResolvers<void>();
        for (const parcel of parcels) await this.#hand(parcel);
        round.resolve();
        round = this.#round;
      }
      this.#running = false;
      this.#round = Promise.withResolvers<void>();
      round.resolve();
    } catch (error) {
      this.#fail.reject(error);
      for (const { promise, reject } of [round, this.#round]) {
        promise.catch(() => {});
        reject(error);
      }
    }
  }

  #hand(parcel: TagChange[] | TagGap): Promise<void> {
    return Array.isArray(parcel) ? this.#observer.changes(parcel) : this.#observer.gap(parcel);
  }

  #cutParcel(): void {
    if (this.#changes.length === 0) return;
    this.#parcels.push(this.#changes);
    this.#changes = [];
  }
}
