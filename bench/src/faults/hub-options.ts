import type { ErpAccess } from "./erp-flow.ts";

/** Names of the systems that bring facts in; they are the sources of the messages. */
export const HTTP_SOURCE = "plant-http";
export const MQTT_SOURCE = "plant-mqtt";

export type Targets = { kind: "peer"; url: string } | ({ kind: "erp" } & ErpAccess);

export interface MqttInput {
  url: string;
  protocolVersion: 4 | 5;
  /** Client id of the hub, and the first level of its topics: rounds share a broker and nothing else. */
  session: string;
}

/** The topic of an order's completions, or their template. */
export function completionTopic(session: string, order = "{productionOrder}"): string {
  return `${session}/${order}/completion`;
}

/** What a hub process of a campaign is told. */
export interface HubProcessOptions {
  ledger: string;
  /** Largest size of the ledger's file; default unlimited. */
  maxBytes?: number;
  httpPort: number;
  /** Without it the hub takes facts over HTTP only. */
  mqtt?: MqttInput;
  targets: Targets;
  /** Break it: look-ups off. */
  broken: boolean;
}

/** What a hub process says; each message has one of the fields. */
export interface HubWord {
  /** It runs. */
  ready: true;
  /** It could not start, or not stop; why. */
  failed: string;
  status: HubBeat;
}

/** Told a few times a second. */
export interface HubBeat {
  /** Facts that came over MQTT since it started. */
  mqttFacts: number;
  ready: boolean;
  problem: string;
  /** How it stands with each system, for people. */
  systems: string;
}
