/** The properties of an MQTT 5 packet that a subscriber has a use for. */
export interface Properties {
  reasonString?: string;
  contentType?: string;
  correlationData?: Buffer;
  /** Seconds; the broker's own wish, which overrides ours. */
  serverKeepAlive?: number;
  /** In the order they came; a name may come more than once. */
  user: readonly (readonly [name: string, value: string])[];
}

export const noProperties: Properties = { user: [] };

type Value = number | string | Buffer | [name: string, value: string];
interface Read<T extends Value = Value> {
  value: T;
  end: number;
}
type Reader = (body: Buffer, at: number) => Read;

const readByte: Reader = (body, at) => ({ value: body.readUInt8(at), end: at + 1 });
const readTwo: Reader = (body, at) => ({ value: body.readUInt16BE(at), end: at + 2 });
const readFour: Reader = (body, at) => ({ value: body.readUInt32BE(at), end: at + 4 });

/** By identifier: how it is read, and the field it fills (MQTT 5.0 §2.2.2.2). */
const FORMS = new Map<number, { read: Reader; field?: keyof Properties }>([
  [0x01, { read: readByte }],
  [0x02, { read: readFour }],
  [0x03, { read: readString, field: "contentType" }],
  [0x08, { read: readString }],
  [0x09, { read: readBinary, field: "correlationData" }],
  [0x0b, { read: readVarint }],
  [0x11, { read: readFour }],
  [0x12, { read: readString }],
  [0x13, { read: readTwo, field: "serverKeepAlive" }],
  [0x15, { read: readString }],
  [0x16, { read: readBinary }],
  [0x1a, { read: readString }],
  [0x1c, { read: readString }],
  [0x1f, { read: readString, field: "reasonString" }],
  [0x21, { read: readTwo }],
  [0x22, { read: readTwo }],
  [0x23, { read: readTwo }],
  [0x24, { read: readByte }],
  [0x25, { read: readByte }],
  [0x26, { read: readPair, field: "user" }],
  [0x27, { read: readFour }],
  [0x28, { read: readByte }],
  [0x29, { read: readByte }],
  [0x2a, { read: readByte }],
]);

/**
 * Reads the properties that begin at `at`.
 * @returns them, and where the packet goes on
 * @throws Error when they are malformed
 */
export function readProperties(body: Buffer, at: number): { properties: Properties; end: number } {
  const length = readVarint(body, at);
  const end = length.end + length.value;
  if (end > body.length) throw new Error("properties are longer than their packet");
  if (length.value === 0) return { properties: noProperties, end };
  const user: [string, string][] = [];
  const fields: Record<string, unknown> = {};
  for (let next = length.end; next < end;) {
    const identifier = body[next] ?? 0;
    const kind = FORMS.get(identifier);
    if (kind === undefined) throw new Error(`property ${identifier} is not one of MQTT 5`);
    const read = kind.read(body, next + 1);
    if (read.end > end) throw new Error(`property ${identifier} is longer than the properties`);
    if (Array.isArray(read.value)) user.push(read.value);
    else if (kind.field !== undefined) fields[kind.field] = read.value;
    next = read.end;
  }
  return { properties: { ...fields, user }, end };
}

function readPair(body: Buffer, at: number): Read<[string, string]> {
  const name = readString(body, at);
  const value = readString(body, name.end);
  return { value: [name.value, value.value], end: value.end };
}

function readBinary(body: Buffer, at: number): Read<Buffer> {
  const end = at + 2 + body.readUInt16BE(at);
  return { value: body.subarray(at + 2, end), end };
}

function readString(body: Buffer, at: number): Read<string> {
  const end = at + 2 + body.readUInt16BE(at);
  return { value: body.toString("utf8", at + 2, end), end };
}

function readVarint(body: Buffer, at: number): Read<number> {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = body.readUInt8(at + i);
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  throw new Error("a length has more than four bytes");
}
