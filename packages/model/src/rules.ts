import { showValue } from "@lineshaft/core";
import type { Finding, References } from "@lineshaft/core";
import { FINDINGS } from "./limits.ts";

/** What a rule may look at besides the message. */
export interface RuleContext {
  references: References;
  /** Milliseconds since 1970. */
  now: number;
}

/** Where a rule does not hold. `fix` is given when more can be said than the rule's own. */
export interface Breach {
  field: string;
  value?: string;
  fix?: string;
}

/** One business rule: what must hold, and how its breach is mended. */
export interface Rule<T> {
  /** Stable; never reused for something else: `completion.output-positive`. */
  readonly code: string;
  /** What must hold, as a sentence. */
  readonly promise: string;
  /** What to do when it does not, as a sentence. */
  readonly fix: string;
  breaches(value: T, context: RuleContext): Iterable<Breach>;
}

/** A breach at a field, with the value found there. */
export function breach(field: string, value?: unknown, fix?: string): Breach {
  return { field, ...(value === undefined ? {} : { value: safeShow(value) }), ...(fix === undefined ? {} : { fix }) };
}

/** All findings of all rules, within the limit. A rule that fails itself becomes a finding; none ever throws. */
export function runRules<T>(rules: readonly Rule<T>[], value: T, context: RuleContext): Finding[] {
  const findings: Finding[] = [];
  for (const rule of rules) {
    try {
      for (const { field, value: found, fix } of rule.breaches(value, context)) {
        if (findings.length === FINDINGS) return [...findings, moreFindings("rule.more")];
        findings.push({
          field,
          rule: rule.code,
          ...(found === undefined ? {} : { value: found }),
          fix: fix ?? rule.fix,
        });
      }
    } catch (error) {
      findings.push(ruleFailed(rule, error));
    }
  }
  return findings;
}

/** The last finding of a list that was cut at its limit. */
export function moreFindings(rule: string): Finding {
  return {
    field: "",
    rule,
    fix: `There is more than the ${FINDINGS} findings listed. Correct these, then send again.`,
  };
}

/** `showValue` for anything: also for what JSON cannot write, such as cycles. */
export function safeShow(value: unknown): string {
  try {
    return showValue(typeof value === "string" ? value.slice(0, 200) : value);
  } catch {
    // Cyclic, too deep, or with a bigint inside: its kind is all that can be said of it.
    return Array.isArray(value) ? "a list" : `an ${typeof value}`;
  }
}

function ruleFailed(rule: Rule<never>, error: unknown): Finding {
  const cause = error instanceof Error ? error.message : String(error);
  return { field: "", rule: rule.code, fix: `This rule could not be checked (${cause}). ${rule.promise}` };
}
