import { parseAmount, showAmount } from "./amount.ts";
import { malformed } from "./refusal.ts";
import type { FieldType } from "./schema.ts";

/**
 * A field's value as it is kept: text (dates `2026-01-05`, times `08:15:00`, quantities `12.500`, GUIDs in lower case),
 * a truth value, or null.
 */
export type Value = string | boolean | null;

/** Takes a value of a JSON body. Strict: what SAP would not parse is refused. */
export function fromJson(name: string, type: FieldType, value: unknown): Value {
  if (value === null) return null;
  if (type === "boolean") {
    if (typeof value === "boolean") return value;
    throw malformed(`Property '${name}' is no boolean.`);
  }
  if (typeof value !== "string") throw malformed(`Property '${name}' has an invalid value; text was expected.`);
  switch (type) {
    case "decimal":
      return quantity(name, value);
    case "date":
      return jsonDate(name, value);
    case "time":
      return jsonTime(name, value);
    case "guid":
      return guid(name, value);
    default:
      if (value.length > type) throw malformed(`Property '${name}' is longer than ${type} characters.`);
      return value;
  }
}

export function toJson(type: FieldType, value: Value): Value {
  if (typeof value !== "string") return value;
  if (type === "date") return `/Date(${Date.parse(`${value}T00:00:00Z`)})/`;
  if (type === "time") return `PT${value.slice(0, 2)}H${value.slice(3, 5)}M${value.slice(6, 8)}S`;
  return value;
}

/** What a field holds when nothing was said. */
export function initial(type: FieldType): Value {
  if (typeof type === "number") return "";
  if (type === "boolean") return false;
  if (type === "decimal") return "0.000";
  return null;
}

/** Takes a literal of a URL: `'text'`, `datetime'…'`, `guid'…'`, `time'…'`, `1.5m`, `true`, `null`. */
export function fromLiteral(name: string, type: FieldType, literal: string): Value {
  if (literal === "null") return null;
  const quoted = /^([a-z]*)'((?:[^']|'')*)'$/i.exec(literal);
  const kind = quoted?.[1]?.toLowerCase();
  const content = quoted?.[2]?.replaceAll("''", "'") ?? "";
  const wrong = () => malformed(`Invalid literal ${literal} for '${name}'.`);
  if (typeof type === "number") {
    if (kind !== "") throw wrong();
    return content;
  }
  if (type === "decimal") return quantity(name, literal.replace(/m$/i, ""));
  if (type === "boolean") {
    if (literal !== "true" && literal !== "false") throw wrong();
    return literal === "true";
  }
  if (type === "guid") {
    if (kind !== "guid") throw wrong();
    return guid(name, content);
  }
  if (type === "date") {
    if (kind !== "datetime" || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?/.test(content)) throw wrong();
    return content.slice(0, 10);
  }
  if (kind !== "time") throw wrong();
  return jsonTime(name, content);
}

function quantity(name: string, text: string): string {
  const amount = parseAmount(text);
  if (amount === undefined) throw malformed(`Property '${name}' has invalid value ${text} for Edm.Decimal(13,3).`);
  return showAmount(amount);
}

function jsonDate(name: string, text: string): string {
  const ms = /^\/Date\((-?\d+)\)\/$/.exec(text)?.[1];
  const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.exec(text)?.[0];
  const time = ms === undefined ? Date.parse(`${iso ?? ""}Z`) : Number(ms);
  if (Number.isNaN(time)) throw malformed(`Property '${name}' has invalid value ${text} for Edm.DateTime.`);
  return new Date(time).toISOString().slice(0, 10);
}

function jsonTime(name: string, text: string): string {
  const match = /^PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})S)?$/.exec(text);
  if (!match) throw malformed(`Property '${name}' has invalid value ${text} for Edm.Time.`);
  return [match[1], match[2], match[3]].map((part) => (part ?? "0").padStart(2, "0")).join(":");
}

function guid(name: string, text: string): string {
  const bare = text.toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(bare)) {
    throw malformed(`Property '${name}' has invalid value ${text} for Edm.Guid.`);
  }
  return bare;
}
