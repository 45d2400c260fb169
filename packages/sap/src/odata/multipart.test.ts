import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundaryOf, readHttpPart, readMultipart, writeHttpPart, writeMultipart } from "./multipart.ts";

const boundary = "batch_1_lineshaft";
const content = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

describe("multipart bodies", () => {
  test("whatever bytes the parts hold, they come back as they were written", () => {
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 8 }), (bodies) => {
        const parts = bodies.map((body, n) => ({ headers: { "content-id": String(n) }, body }));
        const read = readMultipart(boundary, writeMultipart(boundary, parts));
        expect(read.map(({ body }) => body.toString("hex"))).toEqual(bodies.map((body) => body.toString("hex")));
        expect(read.map(({ headers }) => headers["content-id"])).toEqual(bodies.map((_, n) => String(n)));
      }),
    );
  });

  test("an inner multipart does not end the outer one, even when its boundary begins alike", () => {
    const inner = writeMultipart(`${boundary}_2`, [{ headers: {}, body: Buffer.from("a") }]);
    const outer = writeMultipart(boundary, [{ headers: { "content-type": "multipart/mixed" }, body: inner }]);
    const [part] = readMultipart(boundary, outer);
    expect(readMultipart(`${boundary}_2`, part?.body ?? Buffer.alloc(0))[0]?.body.toString()).toBe("a");
  });

  test("a body cut off anywhere before its closing boundary is an error, never fewer parts", () => {
    const parts = ["one", "two"].map((text) => ({ headers: { a: "b" }, body: Buffer.from(text) }));
    const whole = writeMultipart(boundary, parts);
    const closing = whole.lastIndexOf(`--${boundary}--`) + `--${boundary}--`.length;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: closing - 2 }), (length) => {
        expect(() => readMultipart(boundary, whole.subarray(0, length))).toThrow(/boundary/);
      }),
    );
  });

  test("bytes that are no multipart are refused with an Error, whatever they are", () => {
    fc.assert(
      fc.property(content, (bytes) => {
        expect(() => readMultipart(boundary, bytes)).toThrow(Error);
      }),
    );
  });

  test("bare line feeds, a preamble and spaces behind the boundary are taken", () => {
    const body = `preamble\n--b  \ncontent-id: 1\n\nhello\n--b--\n`;
    expect(readMultipart("b", Buffer.from(body))).toEqual([
      { headers: { "content-id": "1" }, body: Buffer.from("hello") },
    ]);
  });

  test("more parts than a batch can have are refused", () => {
    const body = Buffer.from(`${"--b\r\n\r\n\r\n".repeat(1_002)}--b--\r\n`);
    expect(() => readMultipart("b", body)).toThrow("more than 1000 parts");
  });
});

describe("parts of type application/http", () => {
  test("a request comes back with its line, its headers and its body", () => {
    const part = { startLine: "POST X HTTP/1.1", headers: { "content-length": "2" }, body: Buffer.from("{}") };
    expect(readHttpPart(writeHttpPart(part))).toEqual(part);
  });

  test("the content-length rules, unless it says more than there is", () => {
    const bodies = [2, 99].map((length) => {
      const answer = `HTTP/1.1 201 Created\r\ncontent-length: ${length}\r\n\r\n{}\r\n`;
      return readHttpPart(Buffer.from(answer)).body.toString();
    });
    expect(bodies).toEqual(["{}", "{}\r\n"]);
  });

  test("an empty part is an error", () => {
    expect(() => readHttpPart(Buffer.from("\r\n\r\n"))).toThrow("empty");
  });
});

test("the boundary is found quoted and bare", () => {
  expect(boundaryOf('multipart/mixed; boundary="a b"; x=1')).toBe("a b");
  expect(boundaryOf("multipart/mixed;boundary=ejjeeffe0")).toBe("ejjeeffe0");
  expect(boundaryOf("application/json")).toBeUndefined();
  expect(boundaryOf(undefined)).toBeUndefined();
});
