import { decimalPattern } from "./decimals.ts";
import { QUANTITY_DECIMALS, QUANTITY_INTEGER_DIGITS } from "./limits.ts";
import { UNIT_FORMAT, identifierPattern, textPattern, timePattern } from "./primitives.ts";
import type { SchemaNode } from "./schema-findings.ts";
import { suggestUnit } from "./unit-names.ts";
import { unitOf } from "./units.ts";

/** For a missing field. */
export function addFix(key: string, schema: SchemaNode): string {
  const meaning = schema.description === undefined ? "" : ` (${schema.description})`;
  return `Add the field ${key}${meaning} as ${expected(schema)}.`;
}

/** For a value of another type. */
export function typeFix(name: string, schema: SchemaNode, value: unknown): string {
  const hint = typeof value === "number" && schema.type === "string" ? " Put it in quotes." : "";
  return `Write ${name || "the message"} as ${expected(schema)}.${hint}`;
}

/** For a word that is none of the allowed ones. */
export function choiceFix(name: string, allowed: readonly (string | number)[], value: unknown): string {
  const near = typeof value === "string" ? allowed.find((word) => plain(String(word)) === plain(value)) : undefined;
  return near === undefined ? `Set ${name} to one of: ${allowed.join(", ")}.` : `Write ${name} as ${near}.`;
}

/** For a field that the contract does not have. */
export function unknownFix(name: string, key: string, properties: Record<string, SchemaNode>): string {
  const short = name.slice(0, 80);
  const near = Object.keys(properties).find((known) => plain(known) === plain(key.slice(0, 80)));
  if (near !== undefined) return `Rename the field ${short} to ${near}.`;
  const place = "extensions" in properties ? ", or move it into extensions" : "";
  return `Remove the field ${short}${place}. Fields known here: ${Object.keys(properties).join(", ")}.`;
}

export function countFix(name: string, min: number, max: number): string {
  return max === Infinity ? `Give ${name} at least ${min} entries.` : `Give ${name} ${min} to ${max} entries.`;
}

export function lengthFix(name: string, min: number, max: number): string {
  return max === Infinity
    ? `Write ${name} with at least ${min} characters.`
    : `Write ${name} with ${min} to ${max} characters.`;
}

const patternFixes: Readonly<Record<string, string>> = {
  [decimalPattern]: `as a decimal such as "12.5": at most ${QUANTITY_INTEGER_DIGITS} digits before and ${QUANTITY_DECIMALS} after the point, no exponent, no plus sign, no leading zeros`,
  [identifierPattern]: "without blanks at its ends and without control characters",
  [textPattern]: "without NUL characters and halves of characters",
  [timePattern]: 'as date, time and zone, such as "2026-01-05T06:30:00+01:00"',
};

/** For a text of another form. */
export function patternFix(name: string, pattern: string): string {
  return `Write ${name} ${patternFixes[pattern] ?? `so that it matches ${pattern}`}.`;
}

/** For a text that has the form but means nothing: a day that does not exist, a unit nobody knows. */
export function formatFix(name: string, format: string, value: string): string {
  if (format === "date-time") return `Write ${name} as a day and time that exist, such as "2026-01-05T06:30:00+01:00".`;
  if (format === "date") return `Write ${name} as a day that exists, such as "2026-01-05".`;
  if (format === UNIT_FORMAT) return unitFix(name, value);
  return `Write ${name} as ${format}.`;
}

function unitFix(name: string, value: string): string {
  const meant = suggestUnit(value);
  if (meant !== undefined) return `Write ${name} as ${meant}, the UN/ECE code for ${unitOf(meant)?.name ?? value}.`;
  return `Write ${name} as a UN/ECE Recommendation 20 code, such as C62 (one), KGM (kilogram), MTR (metre) or HUR (hour).`;
}

function expected(schema: SchemaNode): string {
  if (schema.enum) return `one of: ${schema.enum.join(", ")}`;
  if (schema.type === "object") return `an object with ${(schema.required ?? []).join(", ") || "any fields"}`;
  if (schema.type === "array") return "a list";
  if (schema.type === "boolean") return "true or false";
  if (schema.pattern === decimalPattern) return 'a decimal in quotes, such as "12.5"';
  if (schema.pattern === timePattern) return 'a time with zone, such as "2026-01-05T06:30:00+01:00"';
  return `a ${schema.type === "string" ? "text" : schema.type}`;
}

/** Letters and digits only, so that `production_order` is seen as `productionOrder`. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}
