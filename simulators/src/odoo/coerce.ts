import { valueError } from "./errors.ts";
import type { Field } from "./schema.ts";
import { checkedDate, checkedDatetime } from "./times.ts";
import { roundTo } from "./values.ts";
import type { Value } from "./values.ts";

/**
 * Turns what a caller sent into what the column takes, with Odoo's own leniency: a many2one sent as `[id, "name"]` or
 * as a string becomes NULL without a word, and a quantity is rounded to the precision of units.
 * @throws ValueError for a wrong selection value, date or number.
 */
export function coerce(field: Field, value: unknown, at: { model: string; name: string; digits: number }): Value {
  if (value === undefined || value === null) return emptyFor(field);
  switch (field.type) {
    case "many2one":
      return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : false;
    case "float": {
      const number = asNumber(value);
      return field.quantity ? roundTo(number, at.digits) : number;
    }
    case "integer":
      return Math.trunc(asNumber(value));
    case "boolean":
      return Boolean(value);
    case "char":
    case "text":
    case "html":
      return value === false ? false : asText(value);
    case "datetime":
      return value === false || value === "" ? false : checkedDatetime(asText(value));
    case "date":
      return value === false || value === "" ? false : checkedDate(asText(value));
    case "selection":
      return checkedSelection(field, value, at);
    case "one2many":
    case "many2many":
      throw valueError(`Wrong value for ${at.model}.${at.name}: ${asText(value)}`);
  }
}

function emptyFor(field: Field): Value {
  return field.type === "float" || field.type === "integer" ? 0 : false;
}

function asNumber(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (Number.isNaN(number)) throw valueError(`could not convert string to float: '${asText(value)}'`);
  return number;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function checkedSelection(field: Field, value: unknown, at: { model: string; name: string }): Value {
  if (value === false || value === "") return false;
  if (typeof value === "string" && (field.selection ?? []).includes(value)) return value;
  throw valueError(`Wrong value for ${at.model}.${at.name}: '${asText(value)}'`);
}
