import Type, { type Static, type TProperties } from "typebox";
import Format from "typebox/format";
import { isUnitCode } from "./units.ts";

/** Longest identifier of a thing in a system, in characters. */
export const IDENTIFIER_CHARS = 80;
/** Longest id of a fact, in characters. */
export const FACT_ID_CHARS = 128;
/** Longest version of a state, in characters. */
export const VERSION_CHARS = 64;
/** Longest free text, in characters. */
export const TEXT_CHARS = 1000;
/** Most digits of a quantity before the decimal point. */
export const QUANTITY_INTEGER_DIGITS = 18;
/** Most digits of a quantity after the decimal point; SAP's widest quantity has 14. */
export const QUANTITY_DECIMALS = 14;
/** Most entries of a list within a message, unless the list says otherwise. */
export const LIST_ITEMS = 500;
/** Most serial numbers in one message. */
export const SERIAL_ITEMS = 5_000;
/** Most extension fields at the top of a message. */
export const EXTENSION_FIELDS = 50;

/** Name under which schemas ask for a UN/ECE Recommendation 20 code known to the units table. */
export const UNIT_FORMAT = "unece-rec20";
Format.Set(UNIT_FORMAT, isUnitCode);

const decimalPattern = `^-?(?:0|[1-9][0-9]{0,${QUANTITY_INTEGER_DIGITS - 1}})(?:\\.[0-9]{1,${QUANTITY_DECIMALS}})?$`;
/** No control characters or halves of a character anywhere, no blank at either end. */
const identifierPattern = "^[^\\s\\p{Cc}\\p{Cs}](?:[^\\p{Cc}\\p{Cs}]*[^\\s\\p{Cc}\\p{Cs}])?$";
/** No NUL, which PostgreSQL cannot store, and no halves of a character, which no UTF-8 can carry. */
const textPattern = "^[^\\u0000\\p{Cs}]*$";
/** RFC 3339 with a zone: the offset is part of the fact. Offsets reach from -12:00 to +14:00. */
const timePattern =
  "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\\.[0-9]{1,9})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])$";

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
  return Type.String({ description, maxLength: 3, format: UNIT_FORMAT });
}

/** How much of something: an exact decimal and its unit. */
export function quantity(description: string) {
  return closed(
    { value: decimal("Exact decimal number, written as a string"), unit: unit("UN/ECE Recommendation 20 code") },
    description,
  );
}

/** A moment with its zone: `2026-01-05T06:30:00+01:00`. */
export function time(description: string) {
  return Type.String({ description, maxLength: 40, pattern: timePattern, format: "date-time" });
}

/** A day of the calendar, `2026-01-05`, for dates that belong to no zone, such as an expiry date. */
export function calendarDate(description: string) {
  return Type.String({ description, maxLength: 10, format: "date" });
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
    maxProperties: EXTENSION_FIELDS,
  });
}

const quantitySchema = quantity("How much");
/** How much of something: exact decimal as a string, unit as a UN/ECE Rec 20 code. */
export type Quantity = Static<typeof quantitySchema>;

/**
 * Milliseconds since 1970 (UTC) of a time with a zone. Digits beyond the millisecond are cut.
 * @returns NaN when the text is no such time
 */
export function timeToMs(time: string): number {
  return Date.parse(time);
}

/** The identity of a thing named by several parts, such as a product in a location. Parts cannot run into one another. */
export function joinKey(...parts: readonly (string | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined)
    .map((part) => (/[%|]/.test(part) ? part.replaceAll("%", "%25").replaceAll("|", "%7C") : part))
    .join("|");
}
