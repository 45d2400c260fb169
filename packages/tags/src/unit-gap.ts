/** A time in which values of a unit were missing; without an end it lasts. */
export interface Gap {
  readonly tags: readonly string[];
  readonly start: number;
  readonly end?: number;
  /** It was told before, while it lasted. */
  readonly told: boolean;
  readonly reason?: string;
}

interface Open {
  start: number;
  /** All tags that were ever missing in it. */
  tags: string[];
  /** Those that are still. */
  missing: string[];
  told: boolean;
  reason?: string;
}

/** Tags of a unit go and come one by one; people are told of one gap, from the first that went to the last that came back. */
export class UnitGap {
  readonly #afterMs: number;
  #open: Open | undefined;

  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** When it has lasted for long enough to be told. */
  get due(): number {
    return this.#open === undefined || this.#open.told ? Infinity : this.#open.start + this.#afterMs;
  }

  has(tag: string): boolean {
    return this.#open?.missing.includes(tag) ?? false;
  }

  add(tag: string, time: number, reason: string | undefined): void {
    this.#open ??= { start: time, tags: [], missing: [], told: false, ...(reason === undefined ? {} : { reason }) };
    this.#open.missing.push(tag);
    if (!this.#open.tags.includes(tag)) this.#open.tags.push(tag);
  }

  /** The tag is back; tells the whole gap when it was the last one. */
  remove(tag: string, time: number): Gap | undefined {
    const open = this.#open;
    if (open === undefined || !open.missing.includes(tag)) return undefined;
    open.missing = open.missing.filter((it) => it !== tag);
    if (open.missing.length > 0) return undefined;
    this.#open = undefined;
    return { ...gapOf(open), end: time };
  }

  takeDue(time: number): Gap | undefined {
    if (this.#open === undefined || this.due > time) return undefined;
    const gap = gapOf(this.#open);
    this.#open.told = true;
    return gap;
  }

  save(): { gap?: Open } {
    return this.#open === undefined ? {} : { gap: this.#open };
  }

  restore(saved: unknown): void {
    this.#open = (saved as { gap?: Open }).gap;
  }
}

function gapOf({ start, tags, told, reason }: Open): Gap {
  return { start, tags: [...tags], told, ...(reason === undefined ? {} : { reason }) };
}
