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
  /** Tells each place where it does not hold. */
  check(value: T, context: RuleContext, tell: (breach: Breach) => void): void;
}

/** A breach at a field, with the value found there. */
export function breach(field: string, value?: unknown, fix?: string): Breach {
  return { field, ...(value === undefined ? {} : { value: safeShow(value) }), ...(fix === undefined ? {} : { fix }) };
}

/** All findings of all rules, within the limit. A rule that fails itself becomes a finding; none ever throws. */
export function runRules<T>(rules: readonly Rule<T>[], value: T, context: RuleContext): Finding[] {
  const findings: Finding[] = [];
  let current: Rule<T> | undefined;
  const tell = ({ field, value: found, fix }: Breach): void => {
    if (findings.length > FINDINGS || current === undefined) return;
    if (findings.length === FINDINGS) {
      findings.push(moreFindings("rule.more"));
      return;
    }
    const { code } = current;
    findings.push({ field, rule: code, ...(found === undefined ? {} : { value: found }), fix: fix ?? current.fix });
  };
  for (current of rules) {
    try {
      current.check(value, context, tell);
    } catch (error) {
      if (findings.length <= FINDINGS) findings.push(ruleFailed(current, error));
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
