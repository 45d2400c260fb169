import { LineshaftError } from "@lineshaft/core";

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A time as people write it on a command line: `2026-11-21T06:00+01:00`, `2026-11-21 06:00` (this machine's zone),
 * `2026-11-21` (its midnight), or how long ago: `90s`, `30m`, `2h`, `7d`.
 * @returns ms since 1970
 * @throws LineshaftError `usage`
 */
export function parseTime(text: string, now: number): number {
  const ago = /^(\d+)([smhd])$/.exec(text.trim());
  if (ago) return now - Number(ago[1]) * (unitMs[ago[2] ?? ""] ?? 0);
  const parsed = /^\d{4}-\d{2}-\d{2}/.test(text)
    ? Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text)
    : Number.NaN;
  if (!Number.isNaN(parsed)) return parsed;
  throw new LineshaftError("usage", `${text} is no time.`, {
    next: "Write 2026-11-21T06:00+01:00, 2026-11-21, or how long ago: 30m, 2h, 7d.",
  });
}

/** A time for people, in this machine's zone, with the date: `2026-11-21 06:00:00`. */
export function showTime(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** How long something lasts: `12 ms`, `40 s`, `12 min`, `3 h 5 min`, `2 days`. */
export function showDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

export function showBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let [value, at] = [bytes, 0];
  while (value >= 1_000 && at < units.length - 1) [value, at] = [value / 1_000, at + 1];
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at] ?? ""}`;
}

/** How many of something: `1 message`, `2 messages`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
