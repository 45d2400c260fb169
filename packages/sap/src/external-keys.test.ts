import { describe, expect, test } from "vitest";
import { alpha, confirmationGuid, referenceDocument, requestId, unalpha } from "./external-keys.ts";

describe("keys made from a token", () => {
  test("are the same for each try and differ between tokens", () => {
    for (const key of [requestId, confirmationGuid, referenceDocument]) {
      expect(key("d-1")).toBe(key("d-1"));
      expect(key("d-1")).not.toBe(key("d-2"));
    }
  });

  test("fit the fields of SAP", () => {
    for (let n = 0; n < 200; n++) {
      expect(requestId(`d-${n}`)).toMatch(/^[0-9A-F]{32}$/);
      expect(confirmationGuid(`d-${n}`)).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      expect(referenceDocument(`d-${n}`)).toMatch(/^[A-Z2-7]{16}$/);
    }
  });
});

test("numbers get their leading zeros and lose them again; other ids stay as they are", () => {
  expect(alpha("1000001", 12)).toBe("000001000001");
  expect(alpha("A-1", 12)).toBe("A-1");
  expect(unalpha("000001000001")).toBe("1000001");
  expect(unalpha("0000")).toBe("0");
  expect(unalpha("00A1")).toBe("00A1");
});
