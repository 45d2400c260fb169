import type { WriterStats } from "@lineshaft/ledger-postgres";
import type { Application } from "./applied-check.ts";

export interface WorkerOptions {
  url: string;
  /** Which one of `workers`, counted from 0. */
  worker: number;
  workers: number;
  orders: number;
}

/** What a worker process is told. */
export type WorkerOrder =
  /** Makes its share of these facts. */
  | { prepare: { first: number; count: number } }
  /** Hands them over. */
  | { go: true }
  /** So many deliveries were settled by all workers since `go`. */
  | { settled: number }
  | { stop: true };

/** What it says. */
export interface WorkerWord {
  /** How many lanes it holds; again whenever that changes. */
  lanes: number;
  prepared: true;
  /** Deliveries that it settled with one commit. */
  finished: number;
  done: { stats: WriterStats; applied: { one: Application[]; two: Application[] } };
}
