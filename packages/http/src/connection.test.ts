import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import type { RequestOptions } from "node:https";
import net from "node:net";
import { Secret } from "@lineshaft/core";
import { certificatesMissing, makeCertificates } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import { MES_KEY, openHttpBed } from "./testing/bed.ts";

const path = "/v1/facts/reading.v1";
const fact = JSON.stringify({ id: "R-1", value: 1 });

/** All that a server answers to some bytes, until it hangs up. */
async function exchange(url: string, bytes: string): Promise<string> {
  const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  socket.write(bytes);
  await once(socket, "close");
  return answer;
}

describe("what is hardly HTTP", () => {
  test("is answered with a problem", async () => {
    await using bed = await openHttpBed();
    const answer = await exchange(bed.url, "HELLO\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('"code":"request-malformed"');
  });

  test("with headers without end is told their limit", async () => {
    await using bed = await openHttpBed();
    const answer = await exchange(bed.url, `GET / HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(20_000)}`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"limit":16384');
  });
});

describe.skipIf(certificatesMissing() && !process.env["CI"])("TLS (skipped where openssl is not on PATH)", () => {
  test("takes facts of callers that trust the server", async () => {
    using made = makeCertificates();
    await using bed = await openHttpBed({ tls: { cert: made.cert, key: Secret.file(made.key) } });
    expect(new URL(bed.url).protocol).toBe("https:");
    expect(await post(bed.url, { ca: readFileSync(made.ca) })).toBe(202);
    await expect(post(bed.url, {})).rejects.toThrow("unable to verify the first certificate");
  });

  test("asks for a certificate of the callers' authority where one is configured", async () => {
    using made = makeCertificates();
    const tls = { cert: made.cert, key: Secret.file(made.key), clientCa: made.ca };
    await using bed = await openHttpBed({ tls });
    const ca = readFileSync(made.ca);
    const client = { cert: readFileSync(made.clientCert), key: readFileSync(made.clientKey) };
    expect(await post(bed.url, { ca, ...client })).toBe(202);
    await expect(post(bed.url, { ca })).rejects.toThrow(/certificate required|ECONNRESET|hang up|EPIPE/);
  });
});

async function post(url: string, options: RequestOptions): Promise<number | undefined> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${MES_KEY}` };
  const sent = request(url + path, { method: "POST", headers, agent: false, ...options });
  sent.end(fact);
  const [response] = await once(sent, "response");
  response.resume();
  return response.statusCode;
}
