import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { type Calibration, loadCalibration, stored } from "./capacity-constants.ts";
import { type CapacityPlan, EXAMPLE, type Traffic, readPlan } from "./capacity-plan.ts";
import { capacityText } from "./capacity-text.ts";
import { type Capacity, planCapacity } from "./capacity.ts";
import { buildProgram } from "./program.ts";
import { Terminal } from "./terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "lineshaft-capacity-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Round figures: 1 ms for a message and 1 ms for a delivery, 1,000 bytes of payload take 1,200, a try 100 and its request. */
const calibration: Calibration = {
  engine: "sqlite",
  machine: "a round machine",
  measuredOn: "2026-01-05",
  storage: {
    messageByPayload: [
      [0, 200],
      [10_000, 10_200],
    ],
    attemptByRequest: [
      [0, 100],
      [10_000, 10_100],
    ],
    delivery: 50,
    commit: 40,
  },
  times: { accept: { fixed: 1, perKilobyte: 0 }, deliver: { fixed: 1, perKilobyte: 0 }, commit: 1 },
};

/** A message a second, to one target, once. */
function aPlan(traffic: Partial<Traffic> = {}, plan: Partial<CapacityPlan> = {}): CapacityPlan {
  const one = { contract: "completion.v1", perHour: 3_600, payloadBytes: 1_000, targets: 1, attempts: 1 };
  return { messages: [{ ...one, ...traffic }], ...plan };
}

const of = (plan: CapacityPlan, changed: Partial<Calibration> = {}) =>
  planCapacity(plan, { ...calibration, ...changed });

/** What the command prints. */
async function capacity(...args: string[]): Promise<string> {
  const out = new PassThrough();
  const terminal = new Terminal({
    json: args.includes("--json"),
    debug: false,
    out: out as unknown as NodeJS.WriteStream,
  });
  await buildProgram(terminal).parseAsync(["node", "lineshaft", "capacity", ...args]);
  return String(out.read());
}

function aFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("storage", () => {
  test("a message weighs its payload, its rows, its requests and its commits", () => {
    // 1,200 message, 50 delivery, 1,100 attempt, and three commits of 40.
    expect(of(aPlan()).storage.perMessage).toBeCloseTo(2_470);
  });

  test("a month is as long as a twelfth of a year, and only working hours count", () => {
    const day = of(aPlan()).storage.perMonth;
    expect(day).toBeCloseTo((2_470 * 86_400 * 365) / 12);
    expect(of(aPlan({ hoursPerDay: 12, daysPerWeek: 3.5 })).storage.perMonth).toBeCloseTo(day / 4);
  });

  test("payloads go before what recognises duplicates, and then it grows no more", () => {
    const { storage } = of(aPlan({}, { retentionDays: { payloads: 10, duplicates: 100 } }));
    // 2,000 bytes of payload and request, 470 of all else.
    expect(storage.steady).toBeCloseTo(86_400 * (2_000 * 10 + 470 * 100));
    expect(storage.afterYear).toBeCloseTo(storage.steady ?? 0);
  });

  test("what is kept for good is told, with how large it is after a year", () => {
    const { storage, warnings } = of(aPlan({}, { retentionDays: { payloads: 10 } }));
    expect(storage.steady).toBeNull();
    expect(storage.afterYear).toBeCloseTo(86_400 * (2_000 * 10 + 470 * 365));
    expect(warnings.join()).toContain("grows for good");
  });
});

describe("workers", () => {
  test("the ceiling of a mix is what its messages and deliveries take of a worker's second", () => {
    expect(of(aPlan()).workers.ceilingPerSecond).toBeCloseTo(500);
    expect(of(aPlan({ targets: 4 })).workers.ceilingPerSecond).toBeCloseTo(200);
  });

  test("a peak above the share is warned of, and a SQLite ledger stays with one worker", () => {
    const { workers, warnings } = of(aPlan({ peakPerSecond: 400 }));
    expect(workers).toMatchObject({ needed: 1, peakShare: 0.8 });
    expect(warnings.join()).toContain("80 % of what sqlite and one worker do, more than 60 %");
    expect(of(aPlan({ peakPerSecond: 299 }, { retentionDays: { duplicates: 1 } })).warnings).toEqual([]);
  });

  test("a ledger of many workers gets as many as keep the peak below the share", () => {
    const { workers, assumptions } = of(aPlan({ peakPerSecond: 400 }), { engine: "postgres" });
    expect(workers).toMatchObject({ needed: 2, peakShare: 0.4 });
    expect(assumptions.join()).toContain("where the store itself is full was not measured");
  });
});

test("writes: three commits and five rows a message while there is little, a commit for many later", () => {
  expect(of(aPlan({ peakPerSecond: 5_000 })).writes).toEqual({
    commits: 3,
    rows: 5,
    peakCommits: 1_000,
    peakRows: 25_000,
  });
});

