/**
 * One thing that is wrong with a message, told so that its sender can mend it.
 * A refusal lists all findings, not just the first.
 */
export interface Finding {
  /** JSON pointer (RFC 6901) into the message: `/yield/value`; empty for the whole. */
  field: string;
  /** Stable code of the rule: `schema.required`, `completion.quantity-positive`. */
  rule: string;
  /** The value found, shortened; absent when the field is missing. */
  value?: string;
  /** What to do, as a sentence. */
  fix: string;
}

/** Longest text of a value that a finding repeats, in characters. */
const FINDING_VALUE_CHARS = 120;

/** Shows a value in a finding: JSON, shortened. */
export function showValue(value: unknown): string {
  const text = typeof value === "bigint" ? value.toString() : (JSON.stringify(value) ?? typeof value);
  return text.length <= FINDING_VALUE_CHARS ? text : `${text.slice(0, FINDING_VALUE_CHARS)}…`;
}
