import type { Duplex } from "node:stream";
import { UnavailableError } from "@lineshaft/core";
import type { Clock, Timer } from "@lineshaft/core";
import { generate } from "mqtt-packet";
import type { Packet as OutgoingPacket } from "mqtt-packet";
import { AckQueue } from "./ack-queue.ts";
import { FrameSplitter } from "./frames.ts";
import { HANDSHAKE_MS, STOP_GRACE_MS } from "./options.ts";
import { readPacket } from "./packets.ts";
import type { Packet, Publish } from "./packets.ts";
import type { MqttLimits } from "./options.ts";
import type { Publication } from "./publication.ts";
import { connectionRefused, disconnected, lost, publicationRefused, subscriptionRefused } from "./session-errors.ts";

export interface SessionSettings {
  /** How errors name the broker. */
  broker: string;
  clientId: string;
  version: 4 | 5;
  /** A clean session is forgotten when the connection ends; the other kind keeps what arrives meanwhile. */
  clean: boolean;
  username?: string;
  password?: string;
  limits: MqttLimits;
  clock: Clock;
  /** Takes one message; it is acknowledged when this resolves. */
  take(publish: Publish): Promise<unknown>;
  /** What the broker publishes when this connection breaks. */
  will?: Publication;
  /** What is published before each good-bye. */
  farewell?: () => Publication;
}

type Connack = Extract<Packet, { kind: "connack" }>;
type Suback = Extract<Packet, { kind: "suback" }>;

/**
 * One connection of a subscriber. It keeps up to `limits.inFlight` messages unacknowledged, so that many share a
 * commit, and stops reading the broker when there are more. A usual client cannot do that: it handles the next message
 * when the last one is acknowledged, one commit each.
 *
 * Order of calls: `connect`, `subscribe`, perhaps `unsubscribe`, once each, then `stop` or waiting for `ended`.
 */
export class Session {
  /** Settles when the connection is over: resolves after `stop`, rejects when it was lost or a message could not be recorded. */
  readonly ended: Promise<void>;

