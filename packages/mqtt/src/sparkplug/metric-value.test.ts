import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataType } from "./data-types.ts";
import { metricValue, qualityOf, shapeOf, withUnchangedMembers } from "./metric-value.ts";
import type { Shape } from "./metric-value.ts";
import { SPARKPLUG_LIMITS } from "./options.ts";
import { decodePayload } from "./payload.ts";
import type { HandMetric } from "../testing/sparkplug/hand-payload.ts";
import { delimited, double, number, payload, quality, text, value } from "../testing/sparkplug/hand-payload.ts";

function read(metric: HandMetric, shape: Shape = { datatype: metric.datatype }) {
  const [decoded] = decodePayload(payload({ metrics: [metric] }), SPARKPLUG_LIMITS).metrics;
  if (decoded === undefined) throw new Error("no metric");
  return metricValue(decoded, shape);
}

const decodeOne = (metric: HandMetric) => {
  const [decoded] = decodePayload(payload({ metrics: [metric] }), SPARKPLUG_LIMITS).metrics;
  if (decoded === undefined) throw new Error("no metric");
  return decoded;
};

describe("every datatype", () => {
  test.each<[keyof typeof DataType, number[], unknown]>([
    ["Int8", value.int(0xef), -17],
    ["Int8", value.int(0xffffffef), -17],
    ["Int8", value.int(-17), -17],
    ["Int8", value.long(-17), -17],
    ["Int16", value.int(0x8ad0), -30_000],
    ["Int16", value.int(30_000), 30_000],
    ["Int32", value.int(0xffffffff), -1],
    ["Int32", value.long(-1), -1],
    ["Int32", value.long(0xffffffff), -1],
    ["Int64", value.long(-4270929666821191986n), -4270929666821191986n],
    ["Int64", value.long(-5), -5],
    ["Int64", value.long(2 ** 40), 2 ** 40],
    ["Int64", value.int(7), 7],
    ["UInt8", value.int(255), 255],
    ["UInt16", value.int(65_535), 65_535],
    ["UInt32", value.int(4_294_967_295), 4_294_967_295],
    ["UInt32", value.long(4_294_967_295), 4_294_967_295],
    ["UInt64", value.long(2n ** 64n - 1n), 2n ** 64n - 1n],
    ["UInt64", value.long(52), 52],
    ["Float", value.float(1.5), 1.5],
    ["Double", value.double(12.354213), 12.354213],
    ["Boolean", value.boolean(true), true],
    ["Boolean", value.boolean(false), false],
    ["String", value.string("Test"), "Test"],
    ["String", value.string("007"), "007"],
    ["Text", value.string("1e3"), "1e3"],
    ["UUID", value.string("6c3c1c6a-2a8f-4e62-9a0a-62d5b2a8d0f1"), "6c3c1c6a-2a8f-4e62-9a0a-62d5b2a8d0f1"],
    ["DateTime", value.long(1486144502122), 1486144502122],
    ["Bytes", value.bytes([1, 2, 255]), Uint8Array.of(1, 2, 255)],
    ["File", value.bytes([]), new Uint8Array()],
    ["Unknown", value.int(5), 5],
    ["Unknown", value.string("5"), "5"],
  ])("%s is read from %j as %s", (type, bytes, expected) => {
    expect(read({ datatype: DataType[type], value: bytes })).toEqual(expected);
  });

  test.each<[keyof typeof DataType, number[], unknown]>([
    ["Int8Array", [0xef, 0x7b], [-17, 123]],
    ["Int16Array", [0xd0, 0x8a, 0x30, 0x75], [-30_000, 30_000]],
    ["Int32Array", [0xff, 0xff, 0xff, 0xff, 0xfa, 0xaf, 0xcb, 0x12], [-1, 315_338_746]],
    [
      "Int64Array",
      [0xce, 0x06, 0x72, 0xac, 0x18, 0x9c, 0xba, 0xc4, 0xc4, 0xba, 0x9c, 0x18, 0xac, 0x72, 0x06, 0xce],
      [-4270929666821191986n, -3601064768563266876n],
    ],
    ["UInt8Array", [0x17, 0xfa], [23, 250]],
    ["UInt16Array", [0x1e, 0x00, 0x88, 0xcc], [30, 52_360]],
    ["UInt32Array", [0x34, 0, 0, 0, 0x49, 0xfb, 0x55, 0xc4], [52, 3_293_969_225]],
    [
      "UInt64Array",
      [0x34, 0, 0, 0, 0, 0, 0, 0, 0xd9, 0x9e, 0x02, 0xd1, 0xb2, 0x76, 0x37, 0xe4],
      [52, 16_444_743_074_749_521_625n],
    ],
    ["FloatArray", [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0], [1.5, -2]],
    ["DoubleArray", [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], [1.5]],
    [
      "BooleanArray",
      [0x0c, 0, 0, 0, 0x34, 0xdf],
      [false, false, true, true, false, true, false, false, true, true, false, true],
    ],
    ["StringArray", [0x41, 0x42, 0x43, 0, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0], ["ABC", "hello"]],
    [
      "DateTimeArray",
      [0xc7, 0xd0, 0x90, 0x75, 0x24, 0x01, 0, 0, 0xb8, 0xba, 0xb8, 0x97, 0x81, 0x01, 0, 0],
      [1256102875335, 1656107875000],
    ],
  ])("%s is read as the specification packs it", (type, bytes, expected) => {
    expect(read({ datatype: DataType[type], value: value.bytes(bytes) })).toEqual(expected);
  });

  test("numbers of all widths come back as they were written, with their sign", () => {
    const types = [
      ["Int8", 8n, true],
      ["Int16", 16n, true],
      ["Int32", 32n, true],
      ["Int64", 64n, true],
      ["UInt8", 8n, false],
      ["UInt16", 16n, false],
      ["UInt32", 32n, false],
      ["UInt64", 64n, false],
    ] as const;
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (type, any) => {
        const [name, bits, sign] = type;
        const written = sign ? BigInt.asIntN(Number(bits), any) : BigInt.asUintN(Number(bits), any);
        const got = read({ datatype: DataType[name], value: value.long(written) });
        expect(BigInt(got as number)).toBe(written);
      }),
    );
  });
});

