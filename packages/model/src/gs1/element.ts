import { normaliseDecimal } from "../decimals.ts";
import type { Quantity } from "../primitives.ts";
import { checkDigitOf, checkPairOf, strangeCharacter } from "./check-digits.ts";
import { dayOf, timeOfDay } from "./dates.ts";
import type { Identifier, Part } from "./identifiers.ts";

/** One element of a code: an application identifier and its value. */
export interface Gs1Element {
  ai: string;
  /** What the identifier stands for. */
  name: string;
  /** As it stands in the code, escapes and separators removed. */
  value: string;
  /** Where the identifier stands in the text, from 0. */
  position: number;
  meaning: Gs1Meaning;
}

/** What an element's value says. */
export type Gs1Meaning =
  | { kind: "text" }
  /** A GTIN, SSCC, GLN or other key whose check digit is right. */
  | { kind: "key" }
  /** `dayGiven` is false where the code gives the month only; the date is then its last day. */
  | { kind: "date"; date: string; dayGiven: boolean }
  /** From one day to another. */
  | { kind: "dates"; date: string; lastDate: string }
  /** The place's own time: a code tells no zone. */
  | { kind: "dateTime"; date: string; time: string }
  | { kind: "measure"; quantity: Quantity }
  | { kind: "count"; count: string }
  /** `currency`: the number of ISO 4217, where the identifier has one. */
  | { kind: "amount"; amount: string; currency?: string };

/** One thing that is wrong with a code. */
export interface Gs1Finding {
  /** Where in the text, from 0. */
  position: number;
  ai?: string;
  /** Stable code: `gs1.check-digit`. */
  rule: string;
  value?: string;
  /** What is wrong and what to do, as a sentence. */
  fix: string;
}

/** The element, or what is wrong with its value. `year`: the present one. */
export function readElement(
  identifier: Identifier,
  value: string,
  position: number,
  year: number,
): Gs1Element | Gs1Finding {
  const finding = (rule: string, fix: string): Gs1Finding => ({
    position,
    ai: identifier.ai,
    rule: `gs1.${rule}`,
    value,
    fix,
  });
  if (value.length < identifier.least || value.length > identifier.most)
    return finding("length", lengthFix(identifier, value));
  let at = 0;
  for (const part of identifier.parts) {
    const text = value.slice(at, at + part.most);
    if (text === "" && part.optional) break;
    if (text.length < part.least) return finding("length", lengthFix(identifier, value));
    const strange = strangeCharacter(text, part.characters);
    if (strange >= 0) return finding("characters", charactersFix(identifier, part, text[strange] ?? ""));
    for (const check of part.checks) {
      const problem = checks[check]?.(text, year);
      if (problem !== undefined)
        return finding(
          check === "check" || check === "check-pair" ? "check-digit" : "value",
          `${nameOf(identifier)}: ${problem}`,
        );
    }
    at += text.length;
  }
  return { ai: identifier.ai, name: identifier.name, value, position, meaning: meaningOf(identifier, value, year) };
}

/** How a finding names it: `AI 10 (batch or lot)`. */
export function nameOf({ ai, name }: Pick<Identifier, "ai" | "name">): string {
  return `AI ${ai} (${name})`;
}

function lengthFix(identifier: Identifier, { length }: { length: number }): string {
  const { least, most, predefined } = identifier;
  const wanted = least === most ? `${most}` : `${least} to ${most}`;
  const separator =
    length > most && !predefined ? " A separator (FNC1, GS) may be missing after it: have the scanner send it." : "";
  return `${nameOf(identifier)} takes ${wanted} characters, not ${length}.${separator || " Correct the label, or scan it again."}`;
}

function charactersFix(identifier: Identifier, { characters }: Part, strange: string): string {
  const wanted = {
    N: "digits",
    X: "the characters of GS1's set 82",
    Y: "digits, capitals, #, - and /",
    Z: "base64url",
  };
  return `${nameOf(identifier)} takes ${wanted[characters]} only, not ${JSON.stringify(strange)}. Correct the label, or the scanner's character set.`;
}

type Check = (text: string, year: number) => string | undefined;

const unless = (fits: (text: string, year: number) => boolean, problem: string): Check => {
  return (text, year) => (fits(text, year) ? undefined : problem);
};

