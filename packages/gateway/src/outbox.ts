import { randomUUID } from "node:crypto";
import { type Clock, type Intake, type Item, type Log, type Outcome, type Timer, explain } from "@lineshaft/core";
import {
  AWAY_AFTER_MS,
  ORDERS_BYTES,
  ORDERS_LOOK_MS,
  ORDERS_PER_POLL,
  ORDER_FRAME_BYTES,
  ORDER_WAIT_MS,
} from "./limits.ts";
import { SharedOrders, isSame } from "./shared-orders.ts";

/** A message of the hub for a gateway. */
export interface Order {
  /** Counts what one run of the hub's process hands out; what is handed out again counts anew. */
  n: number;
  token: string;
  key: string;
  value: unknown;
}

/** What a gateway is answered when it asks for orders. */
export interface OrdersAnswer {
  kind: "orders";
  /** The run of the hub's process that `n` belongs to. */
  run: string;
  orders: Order[];
  now: number;
}

interface Offered {
  item: Item<unknown>;
  /** It was in an answer, so the gateway may have it. */
  handed: boolean;
  settle: (outcome: Outcome) => void;
}

/** What was in the last answer that had orders: all of it is stored when the gateway asks for what comes after `through`. */
interface Handed {
  through: number;
  own: Offered[];
  others: Item<unknown>[];
}

/**
 * Orders of one gateway, from the hub's dispatch until the gateway says that they are on its disk. With several workers,
 * the one that the gateway asks hands out what the others have in hand, too.
 */
export class Outbox {
  readonly #gateway: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #systems = new Set<string>();
  readonly #run = randomUUID();
  #offered: Offered[] = [];
  #handed: Handed | undefined;
  #counted = 0;
  #requests = 0;
  #changed = Promise.withResolvers<void>();
  /** While gateways can reach this process. */
  #shared: SharedOrders | undefined;
  #look: Timer | undefined;
  /** When the gateway last asked, here or another worker. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #askedElsewhereAt = Number.NEGATIVE_INFINITY;

  constructor(gateway: string, { clock, log }: { clock: Clock; log: Log }) {
    this.#gateway = gateway;
    this.#clock = clock;
    this.#log = log;
  }

  /** Orders of this system go through here. */
  serve(system: string): void {
    this.#systems.add(system);
  }

