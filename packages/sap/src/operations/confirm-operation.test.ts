import { FakeClock, targetCases } from "@lineshaft/testing";
import { Secret } from "@lineshaft/core";
import { describe, expect, test } from "vitest";
import { confirmationGuid } from "../external-keys.ts";
import { aConfirmation, addPumpOrder, anItem, find, openBench, running, sendOne, takeAway } from "../testing/bench.ts";
import type { OperationConfirmation } from "./operation-confirmation.ts";

const item = (more: Partial<OperationConfirmation> = {}, token?: string) => anItem(aConfirmation(more), token);
const guid = confirmationGuid("t-1");

for (const repeatability of ["off", "on", "unconfigured"] as const) {
  targetCases<OperationConfirmation>(`confirmOperation, RequestID ${repeatability}`, async () => {
    const bench = await openBench({ sim: { repeatability } });
    // The first write tells the connector that SAP takes no RequestID; from then on it sends none.
    if (repeatability === "unconfigured") await sendOne(bench.confirm, item({ order: "9" }, "first"));
    return {
      target: bench.confirm,
      value: (n) => aConfirmation({ order: String(n) }),
      badValue: () => aConfirmation({ order: "4711" }),
      effects: ({ token }) => Promise.resolve(bench.sim.confirmationsWith(confirmationGuid(token))),
      dropNextAnswer: () => bench.sim.fault({ fault: "dropAnswer" }),
      outage: (on) => (on ? takeAway(bench) : bench.sim.goOnline()),
      dispose: async () => bench[Symbol.asyncDispose](),
    };
  });
}

describe("what reaches SAP", () => {
  test("quantities, units, numbers and plant times stand in SAP as the value says", async () => {
    await using bench = await openBench();
    const outcome = await sendOne(
      bench.confirm,
      item({
        yield: "5.125000",
        scrap: "1",
        rework: "0.5",
        scrapReason: "12",
        final: "final",
        postedAt: "2026-01-05T23:30:00Z",
        startedAt: "2026-01-05T06:00:00+01:00",
        endedAt: "2026-01-05T07:30:00+01:00",
        activities: [{ slot: 2, quantity: "1.5", unit: "HUR", finished: true }],
        personnel: "77",
        text: "Shift 1",
      }),
    );
    expect(outcome).toMatchObject({ kind: "done", receipt: "0000000001/00000001" });
    expect(bench.sim.confirmations()[0]?.row).toMatchObject({
      OrderID: "000000000001",
      OrderOperation: "0010",
      ConfirmationYieldQuantity: "5.125",
      ConfirmationScrapQuantity: "1.000",
      ConfirmationReworkQuantity: "0.500",
      ConfirmationUnitISOCode: "PCE",
      ConfirmationUnit: "ST",
      VarianceReasonCode: "0012",
      FinalConfirmationType: "X",
      PostingDate: "2026-01-06",
      ConfirmedExecutionStartTime: "06:00:00",
      ConfirmedExecutionEndTime: "07:30:00",
      WorkQuantityUnit2ISOCode: "HUR",
      OpConfirmedWorkQuantity2: "1.500",
      NoFurtherOpWorkQuantity2IsExpd: true,
      Personnel: "00000077",
      ExternalSystemConfirmation: guid,
    });
  });

  test("an end in the repeated hour of autumn never stands before its start", async () => {
    await using bench = await openBench();
    const times = { startedAt: "2026-10-25T02:50:00+02:00", endedAt: "2026-10-25T02:10:00+01:00" };
    expect((await sendOne(bench.confirm, item(times))).kind).toBe("done");
    expect(bench.sim.confirmations()[0]?.row).toMatchObject({
      ConfirmedExecutionStartTime: "02:50:00",
      ConfirmedExecutionEndTime: "02:50:00",
    });
  });

  test("a plant in another zone has its own clock", async () => {
    await using bench = await openBench({ s4: { zones: { "2010": "America/Chicago" } } });
    await sendOne(bench.confirm, item({ plant: "2010", postedAt: "2026-01-06T03:00:00Z" }));
    expect(bench.sim.confirmations()[0]?.row["PostingDate"]).toBe("2026-01-05");
  });

  test("a unit that SAP does not know is rejected with SAP's words", async () => {
    await using bench = await openBench();
    const outcome = await sendOne(bench.confirm, item({ unit: "XYZ" }));
    expect(outcome).toMatchObject({ kind: "rejected", reason: "sap-bm-302", said: expect.stringContaining("XYZ") });
  });

  test("units can be told apart by the project", async () => {
    await using bench = await openBench({ s4: { units: { XYZ: "PCE" } } });
    expect((await sendOne(bench.confirm, item({ unit: "XYZ" }))).kind).toBe("done");
  });

  test("a warning of SAP becomes a note of what stands", async () => {
    await using bench = await openBench();
    bench.sim.plant.changeOrder("1", { OrderIsTechnicallyCompleted: "X" });
    const outcome = await sendOne(bench.confirm, item());
    expect(outcome).toMatchObject({ kind: "done", note: expect.stringContaining("technically complete") });
  });

  test.each([
    ["created", "BS/007"],
    ["locked", "BS/013"],
    ["closed", "BS/013"],
  ] as const)("an order that is %s refuses, with SAP's code", async (status, code) => {
    await using bench = await openBench();
    bench.sim.plant.addOrder({ order: "50", material: "P", plant: "1010", quantity: "1", unit: "PCE", status });
    const outcome = await sendOne(bench.confirm, item({ order: "50" }));
    expect(outcome).toMatchObject({ kind: "rejected", said: expect.stringContaining(code) });
  });
});

