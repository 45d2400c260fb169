import type { Contract, Description, Finding, Reference, References } from "@lineshaft/core";
import type { Static, TObject } from "typebox";
import { clockRules, notNegativeRule } from "./fact-rules.ts";
import { compileFits } from "./fast-schema.ts";
import { runRules } from "./rules.ts";
import type { Rule } from "./rules.ts";
import { extensionProblem, schemaFindings } from "./schema-findings.ts";
import type { SchemaNode } from "./schema-findings.ts";

export interface ContractDefinition<S extends TObject> {
  /** Lower case with dashes: `stock-movement`. */
  name: string;
  version: number;
  title: string;
  /** What it tells and who sends it, for the documentation. */
  purpose: string;
  kind: "event" | "state";
  /** Closed objects, made of the primitives; has `time`. */
  schema: S;
  describe: (value: Static<S>) => Description;
  /** How `describe` makes object and key, in words. */
  keys: { object: string; key: string };
  /** Besides those that hold for every fact: a plausible time, no negative quantities. */
  rules: readonly Rule<Static<S>>[];
  /** JSON pointers of quantities that may be negative. */
  mayBeNegative?: readonly string[];
  needs?: (value: Static<S>) => Reference[];
  examples: readonly Static<S>[];
}

/** A contract of the model: besides what the hub needs, it can tell its own documentation. */
export interface ModelContract<T = unknown> extends Contract<T> {
  readonly name: string;
  readonly version: number;
  readonly purpose: string;
  readonly keys: { readonly object: string; readonly key: string };
  /** Every business rule, those for all facts included. */
  readonly ruleTable: readonly { readonly code: string; readonly promise: string; readonly fix: string }[];
  /** Whether the value fits the schema. Quicker than `check`, says nothing more, never throws. */
  fits(value: unknown): value is T;
}

/** Makes a contract of its declaration; the schema is compiled once, here. */
export function defineContract<S extends TObject>(definition: ContractDefinition<S>): ModelContract<Static<S>> {
  type T = Static<S>;
  const { name, version, title, purpose, kind, schema, keys, examples, describe } = definition;
  const fitsSchema = compileFits(schema);
  const rules: readonly Rule<T>[] = [
    ...(clockRules as readonly Rule<T>[]),
    notNegativeRule(schema, definition.mayBeNegative ?? []),
    ...definition.rules,
  ];
  const fits = (value: unknown): value is T => {
    try {
      return fitsSchema(value) && extensionsFit(value as T);
    } catch {
      // A getter or proxy that throws: it is no plain data, so it does not fit.
      return false;
    }
  };
  return {
    id: `${name}.v${version}`,
    name,
    version,
    title,
    purpose,
    kind,
    schema: { $schema: "https://json-schema.org/draft/2020-12/schema", title, ...schema, examples },
    keys,
    examples,
    ruleTable: rules,
    fits,
    check: (value) => (fits(value) ? [] : explain(schema, value)),
    rules: (value: T, references: References, now: number) => runRules(rules, value, { references, now }),
    describe,
    ...(definition.needs === undefined ? {} : { needs: definition.needs }),
  };
}

/** Values that were found to fit a contract; an order is looked up for each of its completions, and rarely changes. */
const knownToFit = new WeakMap<object, string>();

/** The newest known message about an object of another contract, when there is one and it fits. */
export function lookUp<T>(
  references: References,
  contract: ModelContract<T>,
  object: string | undefined,
): T | undefined {
  if (object === undefined) return undefined;
  const found = references({ contract: contract.id, object });
  if (typeof found !== "object" || found === null) return undefined;
  if (knownToFit.get(found) === contract.id) return found as T;
  if (!contract.fits(found)) return undefined;
  knownToFit.set(found, contract.id);
  return found;
}

function extensionsFit(value: object): boolean {
  const extensions = (value as { extensions?: unknown }).extensions;
  return extensions === undefined || extensionProblem(extensions) === undefined;
}

function explain(schema: SchemaNode, value: unknown): Finding[] {
  const unreadable = { field: "", rule: "schema.unreadable", fix: "Send plain JSON data of this contract's schema." };
  try {
    const findings = schemaFindings(schema, value);
    return findings.length > 0 ? findings : [unreadable];
  } catch {
    // Reading the value itself throws; nothing more can be said about it.
    return [unreadable];
  }
}
