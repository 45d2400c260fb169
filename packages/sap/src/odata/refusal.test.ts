import { RejectedError, UnavailableError, UncertainError } from "@lineshaft/core";
import { describe, expect, test } from "vitest";
import { readRetryAfter, refusalOf } from "./refusal.ts";

const asked = { system: "s4", action: "confirmation of order 1", now: Date.UTC(2026, 0, 5, 6, 0, 0) };

function answer(status: number, body: unknown = "", headers: Record<string, string> = {}) {
  return { status, headers, body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) };
}

function sapError(code: string, value: string, errordetails: object[] = []) {
  return { error: { code, message: { lang: "en", value }, innererror: { transactionid: "T1", errordetails } } };
}

describe("a business message", () => {
  test("rejects with SAP's own text and code, and a next step", () => {
    const refusal = refusalOf(answer(400, sapError("M7/021", "Deficit of 5 KG : RM-1")), asked);
    expect(refusal).toBeInstanceOf(RejectedError);
    expect(refusal).toMatchObject({
      reason: "sap-m7-021",
      message: "s4 refused the confirmation of order 1: M7/021 Deficit of 5 KG : RM-1.",
      said: "M7/021 Deficit of 5 KG : RM-1",
      next: expect.stringContaining("resend"),
    });
  });

  test("tells the inner errors too, without saying one twice", () => {
    const details = [
      { code: "RU/013", message: "Operation 0099 does not exist", severity: "error" },
      { code: "RU/900", message: "First", severity: "error" },
      { code: "RU/901", message: "Only a hint", severity: "info" },
    ];
    const refusal = refusalOf(answer(400, sapError("RU/900", "First", details)), asked);
    expect(refusal?.said).toBe("RU/900 First; RU/013 Operation 0099 does not exist");
  });

  test("is read from XML where a gateway sends no JSON", () => {
    const xml = `<?xml version="1.0"?><error xmlns="x"><code>M7/021</code><message xml:lang="en">5 &lt; 6</message></error>`;
    expect(refusalOf(answer(400, xml), asked)).toMatchObject({ reason: "sap-m7-021", said: "M7/021 5 < 6" });
  });

  test.each([404, 405, 409, 422])("rejects with status %i as well", (status) => {
    expect(refusalOf(answer(status, sapError("CO/017", "No order")), asked)).toBeInstanceOf(RejectedError);
  });
});

describe("what passes by itself", () => {
  test.each(["MC/601", "MC601", "M3/024"])("lock message %s makes it unavailable, whatever its text", (code) => {
    expect(refusalOf(answer(400, sapError(code, "Gesperrt")), asked)).toBeInstanceOf(UnavailableError);
  });

  test("a lock told only in words does too, and a system's own code", () => {
    expect(refusalOf(answer(400, sapError("ZZ/001", "Order 1 is locked by user MUELLER")), asked)).toBeInstanceOf(
      UnavailableError,
    );
    expect(
      refusalOf(answer(400, sapError("ZZ/777", "Besetzt")), { ...asked, lockCodes: new Set(["ZZ/777"]) }),
    ).toBeInstanceOf(UnavailableError);
  });

  test("an order locked by its status is no passing lock", () => {
    expect(
      refusalOf(answer(400, sapError("BS/013", "System status LKD is active: order is locked")), asked),
    ).toBeInstanceOf(RejectedError);
  });

  test("429 and 503 say when to come back", () => {
    expect(refusalOf(answer(429, "", { "retry-after": "7" }), asked)).toMatchObject({
      code: "system-unavailable",
      retryAfterMs: 7_000,
    });
    const date = "Mon, 05 Jan 2026 06:00:30 GMT";
    expect(refusalOf(answer(503, "", { "retry-after": date }), asked)).toMatchObject({ retryAfterMs: 30_000 });
    expect(readRetryAfter("soon")).toBeUndefined();
  });

  test.each([401, 403])("status %i is the system's trouble, not the item's, and names a next step", (status) => {
    const refusal = refusalOf(answer(status, "<html>Logon failed</html>"), asked);
    expect(refusal).toBeInstanceOf(UnavailableError);
    expect(refusal?.next).toMatch(/SU01|SU53/);
  });

  test("a service that is not activated, a redirect and a foreign 404 park nothing", () => {
    expect(refusalOf(answer(403, sapError("/IWFND/MED/170", "No service found")), asked)?.next).toContain(
      "/IWFND/MAINT_SERVICE",
    );
    expect(refusalOf(answer(302, ""), asked)).toBeInstanceOf(UnavailableError);
    expect(refusalOf(answer(404, "<html>nginx</html>"), asked)).toBeInstanceOf(UnavailableError);
  });
});

describe("what nobody knows", () => {
  test.each([500, 502, 504, 408])("status %i is uncertain", (status) => {
    expect(refusalOf(answer(status, sapError("SY/530", "Dump")), asked)).toBeInstanceOf(UncertainError);
  });

  test("a RequestID that is outdated was processed, so it is looked up", () => {
    expect(refusalOf(answer(400, sapError("/IWBEP/CM_COS/005", "RequestID is outdated")), asked)).toBeInstanceOf(
      UncertainError,
    );
  });
});

test("a success is none of these", () => {
  expect(refusalOf(answer(201, {}), asked)).toBeUndefined();
});
