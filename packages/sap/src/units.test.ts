import { expect, test } from "vitest";
import { unitsWith } from "./units.ts";

test("units are UN/ECE codes on both sides but for the piece, which SAP calls PCE", () => {
  const units = unitsWith();
  expect(["C62", "H87", "KGM", "HUR"].map((code) => units.toSap(code))).toEqual(["PCE", "PCE", "KGM", "HUR"]);
  expect(["PCE", "KGM"].map((iso) => units.fromSap(iso, "ST"))).toEqual(["C62", "KGM"]);
});

test("a project may say otherwise, in both directions", () => {
  const units = unitsWith({ H87: "PCE", BX: "KAR" });
  expect([units.toSap("BX"), units.fromSap("KAR", "KAR"), units.fromSap("PCE", "ST")]).toEqual(["KAR", "BX", "H87"]);
});

test("a unit without ISO code can't be told, and the error names it", () => {
  expect(() => unitsWith().fromSap("", "ST1")).toThrow('"ST1"');
});
