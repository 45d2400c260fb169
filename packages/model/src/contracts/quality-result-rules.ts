import { compareDecimals } from "../decimals.ts";
import { compareQuantities, each, isBlank, neededRule, uniqueRule } from "../shared-rules.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import { knownProduct } from "../tracking-rules.ts";
import type { Characteristic, QualityResult } from "./quality-result.ts";

export const qualityResultRules: readonly Rule<QualityResult>[] = [
  neededRule({
    code: "quality-result.traceable",
    promise: "A result names the lot, the serial numbers or the production order that was inspected.",
    fix: "Give lot, serials or productionOrder, so that the result can be traced to the material.",
    field: "/lot",
    missing: (it) => it.lot === undefined && it.productionOrder === undefined && (it.serials ?? []).length === 0,
  }),
  {
    code: "quality-result.lot-missing",
    promise: "The result on a product that is tracked by lot comes with its lot.",
    fix: "Send the lot.",
    check(it, { references }, tell) {
      if (it.lot !== undefined || knownProduct(references, it.product)?.tracking !== "lot") return;
      tell(breach("/lot", undefined, `Product ${it.product} is tracked by lot: send the lot.`));
    },
  },
  neededRule({
    code: "quality-result.failure-told",
    promise: "A failed inspection says what failed: a characteristic, a defect or a note.",
    fix: "Add the failed characteristic, the defect or a note.",
    field: "/defects",
    missing: (it) =>
      it.result === "failed" &&
      (it.defects ?? []).length === 0 &&
      isBlank(it.note) &&
      !(it.characteristics ?? []).some(({ result }) => result === "failed"),
  }),
  {
    code: "quality-result.limits-ordered",
    promise: "A lower limit is not above its upper limit.",
    fix: "Correct lower or upper.",
    check({ characteristics = [] }, _context, tell) {
      for (const [i, { lower, upper }] of characteristics.entries())
        if (lower !== undefined && upper !== undefined && compareDecimals(lower, upper) > 0)
          tell(breach(`/characteristics/${i}/lower`, lower));
    },
  },
  {
    code: "quality-result.value-within-limits",
    promise: "A measured value outside of its limits has not passed.",
    fix: "Correct the value, the limits or the result.",
    check({ characteristics = [] }, _context, tell) {
      for (const [i, one] of characteristics.entries())
        if (one.result === "passed" && isOutside(one)) tell(breach(`/characteristics/${i}/value`, one.value));
    },
  },
  {
    code: "quality-result.rejected-within-inspected",
    promise: "Not more is rejected than was inspected.",
    fix: "Correct inspected or rejected.",
    check(it, { references }, tell) {
      if (it.inspected === undefined || it.rejected === undefined) return;
      const conversions = knownProduct(references, it.product)?.conversions;
      if ((compareQuantities(it.rejected, it.inspected, conversions) ?? 0) > 0)
        tell(breach("/rejected/value", it.rejected.value));
    },
  },
  uniqueRule("quality-result.characteristics-unique", "A characteristic", (it) =>
    each(it.characteristics, "/characteristics/*/characteristic", ({ characteristic }) => characteristic),
  ),
  uniqueRule("quality-result.serials-unique", "A serial number", (it) =>
    each(it.serials, "/serials/*", (serial) => serial),
  ),
];

function isOutside({ value, lower, upper }: Characteristic): boolean {
  if (value === undefined) return false;
  return (
    (lower !== undefined && compareDecimals(value, lower) < 0) ||
    (upper !== undefined && compareDecimals(value, upper) > 0)
  );
}
