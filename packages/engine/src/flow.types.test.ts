import { expect, test } from "vitest";
import type { Contract, Operation, SystemDefinition } from "@lineshaft/core";
import { defineHub, flow } from "./index.ts";

interface Completion {
  order: string;
  quantity: { value: string; unit: string };
  lots?: string[];
}

const completion: Contract<Completion> = {
  id: "completion.v1",
  title: "Completion",
  kind: "event",
  schema: {},
  examples: [],
  check: () => [],
  rules: () => [],
  describe: (c) => ({ id: c.order, object: c.order, key: c.order, eventTime: 0 }),
};
const erp: SystemDefinition = { name: "erp", connector: "test", open: () => Promise.reject(new Error("never opened")) };
interface Booking {
  order: string;
  kind: "partial" | "final";
  quantity?: { value: string };
  lots?: { name: string }[];
}
const book: Operation<Booking> = { system: erp, name: "book", schema: {}, check: () => [] };
const completions = flow("completions", completion);

test("a mapping compiles when it reads what the contract has and writes what the operation knows", () => {
  const mapped = completions
    .to(book, (c) => ({ order: c.order, kind: "final", quantity: { value: c.quantity.value } }))
    .to(book, {
      when: (c) => c.lots !== undefined,
      map: (c) => ({ order: c.order, kind: "partial", lots: c.lots?.map((name) => ({ name })) }),
    });
  expect(mapped.routes).toHaveLength(2);
  expect(() =>
    defineHub({
      name: "h",
      ledger: { engine: "x", location: "x", open: () => Promise.reject(new Error("no")) },
      systems: [erp],
      flows: [mapped],
    }),
  ).toThrow("goes to erp.book twice");
});

test("reading a field the contract does not have, or writing one the operation does not know, does not compile", () => {
  // @ts-expect-error the contract has no `orders`
  completions.to(book, (c) => ({ order: c.orders, kind: "final" }));
  // @ts-expect-error the operation knows no `colour`
  completions.to(book, (c) => ({ order: c.order, kind: "final", colour: "red" }));
  // @ts-expect-error the operation's quantity has no `unit`
  completions.to(book, (c) => ({ order: c.order, kind: "final", quantity: c.quantity }));
  // @ts-expect-error `closed` is not one of the kinds
  completions.to(book, (c) => ({ order: c.order, kind: "closed" }));
  // @ts-expect-error the order is missing
  completions.to(book, () => ({ kind: "final" }));
  // @ts-expect-error a lot of the operation has no `serial`
  completions.to(book, (c) => ({ order: c.order, kind: "final", lots: [{ name: "a", serial: "b" }] }));
  expect(completions.routes).toHaveLength(0);
});
