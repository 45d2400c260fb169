import { Decimal } from "decimal.js";
import { QUANTITY_DECIMALS, QUANTITY_INTEGER_DIGITS } from "./limits.ts";

/** Enough digits that sums and products of quantities and unit factors are exact; only a quotient can need rounding. */
const WORKING_DIGITS = 200;

/** Exact decimal arithmetic of the model. Prints without an exponent. */
export const Exact = Decimal.clone({
  precision: WORKING_DIGITS,
  rounding: Decimal.ROUND_HALF_EVEN,
  toExpNeg: -9e15,
  toExpPos: 9e15,
});
export type Exact = Decimal;

/** How a decimal of the model is written. */
export const decimalPattern = `^-?(?:0|[1-9][0-9]{0,${QUANTITY_INTEGER_DIGITS - 1}})(?:\\.[0-9]{1,${QUANTITY_DECIMALS}})?$`;
const shape = new RegExp(decimalPattern);

/** Whether the text is a decimal of the model: `12.50`, `-3`; no exponent, no `+`, no leading zeros, digits within the limits. */
export function isDecimal(text: string): boolean {
  return shape.test(text);
}

/** Exact sum. */
export function addDecimals(a: string, b: string): string {
  return new Exact(a).plus(b).toFixed();
}

/** Exact difference, `a - b`. */
export function subtractDecimals(a: string, b: string): string {
  return new Exact(a).minus(b).toFixed();
}

/** Exact sum of many; `0` for none. */
export function sumDecimals(values: Iterable<string>): string {
  let sum = new Exact(0);
  for (const value of values) sum = sum.plus(value);
  return sum.toFixed();
}

/** Negative when `a` is smaller, 0 when they are equal (`1` and `1.0` are), positive when `a` is larger. */
export function compareDecimals(a: string, b: string): number {
  return a === b ? 0 : new Exact(a).comparedTo(b);
}

/** Whether it is nought, however it is written: `0`, `-0.00`. */
export function isZero(value: string): boolean {
  return !/[1-9]/.test(value);
}

/** Whether it is below nought; `-0` is not. */
export function isNegative(value: string): boolean {
  return value.charCodeAt(0) === 45 && !isZero(value);
}

/** Whether it is above nought. */
export function isPositive(value: string): boolean {
  return value.charCodeAt(0) !== 45 && !isZero(value);
}

/** One way of writing each number: no trailing zeros, no `-0`. Equal numbers become equal texts. */
export function normaliseDecimal(value: string): string {
  return isZero(value) ? "0" : new Exact(value).toFixed();
}
