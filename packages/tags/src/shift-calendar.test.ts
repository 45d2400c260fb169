import { expect, test } from "vitest";
import { shiftCalendar } from "./shift-calendar.ts";

const day = { name: "day", from: "06:00", to: "18:00" };
const night = { name: "night", from: "18:00", to: "06:00" };
const hours = (text: string) => {
  const { shift } = shiftCalendar({ zone: "Europe/Berlin", shifts: [day, night] }).at(Date.parse(text));
  return shift === undefined ? undefined : [shift.name, (shift.end - shift.start) / 3_600_000];
};

test("a shift begins when it begins and is over when it ends", () => {
  expect(hours("2026-01-05T06:00:00+01:00")).toEqual(["day", 12]);
  expect(hours("2026-01-05T05:59:59.999+01:00")).toEqual(["night", 12]);
  expect(hours("2026-01-05T23:00:00+01:00")).toEqual(["night", 12]);
});

test("the night in which summer time begins has an hour less, that in which it ends one more", () => {
  expect(hours("2026-03-29T00:00:00+01:00")).toEqual(["night", 11]);
  expect(hours("2026-10-25T00:00:00+02:00")).toEqual(["night", 13]);
});

test("between shifts there is none, until the next one begins", () => {
  const found = shiftCalendar({ zone: "UTC", shifts: [day] }).at(Date.parse("2026-01-05T20:00:00Z"));
  expect(found.shift).toBeUndefined();
  expect(found.until).toBe(Date.parse("2026-01-06T06:00:00Z"));
});
