import { isCalendarDate } from "../times.ts";

/**
 * A day from `YYMMDD`, the century being the one that brings it nearest to `year` (GS1 General Specifications §7.12). Day 00
 * stands for the whole month, and is taken as its last day.
 * @returns undefined when there is no such day
 */
export function dayOf(digits: string, year: number): { date: string; dayGiven: boolean } | undefined {
  const full = `${fullYear(Number(digits.slice(0, 2)), year)}`;
  const month = digits.slice(2, 4);
  const dayGiven = digits.slice(4) !== "00";
  const days = dayGiven ? [digits.slice(4)] : ["31", "30", "29", "28"];
  const day = days.find((each) => isCalendarDate(`${full}-${month}-${each}`));
  return day === undefined ? undefined : { date: `${full}-${month}-${day}`, dayGiven };
}

/** `HHMMSS`, `HHMM` or `HH` as a time of day, if it is one. */
export function timeOfDay(digits: string): string | undefined {
  const [hour = "00", minute = "00", second = "00"] = digits.match(/../g) ?? [];
  return hour < "24" && minute < "60" && second < "60" ? `${hour}:${minute}:${second}` : undefined;
}

function fullYear(twoDigits: number, year: number): number {
  const century = year - (year % 100);
  const ahead = twoDigits - (year % 100);
  if (ahead > 50) return century - 100 + twoDigits;
  return ahead < -49 ? century + 100 + twoDigits : century + twoDigits;
}