describe("each fault", () => {
  test("a lost answer is uncertain; the look-up finds it, and nothing was posted twice", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "dropAnswer" });
    expect((await sendOne(bench.confirm, item())).kind).toBe("uncertain");
    expect(await find(bench.confirm, item())).toMatchObject({ kind: "found", receipt: "0000000001/00000001" });
    expect(bench.sim.requests().by["POST API_PROD_ORDER_CONFIRMATION_2_SRV"]).toBe(1);
  });

  test("a request cut off before it was applied is uncertain; the look-up says absent", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "dropRequest" });
    expect((await sendOne(bench.confirm, item())).kind).toBe("uncertain");
    expect(await find(bench.confirm, item())).toMatchObject({
      kind: "absent",
      evidence: expect.stringContaining(guid),
    });
  });

  test.each([
    ["error500", 0],
    ["error500Applied", 1],
  ] as const)("%s is uncertain, whether applied or not", async (fault, effects) => {
    await using bench = await openBench();
    bench.sim.fault({ fault });
    expect((await sendOne(bench.confirm, item())).kind).toBe("uncertain");
    expect(bench.sim.confirmationsWith(guid)).toBe(effects);
    expect((await find(bench.confirm, item())).kind).toBe(effects === 1 ? "found" : "absent");
  });

  test("no answer in time is uncertain", async () => {
    await using bench = await openBench({ s4: { timeoutMs: 300 } });
    bench.sim.fault({ fault: "slow", service: "API_PROD_ORDER_CONFIRMATION_2_SRV", ms: 5_000, count: 2 });
    bench.sim.clearFaults();
    await sendOne(bench.confirm, item({}, "first"));
    bench.sim.fault({ fault: "slow", ms: 5_000 });
    expect((await sendOne(bench.confirm, item())).kind).toBe("uncertain");
    expect(bench.sim.confirmationsWith(guid)).toBe(1);
  });

  test("a lock is unavailable and nothing is applied", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "lock" });
    expect(await sendOne(bench.confirm, item())).toMatchObject({
      kind: "unavailable",
      said: expect.stringContaining("MC/601"),
    });
    expect(bench.sim.counts().confirmations).toBe(0);
    expect((await sendOne(bench.confirm, item())).kind).toBe("done");
  });

  test("a rate limit says when to come back", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "rateLimit", ms: 7_000 });
    expect(await sendOne(bench.confirm, item())).toMatchObject({ kind: "unavailable", retryAfterMs: 7_000 });
  });

  test("an outage is unavailable, be it announced or a refused connection", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "outage" });
    expect((await sendOne(bench.confirm, item())).kind).toBe("unavailable");
    bench.sim.clearFaults();
    await bench.sim.goOffline();
    expect((await sendOne(bench.confirm, item())).kind).toBe("unavailable");
  });

  test("a changed password parks nothing: the system is unavailable and says what to do", async () => {
    await using bench = await openBench();
    bench.sim.configure({ password: "changed" });
    expect(await sendOne(bench.confirm, item())).toMatchObject({
      kind: "unavailable",
      next: expect.stringContaining("password"),
    });
  });

  test("a password that is gone parks nothing either, alone or in a batch", async () => {
    await using bench = await openBench({ s4: { password: Secret.env("NO_SUCH_SECRET", {}) } });
    expect(await sendOne(bench.confirm, item())).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("NO_SUCH_SECRET"),
    });
    const two = ["1", "2"].map((order) => item({ order }, `b-${order}`));
    await expect(bench.confirm.send(two, running())).rejects.toMatchObject({ code: "system-unavailable" });
  });

  test("an expired session is opened anew once, and the confirmation is posted once", async () => {
    await using bench = await openBench();
    await sendOne(bench.confirm, item({ order: "2" }, "first"));
    bench.sim.fault({ fault: "csrfExpired" });
    expect((await sendOne(bench.confirm, item())).kind).toBe("done");
    expect(bench.sim.confirmationsWith(guid)).toBe(1);
    bench.sim.fault({ fault: "csrfExpired", count: 2 });
    expect((await sendOne(bench.confirm, item({ order: "3" }, "t-3"))).kind).toBe("unavailable");
    expect(bench.sim.confirmationsWith(confirmationGuid("t-3"))).toBe(0);
  });

  test("a read that lags behind finds nothing, which is why a look-up waits", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "dropAnswer" });
    await sendOne(bench.confirm, item());
    bench.sim.fault({ fault: "stale", ms: 60_000 });
    expect((await find(bench.confirm, item())).kind).toBe("absent");
    bench.sim.clearFaults();
    expect((await find(bench.confirm, item())).kind).toBe("found");
  });

  test("a look-up that can't look throws that the system is unavailable", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "outage" });
    await expect(find(bench.confirm, item())).rejects.toMatchObject({ code: "system-unavailable" });
  });

  test("the look-up waits longer than SAP may work on a request", async () => {
    await using bench = await openBench({ s4: { settleMs: 660_000 } });
    expect(bench.confirm.repeat).toMatchObject({ kind: "lookup", settleMs: 660_000 });
  });
});

