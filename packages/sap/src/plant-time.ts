import { LineshaftError } from "@lineshaft/core";
import type { LocalTime } from "./odata/edm-time.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Formatters are slow to make, and there are few zones. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** @throws LineshaftError `config-invalid` when this machine knows no such zone */
export function checkZone(zone: string): void {
  try {
    formatterOf(zone);
  } catch (cause) {
    throw new LineshaftError("config-invalid", `There is no time zone ${JSON.stringify(zone)}.`, {
      next: "Give the IANA name of the plant's zone, such as Europe/Berlin.",
      cause,
    });
  }
}

/** What the plant's clock shows at an instant (RFC 3339, or ms since 1970). Fractions of a second are cut. */
export function toPlantTime(instant: string | number, zone: string): LocalTime {
  const ms = typeof instant === "number" ? instant : Date.parse(instant);
  const local = new Date(Math.floor(ms / 1000) * 1000 + offsetMs(ms, zone)).toISOString();
  return { date: local.slice(0, 10), time: local.slice(11, 19) };
}

/**
 * The instant at which the plant's clock showed a local time, as RFC 3339 with the offset that held then.
 *
 * SAP keeps no zone, so twice a year the answer is a matter of choice: an hour that the clock showed twice counts as the
 * first one (`later`: as the second), an hour that was left out is moved on by the length of the gap.
 */
export function fromPlantTime(local: LocalTime, zone: string, choice: "earlier" | "later" = "earlier"): string {
  const naive = Date.parse(`${local.date}T00:00:00Z`) + secondsOfDay(local.time) * 1000;
  const before = offsetMs(naive - DAY_MS, zone);
  const after = offsetMs(naive + DAY_MS, zone);
  const fits = [...new Set([before, after])].filter((offset) => offsetMs(naive - offset, zone) === offset);
  const candidates = fits.map((offset) => naive - offset).sort((a, b) => a - b);
  // Within a gap no offset fits; the one before it moves the time on by the gap's length.
  const ms = (choice === "earlier" ? candidates[0] : candidates.at(-1)) ?? naive - before;
  return withOffset(ms, offsetMs(ms, zone));
}

/** By how much the zone's clock has been put back during the time before an instant, in ms; 0 when it was not. */
export function putBackMs(instant: number, withinMs: number, zone: string): number {
  return Math.max(0, offsetMs(instant - withinMs, zone) - offsetMs(instant, zone));
}

/** How far the zone's clock is ahead of UTC at an instant, in ms. */
function offsetMs(instant: number, zone: string): number {
  const parts: Record<string, number> = {};
  for (const part of formatterOf(zone).formatToParts(instant)) parts[part.type] = Number(part.value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

function withOffset(ms: number, offset: number): string {
  const local = new Date(ms + offset).toISOString().slice(0, 19);
  const minutes = Math.round(Math.abs(offset) / MINUTE_MS);
  const hh = String(Math.floor(minutes / 60)).padStart(2, "0");
  const mm = String(minutes % 60).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${hh}:${mm}`;
}

function secondsOfDay(time: string): number {
  const [h = 0, m = 0, s = 0] = time.split(":").map(Number);
  return h * 3600 + m * 60 + s;
}
