import type { Frame } from "./frames.ts";
import { noProperties, readProperties } from "./properties.ts";
import type { Properties } from "./properties.ts";

/** What a broker sends to a subscriber that may publish with QoS 1, read. */
export type Packet =
  | { kind: "connack"; sessionPresent: boolean; code: number; properties: Properties }
  | Publish
  | { kind: "puback"; messageId: number; code: number }
  | { kind: "suback"; messageId: number; codes: number[]; properties: Properties }
  | { kind: "unsuback" }
  | { kind: "pingresp" }
  | { kind: "disconnect"; code: number; properties: Properties };

export interface Publish {
  kind: "publish";
  qos: 0 | 1;
  retain: boolean;
  topic: string;
  /** Set when qos is 1. */
  messageId?: number;
  payload: Buffer;
  properties: Properties;
  /** The payload lacks its end: the packet was longer than the limit. */
  cut: boolean;
}

const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const SUBACK = 9;
const UNSUBACK = 11;
const PINGRESP = 13;
const DISCONNECT = 14;

/**
 * @param version 4 or 5: the meaning of a packet depends on it
 * @throws Error when the packet is malformed or not one a subscriber may get
 */
export function readPacket(frame: Frame, version: 4 | 5): Packet {
  const { body } = frame;
  switch (frame.type) {
    case CONNACK:
      return {
        kind: "connack",
        sessionPresent: (byteAt(body, 0) & 1) === 1,
        code: byteAt(body, 1),
        // A broker without MQTT 5 answers in its own, shorter form.
        properties: version === 5 && body.length > 2 ? readProperties(body, 2).properties : noProperties,
      };
    case PUBLISH:
      return readPublish(frame, version);
    case PUBACK:
      // The code may be left out, and then means success (MQTT 5.0 §3.4.2.1).
      return { kind: "puback", messageId: body.readUInt16BE(0), code: body[2] ?? 0 };
    case SUBACK:
      return readSuback(body, version);
    case UNSUBACK:
      return { kind: "unsuback" };
    case PINGRESP:
      return { kind: "pingresp" };
    case DISCONNECT:
      return readDisconnect(body);
    default:
      throw new Error(`the broker sent a packet of type ${frame.type}, which a subscriber never gets`);
  }
}

/** MQTT 5.0 §3.3, MQTT 3.1.1 §3.3. */
function readPublish(frame: Frame, version: 4 | 5): Publish {
  const { body, flags } = frame;
  const qos = (flags >> 1) & 3;
  if (qos > 1) throw new Error(`the broker sent quality of service ${qos} where at most 1 was subscribed to`);
  const topicEnd = 2 + body.readUInt16BE(0);
  if (topicEnd > body.length) throw new Error("a topic is longer than its packet");
  const afterId = topicEnd + (qos === 1 ? 2 : 0);
  const cut = frame.bytes > body.length;
  const { properties, end } =
    version === 5 ? publishProperties(body, afterId, cut) : { properties: noProperties, end: afterId };
  return {
    kind: "publish",
    qos: qos === 1 ? 1 : 0,
    retain: (flags & 1) === 1,
    topic: body.toString("utf8", 2, topicEnd),
    ...(qos === 1 && { messageId: body.readUInt16BE(topicEnd) }),
    payload: body.subarray(end),
    properties,
    cut,
  };
}

/** Properties that end beyond the cut can't be read; what there is of them is kept with the payload, as evidence. */
function publishProperties(body: Buffer, at: number, cut: boolean): { properties: Properties; end: number } {
  try {
    return readProperties(body, at);
  } catch (error) {
    if (cut) return { properties: noProperties, end: at };
    throw error;
  }
}

/** MQTT 5.0 §3.9. */
function readSuback(body: Buffer, version: 4 | 5): Packet {
  const { properties, end } = version === 5 ? readProperties(body, 2) : { properties: noProperties, end: 2 };
  return { kind: "suback", messageId: body.readUInt16BE(0), codes: [...body.subarray(end)], properties };
}

/** MQTT 5.0 §3.14: code and properties may be left out. */
function readDisconnect(body: Buffer): Packet {
  const properties = body.length > 1 ? readProperties(body, 1).properties : noProperties;
  return { kind: "disconnect", code: body[0] ?? 0, properties };
}

function byteAt(body: Buffer, at: number): number {
  const byte = body[at];
  if (byte === undefined) throw new Error("a packet ends too early");
  return byte;
}
