import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SPARKPLUG_LIMITS } from "./options.ts";
import { decodePayload } from "./payload.ts";
import type { DecodeLimits } from "./payload.ts";
import { PayloadError } from "./wire.ts";
import {
  delimited,
  float,
  number,
  payload,
  properties,
  text,
  value,
  varint,
} from "../testing/sparkplug/hand-payload.ts";

const decode = (bytes: Uint8Array, limits: Partial<DecodeLimits> = {}) =>
  decodePayload(Buffer.from(bytes), { ...SPARKPLUG_LIMITS, ...limits });

describe("a payload", () => {
  test("of the specification's first example is read with all its fields", () => {
    const bytes = payload({
      timestamp: 1486144502122,
      seq: 2,
      metrics: [{ name: "My Metric", alias: 1, timestamp: 1479123452194, datatype: 12, value: value.string("Test") }],
    });
    expect(decode(bytes)).toMatchObject({
      timestamp: 1486144502122,
      seq: 2,
      metrics: [
        {
          name: "My Metric",
          alias: 1,
          timestamp: 1479123452194,
          datatype: 12,
          value: { kind: "string", value: "Test" },
          historical: false,
          transient: false,
          isNull: false,
        },
      ],
    });
  });

  test("has its fields in any order, and the last of two holds", () => {
    const metric = [...value.int(1), ...number(4, 7), ...value.int(2), ...text(1, "m")];
    const { metrics, seq } = decode(Buffer.from([...number(3, 7), ...delimited(2, metric), ...number(3, 8)]));
    expect(seq).toBe(8);
    expect(metrics).toMatchObject([{ name: "m", value: { kind: "int", value: 2 } }]);
  });

  test("may have fields nobody knows yet, at every level", () => {
    const unknown = [...number(30, 5), ...text(31, "x"), ...float(32, 1.5), ...varint(33 * 8 + 1), ...Buffer.alloc(8)];
    const metric = [...unknown, ...text(1, "m"), ...delimited(19, [1, 2]), ...value.boolean(true)];
    const bytes = [...unknown, ...delimited(2, metric), ...number(3, 1), ...text(4, "uuid"), ...delimited(5, [9])];
    expect(decode(Buffer.from(bytes))).toMatchObject({ seq: 1, metrics: [{ name: "m", value: { value: true } }] });
  });

  test("has flags, metadata and properties", () => {
    const metadata = [
      ...number(1, true),
      ...text(2, "text/plain"),
      ...number(3, 2n ** 60n),
      ...number(4, 7),
      ...text(5, "a.txt"),
      ...text(6, "txt"),
      ...text(7, "d41d"),
      ...text(8, "a part"),
    ];
    const inner = properties({ low: { type: 10, value: float(5, 0.5) } });
    const sets = [...delimited(1, inner), ...delimited(1, [])];
    const all = [
      ...["engUnit", "range", "list", "none"].flatMap((key) => text(1, key)),
      ...delimited(2, [...number(1, 12), ...text(8, "bar")]),
      ...delimited(2, [...number(1, 20), ...delimited(9, inner)]),
      ...delimited(2, [...number(1, 21), ...delimited(10, sets)]),
      ...delimited(2, [...number(1, 3), ...number(2, true)]),
    ];
    const [metric] = decode(
      payload({ metrics: [{ historical: true, transient: true, isNull: true, metadata, properties: all }] }),
    ).metrics;
    expect(metric).toMatchObject({ historical: true, transient: true, isNull: true });
    expect(metric?.metadata).toEqual({
      isMultiPart: true,
      contentType: "text/plain",
      size: 2n ** 60n,
      seq: 7,
      fileName: "a.txt",
      fileType: "txt",
      md5: "d41d",
      description: "a part",
    });
    const range = new Map([["low", { type: 10, isNull: false, value: { kind: "float", value: 0.5 } }]]);
    expect(metric?.properties).toEqual(
      new Map([
        ["engUnit", { type: 12, isNull: false, value: { kind: "string", value: "bar" } }],
        ["range", { type: 20, isNull: false, value: { kind: "properties", value: range } }],
        ["list", { type: 21, isNull: false, value: { kind: "propertySets", value: [range, new Map()] } }],
        ["none", { type: 3, isNull: true, value: undefined }],
      ]),
    );
  });

  test("with an alias of 64 bits keeps all of them", () => {
    const alias = 2n ** 64n - 1n;
    expect(decode(payload({ metrics: [{ alias }, { alias: 2 ** 53 - 1 }] })).metrics).toMatchObject([
      { alias },
      { alias: 2 ** 53 - 1 },
    ]);
  });

  test("with a time that no calendar has goes by without it", () => {
    const bytes = Buffer.from(number(1, 2n ** 63n));
    expect(decode(bytes).timestamp).toBeUndefined();
  });
});

