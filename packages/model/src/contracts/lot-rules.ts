import { at, each, isBlank, neededRule, positiveRule } from "../shared-rules.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import type { Lot } from "./lot.ts";

export const lotRules: readonly Rule<Lot>[] = [
  positiveRule("lot.quantity-positive", "The lot's quantity and that of each parent", (it) => [
    ...at("/quantity", it.quantity),
    ...each(it.parents, "/parents/*/quantity", ({ quantity }) => quantity),
  ]),
  neededRule({
    code: "lot.status-reason",
    promise: "A lot that may not be used says why.",
    fix: "Say in statusReason why the lot may not be used.",
    field: "/statusReason",
    missing: (it) => it.status !== "available" && isBlank(it.statusReason),
  }),
  {
    code: "lot.expires-after-produced",
    promise: "A lot does not expire before the day it was made.",
    fix: "Correct produced or expires.",
    check({ produced, expires }, _context, tell) {
      if (produced !== undefined && expires !== undefined && expires < produced.slice(0, 10))
        tell(breach("/expires", expires));
    },
  },
  {
    code: "lot.not-own-parent",
    promise: "A lot is not made of itself.",
    fix: "Remove the entry, or name the lot that is meant.",
    check({ product, lot, parents = [] }, _context, tell) {
      for (const [i, parent] of parents.entries())
        if (parent.lot === lot && parent.product === product) tell(breach(`/parents/${i}/lot`, lot));
    },
  },
];