describe("after an outage", () => {
  test("what gathered is worked off with what the traffic that goes on leaves of a worker", () => {
    const { outage } = of(aPlan({ perHour: 360_000 }, { outageHours: 1 }));
    expect(outage).toMatchObject({ messages: 360_000, deliveries: 360_000, limitedBy: "the hub" });
    // 360 s of work, and 20 % of each second are taken.
    expect(outage.catchUpSeconds).toBeCloseTo(450);
  });

  test("a system that takes little is what it waits for", () => {
    const { outage, warnings } = of(
      aPlan({ targets: ["odoo"] }, { outageHours: 1, systems: { odoo: { perSecond: 1.5 } } }),
    );
    expect(outage).toMatchObject({ limitedBy: "odoo", catchUpSeconds: 7_200 });
    expect(warnings.join("\n")).toMatch(/longer than the outage itself; odoo/);
    expect(warnings.join("\n")).toMatch(/sends 3 to odoo, 200 % of the 1.5/);
  });

  test("a system that takes less than comes in never catches up", () => {
    const { outage, warnings } = of(aPlan({ targets: ["odoo"] }, { systems: { odoo: { perSecond: 0.5 } } }));
    expect(outage).toMatchObject({ limitedBy: "odoo", catchUpSeconds: null });
    expect(warnings.join()).toContain("its backlog only grows");
  });
});

describe("plans", () => {
  test("the example is a plan, comments and all, and so is a module", async () => {
    expect((await readPlan(aFile("example.json", EXAMPLE))).messages).toHaveLength(2);
    const module = aFile("plan.mts", `const plan: object = ${JSON.stringify(aPlan())};\nexport default plan;\n`);
    expect(await readPlan(module)).toEqual(aPlan());
  });

  test.each([
    ["{", /is no JSON/],
    ["{}", /the plan lacks messages/],
    [`{ "messages": [] }`, /at least one entry/],
    [`{ "messages": [{ "contract": "a" }] }`, /messages\[0\] lacks perHour/],
    [JSON.stringify(aPlan({ perHour: -1 })), /messages\[0\].perHour must be a number above 0/],
    [JSON.stringify({ ...aPlan(), outage: 3 }), /outage is no field; there are messages, retentionDays, outageHours/],
    [JSON.stringify(aPlan({}, { retentionDays: { payloads: 9, duplicates: 3 } })), /must not be above/],
    [JSON.stringify(aPlan({}, { systems: { s4: {} as never } })), /systems.s4 lacks perSecond/],
  ])("%s is refused with what is wrong", async (text, problem) => {
    await expect(readPlan(aFile("wrong.json", text))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(problem) as string,
    });
  });
});

describe("constants", () => {
  test("between two measured sizes, and beyond the last, it is a line", () => {
    const curve = [
      [0, 100],
      [10, 200],
      [20, 600],
    ] as const;
    expect([0, 5, 10, 15, 30].map((bytes) => stored(curve, bytes))).toEqual([100, 150, 200, 400, 1_000]);
  });

  test("those that were measured here are taken, and what is no calibration is refused", () => {
    const file = aFile("calibration.json", JSON.stringify(calibration));
    expect(loadCalibration(file)).toEqual({ ...calibration, from: file });
    const { storage: _, ...half } = calibration;
    expect(() => loadCalibration(aFile("half.json", JSON.stringify(half)))).toThrow(/is no calibration/);
    expect(() => loadCalibration(join(folder, "none.json"))).toThrow(/There is no calibration/);
  });
});

describe("the command", () => {
  test("prints an example that it reads itself, then figures, warnings and every assumption", async () => {
    const plan = aFile("plan.json", await capacity("--init"));
    const file = aFile("measured.json", JSON.stringify(calibration));
    const text = await capacity(plan, "--calibration", file);
    const shown = JSON.parse(await capacity(plan, "--calibration", file, "--json")) as Capacity;
    expect(text).toBe(`${capacityText(shown, { ...calibration, from: file })}\n`);
    for (const line of [...shown.assumptions, ...shown.warnings]) expect(text).toContain(line);
    expect(shown.systems.map(({ system }) => system).sort()).toEqual(["odoo-hamburg", "s4"]);
  });

  test("without a plan takes figures from the command line, and says that it does not know this machine", async () => {
    const text = await capacity("--per-hour", "7200", "--targets", "2", "--duplicate-days", "30");
    expect(text).toMatch(/messages per second +2 +6 in the busiest second/);
    expect(text).toContain("not on your machine");
  });

  test("with nothing says what to give", async () => {
    await expect(capacity()).rejects.toMatchObject({ code: "usage", message: "There is no plan." });
  });
});
