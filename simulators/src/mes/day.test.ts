import type { Contract } from "@lineshaft/core";
import { addDecimals, completion, downtime, materialConsumption } from "@lineshaft/model";
import type { Completion } from "@lineshaft/model";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectedTruth, mesDay, mesOrders, mesPlant } from "./index.ts";
import type { MesDay, MesKind, MesMessage } from "./index.ts";
import { shiftAt } from "./plant.ts";
import { fromSteps, share, toSteps } from "./amounts.ts";

const contracts: Record<MesKind, Contract> = {
  completion,
  downtime,
  "material-consumption": materialConsumption,
};
const day = mesDay({ seed: 7, orders: 60 });
const completions = day.messages.flatMap(({ fact }) => ("yield" in fact ? [fact] : []));

/** Findings of everything a day holds, with its orders known. */
function findingsOf({ messages, orders, end, plant }: MesDay): unknown[] {
  const known = new Map(orders.map((order) => [order.productionOrder, asProductionOrder(order, plant.products)]));
  return messages.flatMap(({ fact, kind }) => {
    const contract = contracts[kind];
    const shape = contract.check(fact);
    const rules = contract.rules(fact, ({ object }) => known.get(object), end);
    return [...shape, ...rules].map((finding) => ({ id: fact.id, ...finding }));
  });
}

function asProductionOrder(order: MesDay["orders"][number], products: MesDay["plant"]["products"]): object {
  const unit = products.find(({ product }) => product === order.product)?.unit;
  return {
    ...order,
    quantity: { value: order.quantity, unit },
    operations: [{ operation: "0010" }, { operation: "0020" }],
  };
}

describe("a day", () => {
  test("breaks no rule of its contracts, whatever the seed", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 40 }), (seed, orders) => {
        expect(findingsOf(mesDay({ seed, orders }))).toEqual([]);
      }),
    );
  });

  test("is the same for the same seed, and another for another", () => {
    expect(mesDay({ seed: 7, orders: 60 })).toEqual(day);
    expect(mesDay({ seed: 8, orders: 60 }).messages).not.toEqual(day.messages);
  });

  test("has everything a plant's day has", () => {
    const some = (holds: (fact: Completion) => unknown) => completions.some((fact) => Boolean(holds(fact)));
    expect(some(({ final }) => !final)).toBe(true);
    expect(some(({ scrap }) => scrap?.some(({ reason }) => reason))).toBe(true);
    expect(some(({ scrap }) => (scrap?.length ?? 0) > 1)).toBe(true);
    expect(some(({ rework }) => rework)).toBe(true);
    expect(some(({ lots }) => (lots?.length ?? 0) > 1)).toBe(true);
    expect(some(({ byProducts }) => byProducts)).toBe(true);
    expect(some(({ reasonForOpenQuantity }) => reasonForOpenQuantity)).toBe(true);
    expect(new Set(completions.map(({ shift }) => shift))).toEqual(new Set(["early", "late", "night"]));
    const stops = day.messages.flatMap(({ fact }) => ("category" in fact ? [fact.category] : []));
    expect(new Set(stops)).toEqual(new Set(["planned", "unplanned"]));
    expect(day.messages.some(({ duplicate }) => duplicate)).toBe(true);
    expect(day.messages.some(({ late }) => late)).toBe(true);
  });

  test("is sent in order of time, within the day", () => {
    const times = day.messages.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.every((at) => at >= day.start && at <= day.end)).toBe(true);
  });

  test("ends each order with exactly one final report, and nothing of the order after it unless wished", () => {
    for (const order of day.orders) {
      const own = day.messages.filter(
        ({ fact, duplicate, kind }) =>
          kind === "completion" && !duplicate && fact.productionOrder === order.productionOrder,
      );
      expect(own.filter(({ fact }) => "final" in fact && fact.final)).toHaveLength(1);
      expect(own.at(-1)?.fact).toMatchObject({ final: true });
    }
  });

  test("says what is a duplicate and what is late", () => {
    const seen = new Map<string, MesMessage>();
    for (const message of day.messages) {
      const before = seen.get(message.fact.id);
      expect(message.duplicate).toBe(before !== undefined);
      expect(before?.fact ?? message.fact).toEqual(message.fact);
      seen.set(message.fact.id, before ?? message);
    }
  });

  test("can be undisturbed", () => {
    const calm = mesDay({ seed: 7, orders: 60, disturbance: { duplicates: 0, late: 0 } });
    expect(calm.messages.some(({ duplicate, late }) => duplicate || late)).toBe(false);
  });
});

describe("the truth", () => {
  test("accounts for the whole quantity of each order", () => {
    const truth = expectedTruth(day);
    expect([...truth.keys()].sort()).toEqual(day.orders.map((order) => order.productionOrder));
    for (const order of day.orders) {
      const own = truth.get(order.productionOrder);
      const accounted = Number(addDecimals(own?.yield ?? "0", own?.scrap ?? "0"));
      expect(accounted).toBeGreaterThanOrEqual(Number(order.quantity));
      expect(Number(own?.yield)).toBeLessThanOrEqual(Number(order.quantity));
    }
  });

  test("does not depend on duplicates and late messages", () => {
    const calm = mesDay({ seed: 7, orders: 60, disturbance: { duplicates: 0, late: 0 } });
    const disturbed = mesDay({
      seed: 7,
      orders: 60,
      disturbance: { duplicates: 0.5, late: 0.5, lateAfterFinal: true },
    });
    expect(Object.fromEntries(expectedTruth(disturbed))).toEqual(Object.fromEntries(expectedTruth(calm)));
  });

  test("agrees with the total the last report gives, and the lots add up to it", () => {
    const truth = expectedTruth(day);
    for (const fact of completions.filter(({ final }) => final)) {
      const own = truth.get(fact.productionOrder);
      expect(own?.yield).toBe(fact.totalYield?.value);
      const lots = Object.values(own?.lots ?? {}).reduce((sum, part) => addDecimals(sum, part), "0");
      expect(lots === "0" || lots === own?.yield).toBe(true);
    }
  });
});

test("given orders are worked off instead of made-up ones", () => {
  const orders = mesOrders({ seed: 1, count: 4, firstOrder: 500 });
  expect(mesDay({ seed: 3, orders }).orders).toEqual(orders);
  expect(orders.map((order) => order.productionOrder)).toEqual(["500", "501", "502", "503"]);
});

test.each([
  ["2026-01-05T05:59:59+01:00", "night"],
  ["2026-01-05T06:00:00+01:00", "early"],
  ["2026-01-05T14:00:00+01:00", "late"],
  ["2026-01-05T23:30:00+01:00", "night"],
])("at %s works the %s shift", (time, shift) => {
  expect(shiftAt(mesPlant, Date.parse(time))).toBe(shift);
});

test("amounts are exact", () => {
  expect(fromSteps(toSteps("0.3", 1) - toSteps("0.1", 1), 1)).toBe("0.2");
  expect([fromSteps(120, 1), fromSteps(5, 2), fromSteps(0, 1), fromSteps(40, 0)]).toEqual(["12", "0.05", "0", "40"]);
  expect(share(toSteps("12.5", 1), 1, "0.12")).toBe("1.5");
  expect(() => toSteps("1.25", 1)).toThrow("1.25 has more than 1 digits");
});