const checks: Readonly<Record<string, Check>> = {
  check(text) {
    const expected = checkDigitOf(text.slice(0, -1));
    return text.at(-1) === expected
      ? undefined
      : `the check digit is ${text.at(-1)} and should be ${expected}. A digit was misread or mistyped; scan it again.`;
  },
  "check-pair"(text) {
    const expected = checkPairOf(text.slice(0, -2));
    return text.slice(-2) === expected
      ? undefined
      : `the check characters are ${text.slice(-2)} and should be ${expected}. A character was misread or mistyped; scan it again.`;
  },
  company: unless((text) => /^[0-9]{4}/.test(text), "it begins with the digits of a GS1 company prefix."),
  "month-or-day": unless(
    (text, year) => dayOf(text, year) !== undefined,
    "there is no such day; it is YYMMDD, with 00 for a day not given.",
  ),
  day: unless((text, year) => dayOf(text, year)?.dayGiven === true, "there is no such day; it is YYMMDD."),
  "full-day": unless((text) => isFullDay(text), "there is no such day; it is YYYYMMDD."),
  time: unless((text) => timeOfDay(text) !== undefined, "there is no such time; it is HHMM."),
  hour: unless((text) => text < "24", "there is no such hour; they reach from 00 to 23."),
  minute: unless((text) => text < "60", "there is no such minute; they reach from 00 to 59."),
  second: unless((text) => text < "60", "there is no such second; they reach from 00 to 59."),
  zero: unless((text) => !/[^0]/.test(text), "it begins with 0."),
  nonzero: unless((text) => /[1-9]/.test(text), "none of its dimensions is 0."),
  yesno: unless((text) => text === "0" || text === "1", "it is 0 for no or 1 for yes."),
  winding: unless((text) => ["0", "1", "9"].includes(text), "the winding is 0, 1 or 9."),
  hyphen: unless((text) => text === "-", "what follows the digits is - for a temperature below zero."),
  "no-leading-zero": unless((text) => text === "0" || !text.startsWith("0"), "it has no leading zeros."),
  "not-all-digits": unless((text) => /[^0-9]/.test(text), "it is not made of digits only."),
  piece: unless(isPiece, "the piece is 1 or more, and at most the total."),
  position: unless(isPosition, "it is a position and a total, such as 1/3."),
  percent: unless((text) => !/%(?![0-9A-Fa-f]{2})/.test(text), "a % is followed by two hexadecimal digits."),
  importer: unless((text) => /^[-0-9A-Z_a-z]$/.test(text), "the importer's index is a letter, a digit, - or _."),
  media: unless((text) => (text >= "01" && text <= "10") || text >= "80", "the media type is 01 to 10 or 80 to 99."),
  sex: unless((text) => "0129".includes(text), "it is 0, 1, 2 or 9 (ISO 5218)."),
  latitude: unless((text) => Number(text) <= 1_800_000_000, "the latitude is at most 1800000000."),
  longitude: unless((text) => Number(text) <= 3_600_000_000, "the longitude is at most 3600000000."),
  iban: unless(isIban, "its check digits are wrong. A character was misread or mistyped."),
};

function isFullDay(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return dayOf(text.slice(2), year)?.dayGiven === true;
}

function isPiece(text: string): boolean {
  const [piece, total] = [text.slice(0, text.length / 2), text.slice(text.length / 2)];
  return /[1-9]/.test(piece) && piece <= total;
}

function isPosition(text: string): boolean {
  const [, position = "0", total = "0"] = /^([1-9][0-9]*)\/([1-9][0-9]*)$/.exec(text) ?? [];
  return position !== "0" && Number(position) <= Number(total);
}

/** ISO 13616: the first four characters moved to the end, letters as numbers, is 1 modulo 97. */
function isIban(text: string): boolean {
  if (!/^[A-Z]{2}[0-9]{2}[0-9A-Z]+$/.test(text)) return false;
  const digits = `${text.slice(4)}${text.slice(0, 4)}`.replace(/[A-Z]/g, (letter) => String(parseInt(letter, 36)));
  return BigInt(digits) % 97n === 1n;
}

function meaningOf({ ai, parts, unit, decimals }: Identifier, value: string, year: number): Gs1Meaning {
  const checked = parts.flatMap((part) => part.checks);
  const day = readDay(checked[0] ?? "", value, year);
  if (day !== undefined) return dateMeaning(day, checked, value, year);
  if (unit !== undefined) return { kind: "measure", quantity: { value: pointed(value, decimals ?? 0), unit } };
  if (ai === "30" || ai === "37") return { kind: "count", count: pointed(value, 0) };
  if (decimals !== undefined) return amountOf(parts, value, decimals);
  return checked.includes("check") || checked.includes("check-pair") ? { kind: "key" } : { kind: "text" };
}

interface Day {
  date: string;
  dayGiven: boolean;
  digits: number;
}

function readDay(check: string, value: string, year: number): Day | undefined {
  if (check === "full-day")
    return { date: `${value.slice(0, 4)}-${value.slice(4, 6)}-${value.slice(6, 8)}`, dayGiven: true, digits: 8 };
  const day = check === "month-or-day" || check === "day" ? dayOf(value.slice(0, 6), year) : undefined;
  return day && { ...day, digits: 6 };
}

function dateMeaning(
  { date, dayGiven, digits }: Day,
  checks: readonly string[],
  value: string,
  year: number,
): Gs1Meaning {
  const rest = value.slice(digits);
  const last = checks[1] === "day" ? dayOf(rest, year) : undefined;
  if (last !== undefined) return { kind: "dates", date, lastDate: last.date };
  const time = rest === "" ? undefined : timeOfDay(rest);
  return time === undefined ? { kind: "date", date, dayGiven } : { kind: "dateTime", date, time };
}

function amountOf(parts: readonly Part[], value: string, decimals: number): Gs1Meaning {
  if (parts.length === 1) return { kind: "amount", amount: pointed(value, decimals) };
  return { kind: "amount", amount: pointed(value.slice(3), decimals), currency: value.slice(0, 3) };
}

/** Digits with a point before the last of them, `001250` with 2 as `12.5`. */
function pointed(digits: string, decimals: number): string {
  const padded = digits.padStart(decimals + 1, "0");
  const whole = padded.slice(0, padded.length - decimals).replace(/^0+(?=.)/, "");
  return normaliseDecimal(decimals === 0 ? whole : `${whole}.${padded.slice(-decimals)}`);
}
