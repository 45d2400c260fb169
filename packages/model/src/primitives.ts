import { Type, type Static, type TProperties } from "typebox";
import { Format } from "typebox/format";
import { decimalPattern } from "./decimals.ts";
import { IDENTIFIER_CHARS, LIST_ITEMS, SERIAL_ITEMS, TEXT_CHARS } from "./limits.ts";
import { isUnitCode } from "./units.ts";

/** Name under which schemas ask for a UN/ECE Recommendation 20 code known to the units table. */
export const UNIT_FORMAT = "unece-rec20";
Format.Set(UNIT_FORMAT, isUnitCode);

/** No control characters or halves of a character anywhere, no blank at either end. */
export const identifierPattern = "^[^\\s\\p{Cc}\\p{Cs}](?:[^\\p{Cc}\\p{Cs}]*[^\\s\\p{Cc}\\p{Cs}])?$";
/** No NUL, which PostgreSQL cannot store, and no halves of a character, which no UTF-8 can carry. */
export const textPattern = "^[^\\u0000\\p{Cs}]*$";
/** RFC 3339 with a zone: the offset is part of the fact. Offsets in use reach from -12:00 to +14:00. */
export const timePattern =
  "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\\.[0-9]{1,9})?(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))$";

/** A name that some system gave to a thing: an order number, a product code, a lot. */
export function identifier(description: string, maxLength = IDENTIFIER_CHARS) {
  return Type.String({ description, minLength: 1, maxLength, pattern: identifierPattern });
}

/** Words for people. */
export function text(description: string, maxLength = TEXT_CHARS) {
  return Type.String({ description, maxLength, pattern: textPattern });
}

/** An exact decimal number as a string: `12.5`, no exponent, no leading `+` or zeros. */
export function decimal(description: string) {
  return Type.String({ description, pattern: decimalPattern });
}

/** A UN/ECE Recommendation 20 code, such as `KGM`. */
export function unit(description: string) {
  return Type.String({ description, format: UNIT_FORMAT });
}

/** How much of something: an exact decimal and its unit. */
export function quantity(description: string) {
  return closed(
    { value: decimal("Exact decimal number, written as a string"), unit: unit("UN/ECE Recommendation 20 code") },
    description,
  );
}

/** Units a duration may be given in: those that always last the same. */
export const durationUnits = ["SEC", "MIN", "HUR", "DAY"] as const;

/** How long something took: a quantity in a unit of time. */
export function duration(description: string) {
  return closed(
    {
      value: decimal("Exact decimal number, written as a string"),
      unit: choice([...durationUnits], "Seconds, minutes, hours or days, as UN/ECE codes"),
    },
    description,
  );
}

/** A moment with its zone: `2026-01-05T06:30:00+01:00`. */
export function time(description: string) {
  return Type.String({ description, pattern: timePattern, format: "date-time" });
}

/** A day of the calendar, `2026-01-05`, for dates that belong to no zone, such as an expiry date. */
export function calendarDate(description: string) {
  return Type.String({ description, format: "date" });
}

/** One of a few words. */
export function choice<const Words extends string[]>(words: readonly [...Words], description: string) {
  return Type.Enum(words, { description });
}

/** An object without any other fields. */
export function closed<Properties extends TProperties>(properties: Properties, description?: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });
}

/** A list with a limit. */
export function listOf<Item extends Type.TSchema>(
  item: Item,
  description: string,
  { minItems = 0, maxItems = LIST_ITEMS } = {},
) {
  return Type.Array(item, { description, maxItems, ...(minItems > 0 ? { minItems } : {}) });
}

/** Serial numbers of single pieces. */
export function serials(description: string) {
  return listOf(identifier("Serial number"), description, { maxItems: SERIAL_ITEMS });
}

/** Data of one plant that the contract has no field for. Kept and passed on, never interpreted. */
export function extensions() {
  return Type.Record(Type.String(), Type.Unknown(), {
    description: "Plant-specific data; kept and passed on, not interpreted",
  });
}

const quantitySchema = quantity("How much");
/** How much of something: exact decimal as a string, unit as a UN/ECE Rec 20 code. */
export type Quantity = Static<typeof quantitySchema>;

/** The identity of a thing named by several parts, such as a product in a location. Parts cannot run into one another. */
export function joinKey(...parts: readonly (string | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined)
    .map((part) => (/[%|]/.test(part) ? part.replaceAll("%", "%25").replaceAll("|", "%7C") : part))
    .join("|");
}