  /** Gateways can reach this process from now on. */
  open(intake: Intake): void {
    this.#shared = new SharedOrders({
      gateway: this.#gateway,
      run: this.#run,
      systems: this.#systems,
      intake,
      clock: this.#clock,
    });
  }

  /** They cannot any more: what waits is given back, and what comes is not kept waiting. */
  shut(): void {
    this.#shared = undefined;
    this.#look?.cancel();
    this.#look = undefined;
    this.#giveUp(this.#offered);
  }

  /** Whether the gateway has asked for orders lately, whichever worker. */
  async isPresent(): Promise<boolean> {
    await this.#readNote();
    return this.#isAsking(Math.max(this.#askedAt, this.#askedElsewhereAt));
  }

  /** Resolves when the gateway has stored them, or did not in time. */
  async offer(items: readonly Item<unknown>[], signal: AbortSignal): Promise<Outcome[]> {
    const offered = items.map((item) => this.#offer(item));
    const give = () => this.#giveUp(offered.map(({ order }) => order));
    if (this.#shared === undefined) give();
    const timer = this.#clock.after(ORDER_WAIT_MS, give);
    signal.addEventListener("abort", give, { once: true });
    this.#changed.resolve();
    this.#lookLater();
    try {
      return await Promise.all(offered.map(({ outcome }) => outcome));
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", give);
    }
  }

  /**
   * Settles what the gateway has stored, and resolves with what comes after it, at once or when there is something. A gateway
   * has one request at a time: one that it gave up gets nothing.
   */
  async take(asked: { run: string; after: number; waitMs: number }, signal: AbortSignal): Promise<OrdersAnswer> {
    const request = ++this.#requests;
    // Ends the wait of a request before this one.
    this.#changed.resolve();
    this.#askedAt = this.#clock.now();
    await this.#settleStored(asked);
    let others = await this.#waitingElsewhere();
    for (let left = asked.waitMs; left > 0 && this.#offered.length === 0 && others.length === 0;) {
      if (signal.aborted || request !== this.#requests) break;
      const wait = this.#shared?.any === true ? Math.min(left, ORDERS_LOOK_MS) : left;
      await this.#somethingOffered(wait, signal);
      left -= wait;
      others = await this.#waitingElsewhere();
    }
    this.#askedAt = this.#clock.now();
    const orders = signal.aborted || request !== this.#requests ? [] : this.#hand(others);
    return { kind: "orders", run: this.#run, orders, now: this.#clock.now() };
  }

  /** Half of an answer is for what others have, if they have as much. */
  #hand(waiting: Item<unknown>[]): Order[] {
    const others = fitting(waiting, (item) => item);
    const own = fitting(this.#offered.slice(0, ORDERS_PER_POLL - others.length), ({ item }) => item);
    if (own.length + others.length === 0) return [];
    for (const order of own) order.handed = true;
    const orders = [...own.map(({ item }) => item), ...others].map(({ token, key, value }) => ({
      n: ++this.#counted,
      token,
      key,
      value,
    }));
    this.#handed = { through: this.#counted, own, others };
    return orders;
  }

  async #waitingElsewhere(): Promise<Item<unknown>[]> {
    const but = new Set(this.#offered.map(({ item }) => item.token));
    const limit = Math.max(ORDERS_PER_POLL / 2, ORDERS_PER_POLL - this.#offered.length);
    return (await this.#shared?.waiting({ but, limit })) ?? [];
  }

  #offer(item: Item<unknown>): { order: Offered; outcome: Promise<Outcome> } {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const order: Offered = { item, handed: false, settle: resolve };
    this.#offered.push(order);
    return { order, outcome: promise };
  }

  async #settleStored({ run, after }: { run: string; after: number }): Promise<void> {
    const handed = this.#handed;
    if (handed === undefined || run !== this.#run || after < handed.through) return;
    this.#handed = undefined;
    this.#settle(handed.own);
    await this.#shared?.tell(handed.others);
  }

  #settle(stored: readonly Offered[]): void {
    const settled = new Set(stored);
    this.#offered = this.#offered.filter((order) => !settled.has(order));
    for (const { item, settle } of stored) settle({ kind: "done", receipt: `${this.#gateway} ${item.token}` });
  }

  /** While something is offered here, the gateway may fetch it from another worker. */
  #lookLater(): void {
    if (this.#shared === undefined || this.#offered.length === 0) return;
    this.#look ??= this.#clock.after(ORDERS_LOOK_MS, () => {
      void this.#readNote().then(() => {
        this.#look = undefined;
        this.#lookLater();
      });
    });
  }

  async #readNote(): Promise<void> {
    try {
      const note = await this.#shared?.read();
      if (note === undefined) return;
      if (note.run !== this.#run) this.#askedElsewhereAt = note.askedAt;
      this.#settle(this.#offered.filter(({ item }) => note.stored.some((stored) => isSame(item, stored))));
    } catch (error) {
      this.#log.warn("what a gateway fetched from other workers could not be read; it is looked at again", {
        gateway: this.#gateway,
        why: explain(error),
      });
    }
  }

  #giveUp(orders: readonly Offered[]): void {
    const given = new Set(orders);
    const left = this.#offered.filter((order) => given.has(order));
    this.#offered = this.#offered.filter((order) => !given.has(order));
    const elsewhere = this.#isAsking(this.#askedElsewhereAt);
    for (const { handed, settle } of left) settle(handed || elsewhere ? this.#notTold() : this.#notFetched());
  }

  #notTold(): Outcome {
    return { kind: "uncertain", message: `Gateway ${this.#gateway} may have it and did not say that it is stored.` };
  }

  #notFetched(): Outcome {
    return {
      kind: "unavailable",
      message: `Gateway ${this.#gateway} did not fetch it.`,
      next: "It waits until the gateway is linked again.",
    };
  }

  #isAsking(at: number): boolean {
    return this.#clock.now() - at < AWAY_AFTER_MS;
  }

  async #somethingOffered(waitMs: number, signal: AbortSignal): Promise<void> {
    this.#changed = Promise.withResolvers<void>();
    const woken = new AbortController();
    void this.#changed.promise.then(() => woken.abort());
    // Aborted means that there is something, or that the gateway went.
    await this.#clock.sleep(waitMs, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
  }
}

/** The first ones, that together are no longer than half of an answer may be; one is always among them. */
function fitting<T>(all: readonly T[], itemOf: (one: T) => Item<unknown>): T[] {
  let bytes = 0;
  const past = all.findIndex((one, at) => {
    bytes += Buffer.byteLength(JSON.stringify(itemOf(one).value)) + ORDER_FRAME_BYTES;
    return at > 0 && bytes > ORDERS_BYTES;
  });
  return past === -1 ? [...all] : all.slice(0, past);
}
