/** How a route's deliveries are worked off. All times in milliseconds. */
export interface Policy {
  /** `wait` (default): later deliveries of the same key and system wait for an open one. `continue`: they go on while it is parked. */
  order?: "wait" | "continue";
  /** Which work goes first when a system is busy; each class keeps a share of its own. */
  priority?: Priority;
  /** Back-off after `unavailable`: first, doubled each time, capped, with jitter. */
  retryFirstMs?: number;
  retryCapMs?: number;
  /** An undelivered message older than this is parked as `expired`; default never. */
  giveUpAfterMs?: number;
  /** How often an uncertain delivery is looked up without a clear answer before a person is asked. */
  checks?: number;
  /** `state` contracts: a newer version makes an older, unsent one moot; default true. */
  supersede?: boolean;
  /** Who looks after what gets parked here; default the flow's owner. */
  owner?: string;
}

export type Priority = "urgent" | "normal" | "bulk";

export const PRIORITIES: readonly Priority[] = ["urgent", "normal", "bulk"];

export const policyDefaults = {
  order: "wait",
  priority: "normal",
  retryFirstMs: 1_000,
  retryCapMs: 300_000,
  giveUpAfterMs: Number.POSITIVE_INFINITY,
  checks: 5,
  supersede: true,
} as const;

/** A delivery in hand at this many crashes is parked as `poison`. */
export const POISON_CRASHES = 3;

/**
 * The wait before try `tries + 1`: exponential, capped, and spread over its upper half so that many retries do not
 * arrive together. Never shorter than what the other side asked for.
 */
export function backoffMs(policy: Policy, tries: number, random: () => number, retryAfterMs = 0): number {
  const first = policy.retryFirstMs ?? policyDefaults.retryFirstMs;
  const cap = policy.retryCapMs ?? policyDefaults.retryCapMs;
  const full = Math.min(cap, first * 2 ** Math.min(tries, 40));
  return Math.max(retryAfterMs, Math.round(full * (0.5 + random() / 2)));
}
