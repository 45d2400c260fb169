import type { Env } from "./env.ts";
import { valueError } from "./errors.ts";
import type { Field } from "./schema.ts";
import { checkedDatetime } from "./times.ts";
import { refs } from "./values.ts";
import type { Row, Value, Version } from "./values.ts";

export type Predicate = (row: Row) => boolean;
type Leaf = [path: string, operator: string, value: unknown];

/** What is known of a domain before any record is looked at: a test, and where possible the ids worth testing. */
export interface CompiledDomain {
  test: Predicate;
  candidates?: Iterable<number>;
  mentions: ReadonlySet<string>;
}

/** @throws ValueError for an unknown field or operator or a malformed domain, as Odoo does. */
export function compileDomain(env: Env, model: string, domain: unknown): CompiledDomain {
  if (domain === undefined || domain === null || domain === false) domain = [];
  if (!Array.isArray(domain)) throw valueError(`Invalid domain: ${JSON.stringify(domain)}`);
  const mentions = new Set<string>();
  const terms = readTerms(domain);
  const tests = terms.map((term) => compileTerm(env, model, term, mentions));
  const candidates = terms.map((term) => candidatesOf(env, model, term)).find((found) => found !== undefined);
  return { test: (row) => tests.every((test) => test(row)), candidates, mentions };
}

type Term = { leaf: Leaf } | { not: Term } | { and: Term[] } | { or: Term[] } | { all: boolean };

/** Reads the prefix notation; what stands side by side is joined by AND. */
function readTerms(domain: readonly unknown[]): Term[] {
  let at = 0;
  const read = (): Term => {
    if (at >= domain.length) throw valueError(`Invalid domain, operand missing: ${JSON.stringify(domain)}`);
    const token = domain[at++];
    if (token === "!") return { not: read() };
    if (token === "&") return { and: [read(), read()] };
    if (token === "|") return { or: [read(), read()] };
    if (Array.isArray(token) && token.length === 3) return leafTerm(token);
    throw valueError(`Invalid leaf ${JSON.stringify(token)} in domain`);
  };
  const terms: Term[] = [];
  while (at < domain.length) terms.push(read());
  return terms;
}

function leafTerm(token: unknown[]): Term {
  const [path, operator, value] = token;
  if (typeof path === "number" && operator === "=") return { all: path === value };
  if (typeof path !== "string" || typeof operator !== "string")
    throw valueError(`Invalid leaf ${JSON.stringify(token)} in domain`);
  return { leaf: [path, operator === "==" ? "=" : operator === "<>" ? "!=" : operator, value] };
}

function compileTerm(env: Env, model: string, term: Term, mentions: Set<string>): Predicate {
  if ("all" in term) return () => term.all;
  if ("not" in term) {
    const inner = compileTerm(env, model, term.not, mentions);
    return (row) => !inner(row);
  }
  if ("and" in term) {
    const inner = term.and.map((part) => compileTerm(env, model, part, mentions));
    return (row) => inner.every((test) => test(row));
  }
  if ("or" in term) {
    const inner = term.or.map((part) => compileTerm(env, model, part, mentions));
    return (row) => inner.some((test) => test(row));
  }
  mentions.add(term.leaf[0].split(".")[0]!);
  return compileLeaf(env, model, term.leaf);
}

function compileLeaf(env: Env, model: string, leaf: Leaf): Predicate {
  const [path, operator, value] = leaf;
  const [head, ...rest] = path.split(".") as [string, ...string[]];
  const field = env.db.model(model).fields[head];
  if (!field) throw unknownField(env.version, model, head, leaf);
  if (rest.length > 0 && field.relation) return related(env, model, head, field, [rest.join("."), operator, value]);
  const matches = matcher(env, field, operator, value);
  return (row) => matches(head === "id" ? row.id : env.get(model, row, head));
}

function unknownField(version: Version, model: string, name: string, [path, operator, value]: Leaf) {
  const shown = `('${path}', '${operator}', ${typeof value === "string" ? `'${value}'` : JSON.stringify(value)})`;
  return version >= 19
    ? valueError(`Invalid field ${model}.${name} in condition ${shown}`)
    : valueError(`Invalid field ${model}.${name} in leaf ${shown}`);
}

function related(env: Env, model: string, head: string, field: Field, rest: Leaf): Predicate {
  const inner = compileLeaf(env, field.relation!, rest);
  return (row) => {
    const value = env.get(model, row, head);
    const ids = typeof value === "number" ? [value] : refs(value);
    return ids.some((id) => {
      const target = env.find(field.relation!, id);
      return target !== undefined && inner(target);
    });
  };
}

type Matcher = (value: Value) => boolean;

