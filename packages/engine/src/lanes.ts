import {
  type Clock,
  type LaneClaim,
  type LaneLease,
  type Ledger,
  type Log,
  type Timer,
  explain,
} from "@lineshaft/core";
import type { LedgerClock } from "./ledger-clock.ts";

/** How long others wait for a worker that is not heard of. */
export const LEASE_MS = 10_000;
/** Also how soon after the end of another worker's lease its lanes are taken over. */
const RENEW_MS = 500;

export interface LanesOptions {
  ledger: Ledger;
  clock: LedgerClock;
  /** Never put right, so that a lease is not prolonged by a correction. */
  timer: Clock;
  log: Log;
  worker: string;
  leaseMs: number;
  /** Deals with what earlier owners left in hand in these lanes, before anything of them is worked on. */
  recover: (claims: readonly LaneClaim[]) => Promise<void>;
  /** These lanes are this worker's now. */
  opened: (lanes: readonly number[]) => void;
  /** The lease holds again after it had run out: what was put off meanwhile may be begun. */
  resumed: () => void;
  /** These lanes are to be given back, or were lost: begins nothing of them any more, and resolves when nothing is in hand. */
  leave: (lanes: readonly number[]) => Promise<void>;
}

/** The lanes this worker owns, with their fences: renewed while it lives, shared with the workers that come, taken over from those that go. */
export class Lanes {
  readonly #o: LanesOptions;
  /** Lanes that are worked on. */
  readonly #open = new Map<number, number>();
  /** Lanes that are held but not worked on: not recovered yet, or being left. */
  readonly #shut = new Map<number, number>();
  #workers = 0;
  #vanished = 0;
  /** By `timer`: after this nothing may be begun. */
  #validUntil = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #stopped = false;
  #renewing: Promise<void> | undefined;
  #again = false;
  /** Lanes on their way to others. */
  #leaving: Promise<void> | undefined;

  constructor(options: LanesOptions) {
    this.#o = options;
  }

  /** The fence of a lane that is worked on here. The lease may have run out: the ledger looks at the fence with each step. */
  fence(lane: number): number | undefined {
    return this.#open.get(lane);
  }

  /** Whether the lane is held for sure, with this very fence: only then may a request leave. */
  holds(lane: number, fence: number): boolean {
    return this.leased && (this.#open.get(lane) ?? this.#shut.get(lane)) === fence;
  }

  /** False from the end of the lease until it is renewed: what is begun then, after a long pause of the process, is most likely in vain. */
  get leased(): boolean {
    return this.#o.timer.now() < this.#validUntil;
  }

  get owned(): number[] {
    return [...this.#open.keys()];
  }

  /** Live workers on this ledger. */
  get workers(): number {
    return this.#workers;
  }

  /** Workers that went lately without giving their lanes back. */
  get vanished(): number {
    return this.#vanished;
  }

  /** Whether the ledger belongs to this process for as long as it lives. */
  get alone(): boolean {
    return this.#validUntil === Number.POSITIVE_INFINITY;
  }

  /** Joins the workers of this ledger. @throws LineshaftError `ledger-busy` */
  async claim(): Promise<void> {
    const { ledger, worker, leaseMs } = this.#o;
    await this.#lease(() => ledger.claimLanes({ worker, leaseMs }));
    this.#arm();
  }

  /** Looks at once rather than at its time: somebody came or went. */
  look(): void {
    if (this.#stopped || this.#timer === undefined) return;
    void this.#renew();
  }

  /** Leaves. The caller has nothing in hand any more. */
  async release(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#renewing;
    await this.#leaving;
    this.#open.clear();
    this.#shut.clear();
    await this.#o.ledger.releaseLanes({ worker: this.#o.worker });
  }

  #arm(): void {
    this.#timer?.cancel();
    if (!this.#stopped) this.#timer = this.#o.timer.after(RENEW_MS, () => void this.#renew());
  }

  /** One at a time; asked for meanwhile, once more afterwards. */
  async #renew(): Promise<void> {
    if (this.#renewing !== undefined) {
      this.#again = true;
      return;
    }
    const { ledger, worker, leaseMs, log } = this.#o;
    this.#renewing = this.#lease(() => ledger.renewLanes({ worker, leaseMs })).catch((error: unknown) => {
      log.error("the lease on the lanes could not be renewed", { error: explain(error) });
    });
    await this.#renewing;
    this.#renewing = undefined;
    this.#arm();
    if (this.#again) {
      this.#again = false;
      this.look();
    }
  }

