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

/** Where the ledger of a round is. */
export type LedgerPlace =
  | { kind: "sqlite"; path: string }
  /** `limits`: how soon a silent server is given up, in ms. */
  | { kind: "postgres"; url: string; limits?: { commitMs: number; commitWaitMs: number; statementMs: number } };

/** What only one of several hubs on a ledger is told. */
export interface WorkerOptions {
  leaseMs: number;
  /** How far this machine's clock is ahead. */
  wrongMs: number;
}

/** How a hub is broken on purpose: it looks nothing up, or does not care whose lanes are whose. */
export type Broken = "lookup" | "fence";

/** What a hub process of a campaign is told. */
export interface HubProcessOptions {
  ledger: LedgerPlace;
  worker?: WorkerOptions;
  httpPort: number;
  /** Where it can be reached as well, on the same port: it runs in a network of its own. */
  relayHost?: string;
  /** Without it the hub takes facts over HTTP only. */
  mqtt?: MqttInput;
  targets: Targets;
  broken?: Broken;
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