function matcher(env: Env, field: Field, operator: string, wanted: unknown): Matcher {
  if (field.relation && (typeof wanted === "string" || /like/.test(operator)))
    return byName(env, field, operator, wanted);
  switch (operator) {
    case "=":
      return Array.isArray(wanted) ? isIn(env, field, wanted) : isIn(env, field, [wanted]);
    case "!=": {
      const same = isIn(env, field, Array.isArray(wanted) ? wanted : [wanted]);
      return (value) => !same(value);
    }
    case "in":
      return isIn(env, field, Array.isArray(wanted) ? wanted : [wanted]);
    case "not in": {
      const within = isIn(env, field, Array.isArray(wanted) ? wanted : [wanted]);
      return (value) => !within(value);
    }
    case "=?":
      return wanted === false || wanted === null ? () => true : isIn(env, field, [wanted]);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return isBeyond(env, field, operator, wanted);
    case "child_of":
      return isChild(env, field, wanted);
    case "like":
    case "ilike":
    case "not like":
    case "not ilike":
    case "=like":
    case "=ilike":
      return isLike(operator, wanted);
    default:
      throw valueError(`Invalid operator '${operator}' in domain`);
  }
}

/** Stored values that are compared on whole seconds in 19, and to the microsecond before. */
function seconds(env: Env, field: Field, value: Value): Value {
  return env.version >= 19 && field.type === "datetime" && typeof value === "string" ? value.slice(0, 19) : value;
}

function comparable(env: Env, field: Field, wanted: unknown): unknown {
  if (field.type !== "datetime" || typeof wanted !== "string") return wanted;
  return env.version >= 19 ? checkedDatetime(wanted) : wanted.replace("T", " ").replace(/Z$/, "");
}

function isIn(env: Env, field: Field, wanted: readonly unknown[]): Matcher {
  const set = new Set(wanted.map((value) => comparable(env, field, value ?? false)));
  const empty = set.has(false);
  const emptyText = empty && env.version >= 19;
  return (value) => {
    if (Array.isArray(value)) return value.length === 0 ? empty : value.some((id) => set.has(id));
    if (set.has(seconds(env, field, value))) return true;
    return (
      (empty && value === 0) || (emptyText && value === "") || (value === false && field.type === "boolean" && empty)
    );
  };
}

function isBeyond(env: Env, field: Field, operator: string, wanted: unknown): Matcher {
  const limit = comparable(env, field, wanted);
  if (typeof limit !== "string" && typeof limit !== "number") return () => false;
  return (stored) => {
    const value = seconds(env, field, stored);
    if (typeof value !== typeof limit) return false;
    const order = value < limit ? -1 : value > limit ? 1 : 0;
    if (operator === "<") return order < 0;
    if (operator === "<=") return order <= 0;
    return operator === ">" ? order > 0 : order >= 0;
  };
}

function isLike(operator: string, wanted: unknown): Matcher {
  const insensitive = operator.includes("ilike");
  const whole = operator.startsWith("=");
  const pattern = (typeof wanted === "string" ? wanted : JSON.stringify(wanted ?? "")).replace(
    /[.*+?^${}()|[\]\\]/g,
    (c) => `\\${c}`,
  );
  const body = pattern.replace(/%/g, ".*").replace(/_/g, ".");
  const expression = new RegExp(whole ? `^${body}$` : body, insensitive ? "is" : "s");
  const matches: Matcher = (value) => typeof value === "string" && expression.test(value);
  return operator.startsWith("not") ? (value) => !matches(value) : matches;
}

function byName(env: Env, field: Field, operator: string, wanted: unknown): Matcher {
  const names = matcher(env, { type: "char", label: "name" }, operator, wanted);
  return (value) => {
    const ids = typeof value === "number" ? [value] : refs(value);
    return ids.some((id) => {
      const target = env.find(field.relation!, id);
      return target !== undefined && names(env.displayName(target, field.relation));
    });
  };
}

function isChild(env: Env, field: Field, wanted: unknown): Matcher {
  const roots = new Set(Array.isArray(wanted) ? (wanted as number[]) : [wanted as number]);
  const model = field.relation ?? "stock.location";
  return (value) => {
    for (let id = typeof value === "number" ? value : 0; id !== 0;) {
      if (roots.has(id)) return true;
      const parent = env.find(model, id)?.location_id;
      id = typeof parent === "number" ? parent : 0;
    }
    return false;
  };
}

/** Ids an `=` or `in` on an indexed field leaves; only for terms joined by AND at the top. */
function candidatesOf(env: Env, model: string, term: Term): Iterable<number> | undefined {
  if (!("leaf" in term)) return undefined;
  const [path, operator, value] = term.leaf;
  if (operator !== "=" && operator !== "in") return undefined;
  const values = (Array.isArray(value) ? value : [value]) as Value[];
  if (values.some((v) => v === false || v === null)) return undefined;
  if (path === "id") return values as number[];
  const { table, fields } = env.db.model(model);
  if (!table.hasLookup(path)) return undefined;
  if (fields[path]?.relation && values.some((v) => typeof v !== "number")) return undefined;
  return values.flatMap((v) => [...table.lookup(path, v)]);
}
