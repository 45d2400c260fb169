import type {
  AuditEntry,
  Count,
  DeliveryPayload,
  DeliveryState,
  OpenDelivery,
  Parking,
  Route,
  StoredAttempt,
  StoredDelivery,
  StoredMessage,
  StoredRefusal,
} from "@lineshaft/core";
import type { Row } from "./connections.ts";
import { fromStored } from "./text.ts";

const text = (value: unknown): string => fromStored(value as string);
const maybe = (value: unknown): string | null => (typeof value === "string" ? fromStored(value) : null);
const bytes = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());
const optional = (name: string, value: string | null) => (value === null ? {} : { [name]: value });
const parking = (value: unknown): Parking | null => (typeof value === "string" ? (JSON.parse(value) as Parking) : null);

/** The payload in canonical form, or as it was received where that is the same. */
export function canonicalOf(r: Row): string {
  return maybe(r["canonical"]) ?? String(r["as_received"]);
}

export function openDelivery(r: Row): OpenDelivery {
  return {
    id: r["id"] as number,
    route: r["route"] as number,
    key: text(r["key"]),
    state: r["state"] as OpenDelivery["state"],
    dueAt: r["due_at"] as number,
    since: r["since"] as number,
    attempts: r["attempts"] as number,
    tries: r["tries"] as number,
    crashes: r["crashes"] as number,
    edited: r["edited"] === true,
  };
}

export function payload(r: Row): DeliveryPayload {
  return {
    message: r["message"] as number,
    source: text(r["source"]),
    sourceId: text(r["source_id"]),
    contract: text(r["contract"]),
    object: text(r["object"]),
    key: text(r["key"]),
    eventTime: r["event_time"] as number,
    receivedTime: r["received_time"] as number,
    canonical: canonicalOf(r),
    trace: maybe(r["trace"]),
  };
}

export function storedMessage(r: Row): StoredMessage {
  return {
    id: r["id"] as number,
    source: text(r["source"]),
    sourceId: text(r["source_id"]),
    contract: text(r["contract"]),
    object: text(r["object"]),
    key: text(r["key"]),
    version: maybe(r["version"]),
    eventTime: r["event_time"] as number,
    receivedTime: r["received_time"] as number,
    received: bytes(r["received"]),
    canonical: maybe(r["canonical"]) ?? Buffer.from(bytes(r["received"])).toString("utf8"),
    origin: maybe(r["origin"]),
    trace: maybe(r["trace"]),
    duplicates: r["duplicates"] as number,
  };
}

export function storedDelivery(r: Row): StoredDelivery {
  return {
    id: r["id"] as number,
    message: r["message"] as number,
    flow: text(r["flow"]),
    system: text(r["system"]),
    operation: text(r["operation"]),
    key: text(r["key"]),
    state: r["state"] as DeliveryState,
    dueAt: r["due_at"] as number,
    since: r["since"] as number,
    attempts: r["attempts"] as number,
    crashes: r["crashes"] as number,
    parking: parking(r["parking"]),
    edited: maybe(r["edited"]),
    receipt: maybe(r["receipt"]),
  };
}

export function storedAttempt(r: Row, n: number): StoredAttempt {
  return {
    delivery: r["delivery"] as number,
    n,
    kind: r["kind"] as StoredAttempt["kind"],
    startedAt: r["started_at"] as number,
    endedAt: r["ended_at"] as number,
    outcome: r["outcome"] as StoredAttempt["outcome"],
    ...optional("receipt", maybe(r["receipt"])),
    ...optional("message", maybe(r["message"])),
    ...optional("request", maybe(r["request"])),
    ...optional("response", maybe(r["response"])),
  };
}

export function storedRefusal(r: Row): StoredRefusal {
  return {
    id: r["id"] as number,
    source: text(r["source"]),
    ...(r["source_id"] === null ? {} : { sourceId: text(r["source_id"]) }),
    contract: text(r["contract"]),
    receivedTime: r["received_time"] as number,
    received: bytes(r["received"]),
    receivedBytes: r["received_bytes"] as number,
    findings: JSON.parse(r["findings"] as string) as StoredRefusal["findings"],
    ...(r["origin"] === null ? {} : { origin: text(r["origin"]) }),
  };
}

export function auditEntry(r: Row): AuditEntry {
  return {
    id: r["id"] as number,
    at: r["at"] as number,
    who: text(r["who"]),
    act: r["act"] as string,
    message: r["message"] as number | null,
    delivery: r["delivery"] as number | null,
    why: text(r["why"]),
    detail: maybe(r["detail"]),
  };
}

export function route(r: Row): Route {
  return { id: r["id"] as number, flow: text(r["flow"]), system: text(r["system"]), operation: text(r["operation"]) };
}

export function count(r: Row): Count {
  return {
    flow: text(r["flow"]),
    system: text(r["system"]),
    operation: text(r["operation"]),
    state: r["state"] as DeliveryState,
    count: r["count"] as number,
  };
}
