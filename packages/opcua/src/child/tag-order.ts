import type { TagChange } from "@lineshaft/core";

/** A value as it came, with what tells it from others. */
export interface Arrival {
  change: TagChange;
  picoseconds: number;
  /** The status code without its info bits (part 4 §7.39): an overflow is no other value. */
  status: number;
}

export type Place =
  /** Newer than all before it. */
  | "new"
  /** Of a time before the newest, and not seen yet. */
  | "late"
  /** Seen already. */
  | "duplicate"
  /** Far before the newest: the device's clock was set back, and what it says now is what holds. */
  | "set-back";

/** A value that comes late by more than this is no late value, but the sign of a clock that was set back, ms. */
const LATEST_MS = 60_000;
/** Values remembered for each tag at least, to know a second one again. */
const REMEMBERED = 64;

/** Order and sameness of one tag's values, by (source time, picoseconds) and (source time, value, status). */
export class TagOrder {
  newestTime = Number.NEGATIVE_INFINITY;
  #newestPicoseconds = 0;
  readonly #seen: number[] = [];
  readonly #remembered: number;
  #next = 0;

  constructor(queueSize: number) {
    // A server sends again at most what its queue held.
    this.#remembered = Math.max(REMEMBERED, 2 * queueSize);
  }

  place(arrival: Arrival): Place {
    const { sourceTime } = arrival.change;
    const newer =
      sourceTime > this.newestTime || (sourceTime === this.newestTime && arrival.picoseconds > this.#newestPicoseconds);
    const mark = markOf(arrival);
    if (!newer && this.#seen.includes(mark)) return "duplicate";
    this.#remember(mark);
    const setBack = sourceTime < this.newestTime - LATEST_MS;
    // Two values of one time: the later one holds, as many servers have but milliseconds.
    if (!newer && !setBack && sourceTime < this.newestTime) return "late";
    this.newestTime = sourceTime;
    this.#newestPicoseconds = arrival.picoseconds;
    return setBack ? "set-back" : "new";
  }

  /** Of a history: whether it has been seen, and from now on it has. */
  isKnown(arrival: Arrival): boolean {
    const mark = markOf(arrival);
    if (this.#seen.includes(mark)) return true;
    this.#remember(mark);
    return false;
  }

  #remember(mark: number): void {
    this.#seen[this.#next] = mark;
    this.#next = (this.#next + 1) % this.#remembered;
  }
}

/** Oldest first; those of one time as they came. */
export function byTime(a: Arrival, b: Arrival): number {
  return a.change.sourceTime - b.change.sourceTime || a.picoseconds - b.picoseconds;
}

/** 53 bits of (source time, picoseconds, value, status): small enough to keep many for each of 50,000 tags. */
function markOf({ change, picoseconds, status }: Arrival): number {
  return hash(`${change.sourceTime}|${picoseconds}|${status}|${textOf(change.value)}`);
}

function textOf(value: TagChange["value"]): string {
  if (typeof value !== "object" || value === null) return `${typeof value}${String(value)}`;
  return JSON.stringify(value, (_name, inner: unknown) => (typeof inner === "bigint" ? `${inner}n` : inner));
}

/** cyrb53, public domain: two mixed 32-bit products. */
function hash(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & b) + (a >>> 0);
}
