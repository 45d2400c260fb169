import { parseAmount } from "./amount.ts";
import { fromLiteral } from "./edm.ts";
import type { Value } from "./edm.ts";
import { malformed } from "./refusal.ts";
import type { EntitySet, FieldType } from "./schema.ts";

export type Row = Record<string, Value>;

export interface Filter {
  test(row: Row): boolean;
  /** Fields that must equal a value, whatever else holds; for a table's index. */
  equal: ReadonlyMap<string, Value>;
}

/** Longest `$filter`, in characters. */
const MAX_FILTER = 8_000;
const tokenPattern =
  /\s*(\(|\)|(?:datetime|guid|time)?'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_/]*|-?\d+(?:\.\d+)?[mMdDfL]?)/y;

/** Reads a `$filter` of comparisons with `and`, `or`, `not` and parentheses (OData V2 §4.5, without functions). */
export function parseFilter(text: string, set: EntitySet): Filter {
  if (text.length > MAX_FILTER) throw malformed(`The filter is longer than ${MAX_FILTER} characters.`);
  const tokens = tokenize(text);
  let at = 0;
  const take = () => tokens[at++] ?? "";
  const or = (): Filter => {
    let left = and();
    while (tokens[at] === "or") {
      at++;
      left = either(left, and());
    }
    return left;
  };
  const and = (): Filter => {
    let left = unary();
    while (tokens[at] === "and") {
      at++;
      left = both(left, unary());
    }
    return left;
  };
  const unary = (): Filter => {
    if (tokens[at] === "not") {
      at++;
      const inner = unary();
      return { test: (row) => !inner.test(row), equal: new Map() };
    }
    if (tokens[at] !== "(") return comparison(take(), take(), take(), set);
    at++;
    const inner = or();
    if (take() !== ")") throw malformed(`The filter lacks a closing parenthesis: ${text}`);
    return inner;
  };
  const filter = or();
  if (at !== tokens.length) throw malformed(`The filter can't be read from '${tokens[at] ?? ""}' on: ${text}`);
  return filter;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const pattern = new RegExp(tokenPattern);
  while (pattern.lastIndex < text.trimEnd().length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match?.[1]) throw malformed(`The filter can't be read at character ${from}: ${text}`);
    tokens.push(match[1]);
  }
  return tokens;
}

function comparison(field: string, operator: string, literal: string, set: EntitySet): Filter {
  const type = set.fields[field];
  if (type === undefined) throw malformed(`Property ${field} not found in ${set.type}.`);
  const wanted = fromLiteral(field, type, literal);
  const order = (row: Row) => compareValues(type, row[field] ?? null, wanted);
  switch (operator) {
    case "eq":
      return { test: (row) => (row[field] ?? null) === wanted, equal: new Map([[field, wanted]]) };
    case "ne":
      return { test: (row) => (row[field] ?? null) !== wanted, equal: new Map() };
    case "gt":
      return { test: (row) => order(row) > 0, equal: new Map() };
    case "ge":
      return { test: (row) => order(row) >= 0, equal: new Map() };
    case "lt":
      return { test: (row) => order(row) < 0, equal: new Map() };
    case "le":
      return { test: (row) => order(row) <= 0, equal: new Map() };
    default:
      throw malformed(`The simulator knows no operator '${operator}' in a filter.`);
  }
}

/** Null is less than anything. */
export function compareValues(type: FieldType, a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (type === "decimal") {
    const difference = (parseAmount(String(a)) ?? 0n) - (parseAmount(String(b)) ?? 0n);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function both(a: Filter, b: Filter): Filter {
  return { test: (row) => a.test(row) && b.test(row), equal: new Map([...a.equal, ...b.equal]) };
}

function either(a: Filter, b: Filter): Filter {
  return { test: (row) => a.test(row) || b.test(row), equal: new Map() };
}