  readonly #settings: SessionSettings;
  readonly #stream: Duplex;
  readonly #frames: FrameSplitter;
  readonly #acks: AckQueue;
  readonly #pubacks = new Map<number, PromiseWithResolvers<number>>();
  readonly #end = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #answers = {
    connack: Promise.withResolvers<Connack>(),
    suback: Promise.withResolvers<Suback>(),
    unsuback: Promise.withResolvers<void>(),
  };
  #keepAlive: Timer | undefined;
  #keepAliveMs: number;
  #lastHeard: number;
  #lastSent: number;
  #messageId = 0;
  #paused = false;
  #connected = false;
  #ending = false;

  constructor(stream: Duplex, settings: SessionSettings) {
    this.#stream = stream;
    this.#settings = settings;
    this.#frames = new FrameSplitter(settings.limits.packetBytes);
    this.#acks = new AckQueue((ids) => this.#acknowledge(ids));
    this.#keepAliveMs = settings.limits.keepAliveSeconds * 1000;
    this.#lastHeard = this.#lastSent = settings.clock.now();
    this.ended = this.#end.promise;
    // Whoever awaits `connect` hears of the failure there; it is no unhandled rejection here.
    this.ended.catch(() => {});
    stream.on("data", (chunk: Buffer) => this.#hear(chunk));
    stream.on("error", (cause) => this.#finish(lost(settings.broker, cause)));
    stream.on("close", () => {
      this.#closed.resolve();
      this.#finish(lost(settings.broker));
    });
  }

  /** Messages handed over and not yet acknowledged. */
  get inFlight(): number {
    return this.#acks.size;
  }

  /** When the broker was last heard, ms since 1970. */
  get lastHeard(): number {
    return this.#lastHeard;
  }

  /** @returns whether the broker had kept a session of this client */
  async connect(): Promise<{ sessionPresent: boolean }> {
    const { clientId, version, clean, username, password, limits, broker, will } = this.#settings;
    this.#send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: version,
      clientId,
      clean,
      keepalive: limits.keepAliveSeconds,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password: Buffer.from(password) }),
      ...(will !== undefined && { will: messageOf(will) }),
      ...(version === 5 && {
        properties: {
          sessionExpiryInterval: clean ? 0 : limits.sessionExpirySeconds,
          receiveMaximum: limits.inFlight,
        },
      }),
    });
    const connack = await this.#answer("CONNACK", this.#answers.connack.promise);
    if (connack.code !== 0) throw this.#finish(connectionRefused(broker, version, connack));
    this.#connected = true;
    if (connack.properties.serverKeepAlive) this.#keepAliveMs = connack.properties.serverKeepAlive * 1000;
    this.#keepAlive = this.#settings.clock.after(this.#keepAliveMs / 2, () => this.#checkAlive());
    return { sessionPresent: connack.sessionPresent };
  }

  /** @throws LineshaftError `system-rejected` when the broker grants one of them less than asked */
  async subscribe(subscriptions: readonly { topic: string; qos: 0 | 1; sendRetained: boolean }[]): Promise<void> {
    this.#send({
      cmd: "subscribe",
      messageId: this.#nextMessageId(),
      subscriptions: subscriptions.map(({ topic, qos, sendRetained }) => ({
        topic,
        qos,
        ...(this.#settings.version === 5 && { rh: sendRetained ? 1 : 2, nl: false, rap: false }),
      })),
    });
    const { codes, properties } = await this.#answer("SUBACK", this.#answers.suback.promise);
    for (const [at, { topic, qos }] of subscriptions.entries()) {
      const code = codes[at] ?? 0x80;
      if (code < qos || code >= 0x80) {
        throw this.#finish(subscriptionRefused(this.#settings.broker, topic, code, properties.reasonString));
      }
    }
  }

  async unsubscribe(topics: readonly string[]): Promise<void> {
    this.#send({ cmd: "unsubscribe", messageId: this.#nextMessageId(), unsubscriptions: [...topics] });
    await this.#answer("UNSUBACK", this.#answers.unsuback.promise);
  }

  /**
   * Resolves when the broker has it, or for QoS 0 when it is written.
   * @throws LineshaftError `system-rejected` when the broker does not take it
   */
  async publish(publication: Publication): Promise<void> {
    if (publication.qos === 0) return this.#sendPublication(publication);
    const puback = Promise.withResolvers<number>();
    const messageId = this.#nextMessageId();
    this.#pubacks.set(messageId, puback);
    this.#sendPublication(publication, messageId);
    const code = await this.#answer("PUBACK", puback.promise);
    this.#pubacks.delete(messageId);
    if (code >= 0x80) throw this.#finish(publicationRefused(this.#settings.broker, publication.topic, code));
  }

  /** Takes no more messages, acknowledges what reaches the disk within `STOP_GRACE_MS`, and says good-bye. */
  stop(): Promise<void> {
    this.#finish();
    return this.ended;
  }

  async #answer<T>(packet: string, answer: Promise<T>): Promise<T> {
    const { clock, broker } = this.#settings;
    const timer = clock.after(HANDSHAKE_MS, () =>
      this.#finish(lost(broker, new Error(`no ${packet} within ${HANDSHAKE_MS / 1000} s`))),
    );
    const over = this.ended.then(() => {
      throw new UnavailableError(`The connection to ${broker} was stopped.`, { next: "Start the source again." });
    });
    try {
      return await Promise.race([answer, over]);
    } finally {
      timer.cancel();
    }
  }

  #hear(chunk: Buffer): void {
    this.#lastHeard = this.#settings.clock.now();
    if (this.#ending) return;
    try {
      this.#frames.push(chunk);
      this.#pump();
    } catch (cause) {
      this.#finish(lost(this.#settings.broker, cause));
    }
  }

  /** Reads packets until the limit of unacknowledged ones is reached, and then no further from the broker. */
  #pump(): void {
    while (!this.#ending && this.#hasRoom()) {
      const frame = this.#frames.next();
      if (frame === undefined) return this.#resume();
      this.#receive(readPacket(frame, this.#settings.version));
    }
    if (this.#ending || this.#paused) return;
    this.#paused = true;
    this.#stream.pause();
  }

  #hasRoom(): boolean {
    const { inFlight, inFlightBytes } = this.#settings.limits;
    return this.#acks.size < inFlight && this.#acks.bytes < inFlightBytes;
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#lastHeard = this.#settings.clock.now();
    this.#stream.resume();
  }

  #receive(packet: Packet): void {
    switch (packet.kind) {
      case "publish": {
        const recorded = this.#settings.take(packet);
        this.#acks.add({ messageId: packet.messageId, bytes: packet.payload.length, recorded });
        recorded.catch((error: unknown) => this.#finish(error));
        return;
      }
      case "disconnect":
        this.#finish(disconnected(this.#settings.broker, this.#settings.clientId, packet));
        return;
      case "puback":
        this.#pubacks.get(packet.messageId)?.resolve(packet.code);
        return;
      case "pingresp":
        return;
      case "connack":
        this.#answers.connack.resolve(packet);
        return;
      case "suback":
        this.#answers.suback.resolve(packet);
        return;
      case "unsuback":
        this.#answers.unsuback.resolve();
        return;
    }
  }

  /** Sends PUBACKs (MQTT 5.0 §3.4; reason and properties left out mean success) in one write, then reads on. */
  #acknowledge(messageIds: readonly number[]): void {
    if (this.#stream.writable && messageIds.length > 0) {
      const packets = Buffer.allocUnsafe(4 * messageIds.length);
      for (const [at, id] of messageIds.entries()) packets.writeUInt32BE(0x40020000 + id, 4 * at);
      this.#write(packets);
    }
    if (this.#ending) return;
    try {
      this.#pump();
    } catch (cause) {
      this.#finish(lost(this.#settings.broker, cause));
    }
  }

  /** Asks when either side has been quiet for half the keep-alive; gives up after one and a half (MQTT 5.0 §3.1.2.10). */
  #checkAlive(): void {
    if (this.#ending) return;
    const { clock, broker } = this.#settings;
    const quiet = clock.now() - this.#lastHeard;
    // While we do not read, the broker can't be heard; it still has to hear us.
    if (!this.#paused && quiet >= 1.5 * this.#keepAliveMs) {
      return void this.#finish(lost(broker, new Error(`it was silent for ${quiet} ms and answers no ping`)));
    }
    const half = this.#keepAliveMs / 2;
    if (quiet >= half || clock.now() - this.#lastSent >= half) this.#send({ cmd: "pingreq" });
    this.#keepAlive = clock.after(half, () => this.#checkAlive());
  }

  /** Ends the connection, once; `error` is why, unless it was asked for. */
  #finish<E>(error?: E): E | undefined {
    if (this.#ending) return error;
    this.#ending = true;
    this.#keepAlive?.cancel();
    this.#close().then(
      () => (error === undefined ? this.#end.resolve() : this.#end.reject(error)),
      (failure: unknown) => this.#end.reject(failure),
    );
    return error;
  }

  async #close(): Promise<void> {
    if (this.#connected && !this.#stream.destroyed) {
      await this.#withinGrace(this.#acks.settled());
      this.#acks.flush();
      const farewell = this.#settings.farewell?.();
      if (farewell !== undefined) this.#sendPublication(farewell, this.#nextMessageId());
      if (this.#stream.writable) this.#stream.end(generate({ cmd: "disconnect" }, this.#encoding()));
      // What is not read off before closing makes the kernel reset the connection, and the last acknowledgements are lost.
      this.#stream.resume();
      await this.#withinGrace(this.#closed.promise);
    }
    this.#stream.destroy();
  }

  async #withinGrace(work: Promise<unknown>): Promise<void> {
    let timer: Timer | undefined;
    const grace = new Promise<void>((resolve) => (timer = this.#settings.clock.after(STOP_GRACE_MS, resolve)));
    await Promise.race([work, grace]);
    timer?.cancel();
  }

  #sendPublication(publication: Publication, messageId?: number): void {
    this.#send({
      cmd: "publish",
      dup: false,
      ...messageOf(publication),
      ...(messageId !== undefined && { messageId }),
    });
  }

  #nextMessageId(): number {
    this.#messageId = (this.#messageId % 65_535) + 1;
    return this.#messageId;
  }

  #send(packet: OutgoingPacket): void {
    if (this.#stream.writable) this.#write(generate(packet, this.#encoding()));
  }

  #write(bytes: Buffer): void {
    this.#lastSent = this.#settings.clock.now();
    this.#stream.write(bytes);
  }

  #encoding(): { protocolVersion: number } {
    return { protocolVersion: this.#settings.version };
  }
}

/** As a packet names it. */
function messageOf({ topic, payload, qos, retain }: Publication) {
  return { topic, payload, qos, retain };
}
