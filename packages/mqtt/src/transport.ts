import { readFileSync } from "node:fs";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { Secret, UnavailableError } from "@lineshaft/core";
import { WebSocket, createWebSocketStream } from "ws";
import type { MqttOptions, MqttTls } from "./options.ts";

/** Where the broker is, and how to know it. */
export type Address = Pick<MqttOptions, "url" | "tls">;

/** Opens the way to the broker; what it returns may still be connecting and tells of failure by its `error` event. */
export function openTransport(options: Address): Duplex {
  const url = new URL(options.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  switch (url.protocol) {
    case "mqtts:":
      return tls.connect({ host, port: portOf(url), ...tlsSettings(options.tls, host) }).setNoDelay(true);
    case "ws:":
    case "wss:":
      return openWebSocket(options, host);
    default:
      return net.connect({ host, port: portOf(url), noDelay: true });
  }
}

/** MQTT over WebSocket: binary frames of the sub-protocol `mqtt` (MQTT 5.0 §6). */
function openWebSocket(options: Address, host: string): Duplex {
  const socket = new WebSocket(options.url, "mqtt", {
    ...(options.url.startsWith("wss:") && tlsSettings(options.tls, host)),
    perMessageDeflate: false,
  });
  return createWebSocketStream(socket);
}

const DEFAULT_PORTS: Record<string, number> = { "mqtt:": 1883, "mqtts:": 8883 };

function portOf(url: URL): number {
  return url.port === "" ? (DEFAULT_PORTS[url.protocol] ?? 1883) : Number(url.port);
}

function tlsSettings(settings: MqttTls | undefined, host: string): tls.ConnectionOptions {
  const servername = settings?.servername ?? (net.isIP(host) === 0 ? host : undefined);
  return {
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    ...(servername !== undefined && { servername }),
    ...(settings?.ca !== undefined && { ca: readPem(settings.ca) }),
    ...(settings?.cert !== undefined && { cert: readPem(settings.cert) }),
    ...(settings?.key !== undefined && { key: settings.key.read() }),
  };
}

function readPem(source: string | Secret): string {
  if (source instanceof Secret) return source.read();
  try {
    return readFileSync(source, "utf8");
  } catch (cause) {
    throw new UnavailableError(`Cannot read the certificate ${source}.`, {
      next: "Correct the path in `tls`, or let the hub's user read the file.",
      cause,
    });
  }
}
