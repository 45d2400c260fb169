import type { TagChange, TagGap } from "@lineshaft/core";
import type { OpcUaCompanion, OpcUaLimits, OpcUaNode, OpcUaSampling, OpcUaSecurity } from "./options.ts";

/** What the reading process is told to do: the first message to it. Secrets travel in here, not by arguments or environment. */
export type Task =
  | { kind: "read"; connection: ConnectionSettings; reading: ReadingSettings }
  | { kind: "check"; connection: ConnectionSettings }
  | { kind: "browse"; connection: ConnectionSettings; path: string };

export interface ConnectionSettings {
  name: string;
  endpoint: string;
  security: OpcUaSecurity;
  pki: string;
  applicationUri: string;
  identity:
    | { kind: "anonymous" }
    | { kind: "password"; username: string; password: string }
    | { kind: "certificate"; certificate: string; key: string };
}

export interface ReadingSettings {
  nodes: readonly OpcUaNode[];
  companions: readonly OpcUaCompanion[];
  publishingMs: number;
  defaults: OpcUaSampling;
  history: boolean;
  limits: OpcUaLimits;
  /** Source time of each tag's newest value that the hub has taken, where a process before this one ended. */
  resume?: { times: ReadonlyMap<string, number>; reason: string };
}

export type ToChild = Task | { kind: "taken"; batch: number } | { kind: "stop" };

export type Entry = { changes: readonly TagChange[] } | { gap: TagGap };

export type FromChild =
  | { kind: "batch"; batch: number; entry: Entry }
  | { kind: "listening" }
  | { kind: "beat"; rssBytes: number; cpuMs: number; items: number; connected: boolean }
  | { kind: "log"; level: "debug" | "info" | "warn"; message: string; fields?: object }
  | { kind: "failed"; failure: Failure }
  | { kind: "checked"; report: CheckReport }
  | { kind: "browsed"; listing: Listing };

/** Why a task cannot be done, told in full. */
export interface Failure {
  message: string;
  next: string;
  said?: string;
}

export interface CheckReport {
  server: string;
  version: string;
  state: string;
}

export interface Listing {
  /** The names from the Objects folder on. */
  path: string;
  rows: BrowsedNode[];
  /** The node has more than are listed. */
  more: boolean;
}

export interface BrowsedNode {
  name: string;
  /** Ready to paste into the configuration. */
  node: string;
  kind: "object" | "variable" | "method" | "other";
  dataType?: string;
  value?: string;
}

/** Values of a node that the server keeps between two sends and over a break, where the configuration names no number. */
export const DEFAULT_QUEUE_SIZE = 100;
/** How often the reading process says that it is alive, ms. */
export const BEAT_MS = 2_000;
/** After such a silence it is ended and started anew, ms: well above what a full garbage collection takes. */
export const SILENCE_MS = 20_000;
/** Most changes in one message between the processes. */
export const BATCH_CHANGES = 1_000;
/** Most messages that the hub has not yet taken; the rest waits in the reading process. */
export const BATCHES_IN_FLIGHT = 4;
