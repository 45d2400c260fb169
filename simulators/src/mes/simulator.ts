import type { Clock } from "@lineshaft/core";
import { connectAsync } from "mqtt";
import type { IClientOptions, MqttClient } from "mqtt";
import { mesDay } from "./day.ts";
import type { MesDay, MesDayOptions, MesMessage } from "./day.ts";
import { DAY_MS } from "./plant.ts";

export interface MesSimulatorOptions {
  /** `mqtt://127.0.0.1:1883` */
  brokerUrl: string;
  /** How many times faster than the plant's clock; default 60. `Infinity` sends as fast as the broker takes it. */
  speed?: number;
  clock: Clock;
  /** In [0, 1). Seeds the days after the first. */
  random: () => number;
  /** The first day. Its `start` is when it happened; see below. */
  plan: Omit<MesDayOptions, "start"> & { start?: number };
  /** Another day with new orders after each; default true. */
  endless?: boolean;
  signal?: AbortSignal;
  /** Further settings of the client: name, password, certificates. */
  client?: IClientOptions;
  /** Called with each day before its first message, so that its orders can be set up. Awaited. */
  onDay?: (day: MesDay) => void | Promise<void>;
  /** Called when the broker has taken a message. */
  onSent?: (message: MesMessage) => void;
}

export interface MesSimulator extends AsyncDisposable {
  /** Messages the broker has taken. */
  readonly sent: number;
  /** Resolves when the last day is over or it was stopped; rejects when the broker refuses. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Most messages sent and not yet taken by the broker: it bounds memory while the broker is away. */
const SENT_AHEAD = 100;

/**
 * Publishes a plant's days over MQTT, QoS 1, in order.
 *
 * Without `plan.start`, a day played faster than real time is the one that ends now, because a hub refuses facts from
 * the future; at speed 1 it is the one that begins now.
 */
export async function startMesSimulator(options: MesSimulatorOptions): Promise<MesSimulator> {
  const { brokerUrl, signal, client: settings = {} } = options;
  const client = await connectAsync(brokerUrl, { clientId: "mes-simulator", reconnectPeriod: 500, ...settings });
  const stop = new AbortController();
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const player = new Player(client, options, both);
  const done = playAndLeave(player, client);
  // Who only calls `stop` has no use for the failure; who awaits `done` gets it there.
  done.catch(() => {});
  const end = async () => {
    stop.abort();
    await done;
  };
  return {
    get sent() {
      return player.sent;
    },
    done,
    stop: end,
    [Symbol.asyncDispose]: end,
  };
}

async function playAndLeave(player: Player, client: MqttClient): Promise<void> {
  try {
    await player.play();
  } finally {
    await client.endAsync(true);
  }
}

class Player {
  sent = 0;
  readonly #client: MqttClient;
  readonly #options: MesSimulatorOptions;
  readonly #signal: AbortSignal;
  readonly #underWay = new Set<Promise<void>>();
  #failure: unknown;

  constructor(client: MqttClient, options: MesSimulatorOptions, signal: AbortSignal) {
    this.#client = client;
    this.#options = options;
    this.#signal = signal;
    // The client goes on trying by itself.
    client.on("error", () => {});
  }

  async play(): Promise<void> {
    const { plan } = this.#options;
    let day = mesDay({ ...plan, start: plan.start ?? this.#startOfDay() });
    await this.#playDay(day);
    while (this.#options.endless !== false && !this.#signal.aborted) {
      day = this.#nextDay(day);
      await this.#playDay(day);
    }
    await this.#settle();
  }

  /** The same plant with orders that go on counting where the day before ended. */
  #nextDay({ orders }: MesDay): MesDay {
    const { plan, random } = this.#options;
    const numbers = orders.map(({ productionOrder }) => Number(productionOrder.replace(/\D/g, "")));
    const seed = Math.floor(random() * 2 ** 31);
    const firstOrder = Math.max(...numbers) + 1;
    return mesDay({ ...plan, seed, orders: orders.length, firstOrder, start: this.#startOfDay() });
  }

  async #playDay(day: MesDay): Promise<void> {
    const { clock, speed = 60 } = this.#options;
    await this.#options.onDay?.(day);
    const begun = clock.now();
    for (const message of day.messages) {
      await this.#waitUntil(begun + (message.at - day.start) / speed);
      if (this.#signal.aborted) return;
      this.#send(message);
      while (this.#underWay.size >= SENT_AHEAD && !this.#signal.aborted)
        await this.#orStopped(Promise.race(this.#underWay));
      if (this.#failure) throw this.#failure;
    }
  }

  async #waitUntil(time: number): Promise<void> {
    const { clock } = this.#options;
    const ms = time - clock.now();
    // Only the signal ends a sleep early, and the caller looks at it.
    if (ms >= 1) await clock.sleep(ms, this.#signal).catch(() => {});
  }

  #send(message: MesMessage): void {
    const sending = this.#client.publishAsync(message.topic, JSON.stringify(message.fact), { qos: 1 }).then(
      () => {
        this.sent++;
        this.#options.onSent?.(message);
      },
      (error: unknown) => {
        if (!this.#signal.aborted) this.#failure ??= error;
      },
    );
    const tracked = sending.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  /** Waits for the broker to take what was sent, unless stopped. */
  async #settle(): Promise<void> {
    await this.#orStopped(Promise.all(this.#underWay));
    if (this.#failure) throw this.#failure;
  }

  async #orStopped(work: Promise<unknown>): Promise<void> {
    if (this.#signal.aborted) return;
    const stopped = Promise.withResolvers<void>();
    const stop = () => stopped.resolve();
    this.#signal.addEventListener("abort", stop, { once: true });
    await Promise.race([work, stopped.promise]);
    this.#signal.removeEventListener("abort", stop);
  }

  #startOfDay(): number {
    const { clock, speed = 60 } = this.#options;
    return speed > 1 ? clock.now() - DAY_MS : clock.now();
  }
}
