import type { Cursor } from "./connector.ts";
import { LineshaftError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import type { Identity, IdentityAct } from "./identity.ts";

/** Open states first, final states after. */
export type DeliveryState =
  "pending" | "sending" | "checking" | "parked" | "done" | "dropped" | "superseded" | "suppressed";

/** A flow's way to one operation of one system. Registered once, numbered by the ledger for good. */
export interface Route {
  id: number;
  flow: string;
  system: string;
  operation: string;
}

/** Most routes a ledger numbers over its life. A delivery's id is `message * ROUTES + route`, so a pair can exist only once. */
export const ROUTES = 4096;

/** Buckets of order keys; fixed for the life of a ledger. */
export const LANES = 64;

export function deliveryId(message: number, route: number): number {
  return message * ROUTES + route;
}

export function messageOf(delivery: number): number {
  return Math.floor(delivery / ROUTES);
}

export function routeOf(delivery: number): number {
  return delivery % ROUTES;
}

/** The lane of an order key: FNV-1a over its UTF-16 code units. The same on every worker and in every version. */
export function laneOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % LANES;
}

export interface NewMessage {
  source: string;
  sourceId: string;
  contract: string;
  object: string;
  key: string;
  /** Only for contracts of kind `state`: the stale guard compares it with the newest known of (source, contract, object). */
  version?: string;
  eventTime: number;
  receivedTime: number;
  received: string | Uint8Array;
  /** The canonical payload as JSON; absent when it is what was received. */
  canonical?: string;
  origin?: string;
  trace?: string;
  deliveries: readonly { route: number; supersede: boolean }[];
  /** Saved in the same commit, also when the message is known already. */
  cursor?: Cursor;
}

/** A fact that was not accepted, kept as evidence. */
export interface NewRefusal {
  source: string;
  sourceId?: string;
  contract: string;
  receivedTime: number;
  /** Cut to the intake's limit. */
  received: Uint8Array;
  /** Length before the cut, in bytes. */
  receivedBytes: number;
  findings: readonly Finding[];
  origin?: string;
  /** Saved in the same commit. */
  cursor?: Cursor;
}

/** Why a delivery waits for a person. */
export interface Parking {
  /** Stable word: `rejected`, `ambiguous`, `mapping`, `poison`, `expired`, or the connector's own reason. */
  reason: string;
  message: string;
  /** Suggested next step, as a sentence. */
  next: string;
  owner: string;
}

/** One try of a delivery; immutable once written. */
export interface NewAttempt {
  kind: "send" | "check";
  startedAt: number;
  endedAt: number;
  outcome: "done" | "unavailable" | "rejected" | "uncertain" | "found" | "absent" | "unknown" | "crashed";
  receipt?: string;
  message?: string;
  /** The mapped value as JSON, cut to `ATTEMPT_BODY_CHARS`. */
  request?: string;
  response?: string;
}

/** Longest request or response kept with an attempt, in characters. */
export const ATTEMPT_BODY_CHARS = 65_536;

/** One step in the life of a delivery. Refused (and listed in `lost`) when it is not in state `from` or the lane has another fence. */
export interface Settlement {
  delivery: number;
  lane: number;
  fence: number;
  from: DeliveryState;
  to: DeliveryState;
  at: number;
  /** For `pending` and `checking`: not before. */
  dueAt?: number;
  /** Tries that count towards back-off from here on. */
  tries?: number;
  /** Set when a worker that had it in hand crashed. */
  crashes?: number;
  parking?: Parking;
  attempt?: NewAttempt;
}

/** Everything that one durable commit takes in; an empty list may be left out. */
export interface CommitGroup {
  at: number;
  /**
   * For a writer with several commits under way: after one failed, the ledger turns away those of the same epoch and of
   * older ones with `ledger-io`, so that nothing overtakes what has to come again. The writer goes on with a higher one.
   */
  epoch?: number;
  messages?: readonly NewMessage[];
  refusals?: readonly NewRefusal[];
  /** At most one of each delivery: its next step is taken when this one is on disk. */
  settlements?: readonly Settlement[];
}

