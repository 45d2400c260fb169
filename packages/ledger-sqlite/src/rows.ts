import type { SQLOutputValue } from "node:sqlite";
import type {
  AuditEntry,
  DeliveryPayload,
  OpenDelivery,
  Parking,
  StoredAttempt,
  StoredDelivery,
  StoredMessage,
  StoredRefusal,
} from "@lineshaft/core";

type Row = Record<string, SQLOutputValue>;

const text = (value: SQLOutputValue | undefined): string => String(value ?? "");
const maybe = (value: SQLOutputValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value);
const bytes = (value: SQLOutputValue | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : Buffer.from(text(value));
const optional = (name: string, value: string | null) => (value === null ? {} : { [name]: value });
const parking = (value: SQLOutputValue | undefined): Parking | null =>
  typeof value === "string" ? (JSON.parse(value) as Parking) : null;

export function openDelivery(r: Row): OpenDelivery {
  return {
    id: Number(r["id"]),
    route: Number(r["route"]),
    key: text(r["key"]),
    state: text(r["state"]) as OpenDelivery["state"],
    dueAt: Number(r["due_at"]),
    since: Number(r["since"]),
    attempts: Number(r["attempts"]),
    tries: Number(r["tries"]),
    crashes: Number(r["crashes"]),
    edited: r["edited"] === 1,
  };
}

export function payload(r: Row): DeliveryPayload {
  return {
    message: Number(r["message"]),
    source: text(r["source"]),
    sourceId: text(r["source_id"]),
    contract: text(r["contract"]),
    object: text(r["object"]),
    key: text(r["key"]),
    eventTime: Number(r["event_time"]),
    receivedTime: Number(r["received_time"]),
    canonical: text(r["canonical"]),
    trace: maybe(r["trace"]),
  };
}

export function storedMessage(r: Row): StoredMessage {
  const received = bytes(r["received"]);
  return {
    id: Number(r["id"]),
    source: text(r["source"]),
    sourceId: text(r["source_id"]),
    contract: text(r["contract"]),
    object: text(r["object"]),
    key: text(r["key"]),
    version: maybe(r["version"]),
    eventTime: Number(r["event_time"]),
    receivedTime: Number(r["received_time"]),
    received,
    canonical: maybe(r["canonical"]) ?? Buffer.from(received).toString("utf8"),
    origin: maybe(r["origin"]),
    trace: maybe(r["trace"]),
    duplicates: Number(r["duplicates"] ?? 0),
  };
}

export function storedDelivery(r: Row): StoredDelivery {
  return {
    id: Number(r["id"]),
    message: Number(r["message"]),
    flow: text(r["flow"]),
    system: text(r["system"]),
    operation: text(r["operation"]),
    key: text(r["key"]),
    state: text(r["state"]) as StoredDelivery["state"],
    dueAt: Number(r["due_at"]),
    since: Number(r["since"]),
    attempts: Number(r["attempts"]),
    crashes: Number(r["crashes"]),
    parking: parking(r["parking"]),
    edited: maybe(r["edited"]),
    receipt: maybe(r["receipt"]),
  };
}

export function storedAttempt(r: Row, n: number): StoredAttempt {
  return {
    delivery: Number(r["delivery"]),
    n,
    kind: text(r["kind"]) as StoredAttempt["kind"],
    startedAt: Number(r["started_at"]),
    endedAt: Number(r["ended_at"]),
    outcome: text(r["outcome"]) as StoredAttempt["outcome"],
    ...optional("receipt", maybe(r["receipt"])),
    ...optional("message", maybe(r["message"])),
    ...optional("request", maybe(r["request"])),
    ...optional("response", maybe(r["response"])),
  };
}

export function storedRefusal(r: Row): StoredRefusal {
  return {
    id: Number(r["id"]),
    source: text(r["source"]),
    ...(r["source_id"] === null ? {} : { sourceId: text(r["source_id"]) }),
    contract: text(r["contract"]),
    receivedTime: Number(r["received_time"]),
    received: bytes(r["received"]),
    receivedBytes: Number(r["received_bytes"]),
    findings: JSON.parse(text(r["findings"])) as StoredRefusal["findings"],
    ...(r["origin"] === null ? {} : { origin: text(r["origin"]) }),
  };
}

export function auditEntry(r: Row): AuditEntry {
  return {
    id: Number(r["id"]),
    at: Number(r["at"]),
    who: text(r["who"]),
    act: text(r["act"]),
    message: r["message"] === null ? null : Number(r["message"]),
    delivery: r["delivery"] === null ? null : Number(r["delivery"]),
    why: text(r["why"]),
    detail: maybe(r["detail"]),
  };
}
