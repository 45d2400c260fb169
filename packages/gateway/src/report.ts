import { REPORT_CHARS } from "./limits.ts";

/** What a gateway tells the hub of itself with each request. */
export interface GatewayReport {
  /** By the gateway's clock, ms since 1970. */
  now: number;
  /** Version of its program. */
  program: string;
  startedAt: number;
  facts: number;
  bytes: number;
  maxBytes: number;
  /** When the oldest fact that waits was recorded. */
  oldest?: number;
  /** Telemetry shed since the buffer was made. */
  shed: number;
  /** Since when sources are held back because the buffer is full. */
  holdingSince?: number;
  /** Where a damaged buffer was set aside. */
  aside?: string;
  /** Why it cannot write, or not use a kept configuration. */
  problem?: string;
  configuration?: { serial: number; version: number; since: number };
  refusedConfiguration?: { serial: number; version: number; since: number; message: string };
}

/** Carries the report: base64url of its JSON, because sentences in it may have any letter. */
export const REPORT_HEADER = "lineshaft-report";
/** Sentences are cut to this, so that a report stays within its limit. */
const SENTENCE_CHARS = 1_000;

export function packReport(report: GatewayReport): string {
  const text = JSON.stringify(report, (_name, value: unknown) =>
    typeof value === "string" ? value.slice(0, SENTENCE_CHARS) : value,
  );
  return Buffer.from(text).toString("base64url");
}

/** Undefined when there is none, or none that can be read: what is told there decides nothing. */
export function readReport(header: string | string[] | undefined): GatewayReport | undefined {
  if (typeof header !== "string" || header.length > REPORT_CHARS) return undefined;
  try {
    const report = JSON.parse(Buffer.from(header, "base64url").toString("utf8")) as Partial<GatewayReport> | null;
    const numbers = [report?.now, report?.startedAt, report?.facts, report?.bytes, report?.maxBytes, report?.shed];
    return numbers.every((value) => Number.isFinite(value)) && typeof report?.program === "string"
      ? (report as GatewayReport)
      : undefined;
  } catch {
    return undefined;
  }
}
