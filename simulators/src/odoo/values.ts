/** What a column holds: a many2one is an id or false, an x2many a list of ids, an empty value `false` as in Odoo. */
export type Value = string | number | boolean | readonly number[];

/** One record. Its fields are read through `num`, `text`, `ref` and `refs`, which know what "empty" is. */
export interface Row {
  readonly id: number;
  [field: string]: Value;
}

export type Version = 17 | 18 | 19;

/** Values a caller sent, before they were checked. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function num(value: Value | undefined): number {
  return typeof value === "number" ? value : 0;
}

export function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

/** The id a many2one points at, or undefined. */
export function ref(value: Value | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

export function refs(value: Value | undefined): readonly number[] {
  return Array.isArray(value) ? (value as readonly number[]) : [];
}

/** Rounds half away from zero at `digits` decimals, forgiving the last bit of a float as Odoo's `float_round` does. */
export function roundTo(value: number, digits: number): number {
  const scale = 10 ** digits;
  const scaled = Math.abs(value) * scale;
  const rounded = Math.round(scaled + scaled * 1e-12 + 1e-9);
  return rounded === 0 ? 0 : (Math.sign(value) * rounded) / scale;
}

/** `a` and `b` compared at the digits quantities have: -1, 0 or 1. */
export function compareQuantity(a: number, b: number, digits = 2): -1 | 0 | 1 {
  const difference = roundTo(a - b, digits);
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}
