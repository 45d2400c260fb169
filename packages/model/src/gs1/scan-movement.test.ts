import { expect, test } from "vitest";
import { stockMovement } from "../contracts/stock-movement.ts";
import { movementOfScan } from "./scan-movement.ts";
import type { Scan, TradeItem } from "./scan-movement.ts";

const items: Record<string, TradeItem> = {
  "04012345678901": { product: "PUMP-20", holds: { value: "1", unit: "C62" } },
  "14012345678908": { product: "PUMP-20", holds: { value: "12", unit: "C62" } },
  "04006381333931": { product: "RESIN-7", holds: { value: "25", unit: "KGM" } },
};
const options = { tradeItem: (gtin: string) => items[gtin], now: Date.UTC(2026, 0, 5) };

function aScan(codes: string[], more: Partial<Scan> = {}): Scan {
  return { id: "scan-1", time: "2026-01-05T06:50:00+01:00", type: "receipt", to: "FG-1", codes, ...more };
}

function moved(codes: string[], more: Partial<Scan> = {}) {
  const made = movementOfScan(aScan(codes, more), options);
  if (!made.ok) throw new Error(JSON.stringify(made.findings));
  expect(stockMovement.check(made.movement)).toEqual([]);
  const { id: _id, time: _time, type: _type, to: _to, ...rest } = made.movement;
  return rest;
}

function refused(codes: string[], more: Partial<Scan> = {}) {
  const made = movementOfScan(aScan(codes, more), options);
  return made.ok ? [] : made.findings;
}

const pieces = (value: string) => ({ value, unit: "C62" });

test("a case with lot and count is so many times what it holds", () => {
  expect(moved(["]C101140123456789083012\u001d10L-77"])).toEqual({
    product: "PUMP-20",
    quantity: pieces("144"),
    lot: "L-77",
  });
});

test("a pallet with its content has handling unit, lot and quantity", () => {
  expect(moved(["(00)340123450000000017", "(02)14012345678908(37)40(10)L-77(17)270131"])).toEqual({
    product: "PUMP-20",
    quantity: pieces("480"),
    lot: "L-77",
    handlingUnit: "340123450000000017",
    extensions: { gs1: { "17": "2027-01-31" } },
  });
});

test("a piece with its serial number is one", () => {
  expect(moved(["(01)04012345678901(21)S-100"])).toEqual({
    product: "PUMP-20",
    quantity: pieces("1"),
    serials: ["S-100"],
  });
});

test("a product kept by weight takes the weight on the label, otherwise what a bag holds", () => {
  expect(moved(["(01)04006381333931(3102)002437(30)1"])).toEqual({
    product: "RESIN-7",
    quantity: { value: "24.37", unit: "KGM" },
  });
  expect(moved(["(01)04006381333931"], { count: "4" })).toEqual({
    product: "RESIN-7",
    quantity: { value: "100", unit: "KGM" },
  });
});

test.each<[string, string[], Partial<Scan>, string, RegExp]>([
  ["no quantity", ["(01)14012345678908(10)L-77"], {}, "gs1.quantity-missing", /how much of PUMP-20 was moved/],
  [
    "a weight of counted pieces",
    ["(01)04012345678901(3102)002437"],
    {},
    "gs1.quantity-missing",
    /gives AI 3102 .* kept in C62/,
  ],
  ["a count of nought", ["(01)04012345678901"], { count: "0" }, "gs1.quantity-invalid", /whole number above 0/],
  [
    "several pieces of one serial number",
    ["(01)04012345678901(21)S-1"],
    { count: "2" },
    "gs1.serial-count",
    /one piece/,
  ],
  [
    "a number typed in that is not the label's",
    ["(02)14012345678908(37)40"],
    { count: "38" },
    "gs1.count-differs",
    /label says 40/,
  ],
  [
    "several of one weight",
    ["(01)04006381333931(3102)002437"],
    { count: "2" },
    "gs1.count-differs",
    /24\.37 KGM of RESIN-7/,
  ],
  ["no product", ["(10)L-77"], {}, "gs1.product-missing", /no GTIN/],
  ["only a pallet", ["(00)340123450000000017"], {}, "gs1.product-missing", /only the handling unit 340123450000000017/],
  [
    "an unknown GTIN",
    ["(01)09521234543213"],
    { count: "1" },
    "gs1.product-unknown",
    /No product has GTIN 09521234543213/,
  ],
  ["a code misread", ["(01)04012345678902"], { count: "1" }, "gs1.check-digit", /should be 1/],
  ["labels of two lots", ["(01)04012345678901(10)A", "(10)B"], { count: "1" }, "gs1.repeated", /one label at a time/],
])("%s is refused", (_, codes, more, rule, fix) => {
  const [first] = refused(codes, more);
  expect(first?.rule).toBe(rule);
  expect(first?.fix).toMatch(fix);
});