describe("a value that does not go with its datatype is no value", () => {
  test.each<[string, HandMetric, RegExp]>([
    [
      "a number too large",
      { datatype: DataType.Int8, value: value.int(300) },
      /number 300 does not go with datatype Int8/,
    ],
    ["a negative one of a type without sign", { datatype: DataType.UInt8, value: value.int(-1) }, /UInt8/],
    [
      "a text for a number",
      { datatype: DataType.Int32, value: value.string("5") },
      /string does not go with datatype Int32/,
    ],
    ["a number for a text", { datatype: DataType.String, value: value.int(5) }, /does not go with datatype String/],
    [
      "bytes for a number",
      { datatype: DataType.Double, value: value.bytes([1]) },
      /Bytes do not go with datatype Double/,
    ],
    ["half an element", { datatype: DataType.Int16Array, value: value.bytes([1, 2, 3]) }, /3 bytes are no Int16Array/],
    [
      "too few booleans",
      { datatype: DataType.BooleanArray, value: value.bytes([9, 0, 0, 0, 1]) },
      /too few for a BooleanArray of 9/,
    ],
    ["a string without end", { datatype: DataType.StringArray, value: value.bytes([65]) }, /has no end/],
    ["a type there is none of", { datatype: 99, value: value.int(5) }, /datatype number 99/],
    ["a property set", { datatype: DataType.PropertySet, value: value.int(5) }, /PropertySet/],
    ["nothing", { datatype: DataType.Int8 }, /has no value and is not marked as null/],
  ])("%s", (_case, metric, message) => {
    expect(() => read(metric)).toThrow(message);
  });

  test("null is a value of every type", () => {
    expect(read({ datatype: DataType.Int8, isNull: true })).toBeNull();
    expect(read({ datatype: DataType.DataSet, isNull: true })).toBeNull();
  });
});

