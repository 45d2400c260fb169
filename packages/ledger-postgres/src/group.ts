import {
  type CommitGroup,
  type CommitResult,
  type Cursor,
  type NewMessage,
  type NewRefusal,
  type Recorded,
  type Settlement,
  cursorsOf,
  deliveryId,
  laneOf,
} from "@lineshaft/core";
import { digestOf, lineTail } from "./audit-chain.ts";
import { toIndexed, toStored } from "./text.ts";

/** What `commit_v2` answers. */
export interface Committed {
  /** Message `n` of the group, counted from 1, has the id `base + n`. */
  base: number | null;
  /** `n`, the first one's id, whether its content differs. */
  repeated: [n: number, message: number, differs: boolean][] | null;
  stale: number[];
  /** `n` of the newer one, the delivery that it made moot. */
  superseded: [n: number, delivery: number][] | null;
  refusals: number | null;
  lost: number[];
  newestBefore: number;
  /** For the lock on head, in microseconds. */
  waited: number;
}

/** The parameters of `commit_v2` from `p_messages` on. */
export function groupParameters(group: CommitGroup): unknown[] {
  const payloads = new Payloads();
  const { messages = [], refusals = [], settlements = [] } = group;
  const digests = messages.map((m) => digestOf(m.received, m.canonical));
  const versioned = messages.flatMap((m, at) => (m.version === undefined ? [] : [versionRow(m, m.version, at + 1)]));
  const begins = settlements.filter(isBegin);
  const others = begins.length === settlements.length ? [] : settlements.filter((s) => !isBegin(s));
  return [
    rows(messages.map((m, at) => messageRow(m, at + 1, digests[at] as string, payloads))),
    rows(versioned),
    // Refusals add theirs below, before this is taken.
    payloads,
    messages.length === 0 ? null : Buffer.from(digests.join(""), "hex"),
    rows(refusals.map((r, at) => refusalRow(r, at + 1, payloads))),
    rows(begins.map((s) => ({ d: s.delivery, l: s.lane, f: s.fence, a: s.at }))),
    rows(others.map((s, at) => settlementRow(s, at + 1))),
    lanesOf(messages),
    rows(cursorsOf(group).map(cursorRow)),
  ].map((value) => (value instanceof Payloads ? value.bytes : value));
}

export function commitResult(group: CommitGroup, done: Committed): CommitResult {
  const { messages = [], refusals = [] } = group;
  const repeated = new Map((done.repeated ?? []).map(([n, message, differs]) => [n, { message, differs }]));
  const superseded = Map.groupBy(done.superseded ?? [], ([n]) => n);
  const stale = new Set(done.stale);
  const recorded = messages.map((m, at): Recorded => {
    const n = at + 1;
    const first = repeated.get(n);
    if (first !== undefined) return { kind: "duplicate", ...first };
    const message = (done.base ?? 0) + n;
    const state = stale.has(message) ? "suppressed" : "pending";
    return {
      kind: "accepted",
      message,
      deliveries: m.deliveries.map(({ route }) => ({ id: deliveryId(message, route), state })),
      superseded: superseded.get(n)?.map(([, delivery]) => delivery) ?? [],
    };
  });
  return {
    messages: recorded,
    refusals: refusals.map((_, at) => (done.refusals ?? 0) + at + 1),
    lost: done.lost,
    newestBefore: done.newestBefore,
    waitedMs: done.waited / 1_000,
  };
}

function cursorRow({ name, value, after }: Cursor): object {
  return {
    name: toStored(name),
    value: toStored(value),
    ...(after === undefined ? {} : { after: toStored(after) }),
  };
}

/** Payloads of a group, one after the other: they travel as bytes, unescaped. */
class Payloads {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Where it starts, counted from 1, and how long it is. */
  add(payload: string | Uint8Array): { start: number; bytes: number } {
    const part = typeof payload === "string" ? Buffer.from(payload) : payload;
    const start = this.#length + 1;
    this.#parts.push(part);
    this.#length += part.length;
    return { start, bytes: part.length };
  }

  get bytes(): Buffer | null {
    return this.#parts.length === 0 ? null : Buffer.concat(this.#parts, this.#length);
  }
}

function rows(list: readonly object[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list);
}