describe("posted late", () => {
  test("what the update task has not committed yet is absent, and found afterwards", async () => {
    const clock = new FakeClock();
    await using bench = await openBench({ clock, sim: { updateDelayMs: 20_000 } });
    bench.sim.fault({ fault: "dropAnswer" });
    expect((await sendOne(bench.confirm, item())).kind).toBe("uncertain");
    expect((await find(bench.confirm, item())).kind).toBe("absent");
    await clock.advance(20_000);
    expect((await find(bench.confirm, item())).kind).toBe("found");
  });
});

describe("SAP posts twice when it is asked twice", () => {
  test("and a look-up says how often it stands", async () => {
    await using bench = await openBench();
    await sendOne(bench.confirm, item());
    await sendOne(bench.confirm, item());
    expect(bench.sim.confirmationsWith(guid)).toBe(2);
    expect(await find(bench.confirm, item())).toMatchObject({
      kind: "found",
      note: expect.stringContaining("2 times"),
    });
  });

  test("unless it keeps RequestIDs: then the second one is answered like the first", async () => {
    await using bench = await openBench({ sim: { repeatability: "on" } });
    const first = await sendOne(bench.confirm, item());
    const second = await sendOne(bench.confirm, item());
    expect(second).toEqual(first);
    expect(first).toMatchObject({ response: { repeatable: true } });
    expect(bench.sim.confirmationsWith(guid)).toBe(1);
  });

  test("a RequestID too old for an answer is uncertain, so that it is looked up", async () => {
    const clock = new FakeClock();
    await using bench = await openBench({ clock, sim: { repeatability: "on" } });
    const old = { ...item(), receivedTime: clock.now() };
    await sendOne(bench.confirm, old);
    await clock.advance(5 * 60 * 60 * 1000);
    expect((await sendOne(bench.confirm, old)).kind).toBe("uncertain");
    expect(bench.sim.confirmationsWith(guid)).toBe(1);
  });

  test("a SAP whose RequestID framework is not set up gets none after its first refusal", async () => {
    await using bench = await openBench({ sim: { repeatability: "unconfigured" } });
    expect((await sendOne(bench.confirm, item())).kind).toBe("unavailable");
    expect((await sendOne(bench.confirm, item())).kind).toBe("done");
    expect(bench.sim.confirmationsWith(guid)).toBe(1);
  });
});

