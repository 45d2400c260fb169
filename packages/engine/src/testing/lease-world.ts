import type { DeliveryState, Found, Outcome } from "@lineshaft/core";
import type { Step } from "../settle.ts";
import { nth } from "./explore.ts";

/** `settleMs` of the target's operation. */
export const SETTLE_MS = 60_000;
/** Lane A holds two deliveries of one key, lane B one of another. */
export const LANE_OF = [0, 0, 1];
/** The delivery before it of its key. */
export const BEFORE = [undefined, 0, undefined];
/** Requests of one delivery that are on their way without anybody waiting for them; more make no difference. */
export const LATE = 1;

/** A lane's owner where that is no worker. */
export const FREE = -1;
/** A process that is no more; its lease has still to run out. */
export const GONE = -2;

export interface Lane {
  owner: number;
  fence: number;
  leaseRuns: boolean;
}

export interface Delivery {
  state: DeliveryState;
  crashes: number;
  tries: number;
  /** Its look-up is not due before `settleMs` have passed. */
  waits: boolean;
  /** How often the target applied it. */
  effects: number;
  /** Requests on their way that nobody waits for. */
  late: number;
}

/** `read`: known as pending. `begun`: `sending` is stored. `out`: the request left. `answered`, `looked`: the outcome is known, and not stored. */
export type Place = "read" | "begun" | "out" | "answered" | "looked";

export interface Hand {
  delivery: number;
  place: Place;
  fence: number;
  said?: Outcome["kind"] | Found["kind"];
}

export interface Worker {
  up: boolean;
  /** Per lane, the fence that it believes to hold it by; 0: none. */
  fences: number[];
  recovered: boolean[];
  hand: Hand | undefined;
}

export interface World {
  lanes: Lane[];
  deliveries: Delivery[];
  workers: Worker[];
  /** So far. */
  disturbances: number;
}

export function advance(delivery: Delivery, step: Step & { crashes?: number }): void {
  const { to, tries = delivery.tries, crashes = delivery.crashes, dueAt = 0, at } = step;
  // What counts towards back-off makes no difference; what counts towards a person does.
  delivery.tries = to === "checking" ? tries : 0;
  delivery.waits = to === "checking" && (delivery.waits || dueAt - at >= SETTLE_MS);
  delivery.crashes = crashes;
  delivery.state = to;
}

export function claim({ lanes, workers }: World, w: number, which: number): undefined {
  const lane = nth(lanes, which);
  lanes[which] = { owner: w, fence: lane.fence + 1, leaseRuns: true };
  const worker = nth(workers, w);
  worker.fences[which] = lane.fence + 1;
  worker.recovered[which] = false;
}

export function renew({ lanes, workers }: World, w: number, which: number): undefined {
  const lane = nth(lanes, which);
  if (lane.owner === w) lane.leaseRuns = true;
  else forget(nth(workers, w), which);
}

export function forget(worker: Worker, lane: number): undefined {
  worker.fences[lane] = 0;
  worker.recovered[lane] = false;
}

/** A process dies; what it sent goes on, and its leases run until they run out. */
export function crash({ lanes, deliveries, workers }: World, w: number): undefined {
  const { hand } = nth(workers, w);
  const delivery = deliveries[hand?.delivery ?? -1];
  if (hand?.place === "out" && delivery !== undefined) delivery.late = Math.min(LATE, delivery.late + 1);
  for (const lane of lanes) if (lane.owner === w) lane.owner = GONE;
  workers[w] = down();
}

export function held(worker: Worker, delivery: number): number {
  return worker.fences[LANE_OF[delivery] ?? 0] ?? 0;
}

export function down(): Worker {
  return { up: false, fences: [0, 0], recovered: [false, false], hand: undefined };
}

/** A copy in which worker `mover` may be changed; the others are shared. Field by field: exploring does little else. */
export function copy({ lanes, deliveries, workers, disturbances }: World, mover: number): World {
  const moved = workers.slice();
  const worker = workers[mover];
  if (worker !== undefined) moved[mover] = copyWorker(worker);
  return {
    disturbances,
    lanes: lanes.map(({ owner, fence, leaseRuns }) => ({ owner, fence, leaseRuns })),
    deliveries: deliveries.map((d) => ({
      state: d.state,
      crashes: d.crashes,
      tries: d.tries,
      waits: d.waits,
      effects: d.effects,
      late: d.late,
    })),
    workers: moved,
  };
}

function copyWorker({ up, fences, recovered, hand }: Worker): Worker {
  return {
    up,
    fences: fences.slice(),
    recovered: recovered.slice(),
    hand: hand === undefined ? undefined : { ...hand },
  };
}
