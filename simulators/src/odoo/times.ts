import { valueError } from "./errors.ts";

/** `YYYY-MM-DD HH:MM:SS`, naive UTC, as Odoo writes and reads times. */
export function odooTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

/** As PostgreSQL keeps write_date: with microseconds, which a client never sees but a comparison does. */
export function odooStamp(ms: number, micros = 0): string {
  const milliseconds = String(Math.floor(ms) % 1000).padStart(3, "0");
  return `${odooTime(ms)}.${milliseconds}${String(micros % 1000).padStart(3, "0")}`;
}

export function timeMs(value: string): number {
  return Date.parse(`${value.slice(0, 19).replace(" ", "T")}Z`);
}

/** @throws ValueError for a `T`, `Z`, offset or fraction, exactly as Odoo refuses them. */
export function checkedDatetime(value: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return `${value} 00:00:00`;
  if (/^\d{4}-\d\d-\d\d \d\d:\d\d$/.test(value)) return `${value}:00`;
  if (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(value) && !Number.isNaN(timeMs(value))) return value;
  throw valueError(`time data '${value}' does not match format '%Y-%m-%d %H:%M:%S'`);
}

export function checkedDate(value: string): string {
  const day = value.slice(0, 10);
  if (/^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day))) return day;
  throw valueError(`time data '${day}' does not match format '%Y-%m-%d'`);
}
