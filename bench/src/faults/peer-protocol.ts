/** What the hub's connector and the counting peer say to each other. */

export const PEER_SYSTEMS = ["recognising", "forgetful"] as const;
/** `recognising` refuses a second one by its token; `forgetful` applies whatever it is sent, and can be asked. */
export type PeerSystem = (typeof PEER_SYSTEMS)[number];

/** How long the hub waits for an answer, in ms. */
export const CALL_MS = 400;
/** Longest time the peer works on a request before it applies it, in ms: longer than the hub waits. */
export const SLOWEST_MS = 1_100;
/** A request older than this is turned away unapplied, so that the promise behind `SETTLE_MS` holds on a busy machine too. */
export const STALE_MS = 1_150;
/** What the forgetful system promises: after this long nothing is applied any more. */
export const SETTLE_MS = 1_300;

export interface PeerItem {
  token: string;
  key: string;
  /** The source's own id of the fact. */
  fact: string;
  quantity: string;
  /** The fact is one that this peer never accepts. */
  refuse: boolean;
}

export interface PeerCall {
  /** When it left, by Date.now(). */
  sentAt: number;
  items: PeerItem[];
}

export type PeerResult =
  { kind: "done"; receipt: string; already: boolean } | { kind: "rejected"; message: string } | { kind: "busy" };

/** One applied effect, in the order of application. */
export interface PeerEffect {
  token: string;
  key: string;
  fact: string;
  quantity: string;
}

/** How often, of all calls, the peer does what. */
export interface PeerFaults {
  /** Applies, then cuts the connection. */
  dropAnswer: number;
  /** Applies some of the items, then cuts the connection. */
  dropHalfway: number;
  /** Cuts the connection before it applies anything. */
  dropRequest: number;
  /** Applies, and says 500. */
  failApplied: number;
  /** Applies nothing, and says 500. */
  fail: number;
  /** Says 503 or 429 with Retry-After; applies nothing. */
  turnAway: number;
  /** Applies late, often after the hub gave up waiting. */
  slow: number;
  /** Says of single items that they are locked. */
  busyItem: number;
  /** Cannot be asked: look-ups get 503, or no answer in time. */
  blind: number;
}

export const noFaults: PeerFaults = {
  dropAnswer: 0,
  dropHalfway: 0,
  dropRequest: 0,
  failApplied: 0,
  fail: 0,
  turnAway: 0,
  slow: 0,
  busyItem: 0,
  blind: 0,
};

/** From the campaign to the peer's process. */
export type PeerOrder =
  | { order: "reset"; seed: number }
  | { order: "faults"; faults: PeerFaults }
  | { order: "outage"; ms: number }
  | { order: "effects" };

/** From the peer's process to the campaign; each message has one of the fields. */
export interface PeerWord {
  url: string;
  /** An effect stands twice: seen the moment it happens. */
  twice: { system: PeerSystem; effect: PeerEffect };
  effects: Record<PeerSystem, PeerEffect[]>;
}
