import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkZone, fromPlantTime, toPlantTime } from "./plant-time.ts";

const berlin = "Europe/Berlin";

describe("the plant's clock", () => {
  test("an instant is shown as the plant's local date and time, also past its midnight", () => {
    expect(toPlantTime("2026-01-05T23:30:00Z", berlin)).toEqual({ date: "2026-01-06", time: "00:30:00" });
    expect(toPlantTime("2026-07-05T23:30:00.999Z", berlin)).toEqual({ date: "2026-07-06", time: "01:30:00" });
    expect(toPlantTime("2026-01-05T08:15:00+05:30", "Asia/Kolkata")).toEqual({ date: "2026-01-05", time: "08:15:00" });
  });

  test("a local time gets the offset that held at that moment", () => {
    expect(fromPlantTime({ date: "2026-01-05", time: "06:00:00" }, berlin)).toBe("2026-01-05T06:00:00+01:00");
    expect(fromPlantTime({ date: "2026-07-05", time: "06:00:00" }, berlin)).toBe("2026-07-05T06:00:00+02:00");
    expect(fromPlantTime({ date: "2026-01-05", time: "06:00:00" }, "America/St_Johns")).toBe(
      "2026-01-05T06:00:00-03:30",
    );
  });

  test("24:00:00 is the beginning of the next day", () => {
    expect(fromPlantTime({ date: "2026-01-31", time: "24:00:00" }, berlin)).toBe("2026-02-01T00:00:00+01:00");
  });

  test("a time in the hour that is left out in spring is moved on by that hour", () => {
    expect(fromPlantTime({ date: "2026-03-29", time: "02:30:00" }, berlin)).toBe("2026-03-29T03:30:00+02:00");
    expect(fromPlantTime({ date: "2026-03-29", time: "01:59:59" }, berlin)).toBe("2026-03-29T01:59:59+01:00");
    expect(fromPlantTime({ date: "2026-03-29", time: "03:00:00" }, berlin)).toBe("2026-03-29T03:00:00+02:00");
  });

  test("a time in the hour that comes twice in autumn is the first one, or the second where asked for", () => {
    const local = { date: "2026-10-25", time: "02:30:00" };
    expect(fromPlantTime(local, berlin)).toBe("2026-10-25T02:30:00+02:00");
    expect(fromPlantTime(local, berlin, "later")).toBe("2026-10-25T02:30:00+01:00");
  });

  test("every instant outside of a repeated hour comes back the same, in any zone", () => {
    const zones = fc.constantFrom(berlin, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu");
    const seconds = fc.integer({ min: Date.UTC(2000, 0, 1) / 1000, max: Date.UTC(2040, 0, 1) / 1000 });
    fc.assert(
      fc.property(seconds, zones, (second, zone) => {
        const local = toPlantTime(second * 1000, zone);
        const candidates = [fromPlantTime(local, zone), fromPlantTime(local, zone, "later")].map((text) =>
          Date.parse(text),
        );
        expect(candidates).toContain(second * 1000);
      }),
    );
  });

  test("an unknown zone is refused with a next step", () => {
    expect(() => checkZone("Mars/Base")).toThrow(/no time zone "Mars\/Base"/);
  });
});
