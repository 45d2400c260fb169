import type { OrderKnown } from "../running-order.ts";
import type { Shift } from "../shift-calendar.ts";
import type { Reading } from "../tag-specs.ts";

/** A fact in the making: what the rule knows. Place, shift and order are added by the unit. */
export interface Draft {
  readonly contract:
    | "completion.v1"
    | "completion-correction.v1"
    | "downtime.v1"
    | "quality-hold.v1"
    | "equipment-event.v1"
    | "equipment-summary.v1";
  readonly rule: string;
  /** Event time, ms since 1970. */
  readonly time: number;
  /** Tells facts of one rule and time apart. */
  readonly mark?: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** `required`: without its order it is no fact; `product`: nor without product; `wanted`: named where it is known. */
  readonly order: "required" | "product" | "wanted";
  /** Which time's order is meant; default the event time. */
  readonly orderTime?: number;
  /** What is told when the order stays unknown: a draft that wants no order. */
  readonly instead?: Readonly<Record<string, unknown>>;
}

/** What a rule may ask of its unit, and do. */
export interface RuleHost {
  emit(draft: Draft): void;
  shiftAt(time: number): Shift | undefined;
  /** As known at the unit's time. */
  orderNow(): OrderKnown;
  /** A stop is over; summaries count it. */
  stopEnded(micro: boolean): void;
  /** The id that a draft's fact has. */
  factId(draft: Pick<Draft, "rule" | "time" | "mark">): string;
  /** The source's name of a tag, for people. */
  sourceTag(tag: string): string;
}

/**
 * One rule of one unit: a state machine on event time. It is called in the order of event time, and before a change with
 * everything that falls due until then: `wake` at `due`, exactly. What it says follows from these calls alone.
 */
export interface RuleMachine {
  readonly tags: readonly string[];
  /** Takes values below the deadband too. */
  readonly everyValue: boolean;
  /** When it wants to be woken next; Infinity: not at all. */
  due: number;
  /** A good value. `overGap`: values of this tag were missing since the last one. */
  take(tag: string, value: Reading, time: number, overGap: boolean): void;
  /** From now on the tag's value is not known. */
  lose(tag: string, time: number): void;
  wake(time: number): void;
  /** What is known of the order changes at this time; `orderNow` still gives the one before. */
  orderEnds?(time: number): void;
  /** `orderNow` gives the one from now on. */
  orderBegins?(time: number): void;
  shiftEnds?(time: number): void;
  shiftBegins?(time: number): void;
  stopEnded?(micro: boolean): void;
  save(): unknown;
  restore(saved: unknown): void;
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}

/** A measured number as the model writes decimals: twelve digits that count, no exponent; undefined beyond its range. */
export function toDecimal(value: number): string | undefined {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e17) return undefined;
  const whole = value === 0 ? 1 : Math.floor(Math.log10(Math.abs(value))) + 1;
  const text = value.toFixed(Math.min(14, Math.max(0, 12 - whole)));
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return short === "-0" ? "0" : short;
}

/** A duration in seconds, exact to the millisecond. */
export function seconds(ms: number): { value: string; unit: "SEC" } {
  return { value: toDecimal(ms / 1_000) ?? "0", unit: "SEC" };
}

/** Fields that are there. */
export function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

export const toNull = (time: number | undefined): number | null =>
  time === undefined || time === Infinity ? null : time;
