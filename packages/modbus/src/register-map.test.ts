import { LineshaftError, explain } from "@lineshaft/core";
import { describe, expect, test } from "vitest";
import { MODBUS_LIMITS } from "./options.ts";
import type { ModbusOptions, ModbusRegister } from "./options.ts";
import { planReads, splitRead } from "./read-plan.ts";
import { compileMap } from "./register-map.ts";

const facts = () => ({ run: async () => undefined });

function refusal(options: Partial<ModbusOptions>): string {
  try {
    compileMap({ name: "press-04", host: "10.2.0.14", facts, registers: {}, ...options });
  } catch (error) {
    expect(error).toMatchObject({ code: "config-invalid" } satisfies Partial<LineshaftError>);
    return explain(error);
  }
  throw new Error("nothing was refused");
}

const refuse = (register: ModbusRegister) => refusal({ registers: { speed: register } });

test.each<[string, ModbusRegister, RegExp]>([
  [
    "an address beyond the table",
    { table: "holding", address: 400_101 },
    /no address 400101 in holding.*40101 or 400101 is address 100/,
  ],
  [
    "a value that reaches beyond the table",
    { table: "input", address: 65_535, type: "int32" },
    /no address 65535 to 65536 in input/,
  ],
  ["an address that is no whole number", { table: "input", address: 1.5 }, /no address 1\.5/],
  [
    "a table that there is none of",
    { table: "register" as never, address: 1 },
    /Take coil, discrete, input or holding/,
  ],
  ["a type of a coil", { table: "coil", address: 1, type: "int16" }, /a coil is one bit/],
  ["a type that there is none of", { table: "input", address: 1, type: "int8" as never }, /no type int8.*Take int16/],
  ["an order that there is none of", { table: "input", address: 1, order: "ACBD" as never }, /no order ACBD/],
  ["a bit without its number", { table: "holding", address: 1, type: "bit" }, /its bit is missing/],
  ["bit 16", { table: "holding", address: 1, type: "bit", bit: 16 }, /its bit is 16/],
  ["a bit of a number", { table: "holding", address: 1, type: "int16", bit: 1 }, /its bit is 1/],
  ["a text without a length", { table: "holding", address: 1, type: "string" }, /its length is 0 registers/],
  ["a text longer than a request", { table: "holding", address: 1, type: "string", length: 126 }, /Take 1 to 125/],
  ["a length of a number", { table: "holding", address: 1, length: 4 }, /those of a string/],
  ["a scale that is no decimal", { table: "holding", address: 1, scale: "1e-1" }, /its scale is "1e-1"/],
  ["a scale that is no text", { table: "holding", address: 1, scale: 0.1 as never }, /Write a decimal as a text/],
  ["a scale of nought", { table: "holding", address: 1, scale: "0.0" }, /its scale is 0/],
  [
    "a scale of a text",
    { table: "holding", address: 1, type: "string", length: 2, scale: "2" },
    /a string has no scale/,
  ],
  ["a deadband below nought", { table: "holding", address: 1, deadband: "-1" }, /its deadband is below 0/],
  ["an interval too short", { table: "holding", address: 1, intervalMs: 1 }, /its interval is 1 ms/],
])("%s is refused in a sentence", (_, register, sentence) => {
  const text = refuse(register);
  expect(text).toMatch(sentence);
  expect(text).toContain("Modbus system press-04 cannot read speed");
});

test.each<[string, Partial<ModbusOptions>, RegExp]>([
  ["no registers", {}, /reads no registers/],
  ["no host", { host: "" }, /has no host/],
  ["a port out of range", { port: 70_000 }, /has port 70000/],
  ["a unit out of range", { unit: 256 }, /has unit 256/],
  [
    "more registers a request than the specification has",
    { limits: { registersPerRequest: 126 } },
    /limits\.registersPerRequest 126/,
  ],
  ["a name that is empty", { registers: { "": { table: "coil", address: 0 } } }, /its name is empty/],
])("a system with %s is refused in a sentence", (_, options, sentence) => {
  expect(refusal(options)).toMatch(sentence);
});

describe("requests", () => {
  const plan = (registers: Record<string, ModbusRegister>, limits = MODBUS_LIMITS) =>
    planReads(compileMap({ name: "p", host: "h", facts, registers, limits }), limits).map(
      ({ table, address, count, points }) =>
        `${table} ${address}+${count}: ${points.map((point) => point.tag).join(" ")}`,
    );

  test("neighbours are read at once, and a small gap is read along", () => {
    expect(
      plan({
        b: { table: "holding", address: 12, type: "float32" },
        a: { table: "holding", address: 10 },
        far: { table: "holding", address: 40 },
        other: { table: "input", address: 11 },
      }),
    ).toEqual(["holding 10+4: a b", "holding 40+1: far", "input 11+1: other"]);
  });

  test("a request never exceeds its limit, nor cuts a value in two", () => {
    const registers = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`t${n}`, { table: "holding", address: n * 4, type: "int64" } as const]),
    );
    expect(plan(registers)[0]).toMatch(/^holding 0\+124: /);
    expect(plan(registers, { ...MODBUS_LIMITS, registersPerRequest: 10 })[0]).toBe("holding 0+8: t0 t1");
  });

  test("registers that overlap are read once", () => {
    expect(
      plan({
        word: { table: "holding", address: 5, type: "uint32" },
        low: { table: "holding", address: 5, type: "bit", bit: 0 },
        next: { table: "holding", address: 7 },
      }),
    ).toEqual(["holding 5+3: low word next"]);
  });

  test("without gaps only what is wanted is read", () => {
    const registers = { a: { table: "coil", address: 0 }, b: { table: "coil", address: 2 } } as const;
    expect(plan(registers)).toEqual(["coil 0+3: a b"]);
    expect(plan(registers, { ...MODBUS_LIMITS, gapRegisters: 0 })).toEqual(["coil 0+1: a", "coil 2+1: b"]);
  });

  test("a request in two halves leaves out what lies between", () => {
    const points = compileMap({
      name: "p",
      host: "h",
      facts,
      registers: {
        a: { table: "input", address: 0 },
        b: { table: "input", address: 6 },
        c: { table: "input", address: 7 },
      },
    });
    const [read] = planReads(points, MODBUS_LIMITS);
    if (read === undefined) throw new Error("no request");
    expect(splitRead(read).map(({ address, count }) => [address, count])).toEqual([
      [0, 7],
      [7, 1],
    ]);
  });
});
