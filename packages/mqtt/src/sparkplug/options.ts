import type { FactsFromTags, Secret } from "@lineshaft/core";
import { checkUrl, invalid } from "../options.ts";
import type { MqttTls } from "../options.ts";
import type { DecodeLimits } from "./payload.ts";
import type { RebirthPace } from "./rebirth-requests.ts";

/** How a Sparkplug host follows the edge nodes of one broker. See docs/connectors/sparkplug.md. */
export interface SparkplugOptions {
  /** Unique within the hub; becomes the source of the messages. */
  name: string;
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`, host and port. No user or password in it. */
  url: string;
  /** The host's own id, which edge nodes may wait for. Unique in the infrastructure. */
  hostId: string;
  /** Groups that are followed. Default: all of the broker. */
  groups?: readonly string[];
  /** What makes facts of the tags, which are named `group/edgeNode[/device]/metric`. */
  facts: FactsFromTags;
  /** Default 5. Use 4 (MQTT 3.1.1) for brokers that refuse 5. */
  protocolVersion?: 4 | 5;
  /** Default: the host's id. */
  clientId?: string;
  username?: string;
  password?: Secret;
  tls?: MqttTls;
  /** How long a message that is missing in an edge node's sequence is waited for, in ms. Default 2,000. */
  reorderMs?: number;
  /** How long after an edge node's rebirth its devices may take to be born again, in ms. Default 10,000. */
  deviceBirthMs?: number;
  /** How requests for a rebirth are spread. */
  rebirth?: Partial<RebirthPace>;
  limits?: Partial<SparkplugLimits>;
}

export interface SparkplugLimits extends DecodeLimits {
  /** Edge nodes that are followed. */
  edgeNodes: number;
  /** Devices of one edge node. */
  devices: number;
  /** Messages of one edge node that wait for a missing one. */
  reorderMessages: number;
  /** Changes handed over at once. */
  changesAtOnce: number;
  /** Messages handed over and not yet taken; nothing more is read from the broker meanwhile. */
  inFlight: number;
  /** Their payloads together, in bytes. */
  inFlightBytes: number;
  /** Silence after which either side asks whether the other is there, in seconds. */
  keepAliveSeconds: number;
}

export const SPARKPLUG_LIMITS: SparkplugLimits = {
  payloadBytes: 4_194_304,
  metrics: 50_000,
  cells: 200_000,
  nesting: 16,
  stringBytes: 65_536,
  edgeNodes: 10_000,
  devices: 1_000,
  reorderMessages: 127,
  changesAtOnce: 5_000,
  inFlight: 1_000,
  inFlightBytes: 33_554_432,
  keepAliveSeconds: 30,
};

export const REBIRTH_PACE: RebirthPace = { jitterMs: 1_000, intervalMs: 30_000, longestMs: 600_000, perSecond: 10 };

export const REORDER_MS = 2_000;

export const DEVICE_BIRTH_MS = 10_000;

/** Topic and properties of a packet beside its payload, in bytes. */
export const TOPIC_BYTES = 131_072;

/** @throws LineshaftError `config-invalid`, naming the option */
export function checkSparkplugOptions(options: SparkplugOptions): void {
  checkUrl(options);
  if (!isTopicLevel(options.hostId))
    invalid(options, `has the host id ${JSON.stringify(options.hostId)}`, "Give it one without / + and #.");
  for (const group of options.groups ?? []) {
    if (!isTopicLevel(group) || group === "STATE")
      invalid(options, `follows the group ${JSON.stringify(group)}`, "Name groups without / + and #; STATE is none.");
  }
  if (options.groups?.length === 0) invalid(options, "follows no group", "Name at least one, or leave `groups` out.");
  const { reorderMs = REORDER_MS, deviceBirthMs = DEVICE_BIRTH_MS } = options;
  const numbers = {
    reorderMs,
    deviceBirthMs,
    ...REBIRTH_PACE,
    ...options.rebirth,
    ...SPARKPLUG_LIMITS,
    ...options.limits,
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (!(value >= 0 && Number.isFinite(value)) || (value === 0 && !ZERO_ALLOWED.has(name)))
      invalid(options, `has ${name} ${value}`, "Take a number above nought.");
  }
  if (numbers.reorderMessages > MOST_REORDERED)
    invalid(
      options,
      `has reorderMessages ${numbers.reorderMessages}`,
      "Take at most 127: numbers begin anew after 255.",
    );
  if (numbers.inFlight > MOST_IN_FLIGHT) invalid(options, `has inFlight ${numbers.inFlight}`, "Take at most 65535.");
}

/** The packet identifier has 16 bits. */
const MOST_IN_FLIGHT = 65_535;

/** Half of the sequence numbers, less one. */
const MOST_REORDERED = 127;

const ZERO_ALLOWED = new Set(["jitterMs", "reorderMessages"]);

function isTopicLevel(text: string): boolean {
  return text !== "" && !/[/+#\0]/.test(text) && text.isWellFormed();
}
