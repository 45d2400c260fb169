import { expect, test } from "vitest";
import { fromJsonDate, fromJsonTime, toJsonDate, toJsonTime } from "./edm-time.ts";

test("a day travels as the milliseconds of its midnight, without any zone", () => {
  expect(toJsonDate("2026-01-05")).toBe("/Date(1767571200000)/");
  expect(fromJsonDate("/Date(1767571200000)/")).toEqual({ date: "2026-01-05", time: "00:00:00" });
  expect(fromJsonDate("/Date(-86400000)/")?.date).toBe("1969-12-31");
  expect(fromJsonDate("2026-01-05T00:00:00")?.date).toBe("2026-01-05");
});

test("an empty or missing date is none, and a wrong one is an error that shows it", () => {
  expect([null, "", undefined].map((value) => fromJsonDate(value))).toEqual([undefined, undefined, undefined]);
  expect(() => fromJsonDate("05.01.2026")).toThrow('"05.01.2026"');
});

test("a time travels as a duration since midnight; parts that are zero may be missing", () => {
  expect(toJsonTime("08:15:00")).toBe("PT08H15M00S");
  expect(fromJsonTime("PT08H15M00S")).toBe("08:15:00");
  expect(fromJsonTime("PT8H")).toBe("08:00:00");
  expect(fromJsonTime("PT0S")).toBe("00:00:00");
  expect(fromJsonTime("PT24H00M00S")).toBe("24:00:00");
  expect(fromJsonTime("PT06H00M00.5S")).toBe("06:00:00");
  expect(() => fromJsonTime("6:00")).toThrow('"6:00"');
});
