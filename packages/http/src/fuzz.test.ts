import { once } from "node:events";
import net from "node:net";
import { aCompletion, completion } from "@lineshaft/model";
import { RecordingIntake } from "@lineshaft/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openHttpBed } from "./testing/bed.ts";
import type { HttpBed } from "./testing/bed.ts";

const path = "/v1/facts/completion.v1";
const runs = { numRuns: 150 };

/** Texts and bytes that have broken parsers before, and completions with one thing wrong. */
const payload: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  fc.json(),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 2_000 }),
  fc.integer({ min: 0, max: 200_000 }).map((depth) => `${'{"a":['.repeat(depth)}1${"]}".repeat(depth)}`),
  fc.constantFrom("", " ", "null", "[]", "1e400", "-1e-400", "9".repeat(10_000), '{"__proto__":{"polluted":1}}'),
  fc.constantFrom('{"constructor":{"prototype":{"polluted":1}}}', '"\\ud800"', "\ufeff{}", '{"id":1}\0', "NaN"),
  fc
    .tuple(fc.constantFrom(...Object.keys(aCompletion()), "__proto__", "extra"), fc.jsonValue())
    .map(([field, value]) => spoil(field, value)),
  fc
    .constantFrom("-1", "1e999", "NaN", "0x10", "1,5", "9".repeat(400))
    .map((value) => spoil("yield", { value, unit: "C62" })),
  fc.string().map((unit) => spoil("yield", { value: "1", unit })),
);

/** A completion with one field of another value; as text, so that `__proto__` is a key like any other. */
function spoil(field: string, value: unknown): string {
  const rest = Object.entries(aCompletion()).filter(([name]) => name !== field);
  return `{${[...rest, [field, value] as const].map((entry) => `${JSON.stringify(entry[0])}:${JSON.stringify(entry[1])}`).join(",")}}`;
}

async function openBed(): Promise<HttpBed> {
  return openHttpBed({ contracts: [completion], intake: new RecordingIntake({ contracts: [completion] }) });
}

/** Nothing is stuck, nothing leaked into the language, and a good fact is still taken. */
async function expectSound(bed: HttpBed): Promise<void> {
  expect(bed.inFlight()).toBe(0);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  const response = await bed.post(path, JSON.stringify({ ...aCompletion(), id: "after-the-storm" }));
  expect(response.status).toBe(202);
}

describe("whatever is sent", () => {
  test("one fact is taken or refused with findings that name field, rule and fix", async () => {
    await using bed = await openBed();
    await fc.assert(
      fc.asyncProperty(payload, async (raw) => {
        const response = await bed.post(path, raw);
        const body = JSON.parse(await response.text());
        expect([200, 202, 409, 413, 422]).toContain(response.status);
        for (const finding of body.findings ?? []) {
          expect(finding).toEqual(
            expect.objectContaining({ field: expect.any(String), rule: expect.any(String), fix: expect.any(String) }),
          );
        }
        expect(response.status === 422 ? body.findings.length : 1).toBeGreaterThan(0);
      }),
      runs,
    );
    await expectSound(bed);
  });

  test("a batch is answered with one answer per fact, or refused as a whole", async () => {
    await using bed = await openBed();
    const type = fc.constantFrom("application/json", "application/x-ndjson");
    const body = fc.oneof(
      payload,
      fc.array(fc.json(), { maxLength: 20 }).map((items) => `[${items.join(",")}]`),
    );
    await fc.assert(
      fc.asyncProperty(body, type, async (raw, contentType) => {
        const before = bed.intake.handed.length;
        const response = await bed.post(`${path}/batch`, raw, { "content-type": contentType });
        const answer = JSON.parse(await response.text());
        expect([202, 207, 400, 413]).toContain(response.status);
        const due = (answer.items ?? []).filter((item: { code?: string }) => item.code !== "body-too-large");
        expect(bed.intake.handed.length - before).toBe(due.length);
      }),
      runs,
    );
    await expectSound(bed);
  });

  test("headers of any length and content are answered", async () => {
    await using bed = await openBed();
    const header = fc.string({ minLength: 0, maxLength: 200 }).map((text) => text.replaceAll(/[^\x21-\x7e]/g, ""));
    const name = fc.constantFrom("idempotency-key", "traceparent", "authorization", "content-type", "x-other");
    await fc.assert(
      fc.asyncProperty(name, header, fc.constantFrom(1, 100), async (header, value, times) => {
        const response = await bed.post(path, JSON.stringify(aCompletion()), { [header]: value.repeat(times) });
        await response.arrayBuffer();
        expect([200, 202, 400, 401, 409, 415, 431]).toContain(response.status);
      }),
      runs,
    );
    await expectSound(bed);
  });

  test("bytes that are no HTTP are answered or hung up on", async () => {
    await using bed = await openBed();
    const port = Number(new URL(bed.url).port);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 500 }), async (bytes) => {
        const socket = net.connect(port, "127.0.0.1");
        socket.resume();
        socket.end(Buffer.concat([bytes, Buffer.from("\r\n\r\n")]));
        await once(socket, "close");
      }),
      { numRuns: 50 },
    );
    expect(bed.intake.handed).toEqual([]);
    await expectSound(bed);
  });
});
