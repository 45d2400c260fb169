import type { Found, Outcome, Repeat } from "@lineshaft/core";
import { type Standing, type Step, afterCheck, afterSend } from "../settle.ts";
import { crashStep } from "./crash-step.ts";
import { type Model, nth } from "./explore.ts";
import { type Move, nameOf, wordsOf } from "./lease-words.ts";
import {
  BEFORE,
  type Delivery,
  FREE,
  GONE,
  type Hand,
  LANE_OF,
  LATE,
  type Lane,
  SETTLE_MS,
  type Worker,
  type World,
  advance,
  claim,
  copy,
  crash,
  down,
  forget,
  held,
  renew,
} from "./lease-world.ts";

/*
 * Three workers on one ledger of two lanes, and a target: small enough to try every order of events. Time is left out: a
 * lease may run out at any moment, so that a worker whose lease ran out and that goes on later is one that was paused.
 * Steps are the engine's own (`afterSend`, `afterCheck`, `recover`); the model adds who may take them when. People do
 * nothing here: what is parked stays so.
 */

export interface Rules {
  repeat: "lookup" | "repeatable";
  /** How long a request may take effect that left a worker which lost its lane, or which that worker is still to send. */
  lateRequests: LateRequests;
  /** A worker looks at its own lease right before it sends. */
  looksAtLease: boolean;
  fenceAtBegin: boolean;
  fenceAtSettle: boolean;
  /** Which fence steps are stored under: the one that the delivery was read under, or whatever the worker holds by then. */
  storesUnder: "the fence it was read under" | "the fence that is held by then";
  /** What was in hand at a crash is looked up before it is sent again. */
  looksUpAfterCrash: boolean;
  /** A delivery waits for those before it of its key. */
  headFirst: boolean;
  /** That a worker without its lane changes the ledger counts as broken; otherwise only what comes of it. */
  foreignChangesCount: boolean;
}

/**
 * `until the look-up`: whatever was begun has ended when a look-up is due, `settleMs` after the lane was taken over.
 * `until the look-up, once it left`: the same of requests that left; what is not sent yet may be sent at any time.
 * `at any time`: nothing is known.
 */
export type LateRequests = "until the look-up" | "until the look-up, once it left" | "at any time";

/** What the engine does, and what it rests on. */
export const rules: Rules = {
  repeat: "lookup",
  lateRequests: "until the look-up, once it left",
  looksAtLease: true,
  fenceAtBegin: true,
  fenceAtSettle: true,
  storesUnder: "the fence it was read under",
  looksUpAfterCrash: true,
  headFirst: true,
  foreignChangesCount: true,
};

/** Look-ups without a clear answer before a person is asked. */
const CHECKS = 2;
const standing: Omit<Standing, "repeat" | "tries"> = {
  policy: { checks: CHECKS },
  owner: "",
  system: "",
  receivedTime: 0,
  // Counted in a worker's memory only, and never up here: nothing gives up early.
  uncertain: 0,
};
const NOW = { startedAt: 0, endedAt: 0 };
const message = "";
const outcomes: Record<Outcome["kind"], Outcome> = {
  done: { kind: "done", receipt: "" },
  unavailable: { kind: "unavailable", message },
  uncertain: { kind: "uncertain", message },
  rejected: { kind: "rejected", reason: "", message, next: "" },
};
const lookUps: Record<Found["kind"], Found> = {
  found: { kind: "found", receipt: "" },
  absent: { kind: "absent" },
  unknown: { kind: "unknown", message },
};

/** How much is explored. */
export interface Size {
  workers: number;
  /** With one lane, the delivery of lane B is left out. */
  lanes: 1 | 2;
  /** Most crashes, pauses, lanes given back and answers dropped on one way; infinite: as many as there may be. */
  disturbances: number;
  /** With all fences checked: a step that the ledger would refuse is let go at once, in place of any time later. A third of the states. */
  refusedAtOnce?: boolean;
}

export class LeaseModel implements Model<World, Move> {
  readonly start: World;
  readonly #rules: Rules;
  readonly #size: Size;
  readonly #repeat: Repeat<never>;
  readonly #steps = new Map<string, Step>();

  constructor(size: Size, changed: Partial<Rules> = {}) {
    this.#size = size;
    this.#rules = { ...rules, ...changed };
    const find = () => Promise.resolve(lookUps.absent);
    this.#repeat =
      this.#rules.repeat === "lookup" ? { kind: "lookup", settleMs: SETTLE_MS, find } : { kind: "repeatable" };
    this.start = {
      lanes: Array.from({ length: size.lanes }, () => ({ owner: FREE, fence: 1, leaseRuns: false })),
      deliveries: LANE_OF.filter((lane) => lane < size.lanes).map(() => ({
        state: "pending",
        crashes: 0,
        tries: 0,
        waits: false,
        effects: 0,
        late: 0,
      })),
      workers: Array.from({ length: size.workers }, down),
      disturbances: 0,
    };
  }

