import { compareDecimals, isNegative } from "../decimals.ts";
import { at, each, fieldOf, positiveRule, uniqueRule } from "../shared-rules.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import type { BillOfMaterials } from "./bill-of-materials.ts";

export const billOfMaterialsRules: readonly Rule<BillOfMaterials>[] = [
  positiveRule("bill-of-materials.quantity-positive", "The base quantity and the quantity of each line", (it) => [
    ...at("/quantity", it.quantity),
    ...each(it.lines, "/lines/*/quantity", (line) => line.quantity),
    ...each(it.byProducts, "/byProducts/*/quantity", (byProduct) => byProduct.quantity),
  ]),
  {
    code: "bill-of-materials.no-self-reference",
    promise: "A product is not made of itself.",
    fix: "Remove the line, or name the product that is meant.",
    check({ product, lines }, _context, tell) {
      for (const line of each(lines, "/lines/*/product", (line) => line.product))
        if (line.value === product) tell(breach(fieldOf(line), line.value));
    },
  },
  {
    code: "bill-of-materials.by-product-differs",
    promise: "A by-product is not the product itself.",
    fix: "Remove the by-product, or name the product that is meant.",
    check({ product, byProducts }, _context, tell) {
      for (const byProduct of each(byProducts, "/byProducts/*/product", (byProduct) => byProduct.product))
        if (byProduct.value === product) tell(breach(fieldOf(byProduct), byProduct.value));
    },
  },
  uniqueRule("bill-of-materials.lines-unique", "A line number", (it) =>
    each(it.lines, "/lines/*/line", ({ line }) => line),
  ),
  uniqueRule("bill-of-materials.operations-unique", "An operation number", (it) =>
    each(it.operations, "/operations/*/operation", ({ operation }) => operation),
  ),
  {
    code: "bill-of-materials.operation-known",
    promise: "A line's operation is one of the operations, when there are any.",
    fix: "Name an operation of this bill of materials, or add the operation.",
    check({ operations, lines }, _context, tell) {
      if (operations === undefined) return;
      const known = new Set(operations.map(({ operation }) => operation));
      for (const place of each(lines, "/lines/*/operation", ({ operation }) => operation))
        if (!known.has(place.value)) tell(breach(fieldOf(place), place.value));
    },
  },
  {
    code: "bill-of-materials.scrap-percent-plausible",
    promise: "Expected scrap is at least 0 and less than 100 percent.",
    fix: "Give the share that is lost, in percent.",
    check({ lines }, _context, tell) {
      for (const place of each(lines, "/lines/*/scrapPercent", ({ scrapPercent }) => scrapPercent))
        if (isNegative(place.value) || compareDecimals(place.value, "100") >= 0)
          tell(breach(fieldOf(place), place.value));
    },
  },
  {
    code: "bill-of-materials.validity-ordered",
    promise: "validTo does not lie before validFrom.",
    fix: "Correct validFrom or validTo.",
    check({ validFrom, validTo }, _context, tell) {
      if (validFrom !== undefined && validTo !== undefined && validTo < validFrom) tell(breach("/validTo", validTo));
    },
  },
];
