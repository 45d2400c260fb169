import type { Clock } from "./clock.ts";
import type { Finding } from "./finding.ts";

/** One fact as a source hands it over. The engine parses, translates, checks and stores it. */
export interface Fact {
  /** The canonical contract it claims to be, `completion.v1`. */
  contract: string;
  /** The payload exactly as received. */
  raw: string | Uint8Array;
  /** The source's own id, when it travels outside of the payload (an Idempotency-Key header). Otherwise the contract finds it inside. */
  id?: string;
  /** Whose ids these are, where one source takes facts of many senders (an HTTP caller's name): the same id of two of them is two facts. */
  scope?: string;
  /** Fields known from outside the payload (from a topic or a path); they fill what the payload leaves out, before `translate`. */
  fields?: Readonly<Record<string, string>>;
  /** Turns the source's own form into the canonical one. What it throws becomes a finding. */
  translate?(body: unknown, fields: Readonly<Record<string, string>>): unknown;
  /** Where it came from, for people: a topic, a caller's name. */
  origin?: string;
  /** W3C traceparent, when the sender gave one. */
  trace?: string;
  /**
   * The source's own place once this fact is stored, saved in the same commit, whatever the receipt. Hand such a fact over
   * only after everything before it has been recorded. `loadCursor` reads it.
   */
  cursor?: Cursor;
}

/** A place in a peer, under a name of the source's own. */
export interface Cursor {
  name: string;
  value: string;
  /**
   * Moves only if it stands here, empty for nowhere; otherwise it stays where it is, and the fact is recorded all the same.
   * For a source that several workers run, of which one may have been paused while another one did its work.
   */
  after?: string;
}

/** The hub's answer to a fact, given when it is on disk. */
export type Receipt =
  | { kind: "accepted"; message: number }
  /** Known already; not applied again. `differs` when its content is not that of the first one, which is then kept as evidence. */
  | { kind: "duplicate"; message: number; differs: boolean }
  /** Kept as evidence, applied nowhere. */
  | { kind: "refused"; refusal: number; findings: Finding[] };

/** What the hub offers a source. */
export interface Intake {
  /**
   * Resolves once the fact is on disk; acknowledge the peer only then.
   * @throws LineshaftError `intake-overloaded` (come back later), `ledger-full`, `ledger-io`: do not acknowledge
   */
  record(fact: Fact): Promise<Receipt>;
  /** A source says so as soon as what is sent from now on reaches it: it is subscribed, or its port is open. */
  listening(): void;
  /** A source's own place in its peer, durable. Save it only after everything before it has been recorded. */
  loadCursor(name: string): Promise<string | undefined>;
  saveCursor(name: string, value: string): Promise<void>;
  /** What the hub's other workers have in hand; missing while there is none. Look each time: workers come and go. */
  readonly others?: OtherWorkers | undefined;
}

/** For a source whose peer speaks to one worker of a hub, and fetches there what all of them have for it. */
export interface OtherWorkers {
  /** What they have begun to send to a system and not settled yet, the oldest first, as the ledger has it at a moment after the call. */
  begun(system: string): Promise<BegunItem[]>;
  /** These with their values, mapped here. What this worker's flows cannot map is left out. */
  items(begun: readonly BegunItem[]): Promise<Item<unknown>[]>;
}

/** An item on its way, without its value. */
export interface BegunItem extends Pick<Item<unknown>, "token" | "key" | "attempt"> {
  delivery: number;
  /** A person edited what it carries. */
  edited: boolean;
}

/**
 * Brings facts in. `run` connects, hands facts over until the signal is aborted, then returns. It throws when the
 * connection is lost or refused; the runtime runs it again with back-off.
 */
export interface Source {
  /**
   * It may run on every worker of a hub at once (a port of one's own). Without this it runs on one of them, and on another
   * when that one goes away.
   */
  readonly everywhere?: boolean;
  run(intake: Intake, signal: AbortSignal): Promise<void>;
}

/** One delivery's value on its way to an operation. */
export interface Item<T> {
  /** Our key for this delivery: unique, stable over retries and restarts, `[0-9a-z-]`, at most 32 characters. */
  token: string;
  /** Order key of the message. */
  key: string;
  value: T;
  /** 1 for the first try. */
  attempt: number;
  /** When the message was received, ms since 1970. A look-up need not search before it. */
  receivedTime: number;
}