  /** Workers are alike, and of a fence it matters only whether it is the lane's. */
  key({ lanes, deliveries, workers, disturbances }: World): string {
    let key = Number.isFinite(this.#size.disturbances) ? String(disturbances) : "";
    for (const { owner, leaseRuns } of lanes) key += `${owner < 0 ? owner : ""}${leaseRuns ? "!" : "."}`;
    for (const d of deliveries)
      key += `${d.state[0] ?? ""}${d.state[1] ?? ""}${d.crashes}${d.tries}${d.waits ? "w" : ""}${d.effects}${d.late}`;
    const each = workers.map((worker, w) => workerKey(worker, w, lanes));
    return `${key}|${each.sort().join("|")}`;
  }

  moves(world: World): Move[] {
    const moves: Move[] = [];
    for (let w = 0; w < world.workers.length; w++) this.#movesOf(world, w, moves);
    for (const [lane, { owner, leaseRuns }] of world.lanes.entries())
      if (owner !== FREE && leaseRuns) moves.push({ what: "loses its lease on", worker: owner, which: lane });
    for (const [which, { late }] of world.deliveries.entries())
      if (late > 0)
        moves.push(
          { what: "takes late effect", worker: FREE, which },
          { what: "is lost on its way", worker: FREE, which },
        );
    if (world.disturbances < this.#size.disturbances) return moves;
    return moves.filter((move) => !this.counts(move));
  }

  #movesOf(world: World, w: number, moves: Move[]): void {
    const worker = nth(world.workers, w);
    if (!worker.up) {
      // The others that are down are alike.
      if (!world.workers.some(({ up }, other) => other < w && !up)) moves.push({ what: "starts", worker: w, which: 0 });
      return;
    }
    moves.push({ what: "crashes", worker: w, which: 0 });
    for (const [lane, { owner, fence, leaseRuns }] of world.lanes.entries()) {
      const held = worker.fences[lane] ?? 0;
      if (owner === FREE || (owner !== w && !leaseRuns)) moves.push({ what: "claims", worker: w, which: lane });
      if ((owner === w && !leaseRuns) || (held !== 0 && held !== fence))
        moves.push({ what: "renews", worker: w, which: lane });
      if (held === 0) continue;
      if (!worker.recovered[lane]) moves.push({ what: "recovers", worker: w, which: lane });
      if (owner === w && LANE_OF[worker.hand?.delivery ?? -1] !== lane)
        moves.push({ what: "gives back", worker: w, which: lane });
    }
    if (worker.hand === undefined) this.#takes(world, w, moves);
    else this.#goesOn(world, worker.hand, w, moves);
  }

  /** What a worker with nothing in hand may take up. */
  #takes({ deliveries, workers }: World, w: number, moves: Move[]): void {
    const worker = nth(workers, w);
    for (const [which, d] of deliveries.entries()) {
      const lane = LANE_OF[which] ?? 0;
      if (worker.fences[lane] === 0 || !worker.recovered[lane]) continue;
      const before = deliveries[BEFORE[which] ?? -1];
      if (this.#rules.headFirst && before !== undefined && before.state !== "done") continue;
      if (d.state === "pending") moves.push({ what: "reads", worker: w, which });
      if (d.state !== "checking" || (d.waits && this.#stillOut(workers, d, which))) continue;
      moves.push({ what: "finds", worker: w, which, said: d.effects > 0 ? "found" : "absent" });
      moves.push({ what: "finds", worker: w, which, said: "unknown" });
    }
  }

  /** What was assumed of late requests says that a look-up is not due yet. */
  #stillOut(workers: readonly Worker[], { late }: Delivery, which: number): boolean {
    const { lateRequests } = this.#rules;
    if (lateRequests === "at any time") return false;
    const toBeSent = lateRequests === "until the look-up";
    return (
      late > 0 ||
      workers.some(
        ({ hand }) => hand?.delivery === which && (hand.place === "out" || (toBeSent && hand.place === "begun")),
      )
    );
  }

  #goesOn(world: World, hand: Hand, worker: number, moves: Move[]): void {
    const which = hand.delivery;
    switch (hand.place) {
      case "read":
        moves.push({ what: "begins", worker, which });
        return;
      case "begun":
        moves.push({ what: this.#maySend(world, worker, hand) ? "sends" : "keeps back", worker, which });
        return;
      case "out":
        moves.push(
          { what: "answers", worker, which, said: "done", applied: true },
          { what: "answers", worker, which, said: "uncertain", applied: true },
          { what: "answers", worker, which, said: "unavailable", applied: false },
          { what: "answers", worker, which, said: "uncertain", applied: false },
        );
        return;
      case "answered":
      case "looked":
        moves.push({ what: "settles", worker, which });
    }
  }

  take(before: World, move: Move): { state: World; wrong?: string } {
    const state = copy(before, move.worker);
    if (this.counts(move)) state.disturbances++;
    const wrong = this.#take(state, move);
    if (this.#size.refusedAtOnce) for (const [w] of state.workers.entries()) letGo(state, w);
    return wrong === undefined ? { state } : { state, wrong };
  }

  #take(world: World, { what, worker: w, which, said, applied }: Move): string | undefined {
    if (what === "takes late effect" || what === "is lost on its way") return this.#arrive(world, which, what);
    if (what === "loses its lease on") {
      nth(world.lanes, which).leaseRuns = false;
      return;
    }
    const worker = nth(world.workers, w);
    switch (what) {
      case "starts":
        worker.up = true;
        return;
      case "crashes":
        return crash(world, w);
      case "claims":
        return claim(world, w, which);
      case "renews":
        return renew(world, w, which);
      case "gives back": {
        const lane = nth(world.lanes, which);
        world.lanes[which] = { owner: FREE, fence: lane.fence + 1, leaseRuns: false };
        return forget(worker, which);
      }
      case "recovers":
        return this.#recover(world, w, which);
      case "reads":
        worker.hand = { delivery: which, place: "read", fence: held(worker, which) };
        return;
      case "finds":
        worker.hand = { delivery: which, place: "looked", fence: held(worker, which), ...(said && { said }) };
        return;
      case "begins":
        return this.#begin(world, w, which);
      case "sends":
        worker.hand = { delivery: which, place: "out", fence: worker.hand?.fence ?? 0 };
        return;
      case "keeps back":
        worker.hand = { delivery: which, place: "answered", fence: worker.hand?.fence ?? 0, said: "unavailable" };
        return;
      case "answers":
        return this.#answer(world, worker, which, said as Outcome["kind"], applied === true);
      case "settles":
        return this.#settle(world, w, which);
    }
  }

  #arrive(world: World, which: number, what: "takes late effect" | "is lost on its way"): string | undefined {
    nth(world.deliveries, which).late--;
    return what === "takes late effect" ? this.#apply(world, which) : undefined;
  }

  #recover(world: World, w: number, lane: number): string | undefined {
    const worker = nth(world.workers, w);
    worker.recovered[lane] = true;
    for (const [which, d] of world.deliveries.entries()) {
      if (LANE_OF[which] !== lane || d.state !== "sending") continue;
      const repeat = this.#rules.looksUpAfterCrash ? this.#repeat.kind : "repeatable";
      const step = crashStep(repeat, d.crashes, SETTLE_MS);
      const { wrong } = this.#commit(world, { w, which, step, fence: worker.fences[lane] ?? 0, checked: true });
      if (wrong !== undefined) return wrong;
    }
  }

  #begin(world: World, w: number, which: number): string | undefined {
    const worker = nth(world.workers, w);
    const fence = this.#fenceOf(worker, which);
    const step: Step = { from: "pending", to: "sending", at: 0 };
    const { lost, wrong } = this.#commit(world, { w, which, step, fence, checked: this.#rules.fenceAtBegin });
    worker.hand = lost ? undefined : { delivery: which, place: "begun", fence };
    return wrong;
  }

