import type { CountTag } from "./tag-specs.ts";

/** What a counter's new value says. `jumped`: more than is possible; nothing was counted. */
export type CounterStep =
  | { readonly kind: "counted"; readonly steps: number }
  | { readonly kind: "jumped"; readonly from: number; readonly most: number; readonly told: boolean };

const none: CounterStep = { kind: "counted", steps: 0 };

/**
 * Makes steps of a counter's values. A smaller value is a roll-over where the maximum is known and the way over it is
 * possible in the time, else a reset, after which the value itself was counted. A value that cannot be reached in the time
 * is a suspect: the next value says whether the counter really went there or came back from a disturbance.
 */
export class Counter {
  #last: number | undefined;
  #time = 0;
  #suspect: number | undefined;
  #suspectTime = 0;
  /** Value before a reset to nought, which may turn out to have been a disturbance. */
  #before: number | undefined;
  #beforeTime = 0;
  readonly #perMs: number;
  readonly #maximum: number | undefined;

  constructor({ maxPerSecond, maximum, decimals = 0 }: CountTag) {
    this.#perMs = (maxPerSecond * 10 ** decimals) / 1_000;
    this.#maximum = maximum === undefined ? undefined : Math.round(maximum * 10 ** decimals);
  }

  /** The next value, in event-time order. */
  take(value: number, time: number): CounterStep {
    if (this.#last === undefined) return this.#settle(value, time, 0);
    const suspect = this.#suspect;
    if (suspect !== undefined && value >= suspect && value - suspect <= this.#most(time - this.#suspectTime))
      return this.#settle(value, time, value - suspect);
    const steps = this.#stepsFrom(this.#last, value, time - this.#time);
    if (steps !== undefined) return this.#settle(value, time, steps);
    const back = this.#backFromNought(value, time);
    if (back !== undefined) return this.#settle(value, time, back);
    const told = suspect !== undefined;
    this.#suspect = value;
    this.#suspectTime = time;
    return { kind: "jumped", from: this.#last, most: this.#most(time - this.#time), told };
  }

  save(): readonly (number | null)[] {
    if (this.#suspect === undefined && this.#before === undefined) return [this.#last ?? null, this.#time];
    return [
      this.#last ?? null,
      this.#time,
      this.#suspect ?? null,
      this.#suspectTime,
      this.#before ?? null,
      this.#beforeTime,
    ];
  }

  restore([last, time, suspect, suspectTime, before, beforeTime]: readonly (number | null)[]): void {
    this.#last = last ?? undefined;
    this.#time = time ?? 0;
    this.#suspect = suspect ?? undefined;
    this.#suspectTime = suspectTime ?? 0;
    this.#before = before ?? undefined;
    this.#beforeTime = beforeTime ?? 0;
  }

  /** Most steps in a time; a second more, since devices don't say to the millisecond when they counted. */
  #most(ms: number): number {
    return Math.ceil(this.#perMs * (Math.max(0, ms) + 1_000));
  }

  #stepsFrom(from: number, value: number, ms: number): number | undefined {
    const most = this.#most(ms);
    if (value >= from) return value - from <= most ? value - from : undefined;
    // A counter beyond its maximum has another one than was declared; nothing can be said of the way over it.
    const over = this.#maximum === undefined || from > this.#maximum ? Infinity : this.#maximum + 1 - from + value;
    if (over <= most) return over;
    return value <= most ? value : undefined;
  }

  #backFromNought(value: number, time: number): number | undefined {
    if (this.#before === undefined || this.#last !== 0 || value < this.#before) return undefined;
    const steps = value - this.#before;
    return steps <= this.#most(time - this.#beforeTime) ? steps : undefined;
  }

  #settle(value: number, time: number, steps: number): CounterStep {
    const fell = this.#last !== undefined && value === 0 && this.#last > 0 && steps === 0;
    if (fell) {
      this.#before = this.#last;
      this.#beforeTime = this.#time;
    } else if (value > 0) this.#before = undefined;
    this.#last = value;
    this.#time = time;
    this.#suspect = undefined;
    return steps === 0 ? none : { kind: "counted", steps };
  }
}

/** Steps as the decimal of a quantity: 12345 with three decimals is `12.345`. */
export function stepsToDecimal(steps: number, decimals = 0): string {
  if (decimals === 0) return String(steps);
  const digits = String(steps).padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
