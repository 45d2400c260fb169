import { WAITING_FACTS } from "./limits.ts";
import type { Draft } from "./rules/rule-machine.ts";

interface Waiting {
  until: number;
  draft: Draft;
}

/** Facts that wait for their order to become known, for so long and no longer. */
export class WaitingFacts {
  readonly #waitMs: number;
  #waiting: Waiting[] = [];

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  get some(): boolean {
    return this.#waiting.length > 0;
  }

  /** When the next one has waited for long enough. */
  get due(): number {
    return this.#waiting[0]?.until ?? Infinity;
  }

  /** @returns the one that has to be given up for it, when too many wait */
  add(draft: Draft, now: number): Draft | undefined {
    this.#waiting.push({ draft, until: now + this.#waitMs });
    return this.#waiting.length > WAITING_FACTS ? this.#waiting.shift()?.draft : undefined;
  }

  expired(now: number): Draft[] {
    return this.takeWhere((_draft, until) => until <= now);
  }

  takeWhere(wanted: (draft: Draft, until: number) => boolean): Draft[] {
    if (this.#waiting.length === 0) return [];
    const taken = this.#waiting.filter(({ draft, until }) => wanted(draft, until));
    if (taken.length > 0) this.#waiting = this.#waiting.filter((it) => !taken.includes(it));
    return taken.map(({ draft }) => draft);
  }

  save(): { waiting?: Waiting[] } {
    return this.#waiting.length === 0 ? {} : { waiting: this.#waiting };
  }

  restore(saved: unknown): void {
    this.#waiting = (saved as { waiting?: Waiting[] }).waiting ?? [];
  }
}
