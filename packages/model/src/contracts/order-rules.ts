import type { Static } from "typebox";
import { isNegative } from "../decimals.ts";
import { at, each, fieldOf, positiveRule, spanRules, uniqueRule } from "../shared-rules.ts";
import type { closed } from "../primitives.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import { timeToMs } from "../times.ts";
import type { orderContent } from "./production-order.ts";

type OrderContent = Static<ReturnType<typeof closed<typeof orderContent>>>;

/** Rules for whatever carries an order's content: the order itself and its release. */
export function orderRules<T extends OrderContent>(contract: string): Rule<T>[] {
  return [
    positiveRule(`${contract}.quantity-positive`, "The order's quantity and that of each component", (it) => [
      ...at("/quantity", it.quantity),
      ...each(it.components, "/components/*/quantity", ({ quantity }) => quantity),
    ]),
    uniqueRule(`${contract}.operations-unique`, "An operation number", (it) =>
      each(it.operations, "/operations/*/operation", ({ operation }) => operation),
    ),
    uniqueRule(`${contract}.components-unique`, "A component line", (it) =>
      each(it.components, "/components/*/component", ({ component }) => component),
    ),
    operationKnownRule(contract),
    ...spanRules<T>({ contract, start: "plannedStart", end: "plannedEnd", past: false }),
    operationSpanRule(contract),
  ];
}

/** How much more may be confirmed can't be negative. */
export const overdeliveryRule: Rule<{ overdeliveryPercent?: string }> = {
  code: "production-order.overdelivery-not-negative",
  promise: "overdeliveryPercent is not negative.",
  fix: "Give the share that may be made on top, in percent, or leave it out.",
  check({ overdeliveryPercent }, _context, tell) {
    if (overdeliveryPercent !== undefined && isNegative(overdeliveryPercent))
      tell(breach("/overdeliveryPercent", overdeliveryPercent));
  },
};

function operationKnownRule<T extends OrderContent>(contract: string): Rule<T> {
  return {
    code: `${contract}.operation-known`,
    promise: "A component's operation is one of the order's operations, when there are any.",
    fix: "Name an operation of this order, or add the operation.",
    check({ operations, components }, _context, tell) {
      if (operations === undefined) return;
      const known = new Set(operations.map(({ operation }) => operation));
      for (const place of each(components, "/components/*/operation", ({ operation }) => operation))
        if (!known.has(place.value)) tell(breach(fieldOf(place), place.value));
    },
  };
}

function operationSpanRule<T extends OrderContent>(contract: string): Rule<T> {
  return {
    code: `${contract}.operation-end-after-start`,
    promise: "An operation's plannedEnd does not lie before its plannedStart.",
    fix: "Correct the operation's plannedStart or plannedEnd.",
    check({ operations = [] }, _context, tell) {
      for (const [i, { plannedStart, plannedEnd }] of operations.entries()) {
        if (plannedStart === undefined || plannedEnd === undefined) continue;
        if (timeToMs(plannedEnd) < timeToMs(plannedStart)) tell(breach(`/operations/${i}/plannedEnd`, plannedEnd));
      }
    },
  };
}
