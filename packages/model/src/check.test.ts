import type { Finding } from "@lineshaft/core";
import * as fc from "fast-check";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { describe, expect, test } from "vitest";
import { completion } from "./contracts/completion.ts";
import { stockMovement } from "./contracts/stock-movement.ts";
import { aCompletion, aStockMovement } from "./examples.ts";
import { FINDINGS } from "./limits.ts";
import { contracts } from "./registry.ts";

function check(overrides: object): Finding[] {
  return completion.check({ ...aCompletion(), ...overrides });
}

describe("a refusal by schema", () => {
  test("names a missing field by its own path and says what belongs there", () => {
    const { productionOrder: _left, ...rest } = aCompletion();
    expect(completion.check(rest)).toEqual([
      {
        field: "/productionOrder",
        rule: "schema.required",
        fix: "Add the field productionOrder (Production order (job order) that is reported on) as a text.",
      },
    ]);
  });

  test("lists every finding of a message, not just the first", () => {
    const findings = check({ yield: 5, final: "true", time: "yesterday", production_order: "MO-1" });
    expect(findings.map(({ field, rule }) => [field, rule])).toEqual([
      ["/time", "schema.pattern"],
      ["/yield", "schema.type"],
      ["/final", "schema.type"],
      ["/production_order", "schema.additionalProperties"],
    ]);
  });

  test("says which field was probably meant by an unknown one", () => {
    expect(check({ production_order: "MO-1" })[0]?.fix).toBe("Rename the field production_order to productionOrder.");
    expect(check({ colour: "red" })[0]?.fix).toMatch(/^Remove the field colour, or move it into extensions\./);
  });

  test("says which unit was probably meant", () => {
    expect(check({ yield: { value: "1", unit: "pcs" } })).toEqual([
      {
        field: "/yield/unit",
        rule: "schema.format",
        value: '"pcs"',
        fix: "Write yield.unit as H87, the UN/ECE code for piece.",
      },
    ]);
    expect(check({ yield: { value: "1", unit: "furlong" } })[0]?.fix).toContain("UN/ECE Recommendation 20");
  });

  test("tells one finding, with the allowed words, for a word that is none of them", () => {
    expect(stockMovement.check({ ...aStockMovement(), type: "teleport" })).toEqual([
      {
        field: "/type",
        rule: "schema.enum",
        value: '"teleport"',
        fix: "Set type to one of: receipt, issue, transfer, adjustment, scrap, return.",
      },
    ]);
    expect(stockMovement.check({ ...aStockMovement(), type: "TRANSFER" })[0]?.fix).toBe("Write type as transfer.");
  });

  test("asks for quotes around a number that would lose digits without them", () => {
    expect(check({ yield: { value: 12.5, unit: "C62" } })[0]).toEqual({
      field: "/yield/value",
      rule: "schema.type",
      value: "12.5",
      fix: 'Write yield.value as a decimal in quotes, such as "12.5". Put it in quotes.',
    });
  });

  test.each([
    ["a time without a zone", { time: "2026-01-05T06:30:00" }, "/time", "schema.pattern"],
    ["a day that does not exist", { time: "2026-02-30T06:30:00Z" }, "/time", "schema.format"],
    ["a blank order", { productionOrder: " " }, "/productionOrder", "schema.pattern"],
    ["an empty order", { productionOrder: "" }, "/productionOrder", "schema.minLength"],
    ["an order too long", { productionOrder: "x".repeat(81) }, "/productionOrder", "schema.maxLength"],
    ["a control character", { productionOrder: "MO\u0007" }, "/productionOrder", "schema.pattern"],
    ["half a character", { note: "\ud800" }, "/note", "schema.pattern"],
    ["a NUL", { note: "a\u0000b" }, "/note", "schema.pattern"],
    ["an exponent", { yield: { value: "1e3", unit: "C62" } }, "/yield/value", "schema.pattern"],
    ["a mass as labour time", { labourTime: { value: "1", unit: "KGM" } }, "/labourTime/unit", "schema.enum"],
    ["a list that is none", { scrap: {} }, "/scrap", "schema.type"],
    ["null", { yield: null }, "/yield", "schema.type"],
  ])("refuses %s", (_what, overrides, field, rule) => {
    expect(check(overrides)).toEqual([expect.objectContaining({ field, rule })]);
  });

  test("escapes field names as JSON pointers do, and shortens absurd ones", () => {
    expect(check({ "a/b~c": 1 })[0]?.field).toBe("/a~1b~0c");
    expect(check({ ["x".repeat(10_000)]: 1 })[0]?.field.length).toBeLessThan(100);
  });

  test("stops at its limit of findings and says that there are more", () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field${i}`, i]));
    const findings = check(many);
    expect(findings).toHaveLength(FINDINGS + 1);
    expect(findings.at(-1)?.rule).toBe("schema.more");
  });

  test("a field named __proto__ or constructor is an unknown field like any other", () => {
    const hostile = JSON.parse(`{"__proto__": {"final": true}, "constructor": 1}`) as object;
    const merged = Object.defineProperties(aCompletion(), Object.getOwnPropertyDescriptors(hostile));
    expect(completion.check(merged).map(({ field }) => field)).toEqual(["/__proto__", "/constructor"]);
  });
});

describe("extensions", () => {
  test("carry plant-specific JSON of any shape", () => {
    expect(check({ extensions: { furnace: { zones: [810, 815.5], ok: true, note: null } } })).toEqual([]);
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const deep = JSON.parse(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`) as object;
  test.each([
    ["a cycle", cyclic],
    ["ten thousand levels", deep],
    ["a bigint", { n: 1n }],
    ["NaN", { n: Number.NaN }],
    ["too many values", { list: Array.from({ length: 10_000 }, () => 0) }],
    ["__proto__", JSON.parse('{"a":{"__proto__":{}}}') as object],
  ])("refuse %s", (_what, extensions) => {
    expect(check({ extensions })).toEqual([
      expect.objectContaining({ field: "/extensions", rule: "schema.extensions" }),
    ]);
  });
});

