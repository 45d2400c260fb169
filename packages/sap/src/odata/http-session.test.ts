import { Secret, UnavailableError } from "@lineshaft/core";
import { certificatesMissing, makeCertificates } from "@lineshaft/testing";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { describe, expect, test } from "vitest";
import { HttpSession } from "./http-session.ts";

const signal = new AbortController().signal;
const post = { method: "POST", path: "/sap/opu/odata/sap/X_SRV/", body: "{}", effect: true } as const;

function session(url: string, more: { caFile?: string } = {}): HttpSession {
  const password = Secret.generated("test", "p");
  return new HttpSession({ system: "s4", url, language: "EN", username: "U", password, timeoutMs: 2_000, ...more });
}

describe("a request that can't have left is unavailable", () => {
  test("a refused connection", async () => {
    const url = "http://127.0.0.1:1";
    const http = session(url);
    await expect(http.request(post, signal)).rejects.toMatchObject({
      code: "system-unavailable",
      said: expect.stringContaining("ECONNREFUSED"),
      next: expect.stringContaining(url),
    });
    await http.close();
  });

  test("one that is stopped before it began", async () => {
    const http = session("http://127.0.0.1:1");
    await expect(http.request(post, AbortSignal.abort(new Error("stop")))).rejects.toBeInstanceOf(UnavailableError);
    await http.close();
  });
});

const missing = certificatesMissing();
describe.skipIf(missing)(`over TLS${missing === false ? "" : ` (skipped: ${missing})`}`, () => {
  test("a certificate that nobody vouches for is refused before anything is sent; with its authority named it is taken", async () => {
    using certificates = makeCertificates();
    const requests: string[] = [];
    const files = { cert: readFileSync(certificates.cert), key: readFileSync(certificates.key) };
    const server = createServer(files, (request, response) => {
      requests.push(request.url ?? "");
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const url = `https://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;

    const strange = session(url);
    await expect(strange.request(post, signal)).rejects.toBeInstanceOf(UnavailableError);
    expect(requests).toEqual([]);
    await strange.close();

    const trusting = session(url, { caFile: certificates.ca });
    expect((await trusting.request(post, signal)).status).toBe(200);
    await trusting.close();
    server.close();
  });
});

test("a certificate file that is not there is named", () => {
  expect(() => session("https://127.0.0.1:1", { caFile: "/nowhere/ca.pem" })).toThrow("/nowhere/ca.pem");
});
