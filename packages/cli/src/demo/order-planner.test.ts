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

function aPlanner(orders: readonly MesOrder[] = []) {
  const released: MesOrder[] = [];
  const planner = new OrderPlanner({
    orders,
    random: seededRandom(1),
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

test("numbers go on after those of earlier starts", () => {
  const before = aPlanner();
  before.planner.look([aMachine()]);
  const { planner, numbers } = aPlanner(before.released);
  planner.look([aMachine({ name: "PACKER-4" })]);
  expect(numbers().length).toBe(8);
  expect(Math.min(...numbers().map(Number))).toBe(5_000_009);
  expect(planner.orders.length).toBe(16);
});
