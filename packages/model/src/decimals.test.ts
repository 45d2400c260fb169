import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addDecimals,
  compareDecimals,
  isDecimal,
  isNegative,
  isPositive,
  isZero,
  normaliseDecimal,
  subtractDecimals,
  sumDecimals,
} from "./decimals.ts";
import { QUANTITY_DECIMALS } from "./limits.ts";

const scale = 10n ** BigInt(QUANTITY_DECIMALS);

/** Decimals within the limits, built from whole numbers so that the expected result is known exactly. */
const scaled = fc.bigInt({ min: -(10n ** 31n), max: 10n ** 31n });

function write(amount: bigint): string {
  const size = amount < 0n ? -amount : amount;
  const digits = (size % scale).toString().padStart(QUANTITY_DECIMALS, "0");
  return `${amount < 0n ? "-" : ""}${size / scale}.${digits}`;
}

describe("decimals", () => {
  test("sums and differences are exact to the last digit", () => {
    expect(addDecimals("0.1", "0.2")).toBe("0.3");
    expect(addDecimals("123456789012345678", "0.00000000000001")).toBe("123456789012345678.00000000000001");
    fc.assert(
      fc.property(scaled, scaled, (a, b) => {
        expect(normaliseDecimal(addDecimals(write(a), write(b)))).toBe(normaliseDecimal(write(a + b)));
        expect(normaliseDecimal(subtractDecimals(write(a), write(b)))).toBe(normaliseDecimal(write(a - b)));
      }),
    );
  });

  test("a sum of many is the sum of all, and nought for none", () => {
    expect(sumDecimals(["1.1", "2.2", "3.3"])).toBe("6.6");
    expect(sumDecimals([])).toBe("0");
  });

  test("comparison goes by amount, not by how it is written", () => {
    expect(compareDecimals("1", "1.00")).toBe(0);
    expect(compareDecimals("-0", "0")).toBe(0);
    expect(compareDecimals("9", "10")).toBeLessThan(0);
    fc.assert(
      fc.property(scaled, scaled, (a, b) => {
        expect(Math.sign(compareDecimals(write(a), write(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  test("equal numbers are written in one way, without an exponent", () => {
    expect(normaliseDecimal("12.500")).toBe("12.5");
    expect(normaliseDecimal("-0.00")).toBe("0");
    expect(normaliseDecimal("0.00000000000001")).toBe("0.00000000000001");
    expect(normaliseDecimal("100000000000000000")).toBe("100000000000000000");
  });

  test("sign is told without being fooled by -0", () => {
    expect([isZero("-0.00"), isNegative("-0.00"), isPositive("-0.00")]).toEqual([true, false, false]);
    fc.assert(
      fc.property(scaled, (a) => {
        const text = write(a);
        expect([isNegative(text), isZero(text), isPositive(text)]).toEqual([a < 0n, a === 0n, a > 0n]);
      }),
    );
  });

  test.each(["+1", "1e3", "01", ".5", "5.", "", " 1", "1 ", "1,5", "NaN", "Infinity", "0x10", "1_000", "--1", "٣"])(
    "%j is no decimal",
    (text) => {
      expect(isDecimal(text)).toBe(false);
    },
  );

  test("digits are limited before and after the point", () => {
    expect(isDecimal("9".repeat(18))).toBe(true);
    expect(isDecimal("9".repeat(19))).toBe(false);
    expect(isDecimal(`0.${"1".repeat(14)}`)).toBe(true);
    expect(isDecimal(`0.${"1".repeat(15)}`)).toBe(false);
  });
});
