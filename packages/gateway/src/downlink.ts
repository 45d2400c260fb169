import { type Clock, type Log, UnavailableError, explain } from "@lineshaft/core";
import type { FactBuffer } from "./buffer.ts";
import type { GatewayLimits } from "./limits.ts";
import { ORDERS_AHEAD, ORDERS_REMEMBERED } from "./limits.ts";
import type { Link } from "./link.ts";
import type { OrdersAnswer } from "./outbox.ts";
import { ORDERS_PATH } from "./wire.ts";

/** One message of the hub, as the gateway's consumers get it. */
export interface GatewayOrder {
  /** The same when it is handed over again after a crash. */
  token: string;
  key: string;
  value: unknown;
}

/** Takes orders at the gateway, one after the other. An order that it throws on comes again, and the ones after it wait. */
export interface OrderConsumer {
  /** Unique within the gateway; its place is kept under it. */
  name: string;
  take(order: GatewayOrder, signal: AbortSignal): Promise<void>;
}

interface DownlinkOptions {
  buffer: FactBuffer;
  link: Link;
  consumers: readonly OrderConsumer[];
  limits: GatewayLimits;
  clock: Clock;
  random: () => number;
  log: Log;
}

/** How much longer a request for orders may take than the hub holds it, in ms. */
const POLL_MARGIN_MS = 10_000;
const ORDERS_AT_ONCE = 100;

/** Fetches orders from the hub, stores them, then says so, then hands them to each consumer in order. */
export class Downlink {
  readonly #o: DownlinkOptions;
  #stored = { run: "", after: 0 };
  readonly #wakes = new Set<() => void>();

  constructor(options: DownlinkOptions) {
    this.#o = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    // Without anybody who takes orders, they are better kept at the hub, which says that nobody asks for them.
    if (this.#o.consumers.length === 0) return;
    await Promise.all([this.#fetch(signal), ...this.#o.consumers.map((consumer) => this.#feed(consumer, signal))]);
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#fetchSome(signal);
        failures = 0;
      } catch {
        // Why is told by the uplink, which has the same other end.
        await this.#pause(failures++, signal);
      }
    }
  }

  async #fetchSome(signal: AbortSignal): Promise<void> {
    const { link, limits, buffer } = this.#o;
    if (buffer.orders.newest - this.#taken() >= ORDERS_AHEAD) throw new Error("its consumers have to catch up first");
    const { run, after } = this.#stored;
    const path = `${ORDERS_PATH}?run=${run}&after=${after}&wait=${limits.pollMs}`;
    const { status, body } = await link.send({ method: "GET", path, limitMs: limits.pollMs + POLL_MARGIN_MS }, signal);
    if (!isOrders(body)) throw new UnavailableError(`The hub hands out no orders (HTTP ${status}).`, { next: "" });
    if (body.orders.length > 0) buffer.orders.store(body.orders);
    this.#stored = { run: body.run, after: body.orders.at(-1)?.n ?? (run === body.run ? after : 0) };
    for (const wake of this.#wakes) wake();
  }

  async #feed(consumer: OrderConsumer, signal: AbortSignal): Promise<void> {
    const { buffer, log } = this.#o;
    const name = `orders:${consumer.name}`;
    for (let failures = 0; !signal.aborted;) {
      const orders = buffer.orders.after(Number(buffer.setting(name) ?? 0), ORDERS_AT_ONCE);
      try {
        for (const { n, token, key, value } of orders) {
          await consumer.take({ token, key, value }, signal);
          buffer.saveSetting(name, n);
          failures = 0;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (failures === 0)
          log.warn("a consumer did not take an order", { consumer: consumer.name, why: explain(error) });
        await this.#pause(failures++, signal);
        continue;
      }
      if (orders.length > 0) this.#forget();
      else await this.#somethingStored(signal);
    }
  }

  /** Orders that all consumers have are kept for a while, so that one that comes again is known. */
  #forget(): void {
    const { buffer } = this.#o;
    const upTo = Math.min(this.#taken(), buffer.orders.newest - ORDERS_REMEMBERED);
    if (upTo > 0) buffer.orders.forget(upTo);
  }

  /** All consumers have the orders up to here. */
  #taken(): number {
    const { buffer, consumers } = this.#o;
    return Math.min(...consumers.map(({ name }) => Number(buffer.setting(`orders:${name}`) ?? 0)));
  }

  #somethingStored(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wakes.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wakes.add(done);
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }

  async #pause(failures: number, signal: AbortSignal): Promise<void> {
    const { limits, random, clock } = this.#o;
    const wait = Math.min(limits.retryCapMs, limits.retryFirstMs * 2 ** Math.min(failures, 20)) * (0.5 + random() / 2);
    // Aborted means stopped, which the loops' conditions see.
    await clock.sleep(Math.round(wait), signal).catch(() => undefined);
  }
}

function isOrders(body: unknown): body is OrdersAnswer {
  return typeof body === "object" && body !== null && "kind" in body && body.kind === "orders";
}