describe("a payload is refused with what is wrong, where", () => {
  const name = (bytes: number[]) => delimited(2, delimited(1, bytes));
  test.each<[string, number[], RegExp]>([
    [
      "a string that ends too early",
      [0x12, 4, 0x0a, 9, 65, 66],
      /end before its time: 7 bytes are missing \(metric 1, byte 4/,
    ],
    ["a metric longer than the payload", [0x12, 200, 1, 0x0a], /a message that is longer than what it stands in/],
    ["a varint without end", [0x08, 0xff, 0xff], /a number that has no end \(byte 3 of 3\)/],
    ["a varint of eleven bytes", [0x08, ...Array(11).fill(0x80), 1], /a number of more than ten bytes/],
    ["a field number nought", [0x00, 1], /a field without a valid number/],
    ["a group", [0x0b, 0x0c], /a field 1 of wire type 3/],
    ["a wire type there is none of", [0x0f], /a field 1 of wire type 7/],
    ["a text that is no UTF-8", name([0xc3, 0x28]), /a string that is no UTF-8 \(metric 1/],
    ["a length beyond 32 bits", [0x22, ...varint(2n ** 40n)], /a length beyond all limits/],
    ["a float cut off", delimited(2, [0x65, 0, 0]), /2 bytes are missing/],
    ["a double cut off", delimited(2, [0x69, 0, 0]), /6 bytes are missing/],
    [
      "a property set of unequal arrays",
      delimited(2, delimited(9, text(1, "key"))),
      /a property set of 1 keys and 0 values/,
    ],
  ])("%s", (_case, bytes, message) => {
    expect(() => decode(Buffer.from(bytes))).toThrow(PayloadError);
    expect(() => decode(Buffer.from(bytes))).toThrow(message);
  });

  test("a replacement character that the sender wrote is text", () => {
    expect(decode(payload({ metrics: [{ name: "a\ufffdb" }] })).metrics[0]?.name).toBe("a\ufffdb");
  });

  test("each limit has its name and number", () => {
    const deep = (levels: number): number[] =>
      levels === 0 ? text(1, "m") : [...text(1, "t"), ...value.template(delimited(2, deep(levels - 1)))];
    const cells = value.dataSet(["a", "b", "c"].flatMap((column) => text(2, column)));
    expect(() => decode(Buffer.alloc(11), { payloadBytes: 10 })).toThrow("has 11 bytes, and the limit is 10");
    expect(() => decode(payload({ metrics: [{}, {}, {}] }), { metrics: 2 })).toThrow("more than 2 metrics");
    expect(() => decode(payload({ metrics: [{ name: "long" }] }), { stringBytes: 3 })).toThrow("a string of 4 bytes");
    expect(() => decode(payload({ metrics: [{ value: cells }] }), { cells: 2 })).toThrow("more than 2 cells");
    expect(() => decode(Buffer.from(delimited(2, deep(17))))).toThrow("more than 16 levels");
    expect(decode(Buffer.from(delimited(2, deep(16)))).metrics).toHaveLength(1);
  });
});

describe("whatever bytes come", () => {
  const whole = payload({
    timestamp: 1486144502122,
    seq: 5,
    metrics: [
      {
        name: "a",
        alias: 1,
        datatype: 10,
        value: value.double(1.5),
        properties: properties({ Quality: { type: 3, value: number(3, 192) } }),
      },
      {
        name: "d",
        datatype: 16,
        value: value.dataSet([
          ...number(1, 1),
          ...text(2, "c"),
          ...number(3, 7),
          ...delimited(4, delimited(1, number(1, 5))),
        ]),
      },
      {
        name: "t",
        datatype: 19,
        value: value.template([...text(4, "T"), ...delimited(2, [...text(1, "m"), ...value.int(3)])]),
      },
    ],
  });
  const readOrRefused = (bytes: Uint8Array) => {
    try {
      decode(bytes);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
    }
  };

  test("they are read or refused, never more", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), readOrRefused), { numRuns: 3_000 });
  });

  test("a payload with bytes changed is read or refused", () => {
    const change = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
    const changed = change.map((changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
    fc.assert(fc.property(changed, readOrRefused), { numRuns: 3_000 });
  });

  test("a payload that ends too early never brings a metric that it did not finish", () => {
    const all = decode(whole).metrics.length;
    for (let end = 0; end < whole.length; end++) {
      try {
        expect(decode(whole.subarray(0, end)).metrics.length).toBeLessThanOrEqual(all);
      } catch (error) {
        expect(error).toBeInstanceOf(PayloadError);
      }
    }
  });

  test("every unsigned number of 64 bits is read as it was written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (written) => {
        const seq = decode(Buffer.from(number(3, written))).seq ?? -1;
        expect(BigInt(seq)).toBe(written);
        expect(typeof seq).toBe(written <= BigInt(Number.MAX_SAFE_INTEGER) ? "number" : "bigint");
      }),
    );
  });
});
