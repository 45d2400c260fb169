import type { DeliveryState } from "@lineshaft/core";

/** The state of a running hub, read from memory: cheap enough for every scrape and every second of a screen. */
export interface HubStatus {
  name: string;
  startedAt: number;
  now: number;
  /** False until lanes are owned and sources run, and again from the moment a stop begins. */
  ready: boolean;
  /** What keeps it from being ready or from accepting facts, as a sentence. */
  problem?: string;
  worker: WorkerStatus;
  intake: IntakeStatus;
  systems: SystemStatus[];
  flows: FlowStatus[];
}

export interface WorkerStatus {
  name: string;
  /** Lanes that this worker works off, of 64. */
  lanes: number;
  /** Live workers on the same ledger, this one among them. */
  workers: number;
}

export interface IntakeStatus {
  accepted: number;
  duplicates: number;
  refused: number;
  /** Facts told to come back later. */
  turnedAway: number;
  /** Facts waiting for their commit. */
  waiting: number;
  commits: number;
}

export interface SystemStatus {
  name: string;
  connector: string;
  /** The plant that it belongs to; null for a system of no single one. */
  plant: string | null;
  /** `closed`: calls go through. `open`: held back until a probe succeeds. `probing`. */
  breaker: "closed" | "open" | "probing";
  /** Since when, ms. */
  since: number;
  /** Why the breaker is open, as a sentence; when the next probe is due. */
  message?: string;
  nextProbeAt?: number;
  /** Calls under way. */
  inFlight: number;
  /** Open deliveries by state, and when the oldest of them was received if known. */
  backlog: Record<Exclude<DeliveryState, "done" | "dropped" | "superseded" | "suppressed">, number>;
  outcomes: { done: number; unavailable: number; rejected: number; uncertain: number };
  sources: SourceStatus[];
}

export interface SourceStatus {
  name: string;
  /** `connecting`: begun, but not taking facts yet. `waiting`: failed; it is begun again. `elsewhere`: another worker runs it. */
  state: "connecting" | "running" | "waiting" | "stopped" | "elsewhere";
  since: number;
  message?: string;
  nextTryAt?: number;
  facts: number;
}

export interface FlowStatus {
  name: string;
  plant: string | null;
  contract: string;
  owner: string;
  accepted: number;
  routes: {
    system: string;
    operation: string;
    done: number;
    rejected: number;
    retried: number;
    lookedUp: number;
    parked: number;
  }[];
  /** Accept to settled, ms, over the last deliveries of this flow. */
  p50Ms: number;
  p99Ms: number;
}
