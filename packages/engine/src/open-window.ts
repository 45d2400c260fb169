import { type OpenDelivery, type Settlement, explain, laneOf } from "@lineshaft/core";
import type { Accepted } from "./intake.ts";
import type { KeyLines, Task } from "./key-lines.ts";
import type { WorkerOptions } from "./system-worker.ts";

/** Deliveries of one key read at once. */
const KEY_READ = 32;
/** Beside other workers, a window rests after a read for so many times as long as it took: the busier all are, the more is read together. */
const REST_TIMES = 10;
/** Shortest such rest, in ms: what comes in quick succession is read together. */
const REST_LEAST_MS = 5;
/** Longest such rest, in ms. */
const REST_MOST_MS = 100;
/** Wait before the ledger is read again after it could not be. */
const READ_AGAIN_MS = 1_000;

type Shared = "ledger" | "payloads" | "routing" | "clock" | "log" | "windowDeliveries" | "fence" | "lanes" | "shared";

export interface OpenWindowOptions extends Pick<WorkerOptions, Shared> {
  /** The system whose deliveries these are. */
  system: string;
  lines: KeyLines;
  settle: (settlement: Settlement, settled: (lost: boolean) => void) => void;
  /** Counts a read as work under way. */
  track: (work: Promise<void>) => void;
  /** Something was added. */
  filled: () => void;
}

/**
 * Keeps the lines of a system filled: with what was just accepted while there is room, and from the ledger otherwise, in
 * order, without ever holding more than the window.
 */
export class OpenWindow {
  readonly #o: OpenWindowOptions;
  /** Everything up to here was read or offered; what comes later is in the ledger while `#behind`. */
  #cursor = 0;
  #behind = true;
  /** Something was offered while the ledger was being read. */
  #missed = false;
  #reading = false;
  /** Read up to the end a moment ago, beside other workers. */
  #resting = false;
  /** Raised when the ledger has to be read from the beginning; what is being read then does not count. */
  #beginnings = 0;

  constructor(options: OpenWindowOptions) {
    this.#o = options;
  }

  /** Takes a freshly accepted delivery if there is room; otherwise it is read when there is. */
  offer({ id, route, carried, chars }: Accepted): void {
    const { lines, windowDeliveries, payloads, shared } = this.#o;
    const { key, receivedTime } = carried;
    if (this.#behind) {
      this.#missed = true;
      // The ledger is read soon, for what others accepted before it.
      if (shared() && this.#o.fence(laneOf(key)) !== undefined) payloads.keep(carried, chars);
      return;
    }
    if (lines.size >= windowDeliveries) {
      this.#behind = true;
      return;
    }
    this.#cursor = id;
    const lane = laneOf(key);
    const fence = this.#o.fence(lane);
    // Another worker's, who is told by the ledger.
    if (fence === undefined) return;
    const fresh = {
      state: "pending" as const,
      dueAt: 0,
      since: receivedTime,
      attempts: 0,
      tries: 0,
      crashes: 0,
      edited: false,
      uncertain: 0,
    };
    lines.add({ id, route: route.id, key, ...fresh, target: route, lane, fence, carried, mapped: undefined });
  }

  /** There may be deliveries in the ledger that were not offered here: of other workers' facts. */
  look(): void {
    this.#behind = true;
    this.#missed = true;
  }

  /** Reads everything again: lanes came that others had. What is known already is passed over. */
  reopen(): void {
    this.#beginnings++;
    this.#cursor = 0;
    this.look();
  }

  /** Reads on from the ledger when half of the window is free. */
  refill(): void {
    const { lines, windowDeliveries, clock, log, system, track, filled } = this.#o;
    if (!this.#behind || this.#reading || this.#resting || lines.size > windowDeliveries / 2) return;
    this.#reading = true;
    const done = () => {
      this.#reading = false;
      filled();
    };
    track(
      this.#readOn().then(done, (error: unknown) => {
        log.error("open deliveries could not be read", { system, error: explain(error) });
        clock.after(READ_AGAIN_MS, done);
      }),
    );
  }

  /** Reads a key's next deliveries, or all of them `anew`. Its line is held busy meanwhile. */
  readKey(key: string, anew: boolean): void {
    const { clock, log, system, track } = this.#o;
    track(
      this.#readKey(key, anew).catch((error: unknown) => {
        log.error("open deliveries of a key could not be read", { system, orderKey: key, error: explain(error) });
        clock.after(READ_AGAIN_MS, () => this.readKey(key, true));
      }),
    );
  }

  async #readOn(): Promise<void> {
    const { ledger, system, lines, windowDeliveries, clock } = this.#o;
    const limit = Math.max(1, windowDeliveries - lines.size);
    const beginnings = this.#beginnings;
    const askedAt = clock.now();
    this.#missed = false;
    const open = await ledger.openDeliveries({ system, lanes: this.#o.lanes(), after: this.#cursor, limit });
    // What was known before this may be forgotten by now: first comes what is older.
    if (beginnings !== this.#beginnings) return;
    for (const delivery of open) {
      const task = this.#task(delivery);
      if (task !== undefined) lines.add(task);
    }
    if (this.#o.shared() && open.length < limit) this.#rest(clock.now() - askedAt);
    this.#cursor = open.at(-1)?.id ?? this.#cursor;
    this.#behind = open.length === limit || this.#missed;
  }

  #rest(readMs: number): void {
    this.#resting = true;
    this.#o.clock.after(Math.min(Math.max(readMs * REST_TIMES, REST_LEAST_MS), REST_MOST_MS), () => {
      this.#resting = false;
      this.#o.filled();
    });
  }

  async #readKey(key: string, anew: boolean): Promise<void> {
    const { ledger, system, lines, filled } = this.#o;
    const held = lines.hold(key, anew);
    const open = await ledger.openOfKey({ system, key, after: held.lastId, limit: KEY_READ });
    if (held.reload) return this.readKey(key, true);
    const tasks = open.map((delivery) => this.#task(delivery)).filter((task) => task !== undefined);
    const upTo = open.at(-1)?.id ?? held.lastId;
    const line = lines.release(held, tasks, { upTo, more: open.length === KEY_READ });
    if (line?.state === "busy" && line.head === undefined) {
      if (this.#o.fence(laneOf(key)) === undefined) lines.drop(line);
      else this.readKey(key, false);
    }
    filled();
  }

  /** Undefined for one of another worker's, and for one that nobody would send: that is parked. */
  #task(delivery: OpenDelivery): Task | undefined {
    const lane = laneOf(delivery.key);
    const fence = this.#o.fence(lane);
    if (fence === undefined) return undefined;
    const target = this.#o.routing.route(delivery.route);
    if (target !== undefined)
      return { ...delivery, target, lane, fence, carried: undefined, uncertain: 0, mapped: undefined };
    this.#parkWithoutRoute(delivery, lane, fence);
    return undefined;
  }

  /** The configuration no longer has its route: nobody would ever send it, so a person is told. */
  #parkWithoutRoute(delivery: OpenDelivery, lane: number, fence: number): void {
    if (delivery.state === "parked") return;
    const { clock, settle, system, log } = this.#o;
    const parking = {
      reason: "no-route",
      message: `No flow of this hub sends this to ${system} any more.`,
      next: "Put the flow's target back and resend it, or drop it.",
      owner: "integration",
    };
    const step = { from: delivery.state, to: "parked" as const, at: clock.now(), parking };
    settle({ delivery: delivery.id, lane, fence, ...step }, (lost) => {
      if (lost) log.warn("a delivery was changed elsewhere", { system, orderKey: delivery.key });
    });
  }
}
