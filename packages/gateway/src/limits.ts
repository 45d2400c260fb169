/** What may gather at a gateway and travel on its link. */
export interface GatewayLimits {
  /** Facts, orders and what belongs to them may take this much of the disk, in bytes; the log beside it takes up to 16 MiB more. */
  bufferBytes: number;
  /** Most facts in one upload. */
  batchFacts: number;
  /** Most bytes of facts in one upload, before compression. */
  batchBytes: number;
  /** How long a fact waits for others to share its upload, in ms. */
  lingerMs: number;
  /** An upload without an answer by then is given up, and its connection with it, in ms. */
  requestMs: number;
  /** With nothing to send, the hub is asked whether it is there this often, in ms. */
  heartbeatMs: number;
  /** The hub holds a request for orders at most this long, in ms. */
  pollMs: number;
  /** First and longest wait after a failure, in ms, before jitter. */
  retryFirstMs: number;
  retryCapMs: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  bufferBytes: 4 * 1024 * 1024 * 1024,
  batchFacts: 1_000,
  batchBytes: 1_048_576,
  lingerMs: 200,
  requestMs: 30_000,
  heartbeatMs: 15_000,
  pollMs: 25_000,
  retryFirstMs: 500,
  retryCapMs: 30_000,
};

/** Most facts of a gateway's sources that wait for their commit at once. */
export const WAITING_FACTS = 20_000;

/** Longest fact that goes up whole, in bytes: what a hub takes. */
export const FACT_BYTES = 1_048_576;

/** Of a longer one this much goes up as evidence, in bytes. */
export const EVIDENCE_BYTES = 65_536;

/** Longest request to enrol, in bytes: it is read before anything is known of its sender. */
export const ENROL_BODY_BYTES = 16_384;

/** Longest body that a hub reads of a gateway, as sent and unpacked, in bytes. */
export const BATCH_BODY_BYTES = 8 * 1024 * 1024;

/** Most orders handed to a gateway in one answer. */
export const ORDERS_PER_POLL = 100;

/** Longest answer that a gateway reads, in bytes. */
export const ANSWER_BYTES = 16 * 1024 * 1024;

/** Most bytes of orders of this worker in one answer, and as much again of the others': both fit in what a gateway reads. */
export const ORDERS_BYTES = 4 * 1024 * 1024;

/** What an order has beside its value, at most: token, key and number. */
export const ORDER_FRAME_BYTES = 2_048;

/** Orders that a gateway fetches ahead of its slowest consumer; further ones wait at the hub. */
export const ORDERS_AHEAD = 10_000;

/** How many of the newest orders a gateway knows again, once its consumers have taken them. */
export const ORDERS_REMEMBERED = 100_000;

/** A worker of several looks this often, in ms, for what the others have for a gateway, and for what it took from them. */
export const ORDERS_LOOK_MS = 500;

/** A worker of several writes this often at most, in ms, that a gateway asks it for orders, unless it has stored some. */
export const ORDERS_NOTE_MS = 5_000;

/** How long an order waits at the hub for a gateway that does not fetch it, in ms, before it is tried again later. */
export const ORDER_WAIT_MS = 60_000;

/** A gateway that was not heard of for this long counts as away, in ms. */
export const AWAY_AFTER_MS = 60_000;

/** Longest configuration of a gateway, in bytes of JSON. */
export const CONFIGURATION_BYTES = 262_144;

/** How many of the newest configurations of a gateway the ledger keeps, to go back to. */
export const PUBLICATIONS_KEPT = 10;

/** A configuration that the gateway's process ended with so often, before it had started, is refused. */
export const CONFIGURATION_DEATHS = 2;

/** What the hub knows of a gateway is written to the ledger this often at most, in ms, unless something changed that people wait for. */
export const FLEET_SAVE_MS = 5_000;

/** A worker of a hub looks this often at most, in ms, whether a gateway has a new configuration. */
export const PUBLICATION_LOOK_MS = 2_000;

/** Longest report of a gateway about itself, in characters as sent. */
export const REPORT_CHARS = 8_192;
