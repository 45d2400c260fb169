import { type ConsumedMaterial, normaliseDecimal } from "@lineshaft/model";
import type { CompleteOrder } from "@lineshaft/odoo";

/** The fields that have a value; in strict schemas an absent field is left out, not set to undefined. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

/** Without zeros that mean nothing: `12.500` is `12.5`. */
export function odooQuantity({ value, unit }: { value: string; unit: string }): { value: string; unit: string } {
  return { value: normaliseDecimal(value), unit };
}

type OdooConsumption = NonNullable<CompleteOrder["consumption"]>[number];

/** Material taken for an order. Serial numbers are lots of one piece each in Odoo. */
export function odooConsumption({ product, quantity, lot, serials, insteadOf }: ConsumedMaterial): OdooConsumption {
  const pieces = serials?.map((serial) => ({ lot: serial, quantity: { value: "1", unit: quantity.unit } }));
  return {
    product,
    quantity: odooQuantity(quantity),
    ...defined({ lot: pieces ? undefined : lot, lots: pieces, insteadOf }),
  };
}

/** Longest text that Odoo is given, in characters. */
const TEXT_CHARS = 4_000;

/** Parts that are there as one text, cut to what an operation takes. */
export function textOf(...parts: readonly (string | false | undefined)[]): string {
  return parts.filter(Boolean).join(" ").slice(0, TEXT_CHARS);
}
