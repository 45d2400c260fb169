import type { TagSpecs, TagsOf } from "./tag-specs.ts";

/** Pieces counted become completions of the order that runs. */
export interface CompletionRule<T extends TagSpecs> {
  readonly kind: "completion";
  readonly good: TagsOf<T, "count">;
  /** Counters of what cannot be used, each with its reason code. */
  readonly scrap?: readonly { readonly tag: TagsOf<T, "count">; readonly reason: string }[];
  /**
   * Counters of pieces that were counted as good and are rejected afterwards, at the panel or by a check, each with its
   * reason code. What still waits is reported as scrap instead; what was reported already is corrected.
   */
  readonly rejected?: readonly { readonly tag: TagsOf<T, "count">; readonly reason: string }[];
  /** When pieces are reported, besides at each change of order and shift: this many, or this long after the first. Neither: each by itself. */
  readonly every?: { readonly pieces?: number; readonly seconds?: number };
}

/** State changes become events, stops become downtimes. */
export interface StateRule<T extends TagSpecs> {
  readonly kind: "state";
  readonly state: TagsOf<T, "state">;
  /** Where the device says why it stands. */
  readonly reason?: TagsOf<T, "text">;
  /** The device's reasons to the plant's; others are handed on as they are. */
  readonly reasons?: Readonly<Record<string, string>>;
  /** Reason of a stop for which none was given; default `NOT-GIVEN`. */
  readonly noReason?: string;
  /** Plant's reasons for stops that are meant; all others are unplanned. */
  readonly planned?: readonly string[];
  /** Stops shorter than this are counted in summaries and not reported; default 0, all are reported. */
  readonly microStopMs?: number;
  /** A state counts once it has lasted this long; default 0. */
  readonly debounceMs?: number;
}

/** A flag becomes an alarm that comes and goes. */
export interface AlarmRule<T extends TagSpecs> {
  readonly kind: "alarm";
  readonly tag: TagsOf<T, "flag">;
  /** Code of the alarm; default the rule's name. */
  readonly alarm?: string;
  /** The flag's value while the alarm is there; default true. */
  readonly when?: boolean;
  readonly severity?: "low" | "medium" | "high" | "urgent";
  /** The flag must have stayed for this long; default 0. */
  readonly debounceMs?: number;
  /** The flag must have been away for this long before the alarm is over and can come again; default 0. */
  readonly rearmMs?: number;
}

/** A value beyond its limits puts the lot being made on hold, or all output of the order where no lot is known. */
export interface OutOfSpecRule<T extends TagSpecs> {
  readonly kind: "out-of-spec";
  readonly tag: TagsOf<T, "number">;
  readonly low?: number;
  readonly high?: number;
  /** Beyond for this long without a break; or `samples`. */
  readonly forMs?: number;
  /** Beyond in so many of the last so many values. */
  readonly samples?: { readonly beyond: number; readonly of: number };
}

/** Hours of running since the last maintenance become a request for it. */
export interface RuntimeRule<T extends TagSpecs> {
  readonly kind: "runtime";
  readonly state: TagsOf<T, "state">;
  readonly hours: number;
  /** Counts anew from when this becomes true. */
  readonly done: TagsOf<T, "flag">;
  /** Reason code of the request; default `MAINTENANCE-DUE`. */
  readonly reason?: string;
}

/** One thing that is summed up. */
export interface MeasureSpec<T extends TagSpecs> {
  readonly tag: TagsOf<T, "number"> | TagsOf<T, "count">;
  /** For a number: the value times this much time, power in kW per hour makes kWh. A counter's total is what it counted on. */
  readonly integral?: { readonly per: "second" | "minute" | "hour"; readonly unit: string };
}

/** Values, running time and stops over each shift or order. */
export interface SummaryRule<T extends TagSpecs> {
  readonly kind: "summary";
  readonly per: "shift" | "order";
  readonly measures: Readonly<Record<string, MeasureSpec<T>>>;
  /** For running and standing time. */
  readonly state?: TagsOf<T, "state">;
}

export type RuleSpec<T extends TagSpecs> =
  CompletionRule<T> | StateRule<T> | AlarmRule<T> | OutOfSpecRule<T> | RuntimeRule<T> | SummaryRule<T>;
