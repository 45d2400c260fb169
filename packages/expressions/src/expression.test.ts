import { expect, test } from "vitest";
import type { Operation, SystemDefinition } from "@lineshaft/core";
import { flow, testFlow } from "@lineshaft/engine";
import { aCompletion, completion } from "@lineshaft/model";
import { expression } from "./index.ts";

const system: SystemDefinition = {
  name: "erp",
  connector: "test",
  open: () => Promise.reject(new Error("never opened")),
};

interface Booking {
  order: string;
  quantity: string;
  lots?: string[];
}

const book: Operation<Booking> = { system, name: "book", schema: {}, check: () => [] };

const run = async (text: string, payload: unknown = aCompletion()) => {
  const flows = flow("completions", completion).to(book, expression(book, text));
  const [delivery] = await testFlow(flows, payload, {
    identities: [{ kind: "order", object: aCompletion().productionOrder, system: "erp", external: "WH/MO/7" }],
    now: Date.parse(aCompletion().time),
  });
  return delivery?.value;
};

test("an expression maps a payload without a line of TypeScript", async () => {
  const made = aCompletion({
    yield: { value: "4", unit: "C62" },
    lots: [{ lot: "A", quantity: { value: "4", unit: "C62" } }],
  });
  expect(await run(`{ "order": productionOrder, "quantity": yield.value, "lots": [lots.lot] }`, made)).toEqual({
    order: made.productionOrder,
    quantity: "4",
    lots: ["A"],
  });
});

test("decimals are added exactly, where JSONata's own plus would lose", async () => {
  expect(await run(`{ "quantity": $add("0.1", "0.2") }`)).toEqual({ quantity: "0.3" });
  expect(await run(`{ "quantity": $total(["0.1", "0.2", "10000000000000.3"]) }`)).toEqual({
    quantity: "10000000000000.6",
  });
  expect(await run(`{ "quantity": $subtract("1", "0.9") }`)).toEqual({ quantity: "0.1" });
});

test("quantities are brought into another unit, and refused where that is not possible", async () => {
  expect(await run(`{ "quantity": $inUnit({"value": "1500", "unit": "GRM"}, "KGM").value }`)).toEqual({
    quantity: "1.5",
  });
  await expect(run(`$inUnit({"value": "1", "unit": "GRM"}, "LTR")`)).rejects.toThrow(/GRM|LTR/);
});

test("the cross-reference and what is known of the message can be asked", async () => {
  expect(await run(`{ "order": $identity("order", productionOrder, "erp"), "quantity": $context.source }`)).toEqual({
    order: "WH/MO/7",
    quantity: "test",
  });
});

test("a text that is no expression is refused when the flow is declared, with the place", () => {
  expect(() => expression(book, `{ "order": `)).toThrow("The expression for erp.book cannot be read at character 11.");
});

test("an expression without end is stopped", async () => {
  await expect(run(`($f := function($n) { $f($n + 1) + 1 }; $f(0))`)).rejects.toThrow(
    /stack|timeout|depth|time|overflow/i,
  );
  await expect(run(`($f := function($n) { $f($n + 1) }; $f(0))`)).rejects.toThrow(/stack|timeout|depth|time|overflow/i);
});
