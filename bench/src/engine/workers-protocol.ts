import type { WriterStats } from "@lineshaft/ledger-postgres";

export interface WorkerOptions {
  /** Which one of `workers`, counted from 0. */
  worker: number;
  workers: number;
}

/** What all workers are handed together. */
export interface WorkersLoad {
  /** Number of the first fact. */
  first: number;
  count: number;
  /** How many times one worker's load it is: that many times its orders, and as many times what it has under way. */
  loads: number;
}

/** What a worker process is told. */
export type WorkerOrder =
  /** Starts a hub on this ledger. */
  | { open: string }
  /** Stops it. */
  | { close: true }
  /** Makes its share of these facts. */
  | { prepare: WorkersLoad }
  /** Hands them over. */
  | { go: true }
  /** So many deliveries were settled by all workers since `go`. */
  | { settled: number };

/** What one target was given: messages, and when each came, in ms. In two lists, so that noting costs next to nothing. */
export interface Applications {
  messages: number[];
  at: number[];
}

/** What it says. */
export interface WorkerWord {
  /** How many lanes it holds; again whenever that changes. */
  lanes: number;
  opened: true;
  prepared: true;
  /** Deliveries that it settled with one commit. */
  finished: number;
  /** What it did on the ledger that it left. */
  closed: { stats: WriterStats; applied: { one: Applications; two: Applications } };
}