function messageRow(m: NewMessage, n: number, digest: string, payloads: Payloads): object {
  return {
    n,
    source: toStored(m.source),
    source_id: toStored(m.sourceId),
    seen_id: toIndexed(m.sourceId),
    contract: toStored(m.contract),
    object: toStored(m.object),
    key: toStored(m.key),
    version: toStored(m.version),
    event_time: Math.round(m.eventTime),
    received_time: Math.round(m.receivedTime),
    origin: toStored(m.origin),
    trace: toStored(m.trace),
    canonical: toStored(m.canonical),
    ...payloads.add(m.received),
    // A message without a key is refused by the ledger, not here.
    lane: typeof m.key === "string" ? laneOf(m.key) : null,
    routes: m.deliveries.map((d) => d.route),
    tail: lineTail([
      m.source,
      m.sourceId,
      m.contract,
      m.object,
      m.key,
      m.version,
      Math.round(m.eventTime),
      Math.round(m.receivedTime),
      digest,
    ]),
  };
}

function versionRow(m: NewMessage, version: string, n: number): object {
  return {
    n,
    contract: toStored(m.contract),
    object: toIndexed(m.object),
    source: toStored(m.source),
    version: toStored(version),
    units: versionUnits(version),
    routes: m.deliveries.map((d) => d.route),
    moot: m.deliveries.filter((d) => d.supersede).map((d) => d.route),
  };
}

/** UTF-16 units, big end first, as hex: in the order in which JavaScript compares text. */
export function versionUnits(version: string): string {
  return Buffer.from(version, "utf16le").swap16().toString("hex");
}

function refusalRow(r: NewRefusal, n: number, payloads: Payloads): object {
  const findings = JSON.stringify(r.findings);
  return {
    n,
    received_time: r.receivedTime,
    received_bytes: r.receivedBytes,
    source: toStored(r.source),
    source_id: toStored(r.sourceId),
    contract: toStored(r.contract),
    findings,
    origin: toStored(r.origin),
    ...payloads.add(r.received),
    tail: lineTail([r.source, r.sourceId, r.contract, r.receivedTime, r.receivedBytes, findings]),
  };
}

function isBegin(s: Settlement): boolean {
  return (
    s.from === "pending" &&
    s.to === "sending" &&
    s.attempt === undefined &&
    s.parking === undefined &&
    s.dueAt === undefined &&
    s.tries === undefined &&
    s.crashes === undefined
  );
}

function settlementRow(s: Settlement, n: number): object {
  return {
    n,
    delivery: s.delivery,
    lane: s.lane,
    fence: s.fence,
    was: s.from,
    becomes: s.to,
    at: s.at,
    due_at: s.dueAt,
    tries: s.tries,
    crashes: s.crashes,
    parking: s.parking === undefined ? undefined : JSON.stringify(s.parking),
    ...(s.attempt === undefined ? {} : attemptColumns(s.delivery, s.attempt)),
  };
}

function attemptColumns(delivery: number, a: NonNullable<Settlement["attempt"]>): object {
  return {
    kind: a.kind,
    started_at: a.startedAt,
    ended_at: a.endedAt,
    outcome: a.outcome,
    receipt: toStored(a.receipt),
    message: toStored(a.message),
    request: toStored(a.request),
    response: toStored(a.response),
    tail: lineTail([delivery, a.kind, a.startedAt, a.endedAt, a.outcome, a.receipt, a.message]),
  };
}

/** The lanes with something new, as a bit each, in hex: what other workers are told. */
function lanesOf(messages: readonly NewMessage[]): string | null {
  let low = 0;
  let high = 0;
  for (const m of messages) {
    if (m.deliveries.length === 0) continue;
    const lane = laneOf(m.key);
    if (lane < 32) low |= 1 << lane;
    else high |= 1 << (lane - 32);
  }
  if (low === 0 && high === 0) return null;
  return hex(high) + hex(low);
}

export function lanesFromHex(text: string): number[] {
  const [high, low] = [Number.parseInt(text.slice(0, 8), 16), Number.parseInt(text.slice(8), 16)];
  return Array.from({ length: 64 }, (_, lane) => lane).filter((lane) =>
    lane < 32 ? (low >>> lane) & 1 : (high >>> (lane - 32)) & 1,
  );
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
