const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Offsets in use reach from -12:00 to +14:00. */
const MAX_OFFSET_MINUTES = 14 * 60;
/** Most digits of a fraction of a second. */
const FRACTION_DIGITS = 9;

/**
 * Milliseconds since 1970 (UTC) of an RFC 3339 time with a zone, `2026-01-05T06:30:00.250+01:00`. Digits beyond the
 * millisecond are cut. Written by hand because it runs for each time of each message, where `Date.parse` is slower and
 * takes days that do not exist.
 * @returns NaN when the text is no such time: another form, no zone, a day or hour that does not exist
 */
export function timeToMs(text: string): number {
  const day = dayToMs(text);
  if (text[10] !== "T" || text[13] !== ":" || text[16] !== ":") return NaN;
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return NaN;
  const zoneAt = text[19] === "." ? endOfDigits(text, 20) : 19;
  if (zoneAt === 20 || zoneAt > 20 + FRACTION_DIGITS) return NaN;
  return day + ((hour * 60 + minute) * 60 + second) * 1000 + fraction(text, zoneAt) - offsetMs(text, zoneAt);
}

/** Whether the text is a day that exists: `2026-02-28`. */
export function isCalendarDate(text: string): boolean {
  return text.length === 10 && !Number.isNaN(dayToMs(text));
}

function dayToMs(text: string): number {
  if (text[4] !== "-" || text[7] !== "-") return NaN;
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return NaN;
  // Date.UTC takes years below 100 for those of the last century.
  return year < 100 ? new Date(0).setUTCFullYear(year, month - 1, day) : Date.UTC(year, month - 1, day);
}

function daysIn(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return leap ? 29 : (daysOfMonth[month - 1] ?? 0);
}

function fraction(text: string, end: number): number {
  return end <= 20 ? 0 : Math.trunc(Number(text.slice(20, Math.min(end, 23)).padEnd(3, "0")));
}

function offsetMs(text: string, at: number): number {
  const sign = text[at];
  if (sign === "Z") return text.length === at + 1 ? 0 : NaN;
  if ((sign !== "+" && sign !== "-") || text[at + 3] !== ":" || text.length !== at + 6) return NaN;
  const hours = two(text, at + 1);
  const minutes = two(text, at + 4);
  if (!(minutes <= 59 && hours * 60 + minutes <= MAX_OFFSET_MINUTES)) return NaN;
  return (sign === "+" ? 1 : -1) * (hours * 60 + minutes) * 60_000;
}

/** Two digits as a number; NaN when they are not. */
function two(text: string, at: number): number {
  const a = text.charCodeAt(at) - 48;
  const b = text.charCodeAt(at + 1) - 48;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : NaN;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
  return at;
}
