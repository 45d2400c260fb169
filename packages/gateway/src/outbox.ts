import { randomUUID } from "node:crypto";
import type { Clock, Item, Outcome } from "@lineshaft/core";
import { AWAY_AFTER_MS, ORDERS_PER_POLL, ORDER_WAIT_MS } from "./limits.ts";

/** A message of the hub for a gateway. */
export interface Order {
  /** Counts within one run of the hub's process. */
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

interface Offered extends Order {
  /** It was in an answer, so the gateway may have it. */
  handed: boolean;
  settle: (outcome: Outcome) => void;
}

/** Orders of one gateway, from the hub's dispatch until the gateway says that they are on its disk. */
export class Outbox {
  readonly #gateway: string;
  readonly #clock: Clock;
  readonly #run = randomUUID();
  #offered: Offered[] = [];
  #next = 1;
  #open = false;
  #changed = Promise.withResolvers<void>();
  /** When the gateway last asked. */
  askedAt: number | undefined;

  constructor(gateway: string, clock: Clock) {
    this.#gateway = gateway;
    this.#clock = clock;
  }

  get present(): boolean {
    return this.askedAt !== undefined && this.#clock.now() - this.askedAt < AWAY_AFTER_MS;
  }

  /** Gateways can reach this process from now on. */
  open(): void {
    this.#open = true;
  }

  /** They cannot any more: what waits is given back, and what comes is not kept waiting. */
  shut(): void {
    this.#open = false;
    this.#giveUp(this.#offered);
  }

  /** Resolves when the gateway has stored them, or did not in time. */
  async offer(items: readonly Item<unknown>[], signal: AbortSignal): Promise<Outcome[]> {
    const offered = items.map(({ token, key, value }) => this.#offer({ token, key, value }));
    const give = () => this.#giveUp(offered.map(({ order }) => order));
    if (!this.#open) give();
    const timer = this.#clock.after(ORDER_WAIT_MS, give);
    signal.addEventListener("abort", give, { once: true });
    this.#changed.resolve();
    try {
      return await Promise.all(offered.map(({ outcome }) => outcome));
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", give);
    }
  }

  /** Settles what the gateway has stored, and resolves with what comes after it, at once or when there is something. */
  async take(asked: { run: string; after: number; waitMs: number }, signal: AbortSignal): Promise<OrdersAnswer> {
    this.askedAt = this.#clock.now();
    const after = asked.run === this.#run ? asked.after : 0;
    this.#settleUpTo(after);
    if (this.#offered.length === 0) await this.#somethingOffered(asked.waitMs, signal);
    this.askedAt = this.#clock.now();
    const orders = this.#offered.slice(0, ORDERS_PER_POLL);
    for (const order of orders) order.handed = true;
    return {
      kind: "orders",
      run: this.#run,
      orders: orders.map(({ n, token, key, value }) => ({ n, token, key, value })),
      now: this.#clock.now(),
    };
  }

  #offer({ token, key, value }: Omit<Order, "n">): { order: Offered; outcome: Promise<Outcome> } {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const order: Offered = { n: this.#next++, token, key, value, handed: false, settle: resolve };
    this.#offered.push(order);
    return { order, outcome: promise };
  }

  #settleUpTo(n: number): void {
    const stored = this.#offered.filter((order) => order.n <= n);
    this.#offered = this.#offered.filter((order) => order.n > n);
    for (const order of stored) order.settle({ kind: "done", receipt: `${this.#gateway} ${order.token}` });
  }

  #giveUp(orders: readonly Offered[]): void {
    const given = new Set(orders);
    const left = this.#offered.filter((order) => given.has(order));
    this.#offered = this.#offered.filter((order) => !given.has(order));
    for (const order of left)
      order.settle(
        order.handed
          ? { kind: "uncertain", message: `Gateway ${this.#gateway} was handed it and did not say that it is stored.` }
          : {
              kind: "unavailable",
              message: `Gateway ${this.#gateway} did not fetch it.`,
              next: "It waits until the gateway is linked again.",
            },
      );
  }

  async #somethingOffered(waitMs: number, signal: AbortSignal): Promise<void> {
    this.#changed = Promise.withResolvers<void>();
    const woken = new AbortController();
    void this.#changed.promise.then(() => woken.abort());
    // Aborted means that there is something, or that the gateway went.
    await this.#clock.sleep(waitMs, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
  }
}
