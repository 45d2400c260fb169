import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compare, dateLiteral, guidLiteral, keyPath, queryString, stringLiteral } from "./literal.ts";

test("a quote within a text is doubled, so that no text can end its literal", () => {
  expect(stringLiteral("O'Neil' or 1 eq 1").literal).toBe("'O''Neil'' or 1 eq 1'");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const { literal } = stringLiteral(text);
      expect(/^'(?:[^']|'')*'$/.test(literal)).toBe(true);
      expect(literal.slice(1, -1).replaceAll("''", "'")).toBe(text);
    }),
  );
});

test("what stands in a path or a query holds no character that would mean something there", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const path = keyPath({ Key: stringLiteral(text) });
      expect(path).toMatch(/^\(Key=[A-Za-z0-9\-_.!~*%]*\)$/);
      const query = queryString({ $filter: compare("Key", "eq", stringLiteral(text)) });
      expect(new URLSearchParams(query.slice(1)).get("$filter")).toBe(`Key eq '${text.replaceAll("'", "''")}'`);
    }),
  );
});

test("literals are written as OData V2 asks for", () => {
  expect(guidLiteral("0A1B2C3D-0000-8000-8000-000000000001").literal).toBe(
    "guid'0a1b2c3d-0000-8000-8000-000000000001'",
  );
  expect(dateLiteral("2026-01-05").literal).toBe("datetime'2026-01-05T00:00:00'");
  expect(keyPath({ A: stringLiteral("1"), B: stringLiteral("2") })).toBe("(A=%271%27,B=%272%27)");
  expect(queryString({ $top: "5", $skip: undefined })).toBe("?$top=5");
});
