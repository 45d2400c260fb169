import { expect, test } from "vitest";
import { PlantScopes } from "./plant-scopes.ts";

test("a plant knows by its own systems and by those of no plant; who belongs to none knows by all", () => {
  const scopes = new PlantScopes([
    { name: "pune/odoo", plant: "pune" },
    { name: "pune/mes", plant: "pune" },
    { name: "lyon/odoo", plant: "lyon" },
    { name: "s4" },
  ]);
  expect(scopes.of("pune/mes")).toEqual(["pune/odoo", "pune/mes", "s4"]);
  expect(scopes.of("pune/mes")).toBe(scopes.of("pune/odoo"));
  expect(scopes.of("lyon/odoo")).toEqual(["lyon/odoo", "s4"]);
  expect([scopes.of("s4"), scopes.of("nobody")]).toEqual([undefined, undefined]);
});
