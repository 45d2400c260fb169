import type { Finding, References } from "@lineshaft/core";
import { describe, expect, test } from "vitest";
import { completion } from "./contracts/completion.ts";
import type { Completion } from "./contracts/completion.ts";
import type { Product } from "./contracts/product.ts";
import type { ProductionOrder } from "./contracts/production-order.ts";
import { aCompletion, aFinalCompletion, aProduct, aProductionOrder, aQuantity } from "./examples.ts";

const pieces = (value: number) => aQuantity(value);
const byLot = aProduct({ tracking: "lot" });
const bySerial = aProduct({ tracking: "serial" });
const early = "2026-01-05T06:00:00+01:00";
const late = "2026-01-05T06:30:00+01:00";

/** What the hub knows: orders and products by their names. */
function knowing(...states: (Product | ProductionOrder)[]): References {
  const known = new Map<string, unknown>(
    states.map((state) =>
      "productionOrder" in state
        ? [`production-order.v1 ${state.productionOrder}`, state]
        : [`product.v1 ${state.product}`, state],
    ),
  );
  return ({ contract, object }) => known.get(`${contract} ${object}`);
}

function rules(value: Completion, references: References = () => undefined): Finding[] {
  expect(completion.check(value)).toEqual([]);
  return completion.rules(value, references, Date.UTC(2026, 0, 5, 6));
}

describe("a final completion", () => {
  const order = knowing(aProductionOrder());

  test("needs no reason when it closes the order's quantity exactly or exceeds it", () => {
    expect(rules(aCompletion({ final: true, yield: pieces(100) }), order)).toEqual([]);
    expect(rules(aCompletion({ final: true, yield: pieces(101) }), order)).toEqual([]);
  });

  test("needs no reason when earlier reports cover the rest, by its own count or by the order's", () => {
    expect(rules(aCompletion({ final: true, totalYield: pieces(100) }), order)).toEqual([]);
    const whole = aCompletion({ final: true, operation: undefined });
    expect(rules(whole, knowing(aProductionOrder({ completed: pieces(60) })))).toEqual([]);
  });

  test("says how much is open, in the order's unit", () => {
    const [finding] = rules(aCompletion({ final: true, yield: aQuantity("1.5", "DZN"), scrap: [] }), order);
    expect(finding?.fix).toMatch(/^82 C62 of the order are still open/);
  });

  test("is taken at its word while the order is not known", () => {
    expect(rules(aCompletion({ final: true }))).toEqual([]);
  });
});

describe("a completion", () => {
  test("of scrap alone, or rework alone, is one", () => {
    expect(rules(aCompletion({ yield: pieces(0) }))).toEqual([]);
    expect(rules(aCompletion({ yield: pieces(0), scrap: [], rework: pieces(1) }))).toEqual([]);
  });

  test("finds its product through the order when it does not name it", () => {
    const findings = rules(aCompletion(), knowing(aProductionOrder(), byLot));
    expect(findings.map(({ rule }) => rule)).toEqual(["completion.lot-missing"]);
  });

  test("of scrap alone needs no lot for a yield that is nought", () => {
    expect(rules(aCompletion({ yield: pieces(0), product: "PUMP-20" }), knowing(byLot))).toEqual([]);
  });

  test("adds up lots in their own units and counts serial numbers by pieces", () => {
    const lots = [
      { lot: "A", quantity: aQuantity(1, "XBX") },
      { lot: "B", quantity: pieces(16) },
    ];
    expect(rules(aCompletion({ product: "PUMP-20", lots }), knowing(aProduct()))).toEqual([]);
    const serials = Array.from({ length: 12 }, (_, i) => `S-${i}`);
    const dozen = aCompletion({ yield: aQuantity(1, "DZN"), serials, product: "PUMP-20" });
    expect(rules(dozen, knowing(bySerial))).toEqual([]);
  });

  test("finds its operation whatever its leading zeros", () => {
    expect(rules(aCompletion({ operation: "10" }), knowing(aProductionOrder()))).toEqual([]);
  });

  test("lists the findings of all rules at once", () => {
    const bad = aCompletion({ yield: pieces(0), scrap: [], start: late, end: early, reworkReason: "LEAK" });
    expect(rules(bad).map(({ rule }) => rule)).toEqual([
      "completion.output-positive",
      "completion.rework-quantity",
      "completion.end-after-start",
    ]);
  });

  test("asks for the order, its product and the products consumed, each once", () => {
    const twice = [
      { product: "OIL-46", quantity: aQuantity(1, "LTR") },
      { product: "OIL-46", quantity: aQuantity(2, "LTR") },
    ];
    expect(completion.needs?.(aFinalCompletion({ consumed: twice }))).toEqual([
      { contract: "production-order.v1", object: "MO-1001" },
      { contract: "product.v1", object: "OIL-46" },
      { contract: "product.v1", object: "PUMP-20" },
    ]);
  });
});