/** Values as a hostile or broken sender may make them, also what JSON could not carry. */
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  maxDepth: 4,
});

describe("a check", () => {
  test("never throws, whatever it is given", () => {
    const throwing = {
      get id(): string {
        throw new Error("no");
      },
    };
    const cyclic: Record<string, unknown> = { ...aCompletion() };
    cyclic["yield"] = cyclic;
    for (const contract of contracts)
      for (const value of [undefined, null, Number.NaN, 1n, Symbol("x"), () => 1, throwing, cyclic, [], new Map()])
        expect(contract.check(value).length).toBeGreaterThan(0);
    fc.assert(fc.property(anything, (value) => contracts.every((contract) => contract.check(value).length > 0)));
  });

  test("knows fits exactly when it finds nothing, and as the published schema says, for messages damaged in any one place", () => {
    for (const contract of contracts) {
      const published = Compile(contract.schema as TSchema);
      for (const example of contract.examples as object[]) {
        expect(published.Check(example)).toBe(true);
        const paths = pathsOf(example);
        fc.assert(
          fc.property(fc.constantFrom(...paths), damage, (path, value) => {
            const damaged = put(structuredClone(example), path, value);
            const findings = contract.check(damaged);
            expect(findings.length === 0).toBe(published.Check(damaged));
            expect(findings.map(({ rule }) => rule)).not.toContain("schema.unreadable");
          }),
          { numRuns: 300 },
        );
      }
    }
  });
});

const odd = fc.constantFrom(
  "1e5",
  "-0",
  "00",
  "a ",
  " a",
  "\u00a0a",
  "a\u0085",
  "\ud83d\ude00",
  "\ud83d",
  "a\nb",
  "2026-02-30",
  "2026-01-05",
  "2026-01-05T06:30:00Z",
  "2026-01-05T06:30:00+15:00",
  "KGM",
  "kgm",
  "true",
);
const damage = fc.oneof(
  odd,
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
);

type Path = readonly (string | number)[];

/** Every place in a value, and in each object one field that is not there. */
function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  const inner = Object.entries(value).flatMap(([key, child]) => pathsOf(child, [...at, key]));
  return [...(at.length > 0 ? [at] : []), ...inner, ...(Array.isArray(value) ? [] : [[...at, "unheardOf"]])];
}

function put(root: object, path: Path, value: unknown): object {
  let place = root as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) place = place[key] as Record<string | number, unknown>;
  place[path.at(-1) ?? ""] = value;
  return root;
}