/** What a commit saves of its sources' places: the last one of each name, moved from where the first one stood. */
export function cursorsOf({ messages = [], refusals = [] }: CommitGroup): Cursor[] {
  const cursors = new Map<string, Cursor>();
  for (const { cursor } of [...messages, ...refusals]) {
    if (cursor === undefined) continue;
    const before = cursors.get(cursor.name);
    if (before === undefined || cursor.after === undefined) cursors.set(cursor.name, cursor);
    else if (cursor.after === before.value) cursors.set(cursor.name, { ...before, value: cursor.value });
  }
  return [...cursors.values()];
}

export type Recorded =
  | {
      kind: "accepted";
      message: number;
      deliveries: { id: number; state: "pending" | "suppressed" }[];
      superseded: number[];
    }
  | { kind: "duplicate"; message: number; differs: boolean };

export interface CommitResult {
  /** One per message, in order. */
  messages: Recorded[];
  /** Ids, one per refusal, in order. */
  refusals: number[];
  /** Deliveries whose settlement was refused; nothing of theirs was changed. */
  lost: number[];
  /**
   * The newest message before those of this commit, 0 for none. Whoever knows an older one as the newest has to read what
   * other workers accepted before it goes on: their facts come first.
   */
  newestBefore: number;
  /** How long it stood behind commits of other workers, in ms; 0 where one process has the ledger for itself. */
  waitedMs: number;
}

export interface LaneClaim {
  lane: number;
  fence: number;
}

/** What a worker holds. */
export interface LaneLease {
  lanes: LaneClaim[];
  /** How many of them it should give back, in its own time, so that all live workers hold about as many. */
  surplus: number;
  /** Live workers, this one among them. */
  workers: number;
  /** Workers that went without giving their lanes back, within the last minute: crashed, cut off or suspended. */
  vanished: number;
  /** How long it holds from the moment it was asked for; Infinity where a lock holds it for as long as the process lives. */
  leaseMs: number;
  /** The ledger's clock, ms: what all workers go by, however wrong their own is. */
  now: number;
}

/**
 * What other processes did. A hint: some may be missing, and some may tell of what one knows already.
 * `accepted`: there are new deliveries in these lanes. `acts`: a person acted. `workers`: one came or went, or lanes are free.
 */
export type News = { kind: "accepted"; lanes: readonly number[] } | { kind: "acts" } | { kind: "workers" };

/** What dispatch needs of an open delivery; light, so that many fit in memory. */
export interface OpenDelivery {
  id: number;
  route: number;
  key: string;
  state: "pending" | "sending" | "checking" | "parked";
  dueAt: number;
  since: number;
  attempts: number;
  tries: number;
  crashes: number;
  /** A person put another payload in place of its message's. */
  edited: boolean;
}

export interface StoredMessage {
  id: number;
  source: string;
  sourceId: string;
  contract: string;
  object: string;
  key: string;
  version: string | null;
  eventTime: number;
  receivedTime: number;
  received: Uint8Array;
  canonical: string;
  origin: string | null;
  trace: string | null;
  duplicates: number;
}

export interface StoredDelivery {
  id: number;
  message: number;
  flow: string;
  system: string;
  operation: string;
  key: string;
  state: DeliveryState;
  dueAt: number;
  /** When it came into this state. */
  since: number;
  attempts: number;
  crashes: number;
  parking: Parking | null;
  /** The canonical payload a person put in place of the message's, or null. */
  edited: string | null;
  receipt: string | null;
}

export interface StoredAttempt extends NewAttempt {
  delivery: number;
  n: number;
}

export interface StoredRefusal extends NewRefusal {
  id: number;
}

