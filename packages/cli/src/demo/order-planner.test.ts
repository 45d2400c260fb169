import { laneOf } from "@lineshaft/core";
import type { MesOrder } from "@lineshaft/simulators";
import type { MachineView } from "@lineshaft/simulators/plant";
import { seededRandom } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { OrderPlanner } from "./order-planner.ts";

const aMachine = (change: Partial<MachineView> = {}): MachineView => ({
  name: "PRESS-11",
  protocol: "OPC UA",
  state: "idle",
  reason: "NO-ORDER",
  order: "",
  good: 0,
  scrap: 0,
  waiting: [],
  ...change,
});

function aPlanner(lanes: readonly number[] = [...Array(64).keys()], orders: readonly MesOrder[] = []) {
  const released: MesOrder[] = [];
  const planner = new OrderPlanner({
    orders,
    random: seededRandom(1),
    lanes: () => lanes,
    release: (order) => released.push(order),
  });
  return { planner, released, numbers: () => released.map(({ productionOrder }) => productionOrder) };
}

test("a machine has eight orders ahead of it, and those on their way to it count", () => {
  const { planner, released, numbers } = aPlanner();
  planner.look([aMachine()]);
  expect(released.length).toBe(8);
  planner.look([aMachine()]);
  planner.look([aMachine({ order: numbers()[0] ?? "", waiting: numbers().slice(1) })]);
  expect(released.length).toBe(8);
  planner.look([aMachine({ order: numbers()[2] ?? "", waiting: numbers().slice(3) })]);
  expect(released.length).toBe(10);
  expect(released.every(({ workCenter, product }) => workCenter === "PRESS-11" && product === "PUMP-100")).toBe(true);
});

test("numbers go on after those of earlier starts, and are of the lanes of the worker that the gateway calls", () => {
  const before = aPlanner();
  before.planner.look([aMachine()]);
  const { planner, numbers } = aPlanner([3, 17], before.released);
  planner.look([aMachine({ name: "PACKER-4" })]);
  expect(numbers().length).toBe(8);
  expect(numbers().every((number) => [3, 17].includes(laneOf(number)))).toBe(true);
  expect(Math.min(...numbers().map(Number))).toBeGreaterThan(5_000_008);
  expect(planner.orders.length).toBe(16);
});

test("a worker without lanes releases nothing, and later what is missing", () => {
  const lanes: number[] = [];
  const { planner, released } = aPlanner(lanes);
  planner.look([aMachine()]);
  expect(released).toEqual([]);
  lanes.push(5);
  planner.look([aMachine()]);
  expect(released.length).toBe(8);
});
