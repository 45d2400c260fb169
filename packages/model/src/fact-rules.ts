import { isNegative } from "./decimals.ts";
import { CLOCK_SKEW_MS, OLDEST_EVENT_MS } from "./limits.ts";
import type { Quantity } from "./primitives.ts";
import { breach } from "./rules.ts";
import type { Breach, Rule } from "./rules.ts";
import type { SchemaNode } from "./schema-findings.ts";
import { timeToMs } from "./times.ts";

/** Rules about the time of a fact; they catch clocks that were never set. */
export const clockRules: readonly Rule<{ time: string }>[] = [
  {
    code: "fact.time-not-ahead",
    promise: `The time is at most ${CLOCK_SKEW_MS / 60_000} minutes ahead of the hub's clock.`,
    fix: "Set the clock and the time zone of the source, then send it again with the time at which it happened.",
    check({ time }, { now }, tell) {
      if (timeToMs(time) > now + CLOCK_SKEW_MS) tell(breach("/time", time));
    },
  },
  {
    code: "fact.time-plausible",
    promise: `The time is at most ${Math.floor(OLDEST_EVENT_MS / 86_400_000 / 365)} years back.`,
    fix: "Set the clock of the source, then send it again with the time at which it happened.",
    check({ time }, { now }, tell) {
      if (timeToMs(time) < now - OLDEST_EVENT_MS) tell(breach("/time", time));
    },
  },
];

/** The rule that no quantity of the schema is negative, except those whose sign means something. */
export function notNegativeRule(schema: SchemaNode, except: readonly string[]): Rule<unknown> {
  const visit = quantityVisitor(schema, "", new Set(except));
  return {
    code: "quantity.not-negative",
    promise: "No quantity is negative; the kind of fact or its direction says which way it goes.",
    fix: "Send the quantity without the minus sign in the field, or with the contract, that means the opposite.",
    check(value, _context, tell) {
      if (visit?.(value, undefined, undefined) === true) visit(value, "", tell);
    },
  };
}

/** Whether there is a negative quantity; makes the names of fields only when there is somebody to tell. */
type Visitor = (value: unknown, field: string | undefined, tell: ((breach: Breach) => void) | undefined) => boolean;

/** Compiles where in a schema quantities are, so that checking a message visits nothing else. */
function quantityVisitor(schema: SchemaNode, path: string, except: ReadonlySet<string>): Visitor | undefined {
  if (except.has(path)) return undefined;
  if (schema.items) return listVisitor(quantityVisitor(schema.items, `${path}/*`, except));
  if (schema.properties === undefined) return undefined;
  if ("value" in schema.properties && "unit" in schema.properties && Object.keys(schema.properties).length === 2) {
    return (value, field, tell) => {
      const { value: amount } = value as Quantity;
      const negative = isNegative(amount);
      if (negative) tell?.(breach(`${field}/value`, amount));
      return negative;
    };
  }
  return objectVisitor(
    Object.entries(schema.properties).flatMap(([key, child]) => {
      const visit = quantityVisitor(child, `${path}/${key}`, except);
      return visit === undefined ? [] : [{ key, visit }];
    }),
  );
}

function listVisitor(visit: Visitor | undefined): Visitor | undefined {
  if (visit === undefined) return undefined;
  return (value, field, tell) => {
    const items = value as unknown[];
    let found = false;
    for (let i = 0; i < items.length; i++) found = visit(items[i], tell && `${field}/${i}`, tell) || found;
    return found;
  };
}

function objectVisitor(fields: readonly { key: string; visit: Visitor }[]): Visitor | undefined {
  if (fields.length === 0) return undefined;
  return (value, field, tell) => {
    let found = false;
    for (const { key, visit } of fields) {
      const child = (value as Record<string, unknown>)[key];
      if (child !== undefined) found = visit(child, tell && `${field}/${key}`, tell) || found;
    }
    return found;
  };
}