describe("a data set", () => {
  const columns = [...text(2, "lot"), ...text(2, "count"), ...number(3, DataType.String), ...number(3, DataType.Int32)];
  const cell = (bytes: number[]) => delimited(1, bytes);
  const row = (...cells: number[][]) => delimited(4, cells.flatMap(cell));

  test("becomes rows by the columns' names", () => {
    const set = [...number(1, 2), ...columns, ...row(text(6, "0017"), number(1, -4)), ...row(text(6, "L-2"), [])];
    expect(read({ datatype: DataType.DataSet, value: value.dataSet(set) })).toEqual([
      { lot: "0017", count: -4 },
      { lot: "L-2", count: null },
    ]);
  });

  test("may have its types packed", () => {
    const set = [...text(2, "a"), ...delimited(3, [DataType.Double]), ...row(double(4, 1.5))];
    expect(read({ datatype: DataType.DataSet, value: value.dataSet(set) })).toEqual([{ a: 1.5 }]);
  });

  test.each<[string, number[], RegExp]>([
    ["a wrong count of columns", [...number(1, 3), ...columns], /2 columns, 2 types and a count of 3/],
    ["a column without a type", [...text(2, "a")], /1 columns, 0 types/],
    ["a row too short", [...columns, ...row(text(6, "L"))], /row of 1 values/],
    ["two columns of one name", [...text(2, "a"), ...text(2, "a"), ...number(3, 3), ...number(3, 3)], /one name/],
  ])("with %s is no value", (_case, set, message) => {
    expect(() => read({ datatype: DataType.DataSet, value: value.dataSet(set) })).toThrow(message);
  });
});

describe("a template", () => {
  const member = (name: string, datatype: number | undefined, bytes: number[]) =>
    delimited(2, [...text(1, name), ...(datatype === undefined ? [] : number(4, datatype)), ...bytes]);
  const parameter = delimited(3, [...text(1, "serial"), ...number(2, DataType.String), ...text(8, "0042")]);
  const definition = decodeOne({
    name: "Motor",
    datatype: DataType.Template,
    value: value.template([
      ...member("speed", DataType.Double, []),
      ...member("errors", DataType.Int16, []),
      ...number(5, true),
    ]),
  });
  const definitions = new Map([["Motor", shapeOf(definition, new Map())]]);
  const birth = decodeOne({
    name: "drive",
    datatype: DataType.Template,
    value: value.template([
      ...text(1, "1.2"),
      ...member("speed", DataType.Double, value.double(2.5)),
      ...member("errors", DataType.Int16, value.int(0xffff)),
      ...parameter,
      ...text(4, "Motor"),
      ...number(5, false),
    ]),
  });
  const born = metricValue(birth, shapeOf(birth, definitions));

  test("becomes an object of its members and parameters", () => {
    expect(born).toEqual({
      template: "Motor",
      version: "1.2",
      parameters: { serial: "0042" },
      members: { speed: 2.5, errors: -1 },
    });
  });

  test("may bring only what changed, with types that only its birth or definition named", () => {
    const update = { value: value.template([...member("errors", undefined, value.int(0xfffe)), ...text(4, "Motor")]) };
    const shape = shapeOf(birth, definitions);
    const later = withUnchangedMembers(read(update, shape), born);
    expect(later).toMatchObject({ members: { speed: 2.5, errors: -2 }, parameters: { serial: "0042" } });
    const byDefinition = shapeOf(decodeOne({ datatype: 19, value: value.template(text(4, "Motor")) }), definitions);
    expect(read(update, byDefinition)).toMatchObject({ members: { errors: -2 } });
  });

  test("may stand in another one", () => {
    const inner = value.template([...text(4, "Motor"), ...member("speed", DataType.Double, value.double(1))]);
    const outer = decodeOne({
      name: "line",
      datatype: DataType.Template,
      value: value.template([...text(4, "Line"), ...member("drive", DataType.Template, inner)]),
    });
    expect(metricValue(outer, shapeOf(outer, definitions))).toMatchObject({
      template: "Line",
      members: { drive: { template: "Motor", members: { speed: 1 } } },
    });
  });

  test("with a member named like a prototype's field harms nothing", () => {
    const evil = value.template([...text(4, "T"), ...member("__proto__", DataType.Int8, value.int(1))]);
    read({ datatype: DataType.Template, value: evil });
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

test("the property Quality says good, bad, stale, and what nobody knows is uncertain", () => {
  const told = [192, 0, 500, 7].map((code) => qualityOf(decodeOne({ properties: quality(code) }).properties));
  expect(told).toEqual(["good", "bad", "stale", "uncertain"]);
  expect(qualityOf(undefined)).toBe("good");
});
