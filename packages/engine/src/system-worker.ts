import {
  type Clock,
  type DeliveryState,
  type Item,
  type Ledger,
  type Log,
  type Settlement,
  type System,
  type SystemDefinition,
  type Target,
  explain,
} from "@lineshaft/core";
import { Breaker } from "./breaker.ts";
import { Calls, type Ready } from "./calls.ts";
import { ConflictGuard } from "./conflict-guard.ts";
import type { Committer } from "./committer.ts";
import { type SystemFigures, newSystemFigures } from "./figures.ts";
import type { Accepted } from "./intake.ts";
import { type KeyLine, KeyLines, type Task } from "./key-lines.ts";
import { type Carried, type Mapped, mapDelivery } from "./mapping.ts";
import { OpenWindow } from "./open-window.ts";
import { type Step, parkFrom } from "./settle.ts";
import type { Payloads } from "./payloads.ts";
import type { PlantScopes } from "./plant-scopes.ts";
import type { Routing, RunningRoute } from "./routing.ts";
import type { Tracing } from "./tracing.ts";

const IN_FLIGHT = 4;
/** Lines looked at, at most, to fill one batch. */
const LOOKED_AT = 4;
/** Wait after an error of the ledger or of our own before the same is tried again. */
const PAUSE_MS = 1_000;

export interface WorkerOptions {
  definition: SystemDefinition;
  system: System;
  routing: Routing;
  ledger: Ledger;
  scopes: PlantScopes;
  committer: Committer;
  payloads: Payloads;
  clock: Clock;
  random: () => number;
  log: Log;
  tracing: Tracing;
  /** Most deliveries in memory; the others wait in the ledger. */
  windowDeliveries: number;
  /** After repeated crashes: one delivery at a time, marked before anything of ours touches it. */
  careful: () => boolean;
  /** The fence of a lane that is worked on here. */
  fence: (lane: number) => number | undefined;
  lanes: () => readonly number[];
  /** Whether the lease on them holds still, by this machine's clock. */
  leased: () => boolean;
  /** Whether others work on this ledger too. */
  shared: () => boolean;
  /** Whether the lane is this worker's still, under this fence. */
  holds: (lane: number, fence: number) => boolean;
  settled: (task: Task, step: Step) => void;
}

interface InHand extends Ready {
  line: KeyLine;
}

/** Works off the deliveries of one system: in order by key, in batches, within the system's limits. */
export class SystemWorker {
  readonly figures: SystemFigures = newSystemFigures();
  readonly breaker: Breaker;
  readonly #calls: Calls;
  readonly #o: WorkerOptions;
  readonly #lines: KeyLines;
  readonly #window: OpenWindow;
  readonly #conflicts = new ConflictGuard();
  /** Lines whose item conflicts with a call under way. */
  #held: KeyLine[] = [];
  /** Work under way, settlements that wait for their commit among it; drained when it is 0. */
  #busy = 0;
  #drained: (() => void)[] = [];
  /** Called when any piece of work has ended. */
  #ended: (() => void)[] = [];
  #inFlight = 0;
  #running = false;
  #pumping = false;
  #budget = { from: 0, calls: 0 };
  readonly #hasUrgent: boolean;

