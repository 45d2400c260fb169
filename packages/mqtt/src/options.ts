import { LineshaftError } from "@lineshaft/core";
import type { Contract, Fact, Secret } from "@lineshaft/core";
import { compileTopic } from "./topic-template.ts";

/** How an MQTT broker is read. See docs/connectors/mqtt.md. */
export interface MqttOptions {
  /** Unique within the hub; becomes the source of the messages. */
  name: string;
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`, host and port. No user or password in it. */
  url: string;
  /** Default 5. Use 4 (MQTT 3.1.1) for brokers that refuse 5. */
  protocolVersion?: 4 | 5;
  /** The broker keeps the session, and what arrives while the hub is away, under this name. Unique per broker, never changed. */
  clientId: string;
  username?: string;
  password?: Secret;
  tls?: MqttTls;
  subscribe: readonly MqttSubscription[];
  /** Connections that share the load, numbered client ids each; needs `shared` subscriptions and gives up order. Default 1. */
  connections?: number;
  /** What to do with messages the broker had kept from before the subscription. Default `ignore`: a kept event is an old one. */
  retained?: "ignore" | "record";
  limits?: Partial<MqttLimits>;
}

/** The broker's certificate is always verified. Files are read at each connection, so that renewed ones are taken up. */
export interface MqttTls {
  /** The authority that signed the broker's certificate: PEM, as a path or a secret. Default: the system's. */
  ca?: string | Secret;
  /** The hub's own certificate and key, where the broker asks for them. */
  cert?: string | Secret;
  key?: Secret;
  /** The name in the broker's certificate, where it is not the host of the URL. */
  servername?: string;
}

export interface MqttSubscription {
  /** `plant/{site}/{line}/completion`: each `{name}` is one level and becomes a field; a last `{name*}` is all that follows. */
  topic: string;
  contract: string | Pick<Contract, "id">;
  /** Default 1: delivered again until it is on disk here. 0 only for what may be lost. */
  qos?: 0 | 1;
  /** Name of the group whose members share the messages between them (`$share`). */
  shared?: string;
  /** User properties (MQTT 5) that become fields: `{ workCenter: "mes-station" }`. */
  userProperties?: Readonly<Record<string, string>>;
  /** From the sender's form to the canonical one. What it throws becomes a finding of the refusal. */
  translate?: Fact["translate"];
}

export interface MqttLimits {
  /** Messages handed over and not yet acknowledged, per connection; nothing more is read from the broker meanwhile. */
  inFlight: number;
  /** Their payloads together, in bytes; with these in hand nothing more is read either. */
  inFlightBytes: number;
  /** Longest packet kept whole, in bytes. Of a longer one the beginning is kept, as evidence of its refusal. */
  packetBytes: number;
  /** Silence after which either side asks whether the other is there, in seconds. */
  keepAliveSeconds: number;
  /** How long the broker keeps session and messages while the hub is away (MQTT 5), in seconds. */
  sessionExpirySeconds: number;
}

export const MQTT_LIMITS: MqttLimits = {
  inFlight: 1_000,
  inFlightBytes: 33_554_432,
  packetBytes: 1_310_720,
  keepAliveSeconds: 30,
  sessionExpirySeconds: 7 * 24 * 3600,
};

/** Longest wait for a connection, a CONNACK or a SUBACK, in ms. */
export const HANDSHAKE_MS = 20_000;

/** How long a stopping source waits for facts in hand to reach the disk before it leaves them to be delivered again, in ms. */
export const STOP_GRACE_MS = 250;

/** Most connections of one source. */
const MOST_CONNECTIONS = 16;

/** The packet identifier has 16 bits, so no more can be unacknowledged (MQTT 5.0 §2.2.1). */
const MOST_IN_FLIGHT = 65_535;

/** @throws LineshaftError `config-invalid`, naming the option */
export function checkMqttOptions(options: MqttOptions): void {
  checkUrl(options);
  checkLimits(options);
  const wrong = (message: string, next: string) => invalid(options, message, next);
  if (!options.clientId) wrong("has no clientId", "Give it one that no other client of the broker uses.");
  if (options.subscribe.length === 0) wrong("subscribes to nothing", "List at least one topic.");
  const filters = new Set<string>();
  for (const subscription of options.subscribe) {
    const { filter } = compileTopic(subscription.topic);
    if (filters.has(filter))
      wrong(`subscribes to ${filter} twice`, "Keep one; the fields' names do not tell topics apart.");
    filters.add(filter);
    if (subscription.userProperties && options.protocolVersion === 4) {
      wrong(`reads user properties of ${subscription.topic}`, "Only MQTT 5 has them: set protocolVersion to 5.");
    }
  }
}

type Named = Pick<MqttOptions, "name">;

/** @throws LineshaftError `config-invalid` */
export function checkUrl(options: Named & Pick<MqttOptions, "url" | "tls">): void {
  if (!URL.canParse(options.url)) return invalid(options, `has no URL: ${options.url}`, "Write mqtt://host:1883.");
  const url = new URL(options.url);
  if (!["mqtt:", "mqtts:", "ws:", "wss:"].includes(url.protocol)) {
    invalid(options, `cannot speak ${url.protocol}`, "Use mqtt://, mqtts://, ws:// or wss://.");
  }
  if (url.username || url.password) {
    invalid(
      options,
      "has a user or password in its URL",
      "Use username, and password: Secret.env(…) or Secret.file(…).",
    );
  }
  if (options.tls && (url.protocol === "mqtt:" || url.protocol === "ws:")) {
    invalid(options, `has TLS settings but connects in the clear by ${url.protocol}`, "Use mqtts:// or wss://.");
  }
}

function checkLimits(options: MqttOptions): void {
  const { connections = 1, limits = {} } = options;
  const inFlight = limits.inFlight ?? MQTT_LIMITS.inFlight;
  if (!Number.isInteger(connections) || connections < 1 || connections > MOST_CONNECTIONS) {
    invalid(options, `asks for ${connections} connections`, `Take 1 to ${MOST_CONNECTIONS}; one is enough for most.`);
  }
  if (connections > 1 && !options.subscribe.some((s) => s.shared)) {
    invalid(
      options,
      `asks for ${connections} connections and shares nothing`,
      "Each would get every message: name a `shared` group.",
    );
  }
  if (!Number.isInteger(inFlight) || inFlight < 1 || inFlight > MOST_IN_FLIGHT) {
    invalid(options, `has ${inFlight} messages in flight`, `Take 1 to ${MOST_IN_FLIGHT}.`);
  }
}

/** @throws LineshaftError `config-invalid` */
export function invalid(options: Named, message: string, next: string): void {
  throw new LineshaftError("config-invalid", `MQTT source ${options.name} ${message}.`, { next });
}
