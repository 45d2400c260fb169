import { compareDecimals } from "../decimals.ts";
import { each, neededRule, spanRules, uniqueRule } from "../shared-rules.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import type { EquipmentSummary } from "./equipment-summary.ts";

export const equipmentSummaryRules: readonly Rule<EquipmentSummary>[] = [
  neededRule({
    code: "equipment-summary.order-given",
    promise: "A summary per order names the order.",
    fix: "Give productionOrder, or sum up per shift.",
    field: "/productionOrder",
    missing: (it) => it.per === "order" && it.productionOrder === undefined,
  }),
  uniqueRule("equipment-summary.measures-unique", "A measure", (it) =>
    each(it.measures, "/measures/*/measure", ({ measure }) => measure),
  ),
  {
    code: "equipment-summary.range-ordered",
    promise: "The smallest value is not above the largest.",
    fix: "Exchange min and max, or correct them.",
    check({ measures = [] }, _context, tell) {
      for (const [i, { min, max }] of measures.entries())
        if (min !== undefined && max !== undefined && compareDecimals(min, max) > 0)
          tell(breach(`/measures/${i}/min`, min));
    },
  },
  ...spanRules<EquipmentSummary>({ contract: "equipment-summary", start: "start", end: "end", past: true }),
];