  #fenceOf(worker: Worker, which: number): number {
    const read = this.#rules.storesUnder === "the fence it was read under";
    return read ? (worker.hand?.fence ?? 0) : held(worker, which);
  }

  #maySend({ lanes, workers }: World, w: number, { delivery, fence }: Hand): boolean {
    if (!this.#rules.looksAtLease) return true;
    const { owner, leaseRuns } = nth(lanes, LANE_OF[delivery] ?? 0);
    return owner === w && leaseRuns && held(nth(workers, w), delivery) === fence;
  }

  #answer(world: World, { hand }: Worker, which: number, said: Outcome["kind"], applied: boolean): string | undefined {
    const delivery = nth(world.deliveries, which);
    if (hand === undefined) return;
    hand.place = "answered";
    hand.said = said;
    // Nobody waits for it any more, but it may still arrive.
    if (said === "uncertain" && !applied) delivery.late = Math.min(LATE, delivery.late + 1);
    return applied ? this.#apply(world, which) : undefined;
  }

  #apply(world: World, which: number): string | undefined {
    const delivery = nth(world.deliveries, which);
    const recognised = this.#rules.repeat === "repeatable" && delivery.effects > 0;
    if (recognised) return;
    delivery.effects++;
    const before = world.deliveries[BEFORE[which] ?? -1];
    if (before !== undefined && before.effects === 0) return `${nameOf(which)} took effect before the one before it.`;
  }

  #settle(world: World, w: number, which: number): string | undefined {
    const worker = nth(world.workers, w);
    const { hand } = worker;
    if (hand === undefined) return;
    const fence = this.#fenceOf(worker, which);
    worker.hand = undefined;
    const step = this.#step(hand, nth(world.deliveries, which).tries);
    return this.#commit(world, { w, which, step, fence, checked: this.#rules.fenceAtSettle }).wrong;
  }

  /** The engine's own step, kept because nothing but these words goes into it. */
  #step({ place, said }: Hand, tries: number): Step {
    const name = `${place}${said ?? ""}${tries}`;
    let step = this.#steps.get(name);
    if (step === undefined) {
      const stands: Standing = { ...standing, repeat: this.#repeat, tries };
      step =
        place === "looked"
          ? afterCheck(stands, lookUps[said as Found["kind"]], NOW, () => 0)
          : afterSend(stands, outcomes[said as Outcome["kind"]], NOW, undefined, () => 0);
      this.#steps.set(name, step);
    }
    return step;
  }

  /** What a ledger promises: a step is refused when the lane has another fence or the delivery another state. */
  #commit(world: World, c: Commit): { lost: boolean; wrong?: string } {
    const lane = nth(world.lanes, LANE_OF[c.which] ?? 0);
    const delivery = nth(world.deliveries, c.which);
    if (c.checked && lane.fence !== c.fence) return { lost: true };
    if (delivery.state !== c.step.from) return { lost: true };
    advance(delivery, c.step);
    if (lane.owner === c.w || !this.#rules.foreignChangesCount) return { lost: false };
    return { lost: false, wrong: `Worker ${c.w + 1} changed ${nameOf(c.which)} in a lane that it no longer has.` };
  }

  wrong({ deliveries }: World): string | undefined {
    for (const [which, { effects, state }] of deliveries.entries()) {
      if (effects > 1) return `${nameOf(which)} took effect twice.`;
      if (state === "done" && effects === 0) return `${nameOf(which)} is done and has no effect.`;
    }
    return undefined;
  }

  atRest({ deliveries }: World): boolean {
    const ended = (which: number): boolean => {
      const state = deliveries[which]?.state;
      const before = BEFORE[which];
      // What is behind a parked one waits for the same person.
      return state === "done" || state === "parked" || (before !== undefined && deliveries[before]?.state === "parked");
    };
    return deliveries.every((_, which) => ended(which));
  }

  mustRest({ workers }: World): boolean {
    return workers.some(({ up }) => up);
  }

  disturbs({ what, worker }: Move): boolean {
    if (what === "loses its lease on") return worker !== GONE;
    return what === "crashes" || what === "starts" || what === "gives back";
  }

  /** Whether it counts towards the bound on disturbances. */
  counts(move: Move): boolean {
    const { what, said } = move;
    if (what === "starts") return false;
    return this.disturbs(move) || said === "uncertain" || said === "unknown" || said === "unavailable";
  }

  says(world: World, move: Move): string {
    return wordsOf(world, move);
  }
}

