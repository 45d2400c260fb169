import type { Contract, Description, Finding, Reference, References } from "@lineshaft/core";
import type { Static, TObject } from "typebox";
import { Compile } from "typebox/compile";

/** What a rule may look at besides the message. */
export interface RuleContext {
  references: References;
  /** Milliseconds since 1970. */
  now: number;
}

/** One business rule: what must hold, and how its breach is mended. */
export interface Rule<T> {
  /** Stable; never reused for something else: `completion.output-positive`. */
  code: string;
  /** What must hold, as a sentence. */
  promise: string;
  /** What to do when it does not, as a sentence; a finding may be more specific. */
  fix: string;
  check(value: T, context: RuleContext): Iterable<Omit<Finding, "rule" | "fix"> & { fix?: string }>;
}

export interface ContractDefinition<S extends TObject> {
  /** Lower case with dashes: `stock-movement`. */
  name: string;
  version: number;
  title: string;
  kind: "event" | "state";
  schema: S;
  describe(value: Static<S>): Description;
  rules: readonly Rule<Static<S>>[];
  needs?(value: Static<S>): Reference[];
  examples: readonly Static<S>[];
}

/** A contract that can also tell its rules, for the documentation. */
export interface ModelContract<T = unknown> extends Contract<T> {
  readonly name: string;
  readonly version: number;
}

export function defineContract<S extends TObject>(definition: ContractDefinition<S>): ModelContract<Static<S>> {
  const validator = Compile(definition.schema);
  return {
    ...definition,
    id: `${definition.name}.v${definition.version}`,
    check: (value) =>
      validator.Check(value) ? [] : [{ field: "", rule: "schema.invalid", fix: "Look at the schema." }],
    rules: () => [],
  };
}
