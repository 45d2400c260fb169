import { type Clock, type OpenDelivery, type Timer, laneOf } from "@lineshaft/core";
import { DueQueue } from "./due-queue.ts";
import { Fifo } from "./fifo.ts";
import type { Carried } from "./mapping.ts";
import { PRIORITIES, type Priority } from "./policy.ts";
import type { RunningRoute } from "./routing.ts";

/** An open delivery in memory. */
export interface Task extends OpenDelivery {
  target: RunningRoute;
  lane: number;
  /** The lane's fence when it was read; a later one means that others may have had it in between. */
  fence: number;
  /** Present while it fits in memory; otherwise read again when it is its turn. */
  carried: Carried | undefined;
  /** Sends that ended uncertain since this worker has it. */
  uncertain: number;
  /** The mapped value, kept while the delivery waits for another one that conflicts with it. */
  mapped: unknown;
}

/**
 * The open deliveries of one order key towards one system. Only its first may be worked on.
 * `ready`: it may be taken. `busy`: it is in hand. `waiting`: due later. `parked`: waits for a person.
 */
export interface KeyLine {
  key: string;
  state: "ready" | "busy" | "waiting" | "parked";
  tasks: Fifo<Task>;
  head: Task | undefined;
  /** Highest delivery known of this key. */
  lastId: number;
  /** Later deliveries are in the ledger only. */
  more: boolean;
  /** Highest delivery that came while the line was being read; what was read may be older. */
  passedOver: number;
  /** Somebody acted on this key while it was in hand: read it anew. */
  reload: boolean;
  /** Guards against an entry of the due queue that was overtaken. */
  dueAt: number;
}

/** Followers kept in memory of a key that moves, and of one that waits; the others are read when they get their turn. */
const KEPT_MOVING = 64;
const KEPT_WAITING = 4;
/** Every so many takes, a lower class goes first, so that it never starves. */
const NORMAL_SHARE = 8;
const BULK_SHARE = 16;

/** All lines of one system: which may be taken now, which later. */
export class KeyLines {
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #read: (line: KeyLine) => void;
  readonly #lines = new Map<string, KeyLine>();
  readonly #ready: Record<Priority, Fifo<KeyLine>> = { urgent: new Fifo(), normal: new Fifo(), bulk: new Fifo() };
  readonly #due = new DueQueue<{ line: KeyLine; at: number }>();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #takes = 0;
  /** Tasks in memory. */
  size = 0;

  /** `wake`: something became ready by time. `read`: a line's next deliveries are in the ledger only; it stays busy until they are added. */
  constructor(clock: Clock, wake: () => void, read: (line: KeyLine) => void) {
    this.#clock = clock;
    this.#wake = wake;
    this.#read = read;
  }

