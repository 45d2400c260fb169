/** How the two targets tell a second request from a first one: `one` by its token, `two` not at all, but it can be asked. */
export type TargetName = "one" | "two";

/** How long after a call target `two` may still be working on it, in ms: it answers when it is done. */
export const SETTLE_MS = 200;

/** What is posted to `/one` or `/two`. */
export interface Posted {
  token: string;
  key: string;
}

/** What the targets' process says; the second one when it is asked with `{ tell: true }`. */
export interface TargetsWord {
  url: string;
  /** Messages in the order in which they were applied; the same one again when it was applied again. */
  applied: { one: number[]; two: number[]; recognised: number };
}

export interface FailoverWorkerOptions {
  /** Of the ledger. */
  url: string;
  targets: string;
  name: string;
}

/** What a worker is told: a fact to take, or to stop in good order. */
export type FailoverOrder = { take: { n: number; raw: string } } | { stop: true };

/** What a worker says. */
export interface FailoverWord {
  lanes: number;
  /** The fact that is on disk now. */
  taken: number;
  /** Order keys of the deliveries that one commit settled, and when: Date.now(). */
  settled: { keys: string[]; at: number };
  /** Why a fact was not taken. */
  failed: string;
  stopped: true;
}