/** How an attempt ended. The connector says so where it holds the answer; the engine never parses text. */
export type Outcome =
  /** `receipt`: the other side's own name for what now stands, a document number. `already`: it stood before this attempt. */
  | { kind: "done"; receipt: string; already?: boolean; response?: unknown; note?: string }
  | { kind: "unavailable"; message: string; retryAfterMs?: number; said?: string; next?: string }
  /** `reason`: the connector's stable word. `next`: what a person should do. */
  | { kind: "rejected"; reason: string; message: string; next: string; said?: string; response?: unknown }
  | { kind: "uncertain"; message: string; said?: string; next?: string };

/** What a look-up found. `unknown`: looked, and can't tell. Throw UnavailableError when it could not look. */
export type Found =
  | { kind: "found"; receipt: string; response?: unknown; note?: string }
  | { kind: "absent"; evidence?: string }
  | { kind: "unknown"; message: string; evidence?: string };

/**
 * What a target operation promises about sending the same item twice:
 * `repeatable`, the other side itself refuses the second one by our token; or
 * `lookup`, we can find out whether it stands. `settleMs`: how long after the call has ended the other side may still be
 * working on it, so that not finding it before then means nothing. An operation with neither cannot be written.
 */
export type Repeat<T> =
  | { kind: "repeatable"; find?(item: Item<T>, signal: AbortSignal): Promise<Found> }
  | { kind: "lookup"; settleMs: number; find(item: Item<T>, signal: AbortSignal): Promise<Found> };

/** One operation of a system. */
export interface Target<T = unknown> {
  readonly repeat: Repeat<T>;
  /** Most items in one `send`. The engine never puts two items of one order key in a batch, unless `keepsOrder`. */
  readonly maxBatch: number;
  /** The operation applies a batch in its order, and nothing after a failed item of the same key. */
  readonly keepsOrder?: boolean;
  /** Items that share one of these (a product and location, an order) are never in two calls at once. In one batch they may stand together. */
  conflicts?(item: Item<T>): string[];
  /** One outcome per item, in order. An error thrown holds for all items: Rejected-, Unavailable-, UncertainError; any other counts as uncertain. */
  send(items: Item<T>[], signal: AbortSignal): Promise<Outcome[]>;
}

export type Health = { ok: true; version?: string; detail?: string } | { ok: false; message: string; next: string };

/** An open connection to one installation. */
export interface System {
  /** By operation name. */
  readonly targets: Readonly<Record<string, Target<never>>>;
  readonly sources: Readonly<Record<string, Source>>;
  /** Cheap and without effect: is it there, and does it let us in? Used by doctor, the page and the breaker's probe. */
  check(signal: AbortSignal): Promise<Health>;
  close(): Promise<void>;
}

/** What the runtime hands to a connector when it opens a system. */
export interface SystemContext {
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  log: Log;
}

/** Structured log; fields named like secrets are masked. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Limits that the engine keeps towards a system. */
export interface SystemLimits {
  /** Most `send` calls under way at once; default 4. */
  inFlight?: number;
  /** Most `send` calls begun per second; default unlimited. */
  perSecond?: number;
  /** After this the engine gives up waiting for one `send` and counts it as uncertain, in ms; default 180,000. */
  sendMs?: number;
}

/** A system as configured: what a connector's function (`odoo({…})`) returns. Opening it is the runtime's business. */
export interface SystemDefinition {
  /** Unique within the hub: `odoo-hamburg`. */
  readonly name: string;
  /** `odoo`, `sap-s4`, `mqtt`. */
  readonly connector: string;
  /** The plant that it belongs to; set by the engine's `plant`. Without one it serves all of them. */
  readonly plant?: string;
  readonly limits?: SystemLimits;
  /** Names of the sources that `open` will offer, so that configuration can be checked without connecting. */
  readonly sources?: readonly string[];
  open(context: SystemContext): Promise<System>;
}

/** A typed handle of one operation of one configured system, for use in flows. */
export interface Operation<T> {
  readonly system: SystemDefinition;
  readonly name: string;
  /** JSON Schema of the value. */
  readonly schema: object;
  /** Findings against the operation's own schema; empty when it fits. */
  check(value: unknown): Finding[];
  /** Carries the type only; never set. */
  readonly value?: T;
}