  get ready(): number {
    return PRIORITIES.reduce((sum, p) => sum + this.#ready[p].length, 0);
  }

  /** Lines with anything open, moving or not. */
  get keys(): number {
    return this.#lines.size;
  }

  line(key: string): KeyLine | undefined {
    return this.#lines.get(key);
  }

  /** Adds a delivery behind the others of its key. Those known already are passed over. */
  add(task: Task): void {
    const line = this.#lines.get(task.key) ?? this.#newLine(task.key);
    if (task.id <= line.lastId) return;
    if (
      line.more ||
      line.state === "parked" ||
      line.tasks.length >= (line.state === "waiting" ? KEPT_WAITING : KEPT_MOVING)
    ) {
      line.more = true;
      line.passedOver = Math.max(line.passedOver, task.id);
      return;
    }
    line.lastId = task.id;
    this.size++;
    if (line.head === undefined) this.#setHead(line, task);
    else line.tasks.push(task);
  }

  /** Takes the line whose turn it is; it is busy from then on. `urgentOnly` while the last free place is kept for urgent work. */
  take(urgentOnly: boolean): KeyLine | undefined {
    this.#takes++;
    for (const priority of urgentOnly ? (["urgent"] as const) : this.#order()) {
      for (let line = this.#ready[priority].shift(); line !== undefined; line = this.#ready[priority].shift()) {
        // Entries are not taken out when a line changes, so that nothing has to be searched.
        if (line.state !== "ready" || line.head?.target.priority !== priority) continue;
        line.state = "busy";
        return line;
      }
    }
    return undefined;
  }

  /** Gives a taken line back, to be taken again. */
  putBack(line: KeyLine): void {
    if (line.head !== undefined) this.#makeReady(line, line.head);
  }

  /** The head is open still, to be worked on at `dueAt`. */
  defer(line: KeyLine, dueAt: number): void {
    if (dueAt <= this.#clock.now()) return this.putBack(line);
    line.state = "waiting";
    line.dueAt = dueAt;
    this.#due.add(dueAt, { line, at: dueAt });
    this.#arm();
  }

  /** The head waits for a person; later ones go on only if its policy says so. */
  park(line: KeyLine): void {
    if (line.head?.target.policy.order === "continue") return this.advance(line);
    // What does not move takes no room: it is read again when somebody acts on it.
    this.clear(line);
    line.state = "parked";
  }

  /** The head is finished; the next one has its turn. */
  advance(line: KeyLine): void {
    if (line.head !== undefined) this.size--;
    line.head = undefined;
    const next = line.tasks.shift();
    if (next !== undefined) return this.#setHead(line, next);
    line.state = "busy";
    if (!line.more && !line.reload) {
      this.#lines.delete(line.key);
      return;
    }
    line.more = true;
    this.#read(line);
  }

  /** Holds a key's line busy while its deliveries are read, or read `anew`: what is added meanwhile is only noted. Ended by `release`. */
  hold(key: string, anew: boolean): KeyLine {
    const line = this.#lines.get(key) ?? this.#newLine(key);
    if (anew || line.reload) this.clear(line);
    line.state = "busy";
    line.more = true;
    line.passedOver = 0;
    line.reload = false;
    return line;
  }

  /**
   * Adds what was read of a held line, in order. `upTo`: everything open up to this delivery was read. `more`: there is later
   * one in the ledger, as there is when something came meanwhile that was not read. Returns the key's line; undefined when
   * nothing of it is left to do.
   */
  release(held: KeyLine, read: readonly Task[], { upTo, more }: { upTo: number; more: boolean }): KeyLine | undefined {
    const { key, passedOver } = held;
    const later = more || passedOver > upTo;
    held.more = false;
    // A parked one that the next ones may pass ends its line, and the next one begins another.
    for (const task of read) this.add(task);
    let line = this.#lines.get(key);
    if (later) {
      line ??= this.#newLine(key);
      line.more = true;
    }
    if (line?.head !== undefined || line?.state !== "busy") return line;
    line.lastId = upTo;
    if (line.more) return line;
    this.drop(line);
    return undefined;
  }

  /** Forgets a line's deliveries, to read them anew. The caller holds it busy. */
  clear(line: KeyLine): void {
    if (line.head !== undefined) this.size--;
    this.size -= line.tasks.length;
    line.head = undefined;
    line.tasks = new Fifo();
    line.lastId = 0;
    line.more = false;
    line.reload = false;
    line.state = "busy";
  }

  /** Forgets everything of these lanes that is not in hand; what is in hand is read anew afterwards. */
  leave(lanes: ReadonlySet<number>): void {
    for (const line of this.#lines.values()) {
      if (!lanes.has(laneOf(line.key))) continue;
      if (line.state !== "busy") this.drop(line);
      else {
        this.size -= line.tasks.length;
        line.tasks = new Fifo();
        line.more = true;
        line.reload = true;
      }
    }
  }

  /** Whether something of these lanes is in hand. */
  busyIn(lanes: ReadonlySet<number>): boolean {
    for (const line of this.#lines.values()) if (line.state === "busy" && lanes.has(laneOf(line.key))) return true;
    return false;
  }

  /** Drops an emptied line. */
  drop(line: KeyLine): void {
    this.clear(line);
    this.#lines.delete(line.key);
  }

  /** Makes everything that waits due now: the system is back. */
  hurry(): void {
    for (const line of this.#lines.values())
      if (line.state === "waiting" && line.head !== undefined && line.head.state === "pending")
        this.#makeReady(line, line.head);
    this.#wake();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #newLine(key: string): KeyLine {
    const line: KeyLine = {
      key,
      state: "busy",
      tasks: new Fifo(),
      head: undefined,
      lastId: 0,
      more: false,
      passedOver: 0,
      reload: false,
      dueAt: 0,
    };
    this.#lines.set(key, line);
    return line;
  }

  #setHead(line: KeyLine, task: Task): void {
    line.head = task;
    if (task.state === "parked") this.park(line);
    else this.defer(line, task.dueAt);
  }

  #makeReady(line: KeyLine, head: Task): void {
    line.state = "ready";
    this.#ready[head.target.priority].push(line);
  }

  #order(): readonly Priority[] {
    if (this.#takes % BULK_SHARE === 0) return ["bulk", "normal", "urgent"];
    if (this.#takes % NORMAL_SHARE === 0) return ["normal", "urgent", "bulk"];
    return PRIORITIES;
  }

  #arm(): void {
    const next = this.#due.next;
    if (next === undefined || next >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = next;
    this.#timer = this.#clock.after(next - this.#clock.now(), () => this.#fire());
  }

  #fire(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let due = this.#due.take(now); due !== undefined; due = this.#due.take(now)) {
      const { line, at } = due;
      if (line.state === "waiting" && line.dueAt === at && line.head !== undefined) this.#makeReady(line, line.head);
    }
    this.#arm();
    this.#wake();
  }
}