  constructor(options: WorkerOptions) {
    this.#o = options;
    this.#hasUrgent = options.routing.routesOf(options.definition.name).some((route) => route.priority === "urgent");
    this.#lines = new KeyLines(
      options.clock,
      () => this.#pump(),
      (line) => this.#window.readKey(line.key, false),
    );
    this.#window = new OpenWindow({
      ...options,
      system: options.definition.name,
      lines: this.#lines,
      settle: (settlement, settled) => options.committer.settle(settlement, settled),
      track: (work) => this.#track(work),
      filled: () => this.#pump(),
    });
    this.breaker = new Breaker({
      clock: options.clock,
      check: (signal) => options.system.check(signal),
      changed: (state) => {
        if (state === "probing") this.#lines.hurry();
        this.#pump();
      },
    });
    this.#calls = new Calls({ ...options, breaker: this.breaker, figures: this.figures });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  start(): void {
    this.#running = true;
    this.#pump();
  }

  /** Takes nothing new and waits until everything in hand is settled, at most until the signal. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#running = false;
    this.#lines.stop();
    this.breaker.stop();
    signal.addEventListener("abort", () => this.#calls.abort(new Error("the hub is stopping")), { once: true });
    while (this.#busy > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Begins nothing of these lanes any more, and resolves when nothing of them is in hand. */
  async leave(lanes: ReadonlySet<number>): Promise<void> {
    this.#lines.leave(lanes);
    while (this.#lines.busyIn(lanes)) await new Promise<void>((resolve) => this.#ended.push(resolve));
  }

  /** Lanes came: reads what is open there. */
  reopen(): void {
    this.#window.reopen();
    this.#pump();
  }

  /** Another worker accepted something. */
  look(): void {
    this.#window.look();
    this.#pump();
  }

  /** Takes a freshly accepted delivery. */
  offer(accepted: Accepted): void {
    this.#window.offer(accepted);
    this.#pump();
  }

  /** Reads a key anew: a person acted on it, or a newer version made its pending delivery moot. */
  reread(key: string): void {
    const line = this.#lines.line(key);
    if (line?.state === "busy") line.reload = true;
    else this.#window.readKey(key, true);
  }

  /** Begins what can be begun, after everything that became ready together has done so: it shares batches. */
  #pump(): void {
    if (this.#pumping || !this.#running) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      if (!this.#running) return;
      while (this.#beginOne());
      this.#window.refill();
    });
  }

  /** Begins one batch; false when nothing can be begun now. */
  #beginOne(): boolean {
    const limits = this.#o.definition.limits ?? {};
    const limit = this.#o.careful() ? 1 : (limits.inFlight ?? IN_FLIGHT);
    const allowed = this.breaker.allowance(limit);
    if (this.#inFlight >= allowed || !this.#o.leased() || !this.#withinPace(limits.perSecond)) return false;
    // The last place is kept for urgent work where there is any, so that bulk never fills a system.
    const urgentOnly = allowed > 1 && this.#inFlight === allowed - 1 && this.#hasUrgent;
    const first = this.#lines.take(urgentOnly);
    if (first?.head === undefined) return false;
    const target = this.#target(first.head.target);
    if (target === undefined) {
      this.#park(
        first,
        first.head,
        "mapping",
        `${this.#o.definition.name} has no operation ${first.head.target.operation.name}.`,
        "Correct the flow, then resend.",
      );
      return true;
    }
    const batch = this.#gather(first, first.head, target);
    this.#inFlight++;
    this.#budget.calls++;
    this.#track(
      this.#work(batch, target).finally(() => {
        this.#pump();
      }),
    );
    return true;
  }

  #withinPace(perSecond: number | undefined): boolean {
    if (perSecond === undefined) return true;
    const now = this.#o.clock.now();
    if (now - this.#budget.from >= 1_000) this.#budget = { from: now, calls: 0 };
    if (this.#budget.calls < perSecond) return true;
    this.#o.clock.after(this.#budget.from + 1_000 - now, () => this.#pump());
    return false;
  }

  #target(route: RunningRoute): Target<never> | undefined {
    return this.#o.system.targets[route.operation.name];
  }

  /** More lines of the same operation and state, up to the operation's batch. Others taken on the way are put back. */
  #gather(first: KeyLine, head: Task, target: Target<never>): KeyLine[] {
    const batch = [first];
    const others: KeyLine[] = [];
    const size = this.#o.careful() || head.state === "checking" ? 1 : target.maxBatch;
    const looked = size * LOOKED_AT;
    for (let i = 0; batch.length < size && i < looked; i++) {
      const line = this.#lines.take(false);
      if (line?.head === undefined) break;
      const same = line.head.target.operation === head.target.operation && line.head.state === head.state;
      (same ? batch : others).push(line);
    }
    for (const line of others) this.#lines.putBack(line);
    return batch;
  }

  async #work(lines: KeyLine[], target: Target<never>): Promise<void> {
    try {
      const state = lines[0]?.head?.state;
      if (state === "checking") await this.#check(lines[0] as KeyLine, target);
      else if (state === "sending") this.#settleBegun(lines, target);
      else await this.#send(lines, target);
    } catch (error) {
      this.#o.log.error("a batch was given up", { system: this.#o.definition.name, error: explain(error) });
      for (const line of lines) this.#giveUp(line, target, error);
    } finally {
      this.#inFlight--;
    }
  }

  /** Begun as the ledger says, and nobody has them in hand: what became of them is not known. */
  #settleBegun(lines: readonly KeyLine[], target: Target<never>): void {
    const error = new Error("It was begun, and nobody knows what became of it.");
    for (const line of lines) this.#giveUp(line, target, error);
  }

  /** An error of the ledger or of our own: what may have left is uncertain, the rest is tried again. */
  #giveUp(line: KeyLine, target: Target<never>, error: unknown): void {
    const task = line.head;
    if (line.state !== "busy" || task === undefined) return;
    const now = this.#o.clock.now();
    if (task.state !== "sending") return this.#lines.defer(line, now + PAUSE_MS);
    const outcome = { kind: "uncertain" as const, message: explain(error) };
    this.#finish(line, task, this.#calls.stepAfter(task, target, outcome, { startedAt: task.since, endedAt: now }));
  }

  async #send(lines: KeyLine[], target: Target<never>): Promise<void> {
    const careful = this.#o.careful();
    await this.#load(lines);
    if (careful) lines = await this.#begin(lines);
    const mapped = await this.#map(lines, careful ? "sending" : "pending");
    const claims = new Set<string>();
    try {
      let inHand = target.conflicts === undefined ? mapped : this.#withoutConflicts(mapped, target, claims);
      if (!careful) {
        const begun = new Set(await this.#begin(inHand.map((h) => h.line)));
        inHand = inHand.filter((h) => begun.has(h.line));
      }
      inHand = inHand.filter((h) => this.#mayLeave(h, target));
      if (inHand.length === 0) return;
      const steps = await this.#calls.send(inHand, target);
      for (const [at, { line, task }] of inHand.entries()) this.#finish(line, task, steps[at] as Step);
    } finally {
      this.#conflicts.release(claims);
      // Only a call that held something can have made room.
      if (claims.size > 0) this.#releaseHeld();
    }
  }

  /** Payloads that are not in memory. */
  async #load(lines: readonly KeyLine[]): Promise<void> {
    const missing = lines.map((l) => l.head).filter((t): t is Task => t !== undefined && t.carried === undefined);
    if (missing.length > 0) await this.#o.payloads.load(missing);
  }

  async #map(lines: readonly KeyLine[], state: DeliveryState): Promise<InHand[]> {
    const inHand: InHand[] = [];
    for (const line of lines) {
      const task = line.head;
      if (task?.carried === undefined) continue;
      let mapped: Mapped | Promise<Mapped> =
        task.mapped === undefined ? mapDelivery(task.target, task.carried, this.#o) : { ok: true, value: task.mapped };
      if (mapped instanceof Promise) mapped = await mapped;
      if (mapped.ok) {
        task.mapped = mapped.value;
        inHand.push({ line, task, item: itemOf(this.#o.ledger.id, task, task.carried, mapped.value) });
      } else this.#park(line, task, "mapping", mapped.message, mapped.next, state);
    }
    return inHand;
  }

  /** Those of the items that no call under way conflicts with; the lines of the others are held until it has ended. */
  #withoutConflicts(inHand: readonly InHand[], target: Target<never>, claims: Set<string>): InHand[] {
    return inHand.filter(({ line, item }) => {
      if (this.#conflicts.claim(item, target, claims)) return true;
      line.state = "waiting";
      this.#held.push(line);
      return false;
    });
  }

  #releaseHeld(): void {
    const held = this.#held;
    this.#held = [];
    // One that was read anew meanwhile may be in hand, or wait for something else.
    for (const line of held)
      if (line.state === "waiting" && line.head !== undefined) this.#lines.defer(line, line.head.dueAt);
  }

  /** Writes `sending` before anything leaves. Returns the lines that are really ours to send. */
  async #begin(lines: readonly KeyLine[]): Promise<KeyLine[]> {
    if (lines.length === 0) return [];
    const at = this.#o.clock.now();
    const ours: KeyLine[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = lines.length;
    for (const line of lines) {
      const task = line.head as Task;
      this.#settle(task, { from: "pending", to: "sending", at }, (lost) => {
        if (lost) this.#lose(line);
        else {
          task.state = "sending";
          task.since = at;
          ours.push(line);
        }
        if (--left === 0) resolve();
      });
    }
    await promise;
    return ours;
  }

  /** Another worker may have it in hand once the lease has run out: a request that is late would be the second one. */
  #mayLeave({ line, task }: InHand, target: Target<never>): boolean {
    if (this.#o.holds(task.lane, task.fence)) return true;
    const now = this.#o.clock.now();
    const message = "The lease on its lane ran out before it was sent; nothing left.";
    const outcome = { kind: "unavailable" as const, message, retryAfterMs: 0 };
    this.#finish(line, task, this.#calls.stepAfter(task, target, outcome, { startedAt: now, endedAt: now }));
    return false;
  }

  async #check(line: KeyLine, target: Target<never>): Promise<void> {
    await this.#load([line]);
    const [ready] = await this.#map([line], "checking");
    if (ready !== undefined) this.#finish(line, ready.task, await this.#calls.check(ready, target));
  }

  #park(
    line: KeyLine,
    task: Task,
    reason: string,
    message: string,
    next: string,
    from: DeliveryState = task.state,
  ): void {
    const parking = { reason, message, next, owner: task.target.owner };
    this.#finish(line, task, parkFrom(from, this.#o.clock.now(), parking));
  }

  /** Stores a step; when it is on disk the line goes on. */
  #finish(line: KeyLine, task: Task, step: Step): void {
    this.#busy++;
    this.#settle(task, step, (lost) => {
      if (lost) this.#lose(line);
      else this.#goOn(line, task, step);
      this.#done();
      this.#pump();
    });
  }

  #goOn(line: KeyLine, task: Task, step: Step): void {
    this.#o.settled(task, step);
    task.since = step.at;
    task.tries = step.tries ?? task.tries;
    if (step.attempt !== undefined) task.attempts++;
    switch (step.to) {
      case "pending":
      case "checking":
        task.state = step.to;
        task.dueAt = step.dueAt ?? 0;
        if (line.reload) this.#window.readKey(line.key, true);
        else this.#lines.defer(line, task.dueAt);
        return;
      case "parked":
        task.state = "parked";
        if (line.reload) this.#window.readKey(line.key, true);
        else this.#lines.park(line);
        return;
      case "sending":
      case "done":
      case "dropped":
      case "superseded":
      case "suppressed":
        this.#lines.advance(line);
    }
  }

  /** The lane is another worker's, or somebody else changed the delivery: read what stands, if it is still ours. */
  #lose(line: KeyLine): void {
    this.#o.log.warn("a delivery was changed elsewhere", { system: this.#o.definition.name, orderKey: line.key });
    line.reload = true;
    this.#window.readKey(line.key, true);
  }

  #settle(task: Task, step: Step, settled: (lost: boolean) => void): void {
    const settlement = step as Settlement;
    settlement.delivery = task.id;
    settlement.lane = task.lane;
    settlement.fence = task.fence;
    this.#o.committer.settle(settlement, settled);
  }

  #track(work: Promise<void>): void {
    this.#busy++;
    void work.finally(() => this.#done());
  }

  #done(): void {
    this.#busy--;
    for (const resolve of this.#ended.splice(0)) resolve();
    if (this.#busy === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/** Names the delivery for good, and the ledger too: another ledger counts from 1 as well. */
export function tokenOf(ledger: string, delivery: number): string {
  return `${ledger}-${delivery.toString(36)}`;
}

function itemOf(ledger: string, task: Task, carried: Carried, value: unknown): Item<never> {
  return {
    token: tokenOf(ledger, task.id),
    key: task.key,
    value: value as never,
    attempt: task.attempts + 1,
    receivedTime: carried.receivedTime,
  };
}
