import type { TagValue } from "@lineshaft/core";
import { showValue } from "@lineshaft/core";
import type { EquipmentEvent } from "@lineshaft/model";

/** A word of PackML for what a machine does. */
export type EquipmentState = NonNullable<EquipmentEvent["state"]>;

/** Counts up by whole steps: pieces, strokes, or kilograms by their thousandth. */
export interface CountTag {
  readonly kind: "count";
  /** Most that can be counted per second; what exceeds it is not counted but told as a finding. */
  readonly maxPerSecond: number;
  /** Highest value before it goes on at nought, 65535; without it a smaller value is always a reset. */
  readonly maximum?: number;
  /** Digits after the point, where it counts parts of the unit; default 0. */
  readonly decimals?: number;
  /** UN/ECE code of what is counted; default pieces, `C62`. */
  readonly unit?: string;
}

/** A measured value. */
export interface NumberTag {
  readonly kind: "number";
  readonly unit?: string;
  /** Changes smaller than this since the last one taken are left out of summaries; limits are always looked at. */
  readonly deadband?: number;
}

/** Says what the machine does, in the device's own values. */
export interface StateTag {
  readonly kind: "state";
  /** The device's values to PackML's words. A value without a word concludes nothing and becomes a finding. */
  readonly words: Readonly<Record<string, EquipmentState>>;
  /** The words in which it runs; default `execute` alone. */
  readonly running?: readonly EquipmentState[];
}

export interface FlagTag {
  readonly kind: "flag";
}

/** A text, or a code given as a whole number; an empty text says that there is none. */
export interface TextTag {
  readonly kind: "text";
}

export type TagSpec = CountTag | NumberTag | StateTag | FlagTag | TextTag;
export type TagSpecs = Readonly<Record<string, TagSpec>>;

/** Names of a template's tags of one kind. */
export type TagsOf<T extends TagSpecs, K extends TagSpec["kind"]> = string extends keyof T
  ? string
  : { [N in keyof T & string]: T[N] extends { kind: K } ? N : never }[keyof T & string];

export const countTag = (options: Omit<CountTag, "kind">): CountTag => ({ kind: "count", ...options });
export const numberTag = (options: Omit<NumberTag, "kind"> = {}): NumberTag => ({ kind: "number", ...options });
export const stateTag = (options: Omit<StateTag, "kind">): StateTag => ({ kind: "state", ...options });
export const flagTag = (): FlagTag => ({ kind: "flag" });
export const textTag = (): TextTag => ({ kind: "text" });

/** A value as rules see it: a count in its smallest steps, a number, a word of PackML, a flag, a text. */
export type Reading = number | string | boolean;

/** Why a value cannot be read. */
export class Unreadable {
  readonly code: string;
  readonly description: string;
  readonly next: string;
  constructor(code: string, description: string, next: string) {
    this.code = code;
    this.description = description;
    this.next = next;
  }

  plain(): { code: string; description: string; next: string } {
    return { code: this.code, description: this.description, next: this.next };
  }
}

/** Reads a value as its tag's kind. Never guesses: a number in a string is no number. */
export function readTag(spec: TagSpec, value: TagValue): Reading | Unreadable {
  switch (spec.kind) {
    case "count":
      return readCount(spec, value);
    case "number":
      return readNumber(value);
    case "state":
      return readState(spec, value);
    case "flag":
      return typeof value === "boolean" ? value : wrongType("a flag", value);
    case "text":
      if (typeof value === "string") return readText(value);
      if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
      return wrongType("a text or a whole number", value);
  }
}

function readCount({ decimals = 0 }: CountTag, value: TagValue): number | Unreadable {
  const found = readNumber(value);
  if (typeof found !== "number") return found;
  const steps = decimals === 0 ? found : Math.round(found * 10 ** decimals);
  if (steps < 0)
    return new Unreadable("count-negative", `A counter cannot be ${found}.`, "Look at the tag's data type.");
  if (!Number.isSafeInteger(steps))
    return new Unreadable(
      "count-not-whole",
      `${found} is no whole count.`,
      "Give the tag its decimals, or bind another.",
    );
  return steps;
}

function readNumber(value: TagValue): number | Unreadable {
  if (typeof value === "number")
    return Number.isFinite(value)
      ? value
      : new Unreadable("not-finite", `The value is ${value}.`, "Look at the sensor and at how the device computes it.");
  if (typeof value !== "bigint") return wrongType("a number", value);
  const exact = Number(value);
  if (Number.isSafeInteger(exact)) return exact;
  return new Unreadable("too-large", `${value} is beyond 2^53.`, "Bind a tag that counts in larger units.");
}

function readState({ words }: StateTag, value: TagValue): string | Unreadable {
  if (value === null || typeof value === "object") return wrongType("a state", value);
  const key = String(value);
  const word = Object.hasOwn(words, key) ? words[key] : undefined;
  if (word !== undefined) return word;
  return new Unreadable(
    "state-unknown",
    `The template has no word for the state ${key.slice(0, 80).toWellFormed().replaceAll("\u0000", "")}.`,
    "Add it to the words of the state tag.",
  );
}

/** Longest text, that of an identifier in a contract. */
const TEXT = /^[^\p{Cc}\p{Cs}]{0,80}$/u;

function readText(value: string): string | Unreadable {
  const text = value.trim();
  if (TEXT.test(text)) return text;
  return new Unreadable(
    "text-unfit",
    "The text is longer than 80 characters or has control characters.",
    "Look at the tag's encoding.",
  );
}

function wrongType(wanted: string, value: TagValue): Unreadable {
  return new Unreadable(
    "wrong-type",
    `${wanted} was expected, not ${kindOf(value)}.`,
    "Bind another tag, or change its kind in the template.",
  );
}

function kindOf(value: TagValue): string {
  if (value === null) return "nothing";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

/** A value as a finding shows it; never throws, whatever the device gave. */
export function showTag(value: TagValue): string {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  try {
    // A lone half of a character would make the fact unstorable.
    return (typeof value === "string" ? value : showValue(value)).slice(0, 120).toWellFormed().replaceAll("\u0000", "");
  } catch {
    return kindOf(value);
  }
}
