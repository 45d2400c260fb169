import { explain } from "@lineshaft/core";
import type { Health, SystemContext, TagObserver, TagSource } from "@lineshaft/core";
import type { Publish } from "../packets.ts";
import { Publication } from "../publication.ts";
import { Session } from "../session.ts";
import type { SessionSettings } from "../session.ts";
import { openTransport } from "../transport.ts";
import { SparkplugHost } from "./host.ts";
import { DEVICE_BIRTH_MS, REBIRTH_PACE, REORDER_MS, SPARKPLUG_LIMITS, TOPIC_BYTES } from "./options.ts";
import type { SparkplugLimits, SparkplugOptions } from "./options.ts";
import { TagOutbox } from "./tag-outbox.ts";
import { NAMESPACE } from "./topic.ts";

/** A Sparkplug host application on one broker (Sparkplug 3.0 §5.3). It listens, and publishes only what `Publication` can say. */
export class SparkplugSource implements TagSource {
  readonly #options: SparkplugOptions;
  readonly #context: SystemContext;
  readonly #limits: SparkplugLimits;
  readonly #host: SparkplugHost;
  readonly #stateTopic: string;
  #session: Session | undefined;

  constructor(options: SparkplugOptions, context: SystemContext) {
    this.#options = options;
    this.#context = context;
    this.#limits = { ...SPARKPLUG_LIMITS, ...options.limits };
    const { reorderMs = REORDER_MS, deviceBirthMs = DEVICE_BIRTH_MS } = options;
    const rebirth = { ...REBIRTH_PACE, ...options.rebirth };
    this.#host = new SparkplugHost({ reorderMs, deviceBirthMs, rebirth, limits: this.#limits }, context);
    this.#stateTopic = `${NAMESPACE}/STATE/${options.hostId}`;
  }

  async run(observer: TagObserver, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const outbox = new TagOutbox(observer, this.#limits.changesAtOnce);
    this.#host.begin(outbox);
    const connection = new HostConnection(this.#options.hostId, this.#context, (rest) => this.#open(rest));
    const { session } = connection;
    const abort = () => void session.stop().catch(() => {});
    signal.addEventListener("abort", abort, { once: true });
    this.#session = session;
    try {
      await this.#follow({ connection, outbox, observer });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#session = undefined;
      this.#host.lost(session.lastHeard);
      await session.stop().catch(() => {});
      // Whoever takes the tags must learn that they are stale, unless it is the taker who failed or ends.
      if (!signal.aborted) await outbox.taken().catch(() => {});
    }
  }

  /** Whether the broker lets us in: by the connection there is, or by a short one that is no host. */
  async check(signal: AbortSignal): Promise<Health> {
    const { hostId, clientId = hostId } = this.#options;
    if (this.#session !== undefined) {
      const { online, known } = this.#host.nodes;
      return { ok: true, detail: `connected as ${hostId}, ${online} of ${known} edge nodes online` };
    }
    const session = this.#open({ clientId: `${clientId}-check`, take: async () => {} });
    const abort = () => void session.stop().catch(() => {});
    signal.addEventListener("abort", abort, { once: true });
    try {
      await session.connect();
      await session.stop();
      return { ok: true };
    } catch (error) {
      const next = error instanceof Error && "next" in error ? String(error.next) : "";
      return { ok: false, message: explain(error), next };
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Order of calls as in Sparkplug 3.0 §5.3: connect with a will, subscribe, then publish the birth certificate. */
  async #follow({ connection, outbox, observer }: Following): Promise<void> {
    const { session } = connection;
    connection.take = (publish) => this.#take(publish, connection, outbox);
    await session.connect();
    const topics = [this.#stateTopic, ...(this.#options.groups ?? [undefined]).map(filterOf)];
    await session.subscribe(topics.map((topic) => ({ topic, qos: 1, sendRetained: false })));
    await connection.publishBirth();
    this.#host.connected((node) => void session.publish(Publication.rebirth(node, this.#context.clock.now())));
    observer.listening();
    this.#context.log.info(`Host ${this.#options.hostId} is online.`, { topics });
    await Promise.race([session.ended, outbox.failed]);
  }

  #take(publish: Publish, connection: HostConnection, outbox: TagOutbox): Promise<void> {
    if (publish.topic === this.#stateTopic) connection.hearState(publish.payload);
    else this.#host.receive(publish);
    return outbox.taken();
  }

  #open(rest: Pick<SessionSettings, "take" | "will" | "farewell"> & { clientId?: string }): Session {
    const { url, protocolVersion = 5, username, password, hostId, clientId = hostId } = this.#options;
    const { inFlight, inFlightBytes, keepAliveSeconds, payloadBytes } = this.#limits;
    return new Session(openTransport(this.#options), {
      broker: new URL(url).host,
      clientId,
      version: protocolVersion,
      clean: true,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password: password.read() }),
      limits: {
        inFlight,
        inFlightBytes,
        keepAliveSeconds,
        packetBytes: payloadBytes + TOPIC_BYTES,
        sessionExpirySeconds: 0,
      },
      clock: this.#context.clock,
      ...rest,
    });
  }
}

interface Following {
  connection: HostConnection;
  outbox: TagOutbox;
  observer: TagObserver;
}

/** One connection with its certificates, which share a timestamp (Sparkplug 3.0 §6.4.26). */
class HostConnection {
  readonly session: Session;
  take: (publish: Publish) => Promise<void> = async () => {};
  readonly #birth: Publication;
  #online = false;

  constructor(
    hostId: string,
    { clock }: SystemContext,
    open: (settings: Pick<SessionSettings, "take" | "will" | "farewell">) => Session,
  ) {
    const timestamp = clock.now();
    this.#birth = Publication.state(hostId, true, timestamp);
    this.session = open({
      take: (publish) => this.take(publish),
      will: Publication.state(hostId, false, timestamp),
      farewell: () => Publication.state(hostId, false, clock.now()),
    });
  }

  async publishBirth(): Promise<void> {
    const published = this.session.publish(this.#birth);
    this.#online = true;
    await published;
  }

  /** An older connection's will may come late, or another client errs: whoever says that we are offline is set right. */
  hearState(payload: Buffer): void {
    // A connection that ends meanwhile says so by `ended`.
    if (this.#online && saysOffline(payload)) this.session.publish(this.#birth).catch(() => {});
  }
}

function saysOffline(payload: Buffer): boolean {
  try {
    const state: unknown = JSON.parse(payload.toString());
    return typeof state === "object" && state !== null && "online" in state && state.online === false;
  } catch {
    return false;
  }
}

function filterOf(group: string | undefined): string {
  return group === undefined ? `${NAMESPACE}/#` : `${NAMESPACE}/${group}/#`;
}
