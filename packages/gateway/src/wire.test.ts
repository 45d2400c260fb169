import { generateKeyPairSync } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { BufferedFact } from "./index.ts";
import { batchIsSigned, factOfWire, packBatch, signBatch, unpackBatch } from "./wire.ts";

const facts: BufferedFact[] = [
  { seq: 11, telemetry: false, receivedTime: 1_000, contract: "note.v1", raw: '{"id":"ä"}', id: "i", scope: "s" },
  { seq: 13, telemetry: true, receivedTime: 2_000, contract: "note.v1", raw: Uint8Array.from([0, 255, 1]), trace: "t" },
  { seq: 14, telemetry: false, receivedTime: 3_000, contract: "note.v1", raw: "{}", canonical: '{"a":1}' },
  { seq: 15, telemetry: false, receivedTime: 3_000, contract: "note.v1", raw: "{}", fault: "no such line" },
];
const head = { gateway: "hamburg", epoch: "e", first: 1, last: 5, facts: facts.length, sentAt: 5_000 };
const MAX = { maxBytes: 1_000_000 };

test("a batch comes out as it went in, numbered within its epoch, its gaps included", () => {
  const { body, gzip } = packBatch(head, facts, 10);
  const batch = unpackBatch(body, { gzip, ...MAX });
  expect(batch.head).toEqual(head);
  expect(batch.facts.map(({ n }) => n)).toEqual([1, 3, 4, 5]);
  const [first, second, third, fourth] = batch.facts.map((fact) => factOfWire("hamburg", fact, { now: 0, aheadMs: 0 }));
  expect(first).toMatchObject({ raw: '{"id":"ä"}', id: "i", scope: "hamburg:s", contract: "note.v1" });
  expect(second).toMatchObject({ raw: Buffer.from([0, 255, 1]), scope: "hamburg", trace: "t" });
  expect(third?.translate?.({}, {})).toEqual({ a: 1 });
  expect(() => fourth?.translate?.({}, {})).toThrow("no such line");
});

test("a large batch travels compressed, and one that would unpack too large is not unpacked", () => {
  const one = { telemetry: false, receivedTime: 1_000, contract: "note.v1", raw: '{"id":"n-1","key":"k"}' };
  const many = Array.from({ length: 500 }, (_, at) => ({ ...one, seq: at + 1 }));
  const { body, gzip } = packBatch({ ...head, last: 500, facts: 500 }, many, 0);
  expect(gzip).toBe(true);
  expect(body.length).toBeLessThan(500 * 20);
  expect(unpackBatch(body, { gzip, ...MAX }).facts).toHaveLength(500);
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  expect(() => unpackBatch(bomb, { gzip: true, ...MAX })).toThrow("larger than 1000000");
});

describe("what no gateway sends is not read", () => {
  const text = (value: object, lines: readonly object[] = []) =>
    Buffer.from(`${[value, ...lines].map((line) => JSON.stringify(line)).join("\n")}\n`);
  const line = { n: 1, at: 1, contract: "c", raw: "{}" };
  const one = { ...head, first: 1, last: 1, facts: 1 };
  test.each<[string, Buffer]>([
    ["nothing", Buffer.from("")],
    ["no line end", Buffer.from("{}")],
    ["no JSON", Buffer.from("hello\n")],
    ["no head", text({})],
    ["numbers that go backwards", text({ ...one, first: 5, last: 4 }, [line])],
    ["a number of nought", text({ ...one, first: 0 }, [line])],
    ["fewer facts than announced", text({ ...one, facts: 2 }, [line])],
    ["a fact beyond the last", text(one, [{ ...line, n: 2 }])],
    ["the same number twice", text({ ...one, last: 2, facts: 2 }, [line, line])],
    ["a fact without a contract", text(one, [{ n: 1, at: 1, raw: "{}" }])],
  ])("%s", (_what, body) => {
    expect(() => unpackBatch(body, { gzip: false, ...MAX })).toThrow(/./);
  });
});

test.each([
  ["Ed25519", () => generateKeyPairSync("ed25519")],
  ["EC", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
])("a signature of %s holds for its gateway, its body and its key, and nothing else", (_kind, make) => {
  const { privateKey, publicKey } = make();
  const body = Buffer.from("facts");
  const signature = signBatch(privateKey, "hamburg", body);
  expect(batchIsSigned(publicKey, "hamburg", body, signature)).toBe(true);
  expect(batchIsSigned(publicKey, "lyon", body, signature)).toBe(false);
  expect(batchIsSigned(publicKey, "hamburg", Buffer.from("fact"), signature)).toBe(false);
  expect(batchIsSigned(make().publicKey, "hamburg", body, signature)).toBe(false);
  expect(batchIsSigned(publicKey, "hamburg", body, "nonsense")).toBe(false);
  expect(batchIsSigned(publicKey, "hamburg", body, "")).toBe(false);
});