  async #lease(ask: () => Promise<LaneLease>): Promise<void> {
    const { timer, clock, log } = this.#o;
    const [asked, askedAt] = [timer.now(), clock.now()];
    const lease = await ask();
    if (this.#stopped) return;
    const lapsed = !this.leased;
    this.#validUntil = asked + lease.leaseMs;
    this.#workers = lease.workers;
    this.#vanished = lease.vanished;
    if (clock.compare(lease.now, askedAt))
      log.warn("this machine's clock differs from the ledger's; the hub goes by the ledger's", { ms: clock.offset });
    this.#noticeLost(lease);
    if (lapsed) this.#o.resumed();
    await this.#openNew(lease);
    this.#shareOut(lease.surplus);
  }

  #noticeLost({ lanes }: LaneLease): void {
    const held = new Map(lanes.map(({ lane, fence }) => [lane, fence]));
    const lost = [...this.#open].filter(([lane, fence]) => held.get(lane) !== fence).map(([lane]) => lane);
    for (const lane of lost) this.#open.delete(lane);
    for (const [lane, fence] of this.#shut) if (held.get(lane) !== fence) this.#shut.delete(lane);
    if (lost.length === 0) return;
    this.#o.log.warn("lanes were taken over by another worker", { lost: lost.length, left: this.#open.size });
    // What is in hand is settled in vain; nothing waits for that here.
    void this.#o.leave(lost);
  }

  async #openNew({ lanes }: LaneLease): Promise<void> {
    const fresh = lanes.filter(({ lane }) => !this.#open.has(lane) && !this.#shut.has(lane));
    if (fresh.length === 0) return;
    for (const { lane, fence } of fresh) this.#shut.set(lane, fence);
    try {
      await this.#o.recover(fresh);
    } catch (error) {
      // Tried again with the next renewal.
      for (const { lane } of fresh) this.#shut.delete(lane);
      throw error;
    }
    const opened = fresh.filter(({ lane, fence }) => this.#shut.get(lane) === fence);
    for (const { lane, fence } of opened) {
      this.#shut.delete(lane);
      this.#open.set(lane, fence);
    }
    this.#o.opened(opened.map(({ lane }) => lane));
  }

  /** Gives lanes to workers that have fewer: the last ones, once what is in hand there is settled. */
  #shareOut(surplus: number): void {
    if (surplus <= 0 || this.#leaving !== undefined || this.#stopped) return;
    const { ledger, worker, log, leave } = this.#o;
    const lanes = this.owned.slice(-surplus);
    for (const lane of lanes) {
      this.#shut.set(lane, this.#open.get(lane) ?? -1);
      this.#open.delete(lane);
    }
    const handOver = async () => {
      await leave(lanes);
      await ledger.releaseLanes({ worker, lanes });
      for (const lane of lanes) this.#shut.delete(lane);
      log.info("lanes were given to other workers", { given: lanes.length, left: this.#open.size });
    };
    this.#leaving = handOver()
      .catch((error: unknown) => {
        // They are still this worker's: the next renewal opens them again.
        for (const lane of lanes) this.#shut.delete(lane);
        log.error("lanes could not be given to other workers", { error: explain(error) });
      })
      .finally(() => {
        this.#leaving = undefined;
      });
  }
}
