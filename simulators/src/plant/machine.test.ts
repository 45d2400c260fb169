import { FakeClock } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { type LineOrder, Machine, type MachineOptions } from "./machine.ts";

const order = (productionOrder: string, quantity: number): LineOrder => ({
  productionOrder,
  product: "PUMP-100",
  quantity,
  workCenter: "PRESS-11",
});

function aMachine(options: Partial<MachineOptions> = {}) {
  const clock = new FakeClock();
  const machine = new Machine({ name: "PRESS-11", seed: 7, clock, cycleMs: 1_000, ...options });
  const seen: string[] = [];
  machine.changed = () => {
    const { state, reason, temperature, memory } = machine;
    seen.push(
      [clock.now(), state, reason, temperature, memory.order?.productionOrder, memory.good, memory.scrap].join(),
    );
  };
  return { clock, machine, seen };
}

test("the same seed and the same clock give the same day, and another seed another one", async () => {
  const day = async (seed: number) => {
    const { clock, machine, seen } = aMachine({ seed });
    machine.run();
    machine.take(order("1", 50));
    machine.take(order("2", 50));
    await clock.advance(300_000);
    return seen;
  };
  const [first, again, other] = [await day(7), await day(7), await day(8)];
  expect(first.length).toBeGreaterThan(100);
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test("an order is made to its last piece, and cleared before the next one is set up", async () => {
  const { clock, machine } = aMachine();
  machine.run();
  expect(machine).toMatchObject({ state: "idle", reason: "NO-ORDER" });
  machine.take(order("1", 20));
  machine.take(order("2", 5));
  const goodOf = new Map<string, number>();
  machine.changed = () => {
    const { productionOrder } = machine.memory.order ?? {};
    if (productionOrder !== undefined) goodOf.set(productionOrder, machine.memory.made);
  };
  await clock.advance(300_000);
  expect(Object.fromEntries(goodOf)).toEqual({ 1: 20, 2: 5 });
  expect(machine.memory.good + machine.memory.scrap).toBe(25);
  expect(machine.memory).toMatchObject({ order: undefined, waiting: [] });
  expect(machine).toMatchObject({ state: "idle", reason: "NO-ORDER" });
});

test("now and then a piece is scrap, gets too hot or jams", async () => {
  const { clock, machine, seen } = aMachine({ troubleShare: 0.05 });
  machine.run();
  machine.take(order("1", 200));
  await clock.advance(1_000_000);
  expect(machine.memory.scrap).toBeGreaterThan(0);
  const rows = seen.map((row) => row.split(","));
  expect(rows.some(([, state, reason]) => state === "held" && reason === "MATERIAL-JAM")).toBe(true);
  expect(rows.some(([, , , temperature]) => Number(temperature) > 200)).toBe(true);
});

test("a machine whose power was cut goes on with its counters, its order and what waits", async () => {
  const { clock, machine } = aMachine({ scrapShare: 0, troubleShare: 0 });
  machine.run();
  machine.take(order("1", 20));
  machine.take(order("2", 5));
  await clock.advance(10_500);
  machine.stop();
  await clock.advance(60_000);
  const kept = JSON.parse(JSON.stringify(machine.memory)) as MachineOptions["memory"];
  expect(kept).toMatchObject({ good: 8, made: 8, order: { productionOrder: "1" } });
  const after = aMachine({ scrapShare: 0, troubleShare: 0, ...(kept && { memory: kept }) });
  after.machine.run();
  await after.clock.advance(100_000);
  expect(after.machine.memory).toMatchObject({ good: 25, waiting: [] });
});

test("a power cut after the last piece of an order makes no piece more", async () => {
  const made = order("1", 3);
  const memory = { good: 3, scrap: 0, energyWh: 9, order: made, made: 3, waiting: [order("2", 2)] };
  const { clock, machine } = aMachine({ memory, scrapShare: 0, troubleShare: 0 });
  machine.run();
  await clock.advance(60_000);
  expect(machine.memory).toMatchObject({ good: 5, waiting: [] });
});

test("too many orders are refused", () => {
  const { machine } = aMachine();
  for (let n = 0; n < 100; n++) expect(machine.take(order(String(n), 1))).toBe(true);
  expect(machine.take(order("one more", 1))).toBe(false);
});