interface Commit {
  w: number;
  which: number;
  step: Step & { crashes?: number };
  fence: number;
  /** Whether the ledger compares the fence; false only to break it. */
  checked: boolean;
}

/** What is only in a worker's memory, under a fence that is not the lane's any more. What was begun can still have an effect. */
function letGo({ lanes, workers }: World, w: number): void {
  const worker = nth(workers, w);
  const { hand } = worker;
  if (hand === undefined || hand.place === "begun" || hand.place === "out") return;
  if (nth(lanes, LANE_OF[hand.delivery] ?? 0).fence !== hand.fence) workers[w] = { ...worker, hand: undefined };
}

function workerKey({ up, fences, recovered, hand }: Worker, w: number, lanes: readonly Lane[]): string {
  if (!up) return "-";
  let key = "";
  for (let at = 0; at < lanes.length; at++) {
    const { owner, fence } = nth(lanes, at);
    key += `${owner === w ? "o" : ""}${fenceCode(fences[at] ?? 0, fence)}${recovered[at] ? "r" : ""}`;
  }
  if (hand === undefined) return key;
  const current = nth(lanes, LANE_OF[hand.delivery] ?? 0).fence === hand.fence;
  return `${key}${hand.delivery}${hand.place[0] ?? ""}${hand.said ?? ""}${current ? "c" : ""}`;
}

function fenceCode(known: number, fence: number): string {
  if (known === 0) return "n";
  return known === fence ? "c" : "s";
}
