import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCalendarDate, timeToMs } from "./times.ts";

describe("times", () => {
  test("a time with a zone is the same moment in every zone", () => {
    expect(timeToMs("2026-01-05T06:30:00+01:00")).toBe(Date.UTC(2026, 0, 5, 5, 30));
    expect(timeToMs("2026-01-05T05:30:00Z")).toBe(Date.UTC(2026, 0, 5, 5, 30));
    expect(timeToMs("2026-01-04T20:00:00-09:30")).toBe(Date.UTC(2026, 0, 5, 5, 30));
  });

  test("digits beyond the millisecond are cut", () => {
    expect(timeToMs("2026-01-05T05:30:00.1Z") % 1000).toBe(100);
    expect(timeToMs("2026-01-05T05:30:00.123999999Z") % 1000).toBe(123);
  });

  test.each([
    "2026-02-29T10:00:00Z",
    "2026-04-31T10:00:00Z",
    "1900-02-29T10:00:00Z",
    "2026-00-10T10:00:00Z",
    "2026-13-10T10:00:00Z",
    "2026-01-05T24:00:00Z",
    "2026-01-05T23:60:00Z",
    "2026-01-05T23:59:60Z",
    "2026-01-05T10:00:00+14:01",
    "2026-01-05T10:00:00+02:60",
    "2026-01-05T10:00:00.Z",
    "2026-01-05T10:00:00.1234567890Z",
    "2026-01-05T10:00:00",
    "2026-01-05T10:00Z",
    "2026-01-05 10:00:00Z",
    "2026-01-05t10:00:00z",
    "2026-01-05T10:00:00Zx",
    "2026-01-05T10:00:00[Europe/Berlin]",
    "2026-01-05",
    "+002026-01-05T10:00:00Z",
    "",
  ])("%j is no time", (text) => {
    expect(timeToMs(text)).toBeNaN();
  });

  test("leap days exist where the calendar has them", () => {
    expect(timeToMs("2024-02-29T00:00:00Z")).toBe(Date.UTC(2024, 1, 29));
    expect(timeToMs("2000-02-29T00:00:00Z")).toBe(Date.UTC(2000, 1, 29));
  });

  test("any moment between the years 1 and 9999 is read as the platform writes it", () => {
    const moments = fc.date({
      min: new Date("0001-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, (moment) => {
        expect(timeToMs(moment.toISOString())).toBe(moment.getTime());
      }),
    );
  });

  test("a calendar date is a day that exists, and nothing more", () => {
    expect(isCalendarDate("2024-02-29")).toBe(true);
    expect(isCalendarDate("2026-02-29")).toBe(false);
    expect(isCalendarDate("2026-02-28T00:00:00Z")).toBe(false);
  });
});
