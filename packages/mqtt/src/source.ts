import { explain } from "@lineshaft/core";
import type { Health, Intake, Source, SystemContext } from "@lineshaft/core";
import { compileRoute, factOf } from "./fact.ts";
import type { Route } from "./fact.ts";
import { MQTT_LIMITS } from "./options.ts";
import type { MqttLimits, MqttOptions } from "./options.ts";
import type { Publish } from "./packets.ts";
import { Session } from "./session.ts";
import type { SessionSettings } from "./session.ts";
import { openTransport } from "./transport.ts";

/** Reads a broker by persistent sessions and acknowledges a message when it is on disk. */
export class MqttSource implements Source {
  readonly #options: MqttOptions;
  readonly #context: SystemContext;
  readonly #routes: Route[];
  readonly #limits: MqttLimits;
  readonly #sessions = new Set<Session>();
  readonly #strangers = new Set<string>();

  constructor(options: MqttOptions, context: SystemContext) {
    this.#options = options;
    this.#context = context;
    this.#routes = options.subscribe.map(compileRoute);
    this.#limits = { ...MQTT_LIMITS, ...options.limits };
  }

  /** Messages handed over and not yet acknowledged, over all connections. */
  get inFlight(): number {
    return [...this.#sessions].reduce((sum, session) => sum + session.inFlight, 0);
  }

  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const count = this.#options.connections ?? 1;
    let missing = count;
    const subscribed = () => {
      if (--missing === 0) intake.listening();
    };
    const connections = Array.from({ length: count }, (_, at) =>
      // The connections stand or fall together: the runtime knows one source, and begins it anew.
      this.#runConnection(at, intake, both, subscribed).finally(() => stop.abort()),
    );
    const ends = await Promise.allSettled(connections);
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** Whether the broker lets us in: by the connection there is, or by a short one of its own client id. */
  async check(signal: AbortSignal): Promise<Health> {
    const { clientId } = this.#options;
    if (this.#sessions.size > 0)
      return { ok: true, detail: `connected as ${clientId}, ${this.inFlight} messages in hand` };
    const session = this.#open(`${clientId}-check`, { clean: true, take: async () => {} });
    const abort = () => void session.stop().catch(() => {});
    signal.addEventListener("abort", abort, { once: true });
    try {
      await session.connect();
      await session.stop();
      return { ok: true };
    } catch (error) {
      return {
        ok: false,
        message: explain(error),
        next: error instanceof Error && "next" in error ? String(error.next) : "",
      };
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #runConnection(at: number, intake: Intake, signal: AbortSignal, subscribed: () => void): Promise<void> {
    if (signal.aborted) return;
    const clientId = at === 0 ? this.#options.clientId : `${this.#options.clientId}-${at + 1}`;
    // What is not shared would arrive once per connection.
    const routes = at === 0 ? this.#routes : this.#routes.filter((route) => route.subscription.shared !== undefined);
    const session = this.#open(clientId, { clean: false, take: (publish) => this.#take(publish, intake) });
    const abort = () => void session.stop().catch(() => {});
    signal.addEventListener("abort", abort, { once: true });
    this.#sessions.add(session);
    try {
      await this.#subscribe({ session, clientId, routes, intake });
      subscribed();
      await session.ended;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#sessions.delete(session);
      signal.removeEventListener("abort", abort);
    }
  }

  #open(clientId: string, rest: Pick<SessionSettings, "clean" | "take">): Session {
    const { url, protocolVersion = 5, username, password } = this.#options;
    return new Session(openTransport(this.#options), {
      broker: new URL(url).host,
      clientId,
      version: protocolVersion,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password: password.read() }),
      limits: this.#limits,
      clock: this.#context.clock,
      ...rest,
    });
  }

  /**
   * Connects and brings the broker's idea of our subscriptions in line with the configuration. What was subscribed last
   * time is kept as a cursor: a session outlives restarts of the hub, and so do subscriptions taken out meanwhile.
   */
  async #subscribe({ session, clientId, routes, intake }: Connection): Promise<void> {
    const { log } = this.#context;
    const cursor = `subscriptions/${clientId}`;
    const before = await intake.loadCursor(cursor);
    const { sessionPresent } = await session.connect();
    if (before !== undefined && !sessionPresent) {
      log.warn(`The broker kept no session of ${clientId}: what was sent while the hub was away is lost there.`, {
        next: "Have its sender send it again, and look at the broker's persistence and session expiry.",
      });
    }
    await session.subscribe(
      routes.map(({ filter, subscription }) => ({
        topic: filter,
        qos: subscription.qos ?? 1,
        sendRetained: this.#options.retained === "record",
      })),
    );
    const now = routes.map((route) => route.filter);
    const gone = filtersOf(before).filter((filter) => !now.includes(filter));
    if (sessionPresent && gone.length > 0) await session.unsubscribe(gone);
    if (before !== JSON.stringify(now)) await intake.saveCursor(cursor, JSON.stringify(now));
    log.info(`Subscribed as ${clientId}.`, { topics: now, sessionPresent });
  }

  async #take(publish: Publish, intake: Intake): Promise<void> {
    if (publish.retain && this.#options.retained !== "record") {
      this.#context.log.debug("Ignored a retained message.", { topic: publish.topic });
      return;
    }
    const fact = factOf(publish, this.#routes);
    if (fact === undefined) return this.#tellStranger(publish.topic);
    await intake.record(fact);
  }

  /** A topic nobody subscribes to any more, from before the session's subscriptions were brought in line. */
  #tellStranger(topic: string): void {
    if (this.#strangers.size >= STRANGERS_TOLD || this.#strangers.has(topic)) return;
    this.#strangers.add(topic);
    this.#context.log.warn(`Passed over messages of ${topic}: no subscription of the configuration has it.`);
  }
}

/** Most topics without a subscription that are logged, once each. */
const STRANGERS_TOLD = 100;

interface Connection {
  session: Session;
  clientId: string;
  routes: readonly Route[];
  intake: Intake;
}

function filtersOf(cursor: string | undefined): string[] {
  if (cursor === undefined) return [];
  const filters: unknown = JSON.parse(cursor);
  return Array.isArray(filters) ? filters.filter((filter) => typeof filter === "string") : [];
}
