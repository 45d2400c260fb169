import { RejectedError } from "@lineshaft/core";

/** Properties of operation values that hold a time. */
const TIMES = new Set(["start", "end", "deadline", "finishedAt", "movedAt", "scheduledFor"]);

/** Odoo's own form of a time, always naive UTC: `2026-01-05 06:00:00`. It refuses any zone, `T` or fraction. */
export function odooTime(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) {
    throw new RejectedError(`${JSON.stringify(time)} is not a time.`, {
      reason: "value-invalid",
      next: "Give times as ISO 8601 with a zone, such as 2026-01-05T06:00:00+01:00.",
    });
  }
  return at.toISOString().slice(0, 19).replace("T", " ");
}

/** A time as Odoo stores it, with its zone: `2026-01-05 06:00:00` and `…00.123456` become `2026-01-05T06:00:00Z`. */
export function isoTime(stored: string): string {
  return `${stored.slice(0, 10)}T${stored.slice(11, 19)}Z`;
}

/** An operation's value as it goes over the wire: the same, with times in Odoo's form. */
export function toWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]: [string, unknown]) => [
      name,
      TIMES.has(name) && typeof part === "string" ? odooTime(part) : toWire(part),
    ]),
  );
}

/** The id in a many2one as read: `[7, "name"]`, `7`, or false. */
export function idOf(many2one: unknown): number | undefined {
  const id: unknown = Array.isArray(many2one) ? many2one[0] : many2one;
  return typeof id === "number" ? id : undefined;
}

/** A text as read; Odoo says false for empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
