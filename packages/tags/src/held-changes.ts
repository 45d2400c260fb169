import { HELD_CHANGES } from "./limits.ts";
import type { Reading } from "./tag-specs.ts";

/** A change that waits for late ones before it. Without a reading its quality was not good. */
export interface Held {
  slot: number;
  time: number;
  received: number;
  historical: boolean;
  reading?: Reading;
  unreadable?: { code: string; description: string; next: string };
  shown?: string;
  said?: string;
}

/** Puts changes into the order of event time, as far as they come within the bound; those of one moment stay as they came. */
export class HeldChanges {
  readonly #lateMs: number;
  #held: Held[] = [];
  #first = 0;

  constructor(lateMs: number) {
    this.#lateMs = lateMs;
  }

  /** Event time of the next one; Infinity for none. */
  get due(): number {
    return this.#held[this.#first]?.time ?? Infinity;
  }

  add(change: Held): void {
    let at = this.#held.length;
    while (at > this.#first && (this.#held[at - 1] as Held).time > change.time) at--;
    this.#held.splice(at, 0, change);
  }

  /** The next change that no late one can come before any more. */
  next(received: number): Held | undefined {
    const first = this.#held[this.#first];
    if (first === undefined) return undefined;
    const full = this.#held.length - this.#first > HELD_CHANGES;
    if (!full && first.time > received - this.#lateMs) return undefined;
    this.#first++;
    if (this.#first * 2 > this.#held.length) {
      this.#held = this.#held.slice(this.#first);
      this.#first = 0;
    }
    return first;
  }

  save(): { held?: Held[] } {
    return this.#first === this.#held.length ? {} : { held: this.#held.slice(this.#first) };
  }

  restore(saved: unknown): void {
    this.#held = (saved as { held?: Held[] }).held ?? [];
    this.#first = 0;
  }
}
