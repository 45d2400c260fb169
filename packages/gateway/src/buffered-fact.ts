import type { SQLInputValue, SQLOutputValue } from "node:sqlite";

/** A fact on its way up. */
export interface BufferedFact {
  /** Grows by one with each fact that is recorded. */
  seq: number;
  /** May be shed when the buffer is full. */
  telemetry: boolean;
  receivedTime: number;
  contract: string;
  id?: string;
  scope?: string;
  fields?: Readonly<Record<string, string>>;
  raw: string | Uint8Array;
  /** What the source's translation made of it, as JSON. */
  canonical?: string;
  /** Why the source's translation failed. */
  fault?: string;
  origin?: string;
  trace?: string;
}

/** What a row takes beside its texts, in bytes; measured. */
const ROW_BYTES = 24;
/** In the order of the columns of `insertFact`. */
export function rowOf(fact: BufferedFact): SQLInputValue[] {
  const { seq, telemetry, receivedTime, contract, id, scope, fields, raw, canonical, fault, origin, trace } = fact;
  const texts = [contract, id, scope, fields === undefined ? undefined : JSON.stringify(fields)];
  const others = [canonical, fault, origin, trace];
  const stored = (text: string | undefined) => text ?? null;
  return [seq, telemetry ? 1 : 0, receivedTime, ...texts.map(stored), raw, ...others.map(stored)];
}

export function factOf(row: Record<string, SQLOutputValue>): BufferedFact {
  const text = (name: string) => (typeof row[name] === "string" ? { [name]: row[name] } : {});
  return {
    seq: Number(row["seq"]),
    telemetry: row["telemetry"] === 1,
    receivedTime: Number(row["received_time"]),
    contract: String(row["contract"]),
    raw: row["raw"] as string | Uint8Array,
    ...(typeof row["fields"] === "string" ? { fields: JSON.parse(row["fields"]) as Record<string, string> } : {}),
    ...text("id"),
    ...text("scope"),
    ...text("canonical"),
    ...text("fault"),
    ...text("origin"),
    ...text("trace"),
  };
}

/** What it takes on the disk, about. */
export function bytesOf(fact: Omit<BufferedFact, "seq">): number {
  const { contract, id, scope, canonical, fault, origin, trace, fields, raw } = fact;
  const raws = typeof raw === "string" ? Buffer.byteLength(raw) : raw.byteLength;
  let bytes = ROW_BYTES + raws + (fields === undefined ? 0 : JSON.stringify(fields).length);
  for (const text of [contract, id, scope, canonical, fault, origin, trace]) bytes += text?.length ?? 0;
  return bytes;
}
