import type { Fact } from "@lineshaft/core";
import { LineshaftError } from "@lineshaft/core";
import { productionOrder } from "@lineshaft/model";
import { FakeClock, RecordingIntake, eventually, keepRunning } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import { addPumpOrder, aConfirmation, anItem, openBench, sendOne } from "../testing/bench.ts";
import type { Bench, BenchOptions } from "../testing/bench.ts";

const EVERY_MS = 15_000;

/** A bench without its nine orders handed over yet, with an intake that checks as the engine does. */
async function openReading(options: BenchOptions = {}) {
  const clock = new FakeClock();
  const bench = await openBench({ clock, ...options });
  const intake = new RecordingIntake({ contracts: [productionOrder], now: () => clock.now() });
  return { clock, bench, intake, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

/** Ids of what was accepted, in order. */
function ids(intake: RecordingIntake): unknown[] {
  return intake.recorded.filter(({ receipt }) => receipt.kind === "accepted").map(({ fact }) => translated(fact)["id"]);
}

function translated(fact: Fact): Record<string, unknown> {
  const value: unknown = fact.translate?.(JSON.parse(String(fact.raw)), {});
  return value as Record<string, unknown>;
}

/** One more poll, begun and ended. */
async function poll(clock: FakeClock, bench: Bench, ms = EVERY_MS): Promise<void> {
  const before = reads(bench);
  await eventually("it waits for the next poll", () => clock.timers > 0);
  await clock.advance(ms);
  await eventually("it has read and waits again", () => reads(bench) > before && clock.timers > 0);
}

function reads(bench: Bench): number {
  return bench.sim.requests().by["GET API_PRODUCTION_ORDER_2_SRV"] ?? 0;
}

describe("released orders", () => {
  test("become facts of the contract, checked by it, with operations and components", async () => {
    await using it = await openReading();
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually(
      "all are recorded",
      () => it.intake.recorded.length === 9,
      () => running.failures.map(String),
    );
    expect(it.intake.recorded.map(({ receipt }) => receipt)).toEqual(
      Array.from({ length: 9 }, (_, n) => ({ kind: "accepted", message: n + 1 })),
    );
    const [first] = it.intake.recorded;
    expect(first && translated(first.fact)).toMatchObject({
      id: "1@20260105070000",
      version: "20260105070000",
      time: "2026-01-05T07:00:00+01:00",
      productionOrder: "1",
      product: "PUMP-100",
      site: "1010",
      quantity: { value: "100.000", unit: "C62" },
      status: "released",
      plannedStart: "2026-01-05T06:00:00+01:00",
      plannedEnd: "2026-01-05T14:00:00+01:00",
      operations: [{ operation: "0010", workCenter: "ASSEMBLY" }, { operation: "0020" }],
      components: [
        { product: "ROTOR-100", quantity: { value: "100.000", unit: "C62" }, operation: "0010", backflush: true },
      ],
    });
  });

  test("are read once as long as they do not change", async () => {
    await using it = await openReading();
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("all are recorded", () => it.intake.recorded.length === 9);
    await poll(it.clock, it.bench);
    await poll(it.clock, it.bench);
    expect(it.intake.handed).toHaveLength(9);
    expect(running.failures).toEqual([]);
  });

  test("come again with a newer version when they change, up to their closing", async () => {
    await using it = await openReading();
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("all are recorded", () => it.intake.recorded.length === 9);
    await eventually("it waits", () => it.clock.timers > 0);
    const states: Record<string, string>[] = [
      { MfgOrderConfirmedYieldQty: "5.000" },
      { OrderIsTechnicallyCompleted: "X" },
      { OrderIsClosed: "X" },
    ];
    for (const state of states) {
      it.bench.sim.plant.changeOrder("3", state);
      await poll(it.clock, it.bench);
    }
    const changes = it.intake.recorded.slice(9).map(({ fact }) => translated(fact));
    expect(changes.map(({ productionOrder, status }) => [productionOrder, status])).toEqual([
      ["3", "started"],
      ["3", "completed"],
      ["3", "closed"],
    ]);
    const versions = changes.map(({ version }) => String(version));
    expect(versions).toEqual([...versions].sort());
    expect(running.failures).toEqual([]);
  });

  test("that are not released, or are over at the first reading, are left out", async () => {
    await using it = await openReading();
    for (const [n, status] of (["created", "technicallyComplete", "closed"] as const).entries()) {
      it.bench.sim.plant.addOrder({ order: `9${n}`, material: "P", plant: "1010", quantity: "1", unit: "PCE", status });
    }
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("the released ones are recorded", () => it.intake.recorded.length === 9);
    await poll(it.clock, it.bench, 60_000);
    expect(ids(it.intake).some((id) => String(id).startsWith("90@"))).toBe(false);
    expect(running.failures).toEqual([]);
  });

  test("of other plants are left out", async () => {
    await using it = await openReading({ s4: { productionOrders: { plants: ["2010", "3010"] } } });
    it.bench.sim.plant.addOrder({ order: "90", material: "P", plant: "2010", quantity: "1", unit: "PCE" });
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("the one of plant 2010 is recorded", () => it.intake.recorded.length === 1);
    await poll(it.clock, it.bench);
    expect(ids(it.intake)).toEqual(["90@20260105070000"]);
    expect(running.failures).toEqual([]);
  });
});

describe("nothing is missed", () => {
  test.each([
    ["the hub's pages", { s4: { productionOrders: { pageSize: 2 } } }],
    ["the server's pages", { sim: { pageRows: 2 } }],
    ["both", { sim: { pageRows: 3 }, s4: { productionOrders: { pageSize: 2 } } }],
  ] satisfies [string, BenchOptions][])("although more orders share a second than fit %s", async (_, options) => {
    await using it = await openReading(options);
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually(
      "all are recorded",
      () => ids(it.intake).length === 9,
      () => [ids(it.intake), running.failures.map(String)],
    );
    expect(new Set(ids(it.intake)).size).toBe(9);
    expect(running.failures).toEqual([]);
  });

  test("at a page's boundary, although an order moves to the end while the pages are read", async () => {
    const clock = new FakeClock();
    await using it = await openReading({ clock, s4: { productionOrders: { pageSize: 3 } } });
    for (let n = 10; n <= 30; n++) {
      await clock.advance(1_000);
      addPumpOrder(it.bench.sim, String(n));
    }
    await clock.advance(1_000);
    const { intake } = it;
    // Right after the first page, an order on it changes: rows behind it move up.
    intake.answer = () => {
      intake.answer = undefined;
      it.bench.sim.plant.changeOrder("1", { MRPController: "X" });
      return { kind: "accepted", message: 1 };
    };
    await using running = keepRunning(it.bench.orders, intake);
    await eventually(
      "all 30 are known",
      () => new Set(orders(intake)).size === 30,
      () => orders(intake),
    );
    await eventually(
      "order 1 came again with its change",
      () => orders(intake).filter((order) => order === "1").length === 2,
    );
    expect(running.failures).toEqual([]);
  });

  test("of changes within the second that was read last", async () => {
    await using it = await openReading();
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("all are recorded", () => it.intake.recorded.length === 9);
    await eventually("it waits", () => it.clock.timers > 0);
    addPumpOrder(it.bench.sim, "10");
    await poll(it.clock, it.bench);
    expect(orders(it.intake)).toContain("10");
    expect(running.failures).toEqual([]);
  });

  test("of two changes of one order within a second; the second one is newer", async () => {
    await using it = await openReading();
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("all are recorded", () => it.intake.recorded.length === 9);
    await eventually("it waits", () => it.clock.timers > 0);
    it.bench.sim.plant.changeOrder("1", { MRPController: "M01" });
    await poll(it.clock, it.bench);
    expect(ids(it.intake).slice(9)).toEqual(["1@20260105070000.002"]);
    expect(running.failures).toEqual([]);
  });

  test("of what was stamped before the last poll and committed after it", async () => {
    await using it = await openReading();
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("all are recorded", () => it.intake.recorded.length === 9);
    await eventually("it waits", () => it.clock.timers > 0);
    await it.clock.advance(60_000);
    it.bench.sim.plant.changeOrder("2", { MRPController: "M01" });
    await poll(it.clock, it.bench);
    const row = it.bench.sim.plant.order("5");
    if (row) Object.assign(row, { MRPController: "M02", LastChangeDateTime: "20260105070030" });
    await poll(it.clock, it.bench);
    expect(ids(it.intake)).toContain("5@20260105070030");
    expect(running.failures).toEqual([]);
  });

  test("by a restart: it goes on from its cursor, and what comes twice is known", async () => {
    await using it = await openReading();
    const first = keepRunning(it.bench.orders, it.intake);
    await eventually("all are recorded", () => it.intake.recorded.length === 9);
    await eventually("the cursor is saved", () => it.intake.cursors.get("s4/productionOrders") === "20260105070000");
    await first.stop();
    await it.clock.advance(1_000);
    addPumpOrder(it.bench.sim, "10");
    await using next = await openBench({ clock: it.clock });
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("the new one is recorded", () => orders(it.intake).includes("10"));
    expect(ids(it.intake)).toHaveLength(10);
    expect([running.failures, next.sim.counts().orders]).toEqual([[], 9]);
  });

  test("when the plant's clock is put back: smaller stamps are found, and a newer state is not taken for an older one", async () => {
    const clock = new FakeClock(Date.parse("2026-10-25T00:00:00Z"));
    await using bench = await openBench({ clock });
    const intake = new RecordingIntake({ contracts: [productionOrder], now: () => clock.now() });
    await using running = keepRunning(bench.orders, intake);
    await eventually("all are recorded", () => intake.recorded.length === 9);
    await poll(clock, bench, 50 * 60_000);
    bench.sim.plant.changeOrder("1", { MRPController: "M01" });
    await poll(clock, bench);
    await poll(clock, bench, 20 * 60_000);
    for (const order of ["1", "2"]) bench.sim.plant.changeOrder(order, { MRPController: "M02" });
    await poll(clock, bench);
    await poll(clock, bench);
    expect(ids(intake).slice(9)).toEqual(["1@20261025025000", "1@20261025025000.002", "2@20261025021015"]);
    expect(running.failures).toEqual([]);
  });

  test("by an intake that is overloaded: the cursor stays, and the orders come again", async () => {
    await using it = await openReading();
    it.intake.failWith(new LineshaftError("intake-overloaded", "Too many.", { next: "Come back." }));
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("it has failed", () => running.failures.length > 0);
    expect(it.intake.cursors.size).toBe(0);
    it.intake.failWith(undefined);
    await eventually("all are recorded", () => ids(it.intake).length === 9);
  });

  test("by an outage", async () => {
    await using it = await openReading();
    await it.bench.sim.goOffline();
    await using running = keepRunning(it.bench.orders, it.intake);
    await eventually("it has failed", () => running.failures.length > 0);
    expect(running.failures[0]).toMatchObject({ code: "system-unavailable" });
    await it.bench.sim.goOnline();
    await eventually("all are recorded", () => ids(it.intake).length === 9);
  });
});

test("stopped while the intake holds a fact back, it returns and saves no cursor", async () => {
  await using it = await openReading();
  it.intake.hold();
  const running = keepRunning(it.bench.orders, it.intake);
  await eventually("facts are handed over", () => it.intake.handed.length === 9);
  await running.stop();
  expect(it.intake.cursors.size).toBe(0);
  it.intake.release();
});

test("a confirmation posted by the hub shows up as the order's new state", async () => {
  await using it = await openReading();
  await using running = keepRunning(it.bench.orders, it.intake);
  await eventually("all are recorded", () => it.intake.recorded.length === 9);
  await eventually("it waits", () => it.clock.timers > 0);
  await it.clock.advance(1_000);
  await sendOne(it.bench.confirm, anItem(aConfirmation({ operation: "0020", yield: "100" })));
  await poll(it.clock, it.bench);
  const last = it.intake.recorded.at(-1);
  expect(last && translated(last.fact)).toMatchObject({
    productionOrder: "1",
    status: "started",
    completed: { value: "100.000" },
  });
  expect(running.failures).toEqual([]);
});

test("an order whose unit has no ISO code is refused by name, the others go on", async () => {
  await using it = await openReading();
  Object.assign(it.bench.sim.plant.order("4") ?? {}, { ProductionUnitISOCode: "" });
  await using running = keepRunning(it.bench.orders, it.intake);
  await eventually("all are answered", () => it.intake.recorded.length === 9);
  const refused = it.intake.recorded.filter(({ receipt }) => receipt.kind === "refused");
  expect(refused).toHaveLength(1);
  expect(JSON.stringify(refused[0]?.receipt)).toContain("ISO code");
  expect(running.failures).toEqual([]);
});

function orders(intake: RecordingIntake): unknown[] {
  return intake.recorded.map(({ fact }) => translated(fact)["productionOrder"]);
}
