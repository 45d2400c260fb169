import { describe, expect, test } from "vitest";
import { aCompletion, aLot, aQualityHold, aQualityResult, aStockBalance, aStockMovement } from "./examples.ts";
import { contractOf, contracts } from "./registry.ts";

describe("descriptions", () => {
  test("facts of an order are ordered by the order, moves and balances by product", () => {
    expect(keyOf("completion.v1", aCompletion())).toBe("MO-1001");
    expect(keyOf("stock-movement.v1", aStockMovement())).toBe("PUMP-20");
    expect(keyOf("stock-balance.v1", aStockBalance())).toBe("PUMP-20|FG-1");
    expect(keyOf("quality-hold.v1", aQualityHold())).toBe(keyOf("quality-result.v1", aQualityResult()));
  });

  test("two things never share a name, whatever characters their parts have", () => {
    expect(lotName("A|B", "C")).not.toBe(lotName("A", "B|C"));
    expect(lotName("A%7CB", "C")).not.toBe(lotName("A|B", "C"));
  });

  test("states carry their version, events none; the event time is in UTC", () => {
    const told = contracts.map((contract) => [contract.kind, typeof contract.describe(contract.examples[0]).version]);
    expect(new Set(told.map(String))).toEqual(new Set(["state,string", "event,undefined"]));
    expect(contractOf("completion.v1")?.describe(aCompletion()).eventTime).toBe(Date.UTC(2026, 0, 5, 5, 45));
  });
});

function keyOf(contract: string, value: object): string | undefined {
  return contractOf(contract)?.describe(value).key;
}

function lotName(product: string, lot: string): string | undefined {
  return contractOf("lot.v1")?.describe(aLot({ product, lot })).object;
}
