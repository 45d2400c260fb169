import { Type } from "typebox";

/** An exact quantity as text: at most 10 digits before the point and 3 after it, as SAP's quantity fields hold (13,3). */
export const quantityText = Type.String({
  pattern: "^(0|[1-9][0-9]{0,9})(\\.[0-9]{1,3}0{0,11})?$",
  description: "Decimal as text, at most ten digits before and three after the point",
  examples: ["12.500"],
});

/** UN/ECE Recommendation 20 code. */
export const unitCode = Type.String({
  pattern: "^[0-9A-Z]{2,3}$",
  description: "Unit, UN/ECE Recommendation 20 code",
  examples: ["KGM", "C62"],
});

/** An instant with its offset (RFC 3339). SAP keeps a local date and time; the connector converts by the plant's zone. */
export const instant = Type.String({
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:\\d{2})$",
  format: "date-time",
  description: "Time with offset (RFC 3339)",
  examples: ["2026-01-05T08:15:00+01:00"],
});

/** A day of the calendar, for dates that belong to no zone. */
export const calendarDate = Type.String({ format: "date", maxLength: 10, examples: ["2026-01-05"] });

/** A text field of SAP with its length; never empty, so that leaving it out is the only way to say nothing. */
export function text(maxLength: number, description: string) {
  return Type.String({ minLength: 1, maxLength, description });
}

/** A number that SAP stores with leading zeros; they may be left out. */
export function numberText(digits: number, description: string) {
  return Type.String({ pattern: `^[0-9A-Za-z_./-]{1,${digits}}$`, description });
}

export const closed = { additionalProperties: false } as const;

/** A customer's own fields (`YY1_…`), passed through as they are. */
export const customFields = Type.Record(
  Type.String({ pattern: "^YY1_[A-Za-z0-9_]{1,36}$" }),
  Type.Union([Type.String({ maxLength: 1333 }), Type.Boolean()]),
  { maxProperties: 50, description: "Custom fields of this SAP system, passed through" },
);

/** Most goods movements or items in one value. */
export const MAX_ITEMS = 100;
