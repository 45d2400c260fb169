import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normaliseDecimal } from "./decimals.ts";
import { aQuantity } from "./examples.ts";
import { suggestUnit, unitFromOdoo, unitFromSap, unitFromSapIso, unitToOdoo, unitToSap } from "./unit-names.ts";
import { unitTable } from "./units-table.ts";
import { convert, isConvertible, isUnitCode, unitOf } from "./units.ts";

const inBoxes = [{ quantity: aQuantity(1, "BX"), equals: aQuantity(24) }];
const codes = fc.constantFrom(...unitTable.map(({ code }) => code));
const amounts = fc.integer({ min: -1_000_000, max: 1_000_000 }).map(String);

function value(result: ReturnType<typeof convert>): string {
  if (!result.ok) throw new Error(result.problem);
  return result.quantity.value;
}

describe("units", () => {
  test("every code stands once, has a factor above nought, and each dimension a base unit", () => {
    expect(unitTable.length).toBeGreaterThan(120);
    expect(new Set(unitTable.map(({ code }) => code)).size).toBe(unitTable.length);
    for (const dimension of new Set(unitTable.map((unit) => unit.dimension)))
      expect(unitTable.some((unit) => unit.dimension === dimension && unit.factor === "1")).toBe(true);
  });

  test.each([
    ["1", "TNE", "KGM", "1000"],
    ["2.5", "KGM", "GRM", "2500"],
    ["1", "LBR", "KGM", "0.45359237"],
    ["16", "ONZ", "LBR", "1"],
    ["1", "YRD", "INH", "36"],
    ["1", "MTQ", "LTR", "1000"],
    ["1", "GLL", "INQ", "231"],
    ["1.5", "HUR", "MIN", "90"],
    ["3", "DZN", "C62", "36"],
    ["7", "H87", "EA", "7"],
    ["1", "KWH", "KJO", "3600"],
    ["36", "KMH", "MTS", "10"],
    ["100", "CEL", "FAH", "212"],
    ["-40", "FAH", "CEL", "-40"],
    ["0", "CEL", "KEL", "273.15"],
  ])("%s %s are %s %s", (amount, from, to, expected) => {
    const result = convert({ value: amount, unit: from }, to);
    expect(result).toEqual({ ok: true, quantity: { value: expected, unit: to }, exact: true });
  });

  test("a result that does not end is rounded half to even, and says so", () => {
    expect(convert(aQuantity(10, "MIN"), "HUR")).toEqual({
      ok: true,
      quantity: { value: "0.16666666666667", unit: "HUR" },
      exact: false,
    });
  });

  test("a product's own units convert by what the product says, also over several steps and back", () => {
    const chain = [...inBoxes, { quantity: aQuantity(3), equals: aQuantity(1, "KGM") }];
    expect(value(convert(aQuantity(2, "BX"), "C62", inBoxes))).toBe("48");
    expect(value(convert(aQuantity(48), "BX", inBoxes))).toBe("2");
    expect(value(convert(aQuantity(1, "BX"), "GRM", chain))).toBe("8000");
    expect(value(convert(aQuantity(8, "KGM"), "XBX", chain))).toBe("1");
  });

  test("a chain through thirds loses nothing, because it divides only once", () => {
    const thirds = [{ quantity: aQuantity(3), equals: aQuantity(1, "KGM") }];
    expect(convert(aQuantity(9), "KGM", thirds)).toEqual({ ok: true, quantity: aQuantity(3, "KGM"), exact: true });
  });

  test("units that have nothing to do with one another do not convert, and the fix names both", () => {
    const result = convert(aQuantity(1, "KGM"), "C62");
    expect(result).toMatchObject({ ok: false, fix: expect.stringContaining("kilogram") });
    expect(convert(aQuantity(1, "BX"), "C62")).toMatchObject({ ok: false });
    expect(convert(aQuantity(1, "NOPE"), "C62")).toMatchObject({ ok: false, problem: "NOPE is no known unit." });
  });

  test("a conversion with nought on one side is not used", () => {
    expect(isConvertible("BX", "C62", [{ quantity: aQuantity(0, "BX"), equals: aQuantity(24) }])).toBe(false);
  });

  test("a result with more digits than a quantity has is refused, not cut", () => {
    expect(convert({ value: "9".repeat(18), unit: "KTN" }, "MC")).toMatchObject({
      ok: false,
      fix: "Use a larger unit.",
    });
  });

  test("there and back again gives the same amount whenever both ways are exact", () => {
    fc.assert(
      fc.property(amounts, codes, codes, (amount, from, to) => {
        const there = convert({ value: amount, unit: from }, to, inBoxes);
        if (!there.ok || !there.exact) return;
        expect(normaliseDecimal(value(convert(there.quantity, from, inBoxes)))).toBe(normaliseDecimal(amount));
      }),
      { numRuns: 2_000 },
    );
  });

  test("whatever the codes, converting never throws", () => {
    fc.assert(
      fc.property(amounts, fc.string(), fc.string(), (amount, from, to) => {
        expect(typeof convert({ value: amount, unit: from }, to, inBoxes).ok).toBe("boolean");
      }),
    );
  });
});

describe("units of SAP and Odoo", () => {
  test("SAP's internal codes and its ISO codes lead to UN/ECE codes and back", () => {
    expect(["ST", "KG", "G", "L", "M", "H", "MIN", "TO"].map(unitFromSap)).toEqual([
      "H87",
      "KGM",
      "GRM",
      "LTR",
      "MTR",
      "HUR",
      "MIN",
      "TNE",
    ]);
    expect(["H87", "KGM", "HUR", "C62"].map(unitToSap)).toEqual(["ST", "KG", "H", "ST"]);
    expect(unitFromSapIso("PCE")).toBe("H87");
    expect(unitFromSapIso("KGM")).toBe("KGM");
    expect(unitFromSapIso("ZZZ")).toBeUndefined();
  });

  test("Odoo's unit names lead to UN/ECE codes and back", () => {
    expect(["Units", "Dozens", "kg", "Hours", "m²"].map(unitFromOdoo)).toEqual(["C62", "DZN", "KGM", "HUR", "MTK"]);
    expect(["C62", "H87", "LBR"].map(unitToOdoo)).toEqual(["Units", "Units", "lb"]);
  });

  test("every mapped name leads to a unit of the table, and what we write is read back as a convertible unit", () => {
    const strayed = unitTable.filter(({ code }) => {
      const [sap, odoo] = [unitToSap(code), unitToOdoo(code)];
      const fromSap = sap === undefined || isConvertible(code, unitFromSap(sap) ?? "");
      const fromOdoo = odoo === undefined || isConvertible(code, unitFromOdoo(odoo) ?? "");
      return !fromSap || !fromOdoo;
    });
    expect(strayed).toEqual([]);
  });

  test("what people write is met with the code that was meant", () => {
    expect(["pcs", "kg", "ST", "hrs", "Units", "kgm"].map(suggestUnit)).toEqual([
      "H87",
      "KGM",
      "H87",
      "HUR",
      "C62",
      "KGM",
    ]);
    expect(suggestUnit("furlong")).toBeUndefined();
    expect(isUnitCode("__proto__")).toBe(false);
    expect(unitOf("constructor")).toBeUndefined();
  });
});