describe("a batch", () => {
  test("is one call, whatever its size, and each item has its own outcome", async () => {
    await using bench = await openBench();
    await sendOne(bench.confirm, item({ order: "9" }, "first"));
    const before = bench.sim.requests().by["POST API_PROD_ORDER_CONFIRMATION_2_SRV"] ?? 0;
    const items = ["1", "4711", "2"].map((order) => item({ order }, `b-${order}`));
    const outcomes = await bench.confirm.send(items, running());
    expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "rejected", "done"]);
    expect(bench.sim.requests().by["POST API_PROD_ORDER_CONFIRMATION_2_SRV"]).toBe(before + 1);
  });

  test("a lock on one item leaves the others alone", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "lock" });
    const outcomes = await bench.confirm.send(
      ["1", "2"].map((order) => item({ order }, `b-${order}`)),
      running(),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(["unavailable", "done"]);
  });

  test("whose answer is lost makes every item uncertain, and each is found", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "dropAnswer" });
    const items = ["1", "2"].map((order) => item({ order }, `b-${order}`));
    await expect(bench.confirm.send(items, running())).rejects.toMatchObject({ code: "system-uncertain" });
    for (const each of items) expect((await find(bench.confirm, each)).kind).toBe("found");
    expect(bench.sim.counts().confirmations).toBe(2);
  });
});

test("a confirmation is found although a person has corrected its order since", async () => {
  await using bench = await openBench();
  bench.sim.fault({ fault: "dropAnswer" });
  await sendOne(bench.confirm, item({ order: "1" }));
  expect(await find(bench.confirm, item({ order: "2" }))).toMatchObject({ kind: "found" });
});

test("two items of one order are never in flight at once", async () => {
  await using bench = await openBench();
  expect(bench.confirm.conflicts?.(item({ order: "000007" }))).toEqual(bench.confirm.conflicts?.(item({ order: "7" })));
});

test("a confirmation cancelled in SAP since is not sent again", async () => {
  await using bench = await openBench();
  await sendOne(bench.confirm, item());
  const row = bench.sim.plant.confirmations.all()[0];
  if (row) row["IsReversed"] = true;
  expect(await find(bench.confirm, item())).toMatchObject({
    kind: "found",
    note: expect.stringContaining("cancelled"),
  });
});

test("many at once fetch one token", async () => {
  await using bench = await openBench();
  for (let n = 10; n < 20; n++) addPumpOrder(bench.sim, String(n));
  const items = Array.from({ length: 10 }, (_, n) => item({ order: String(n + 10), noGoodsMovements: true }, `p-${n}`));
  const outcomes = await Promise.all(items.map((each) => sendOne(bench.confirm, each)));
  expect(outcomes.every(({ kind }) => kind === "done")).toBe(true);
  expect(bench.sim.requests().by["GET API_PROD_ORDER_CONFIRMATION_2_SRV"]).toBe(1);
});
