import type { TObject } from "typebox";
import { Compile } from "typebox/compile";
import { Format } from "typebox/format";
import { decimalPattern, isDecimal } from "./decimals.ts";
import { identifierPattern, textPattern, timePattern } from "./primitives.ts";
import type { SchemaNode } from "./schema-findings.ts";
import { isCalendarDate, timeToMs } from "./times.ts";

/*
 * The contracts' schemas say with portable patterns what the functions here say faster: most of the time of a check went
 * into Unicode patterns and into comparing field names with a pattern. Tests hold the two against each other.
 */

const equivalents: Readonly<Record<string, { format: string; test: (text: string) => boolean }>> = {
  [identifierPattern]: { format: "lineshaft-identifier", test: isIdentifier },
  [textPattern]: { format: "lineshaft-text", test: isText },
  [timePattern]: { format: "lineshaft-time", test: (text) => !Number.isNaN(timeToMs(text)) },
  [decimalPattern]: { format: "lineshaft-decimal", test: isDecimal },
};
const calendarDate = { format: "lineshaft-date", test: isCalendarDate };
for (const { format, test } of [...Object.values(equivalents), calendarDate]) Format.Set(format, test);

/** Whether a value fits the schema, compiled. Throws only where reading the value itself does. */
export function compileFits(schema: TObject): (value: unknown) => boolean {
  const validator = Compile(quicken(schema) as TObject);
  const hasOnlyKnown = knownFields(schema);
  return (value) => validator.Check(value) && (hasOnlyKnown === undefined || hasOnlyKnown(value));
}

function quicken(schema: SchemaNode): SchemaNode {
  const { additionalProperties: _closed, properties, items, pattern, ...rest } = schema;
  const equivalent = pattern === undefined ? undefined : equivalents[pattern];
  return {
    ...rest,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, quicken(v)])) }),
    ...(items && { items: quicken(items) }),
    ...(pattern !== undefined && (equivalent ? { format: equivalent.format } : { pattern })),
    ...(schema.format === "date" && { format: calendarDate.format }),
  };
}

type Known = (value: unknown) => boolean;

/** Checks that what fits otherwise has no fields but those of the schema. Undefined where there are no objects to check. */
function knownFields(schema: SchemaNode): Known | undefined {
  if (schema.items) {
    const item = knownFields(schema.items);
    return item && ((value) => (value as unknown[]).every(item));
  }
  return schema.properties && knownInObject(schema.properties);
}

function knownInObject(properties: Record<string, SchemaNode>): Known {
  const children = new Map(Object.entries(properties).map(([key, child]) => [key, knownFields(child)]));
  return (value) => {
    for (const key of Object.keys(value as object)) {
      if (!children.has(key)) return false;
      const child = children.get(key);
      const inner = (value as Record<string, unknown>)[key];
      if (child !== undefined && inner !== undefined && !child(inner)) return false;
    }
    return true;
  };
}

/** As `identifierPattern`: no control characters or halves of a character, no blank at either end. */
function isIdentifier(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return false;
    if (code >= 0xd800 && code <= 0xdfff) return text.isWellFormed() && text.trim() === text && !hasControl(text);
  }
  return text.length > 0 && !isBlankAt(text, 0) && !isBlankAt(text, text.length - 1);
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function isBlankAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || (code > 0x7f && /\s/.test(text.charAt(at)));
}

/** As `textPattern`: no NUL, no halves of a character. */
function isText(text: string): boolean {
  return !text.includes("\u0000") && text.isWellFormed();
}