/** What a person (or a command on a person's behalf) does to a delivery. Written with who and why, in one commit with its effect. */
export type Act = { who: string; why: string; at: number } & (
  | { kind: "resend"; delivery: number }
  /** `canonical` replaces the message's payload for this delivery only; the original stays, the difference is kept. */
  | { kind: "edit"; delivery: number; canonical: string; difference: object }
  /** A person vouches that it stands. */
  | { kind: "confirm"; delivery: number; receipt: string }
  | { kind: "drop"; delivery: number }
  /** Look again whether a finished delivery stands, and send it if it does not. `check: false` sends at once, for repeatable operations. */
  | { kind: "recheck"; delivery: number; check: boolean }
  /** A delivery that routing would make today and that does not exist yet. */
  | { kind: "create"; message: number; route: number }
);

/**
 * What a person does that is about no delivery: moves what stands under a name, a gateway's configuration for one. Moves
 * only from where the person saw it (`cursor.after`, empty for nowhere), so that of two who act at once one is told.
 */
export interface CursorAct {
  who: string;
  why: string;
  at: number;
  kind: "publish" | "revert";
  cursor: Required<Cursor>;
  /** What it is about, for the audit trail; no secrets. */
  detail: object;
}

/** What a ledger says of a `CursorAct` that comes too late. */
export function cursorMoved({ cursor }: CursorAct): LineshaftError {
  return new LineshaftError(
    "wrong-state",
    `${cursor.name} was changed by somebody else meanwhile; nothing was stored.`,
    {
      next: "Look at what stands there now (lineshaft audit list says who changed it), then act again if it is still right.",
    },
  );
}

/** An act as it is sealed. `message` and `delivery` are null for what is about neither: a publication, an identity, a copy, retention. */
export interface AuditEntry {
  id: number;
  at: number;
  who: string;
  /** The kind of an `Act` or a `CursorAct`, `identify`, `restore`, `copy`, `retain`. */
  act: string;
  message: number | null;
  delivery: number | null;
  why: string;
  /** JSON, or null. */
  detail: string | null;
}

export interface MessageFilter {
  ids?: readonly number[];
  key?: string;
  object?: string;
  source?: string;
  sourceId?: string;
  contract?: string;
  /** Text within the canonical payload or the ids; a scan. */
  search?: string;
  /** Received at or after, before; ms. */
  from?: number;
  to?: number;
  afterId?: number;
  limit: number;
  /** Default oldest first. */
  newestFirst?: boolean;
}

export interface DeliveryFilter {
  ids?: readonly number[];
  messages?: readonly number[];
  states?: readonly DeliveryState[];
  system?: string;
  flow?: string;
  afterId?: number;
  limit: number;
}

export interface Count {
  flow: string;
  system: string;
  operation: string;
  state: DeliveryState;
  count: number;
}

export interface LedgerTotals {
  messages: number;
  duplicates: number;
  refusals: number;
  attempts: number;
  commits: number;
}

export interface AuditReport {
  ok: boolean;
  commits: number;
  rows: number;
  /** The hash of the newest link, hex. Keep it elsewhere to prove later that nothing before it was changed. */
  head: string;
  /** First break, as a sentence. */
  problem?: string;
}

export interface LatestQuery {
  contract: string;
  objects: readonly string[];
  /** Only what one of these said counts; default: what anyone said. */
  sources?: readonly string[] | undefined;
}

/**
 * The store of every message, delivery, attempt and act. All writing goes through `commit` and the acts, each one
 * transaction that is on disk when its promise resolves.
 *
 * @throws LineshaftError `ledger-full` or `ledger-io`: nothing of the group was stored. `ledger-closed`.
 */
export interface Ledger extends AsyncDisposable {
  /** `sqlite` or `postgres`. */
  readonly engine: string;
  /** Made at random with the ledger: eight of `[0-9a-z]`. Part of every token, so that two ledgers never mean the same. */
  readonly id: string;

  /** Makes systems known, each with the plant that it belongs to; null: to no single one. */
  registerSystems(systems: readonly { name: string; plant: string | null }[]): Promise<void>;
  /** Numbers routes, the known ones with their old number. */
  registerRoutes(routes: readonly Omit<Route, "id">[]): Promise<Route[]>;
  routes(): Promise<Route[]>;

