import { LineshaftError, UnavailableError } from "@lineshaft/core";
import type { Packet } from "./packets.ts";

type Connack = Extract<Packet, { kind: "connack" }>;
type Disconnect = Extract<Packet, { kind: "disconnect" }>;

/** MQTT 3.1.1 §3.2.2.3. */
const CONNECT_REASONS_4: Record<number, string> = {
  1: "unacceptable protocol version",
  2: "client identifier rejected",
  3: "server unavailable",
  4: "bad user name or password",
  5: "not authorized",
};

/** MQTT 5.0 §2.4; those that end a connection or refuse one. */
const REASONS_5: Record<number, string> = {
  0x00: "normal disconnection",
  0x80: "unspecified error",
  0x81: "malformed packet",
  0x82: "protocol error",
  0x83: "implementation specific error",
  0x84: "unsupported protocol version",
  0x85: "client identifier not valid",
  0x86: "bad user name or password",
  0x87: "not authorized",
  0x88: "server unavailable",
  0x89: "server busy",
  0x8a: "banned",
  0x8b: "server shutting down",
  0x8d: "keep alive timeout",
  0x8e: "session taken over",
  0x8f: "topic filter invalid",
  0x93: "receive maximum exceeded",
  0x95: "packet too large",
  0x96: "message rate too high",
  0x97: "quota exceeded",
  0x98: "administrative action",
  0x9a: "retain not supported",
  0x9c: "use another server",
  0x9d: "server moved",
  0x9e: "shared subscriptions not supported",
  0x9f: "connection rate exceeded",
  0xa1: "subscription identifiers not supported",
  0xa2: "wildcard subscriptions not supported",
};

/** A network's error code and the step that helps. */
const NETWORK_STEPS: Record<string, string> = {
  ECONNREFUSED: "Start the broker, or correct host and port of `url`.",
  ENOTFOUND: "Correct the host name in `url`, or the hub's name service.",
  ETIMEDOUT: "Look whether a firewall lies between the hub and the broker.",
  SELF_SIGNED_CERT_IN_CHAIN: "Name the authority that signed the broker's certificate in `tls.ca`.",
  DEPTH_ZERO_SELF_SIGNED_CERT: "Name the broker's certificate in `tls.ca`.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "Name the authority that signed the broker's certificate in `tls.ca`.",
  ERR_TLS_CERT_ALTNAME_INVALID: "Use the host name in the broker's certificate, or set `tls.servername`.",
  CERT_HAS_EXPIRED: "Have the broker's certificate renewed.",
};

/** The connection is gone, or never was. */
export function lost(broker: string, cause?: unknown): UnavailableError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return new UnavailableError(`No connection to MQTT broker ${broker}.`, {
    next: NETWORK_STEPS[code] ?? "The hub connects again by itself; look at the broker's log if this goes on.",
    said: cause instanceof Error ? cause.message || code : "it closed the connection",
    cause,
  });
}

/** Codes of a CONNACK that may be gone when the hub tries again. */
const PASSING = new Set([0x88, 0x89, 0x97, 0x9f]);

export function connectionRefused(broker: string, version: 4 | 5, connack: Connack): LineshaftError {
  // A broker without MQTT 5 answers a CONNECT of version 5 in its own, older form.
  const old = version === 4 || connack.code < 0x80;
  const reason = (old ? CONNECT_REASONS_4[connack.code] : REASONS_5[connack.code]) ?? "unknown reason";
  const said = `${reason} (code ${connack.code})${detail(connack.properties.reasonString)}`;
  const message = `MQTT broker ${broker} refused the connection.`;
  if (PASSING.has(connack.code) || (old && connack.code === 3)) {
    return new UnavailableError(message, { said, next: "The hub tries again by itself." });
  }
  const unfit = connack.code === 0x84 || (old && connack.code === 1);
  return new LineshaftError(unfit ? "system-unfit" : "system-rejected", message, {
    said,
    next: unfit
      ? `Set protocolVersion to ${version === 5 ? 4 : 5}.`
      : "Correct username, password or clientId, or the broker's rules for them.",
  });
}

export function subscriptionRefused(broker: string, topic: string, code: number, reason?: string): LineshaftError {
  const granted = code < 0x80 ? `quality of service ${code} instead of 1` : (REASONS_5[code] ?? "failure");
  return new LineshaftError("system-rejected", `MQTT broker ${broker} did not grant the subscription to ${topic}.`, {
    said: `${granted} (code ${code})${detail(reason)}`,
    next: "Let the broker's rules allow this user to read the topic, or correct the topic.",
  });
}

export function publicationRefused(broker: string, topic: string, code: number): LineshaftError {
  return new LineshaftError("system-rejected", `MQTT broker ${broker} did not take a message to ${topic}.`, {
    said: `${REASONS_5[code] ?? "failure"} (code ${code})`,
    next: "Let the broker's rules allow this user to publish to the topic.",
  });
}

/** A broker of MQTT 5 says why it closes the connection. */
export function disconnected(broker: string, clientId: string, packet: Disconnect): UnavailableError {
  const takenOver = packet.code === 0x8e;
  return new UnavailableError(`MQTT broker ${broker} ended the connection of ${clientId}.`, {
    said: `${REASONS_5[packet.code] ?? "unknown reason"} (code ${packet.code})${detail(packet.properties.reasonString)}`,
    next: takenOver
      ? `Another client connected as ${clientId}: stop it, or give this hub a clientId of its own.`
      : "The hub connects again by itself.",
  });
}

function detail(reason: string | undefined): string {
  return reason === undefined ? "" : `: ${reason}`;
}
