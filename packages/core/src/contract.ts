import type { Finding } from "./finding.ts";

/** What the hub needs to know of a message besides its content. */
export interface Description {
  /** The source's own id of this fact. Two facts of one source with one id are the same fact. */
  id: string;
  /** The business object it is about: a production order, a product. */
  object: string;
  /** Facts of one order key are applied in the order of their arrival. Usually the object. */
  key: string;
  /** Version of a state in the source's counting, compared as by `compareVersions`; only for contracts of kind `state`. */
  version?: string;
  /** When it happened, in milliseconds since 1970 (UTC). */
  eventTime: number;
}

/** What a rule may look up: the newest known message about an object of another contract. */
export interface Reference {
  contract: string;
  object: string;
}

export type References = (reference: Reference) => unknown;

/**
 * A canonical message type with a version.
 *
 * An `event` happened and stays true (a completion). A `state` says how something is now (a product), so that an older
 * version must not overwrite a newer one and a newer one makes an older, unsent one moot.
 */
export interface Contract<T = unknown> {
  /** `completion.v1` */
  readonly id: string;
  readonly title: string;
  readonly kind: "event" | "state";
  /** JSON Schema (draft 2020-12) with examples. */
  readonly schema: object;
  readonly examples: readonly T[];
  /** Findings against the schema; empty when it fits. Never throws, whatever it is given. */
  check(value: unknown): Finding[];
  /** What `rules` will ask for. */
  needs?(value: T): Reference[];
  /** Findings against the business rules, which are more than a schema can say. Called with what passed `check`. */
  rules(value: T, references: References, now: number): Finding[];
  describe(value: T): Description;
}

/**
 * Compares two versions of a source: numbers by size, everything else by code point, so that ISO times of one zone work.
 * @returns negative when `a` is older, 0 when equal, positive when newer
 */
export function compareVersions(a: string, b: string): number {
  const digits = /^\d+$/;
  if (digits.test(a) && digits.test(b)) {
    const [x, y] = [BigInt(a), BigInt(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