  commit(group: CommitGroup): Promise<CommitResult>;

  /**
   * Makes the worker known as live and takes free lanes for it, up to its fair share; each taking raises the lane's fence.
   * A name is used by one process at a time: lanes that an earlier process of the same name held are taken anew.
   * @throws LineshaftError `ledger-busy` by a store that only one process can work on
   */
  claimLanes(claim: { worker: string; leaseMs: number }): Promise<LaneLease>;
  /** Prolongs the lease on what the worker still holds, and takes free lanes up to its fair share. */
  renewLanes(renewal: { worker: string; leaseMs: number }): Promise<LaneLease>;
  /** Gives these lanes back, free for others at once; without `lanes` all of them, and the worker is no longer live. */
  releaseLanes(release: { worker: string; lanes?: readonly number[] }): Promise<void>;
  /** Listens to what other processes do, until the returned function is called. A store of one process tells nothing. */
  follow(told: (news: News) => void): () => void;

  /** Open deliveries of a system in the given lanes, in order of id, after `after`. No lower one appears later, but for those that an act made. */
  openDeliveries(query: {
    system: string;
    lanes: readonly number[];
    after: number;
    limit: number;
  }): Promise<OpenDelivery[]>;
  /** The same for one key. */
  openOfKey(query: { system: string; key: string; after: number; limit: number }): Promise<OpenDelivery[]>;
  /** Deliveries in `sending` or `checking`, in the given lanes, of one system or of all: what other workers have in hand, or a crashed one had. */
  inHand(lanes: readonly number[], system?: string): Promise<(OpenDelivery & { system: string })[]>;
  /** Canonical payloads (the edited one where there is one) with what dispatch needs of the message, by delivery; of deliveries as this ledger told them. */
  payloads(deliveries: readonly Pick<OpenDelivery, "id" | "edited">[]): Promise<Map<number, DeliveryPayload>>;

  /** @throws LineshaftError `not-found`, `wrong-state` */
  act(act: Act): Promise<AuditEntry & { deliveryId: number }>;
  /** The move and its audit entry are stored together or not at all. @throws LineshaftError `wrong-state` when it stands elsewhere by now */
  actOnCursor(act: CursorAct): Promise<AuditEntry>;
  /** The identity and its audit entry are stored together or not at all. @throws LineshaftError `wrong-state` when somebody said otherwise meanwhile, or when it stands for another object */
  actOnIdentity(act: IdentityAct): Promise<AuditEntry>;
  audit(query: { after: number; limit: number }): Promise<AuditEntry[]>;
  verifyAudit(progress?: (rows: number) => void): Promise<AuditReport>;

  message(id: number): Promise<StoredMessage | undefined>;
  messages(filter: MessageFilter): Promise<StoredMessage[]>;
  deliveries(filter: DeliveryFilter): Promise<StoredDelivery[]>;
  attempts(delivery: number): Promise<StoredAttempt[]>;
  refusals(query: { after: number; limit: number }): Promise<StoredRefusal[]>;
  /** Deliveries by route and state; `open` counts only those that are not final, which is cheap. */
  counts(query: { open: boolean }): Promise<Count[]>;
  totals(): Promise<LedgerTotals>;

  /** The newest known canonical payloads of objects of a `state` contract, by object; of what nobody told of there is none. */
  latest(query: LatestQuery): Promise<Map<string, string>>;
  learnIdentities(identities: readonly Identity[]): Promise<void>;
  identity(query: { kind: string; object: string; system: string }): Promise<string | undefined>;
  /** The other way round. */
  objectOf(query: { kind: string; system: string; external: string }): Promise<string | undefined>;

  loadCursor(name: string): Promise<string | undefined>;
  saveCursor(name: string, value: string): Promise<void>;

  close(): Promise<void>;
}

export interface DeliveryPayload {
  message: number;
  source: string;
  sourceId: string;
  contract: string;
  object: string;
  key: string;
  eventTime: number;
  receivedTime: number;
  canonical: string;
  trace: string | null;
}
