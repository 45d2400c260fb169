import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decimalOf, parseDecimal, showDecimal, within } from "./decimal.ts";
import { decodePoint } from "./decode.ts";
import { MODBUS_LIMITS } from "./options.ts";
import type { ByteOrder, ModbusRegister } from "./options.ts";
import { planReads } from "./read-plan.ts";
import { compileMap } from "./register-map.ts";

const facts = () => ({ run: async () => undefined });

function decode(register: Partial<ModbusRegister>, hex: string) {
  const options = {
    name: "p",
    host: "h",
    facts,
    registers: { t: { table: "holding", address: 0, ...register } },
  } as const;
  const [point] = compileMap(options);
  const [read] = planReads(point ? [point] : [], MODBUS_LIMITS);
  if (point === undefined || read === undefined) throw new Error("no point");
  return decodePoint(point, read, Buffer.from(hex, "hex"));
}

const value = (register: Partial<ModbusRegister>, hex: string) => decode(register, hex).value;

test.each<[Partial<ModbusRegister>, string, unknown]>([
  [{ type: "uint16" }, "fffe", 65_534],
  [{ type: "int16" }, "fffe", -2],
  [{ type: "int16", order: "BADC" }, "feff", -2],
  [{ type: "uint32" }, "80000001", 2_147_483_649],
  [{ type: "int32" }, "80000001", -2_147_483_647],
  [{ type: "uint64" }, "ffffffffffffffff", 18_446_744_073_709_551_615n],
  [{ type: "int64" }, "fffffffffffffffe", -2n],
  [{ type: "float32" }, "3dcccccd", 0.1],
  [{ type: "float64" }, "3fb999999999999a", 0.1],
  [{ type: "bit", bit: 0 }, "0001", true],
  [{ type: "bit", bit: 15 }, "7fff", false],
  [{ type: "bit", bit: 8, order: "BADC" }, "0001", true],
  [{ type: "string", length: 3 }, "4d4f2d370000", "MO-7"],
  [{ type: "string", length: 3, order: "BADC" }, "4f4d372d2020", "MO-7"],
  [{ type: "string", length: 1, encoding: "latin1" }, "e4fc", "äü"],
])("%j of %s is %s", (register, hex, expected) => {
  expect(value(register, hex)).toBe(expected);
});

describe("byte orders", () => {
  test.each<[ByteOrder, string]>([
    ["ABCD", "0a0b0c0d"],
    ["CDAB", "0c0d0a0b"],
    ["BADC", "0b0a0d0c"],
    ["DCBA", "0d0c0b0a"],
  ])("%s", (order, hex) => expect(value({ type: "uint32", order }, hex)).toBe(0x0a_0b_0c_0d));

  test("hold for four registers as for two", () => {
    const wanted = 0x01_02_03_04_05_06_07_08n;
    expect(value({ type: "uint64", order: "CDAB" }, "0708050603040102")).toBe(wanted);
    expect(value({ type: "uint64", order: "BADC" }, "0201040306050807")).toBe(wanted);
    expect(value({ type: "uint64", order: "DCBA" }, "0807060504030201")).toBe(wanted);
  });
});

describe("scaling", () => {
  test("is exact: 3 times 0.1 is 0.3", () => {
    expect(value({ scale: "0.1" }, "0003")).toBe(0.3);
    expect(value({ type: "int16", scale: "0.1", offset: "-273.15" }, "0bb8")).toBe(26.85);
    expect(value({ type: "float32", scale: "10" }, "3dcccccd")).toBe(1);
  });

  test("loses no digit of a wide counter: what no double holds is a text", () => {
    expect(value({ type: "uint64", scale: "0.001" }, "ffffffffffffffff")).toBe("18446744073709551.615");
    expect(value({ type: "uint64", scale: "0.001" }, "00000000000003e8")).toBe(1);
  });
});

describe("what is no value", () => {
  test.each(["7fc00000", "7f800000", "ff800000"])("float %s is bad", (hex) => {
    expect(decode({ type: "float32" }, hex)).toMatchObject({ quality: "bad", value: null, said: /no number/ });
  });

  test("text that is no UTF-8 is bad and says what may be meant", () => {
    expect(decode({ type: "string", length: 1 }, "e4fc")).toMatchObject({ quality: "bad", said: /e4fc.*latin1/ });
  });
});

test("any double is the same number as its decimal", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
      expect(Number(showDecimal(decimalOf(double)))).toBe(double === 0 ? 0 : double);
    }),
  );
});

test("any single decodes to a decimal that is the same single", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (single) => {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatBE(single);
      expect(Math.fround(Number(value({ type: "float32" }, bytes.toString("hex"))))).toBe(single === 0 ? 0 : single);
    }),
  );
});

test("a distance is measured in decimals", () => {
  const [a, b, most] = ["1.1", "0.6", "0.5"].map(parseDecimal);
  if (!a || !b || !most) throw new Error("no decimals");
  expect(within(a, b, most)).toBe(true);
  expect(parseDecimal("+1")).toBeUndefined();
});
