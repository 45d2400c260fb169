import { type KeyObject, createHash, sign, verify } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Fact } from "@lineshaft/core";
import type { BufferedFact } from "./buffered-fact.ts";
import { GAP_CONTRACT, gapInHubTime, iso } from "./gap.ts";

/** Paths on the hub's port. */
export const BATCH_PATH = "/v1/gateway/facts";
export const ORDERS_PATH = "/v1/gateway/orders";
export const PLACE_PATH = "/v1/gateway/place";
export const ENROL_PATH = "/v1/gateway/enrol";
export const RENEW_PATH = "/v1/gateway/renew";
export const CONFIGURATION_PATH = "/v1/gateway/configuration";

/** Carries the signature of a batch: base64 of the gateway key's signature over its digest. */
export const SIGNATURE_HEADER = "lineshaft-signature";

/**
 * First line of a batch. It tells of every fact numbered `first` to `last` within the epoch; those that do not follow it
 * were shed, or are gone, which a fact of its own tells.
 */
export interface BatchHead {
  gateway: string;
  epoch: string;
  first: number;
  last: number;
  /** How many facts follow, a line each. */
  facts: number;
  /** ms since 1970, by the gateway's clock. */
  sentAt: number;
}

/** One fact on the wire. `b64`: the payload is no valid text. */
export interface WireFact {
  n: number;
  at: number;
  contract: string;
  raw?: string;
  b64?: string;
  id?: string;
  scope?: string;
  fields?: Readonly<Record<string, string>>;
  canonical?: string;
  fault?: string;
  origin?: string;
  trace?: string;
}

export interface Batch {
  head: BatchHead;
  facts: WireFact[];
}

interface Wanted {
  /** Serial of the configuration that the gateway shall run; missing where the hub has none for it. */
  configuration?: number;
}

/** What the hub says to a batch, or when it is asked for its place. `now`: by its clock. */
export type Answer =
  /** Everything up to `through` is on disk at the hub, in this batch or before. */
  | ({ kind: "accepted"; through: number; now: number } & Wanted)
  /** The hub goes on from `from`; nothing of the batch was taken. */
  | ({ kind: "need"; from: number; now: number } & Wanted)
  /** The hub does not take anything of this gateway as it is. */
  | { kind: "refused"; reason: string; message: string; next: string; now: number }
  /** The hub cannot store just now. */
  | { kind: "later"; message: string; retryAfterMs: number; now: number };

/** A certificate that was made for a gateway, the authority that made it, and what configurations are signed with; PEM. */
export interface Enrolled {
  kind: "enrolled";
  certificate: string;
  ca: string;
  configurationKey: string;
}

/** Level 1: a link is slow for want of bytes, a gateway for want of time. */
const GZIP_LEVEL = 1;
/** Shorter ones are sent as they are. */
const GZIP_FROM_BYTES = 1_024;

export function packBatch(head: BatchHead, facts: readonly BufferedFact[], base: number) {
  const lines = [JSON.stringify(head), ...facts.map((fact) => JSON.stringify(wireFact(fact, base)))];
  const text = Buffer.from(`${lines.join("\n")}\n`);
  const gzip = text.length >= GZIP_FROM_BYTES;
  return { body: gzip ? gzipSync(text, { level: GZIP_LEVEL }) : text, gzip };
}

/** @throws Error when it is not what `packBatch` makes, or longer than `maxBytes` when unpacked */
export function unpackBatch(body: Uint8Array, { gzip, maxBytes }: { gzip: boolean; maxBytes: number }): Batch {
  const text = (gzip ? gunzipSync(body, { maxOutputLength: maxBytes }) : Buffer.from(body)).toString("utf8");
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new Error("The last line has no end.");
  const [first, ...facts] = lines.map((line) => JSON.parse(line) as unknown);
  const head = first as BatchHead;
  checkHead(head);
  if (facts.length !== head.facts) throw new Error(`${head.facts} facts were announced, and ${facts.length} came.`);
  let n = head.first - 1;
  for (const fact of facts as WireFact[]) {
    if (!(fact.n > n && fact.n <= head.last)) throw new Error(`Fact ${fact.n} does not come after ${n}.`);
    if (typeof fact.contract !== "string") throw new Error(`Fact ${fact.n} names no contract.`);
    n = fact.n;
  }
  if (n !== head.last) throw new Error(`Its last fact is ${n}, not ${head.last}.`);
  return { head, facts: facts as WireFact[] };
}

function checkHead(head: BatchHead): void {
  const { gateway, epoch, first, last, sentAt } = head;
  if (typeof gateway !== "string" || typeof epoch !== "string" || !Number.isFinite(sentAt))
    throw new Error("The first line does not say whose batch it is.");
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 1 || last < first)
    throw new Error(`It cannot go from ${first} to ${last}.`);
}

function wireFact(fact: BufferedFact, base: number): WireFact {
  const { seq, receivedTime, contract, id, scope, fields, canonical, fault, origin, trace, raw } = fact;
  const payload = typeof raw === "string" ? { raw } : binary(raw);
  return { n: seq - base, at: receivedTime, contract, id, scope, fields, canonical, fault, origin, trace, ...payload };
}

function binary(raw: Uint8Array): { raw: string } | { b64: string } {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes) ? { raw: text } : { b64: bytes.toString("base64") };
}

/**
 * A fact as the hub's intake takes it. What the source's translation made or failed of at the gateway stands. `clock`: the
 * hub's time, and how far the gateway's clock is ahead of it, for what the gateway itself tells.
 */
export function factOfWire(gateway: string, fact: WireFact, clock: { now: number; aheadMs: number }): Fact {
  const { n, at, contract, id, scope, fields, canonical, fault, origin, trace } = fact;
  const raw = fact.raw ?? Buffer.from(fact.b64 ?? "", "base64");
  return {
    contract,
    raw,
    scope: scope === undefined ? gateway : `${gateway}:${scope}`,
    origin: `gateway ${gateway}, fact ${n}, recorded there ${iso(at)}${origin === undefined ? "" : `, ${origin}`}`,
    ...(id === undefined ? {} : { id }),
    ...(fields === undefined ? {} : { fields }),
    ...(trace === undefined ? {} : { trace }),
    ...(canonical === undefined && fault === undefined ? {} : { translate: () => translated(canonical, fault) }),
    // Only what the gateway itself tells has no origin.
    ...(contract === GAP_CONTRACT && origin === undefined
      ? { translate: (gap: unknown) => gapInHubTime(gap, clock) }
      : {}),
  };
}

function translated(canonical: string | undefined, fault: string | undefined): unknown {
  if (canonical === undefined) throw new Error(fault);
  return JSON.parse(canonical);
}

/** Ed25519 signs as it is, EC and RSA keys over SHA-256. */
export function signBatch(key: KeyObject, gateway: string, body: Uint8Array): string {
  return sign(algorithmOf(key), signedText(gateway, body), key).toString("base64");
}

export function batchIsSigned(key: KeyObject, gateway: string, body: Uint8Array, signature: string): boolean {
  try {
    return verify(algorithmOf(key), signedText(gateway, body), key, Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}

function algorithmOf(key: KeyObject): "sha256" | null {
  return key.asymmetricKeyType === "ed25519" || key.asymmetricKeyType === "ed448" ? null : "sha256";
}

function signedText(gateway: string, body: Uint8Array): Buffer {
  return Buffer.from(`lineshaft batch v1\n${gateway}\n${createHash("sha256").update(body).digest("hex")}`);
}
