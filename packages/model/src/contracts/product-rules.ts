import { at, each, positiveRule } from "../shared-rules.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import { isConvertible, unitOf } from "../units.ts";
import type { Product } from "./product.ts";

export const productRules: readonly Rule<Product>[] = [
  positiveRule("product.conversion-positive", "Each side of a conversion", (it) => [
    ...each(it.conversions, "/conversions/*/quantity", (conversion) => conversion.quantity),
    ...each(it.conversions, "/conversions/*/equals", (conversion) => conversion.equals),
  ]),
  positiveRule("product.net-weight-positive", "The net weight", (it) => at("/netWeight", it.netWeight)),
  {
    code: "product.conversion-between-kinds",
    promise: "A conversion joins units that have no fixed relation, such as a box and pieces.",
    fix: "Remove the conversion: these units convert by definition.",
    check({ conversions = [] }, _context, tell) {
      for (const [i, { quantity, equals }] of conversions.entries())
        if (isConvertible(quantity.unit, equals.unit))
          tell(breach(`/conversions/${i}`, `${quantity.unit} = ${equals.unit}`));
    },
  },
  {
    code: "product.conversion-unambiguous",
    promise: "Two kinds of units are joined by one conversion only.",
    fix: "Keep one conversion between these units.",
    check({ conversions = [] }, _context, tell) {
      const seen = new Set<string>();
      for (const [i, { quantity, equals }] of conversions.entries()) {
        const pair = [quantity, equals]
          .map(({ unit }) => unitOf(unit)?.dimension)
          .toSorted((a = "", b = "") => (a < b ? -1 : 1))
          .join("|");
        if (seen.has(pair)) tell(breach(`/conversions/${i}`, `${quantity.unit} = ${equals.unit}`));
        seen.add(pair);
      }
    },
  },
  {
    code: "product.conversion-reaches-base",
    promise: "Every unit in a conversion can be brought to the base unit.",
    fix: "Add the conversion that is missing on the way to the base unit, or remove this one.",
    check({ conversions = [], unit }, _context, tell) {
      for (const [i, { quantity }] of conversions.entries())
        if (!isConvertible(quantity.unit, unit, conversions))
          tell(breach(`/conversions/${i}/quantity/unit`, quantity.unit));
    },
  },
  {
    code: "product.serial-unit",
    promise: "A product tracked by serial number is counted in pieces.",
    fix: "Use a counting unit such as C62 or H87 as base unit, or track the product by lot.",
    check({ tracking, unit }, _context, tell) {
      if (tracking === "serial" && !isConvertible(unit, "C62")) tell(breach("/unit", unit));
    },
  },
  {
    code: "product.gtin-check-digit",
    promise: "The last digit of the GTIN is its check digit (GS1 General Specifications §7.9).",
    fix: "Correct the GTIN; one of its digits is wrong.",
    check({ gtin }, _context, tell) {
      if (gtin !== undefined && !checkDigitHolds(gtin)) tell(breach("/gtin", gtin));
    },
  },
];

/** From the right, digits weigh 1 and 3 in turn; the sum is a multiple of ten. */
function checkDigitHolds(gtin: string): boolean {
  const digits = Array.from(gtin, Number).toReversed();
  return digits.reduce((sum, digit, i) => sum + digit * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}
