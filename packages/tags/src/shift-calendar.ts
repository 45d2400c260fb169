import { LineshaftError } from "@lineshaft/core";

/** A shift that is on at a time. Ends are exclusive. */
export interface Shift {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** What is on at a time, and when that changes next. */
export interface ShiftSpan {
  readonly shift: Shift | undefined;
  readonly until: number;
}

export interface ShiftCalendar {
  at(time: number): ShiftSpan;
}

export interface ShiftPlan {
  /** IANA time zone of the plant. */
  zone: string;
  /** Every day; `to` at or before `from` is on the next day. Between shifts there may be none, but no two at once. */
  shifts: readonly { name: string; from: string; to: string }[];
}

const DAY_MS = 86_400_000;

/** The shifts of a plant by its wall clock, through summer time too. */
export function shiftCalendar({ zone, shifts }: ShiftPlan): ShiftCalendar {
  const plan = shifts.map(({ name, from, to }) => {
    const [begin, end] = [minutesOf(from), minutesOf(to)];
    return { name, begin, end: end <= begin ? end + 1_440 : end };
  });
  const wall = wallClock(zone);
  let known: (ShiftSpan & { from: number }) | undefined;
  return {
    at(time) {
      if (known !== undefined && time >= known.from && time < known.until) return known;
      const today = Math.floor((time + wall.offsetAt(time)) / DAY_MS) * DAY_MS;
      const around = [-1, 0, 1, 2].flatMap((day) =>
        plan.map(({ name, begin, end }) => ({
          name,
          start: wall.toUtc(today + day * DAY_MS + begin * 60_000),
          end: wall.toUtc(today + day * DAY_MS + end * 60_000),
        })),
      );
      const shift = around.find(({ start, end }) => start <= time && time < end);
      const next = Math.min(...around.filter(({ start }) => start > time).map(({ start }) => start));
      known = { shift, from: shift?.start ?? time, until: shift?.end ?? next };
      return known;
    },
  };
}

function minutesOf(text: string): number {
  const found = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (found === null)
    throw new LineshaftError("config-invalid", `${text} is no time of day.`, { next: "Write it as 06:00." });
  return Number(found[1]) * 60 + Number(found[2]);
}

function wallClock(zone: string) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const offsetAt = (time: number): number => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts as Record<string, number>;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1_000) * 1_000;
  };
  /** An hour that exists twice counts as its first, one that does not exist as the hour after it. */
  const toUtc = (local: number): number => {
    const before = local - offsetAt(local - DAY_MS);
    const after = local - offsetAt(local + DAY_MS);
    const [first, second] = before < after ? [before, after] : [after, before];
    if (first + offsetAt(first) === local) return first;
    return second + offsetAt(second) === local ? second : before;
  };
  return { offsetAt, toUtc };
}
