import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { contractDocs } from "./docs.ts";
import { contracts } from "./registry.ts";
import type { SchemaNode } from "./schema-findings.ts";

const folder = fileURLToPath(new URL("../../../docs/contracts/", import.meta.url));

test("the committed documentation is what the code says now (npm run docs)", () => {
  const made = contractDocs(contracts);
  const kept = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(folder + name, "utf8")]));
  expect(kept).toEqual(made);
});

test("every field of every contract has a meaning", () => {
  const missing = contracts.flatMap((contract) => undescribed(contract.schema as SchemaNode, contract.id));
  expect(missing).toEqual([]);
});

test("every rule has a code of its own, a promise and a fix", () => {
  for (const { ruleTable } of contracts) {
    expect(new Set(ruleTable.map(({ code }) => code)).size).toBe(ruleTable.length);
    for (const { code, promise, fix } of ruleTable) {
      expect(code).toMatch(/^[a-z-]+\.[a-z-]+$/);
      expect(promise).toMatch(/\.$/);
      expect(fix).toMatch(/\.$/);
    }
  }
});

function undescribed(schema: SchemaNode, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const below = undescribed(child.items ?? child, `${path}.${key}`);
    return child.description ? below : [`${path}.${key}`].concat(below);
  });
}
