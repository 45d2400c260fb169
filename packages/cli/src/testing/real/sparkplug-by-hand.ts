/**
 * Sparkplug B payloads, written from the specification's protobuf (Sparkplug 3.0 §6.4.1) with nothing of ours:
 * `Payload { timestamp = 1; repeated Metric metrics = 2; seq = 3 }`,
 * `Metric { name = 1; timestamp = 3; datatype = 4; int_value = 10; long_value = 11; boolean_value = 14; string_value = 15 }`.
 */
export interface HandMetric {
  name: string;
  type: keyof typeof datatypes;
  value: number | string | boolean;
}

const datatypes = { Int32: 3, UInt32: 7, UInt64: 8, Boolean: 11, String: 12 } as const;

export function sparkplugPayload(seq: number, time: number, metrics: readonly HandMetric[]): Buffer {
  const parts = metrics.map((metric) => lengthDelimited(2, metricBytes(metric, time)));
  return Buffer.concat([number(1, time), ...parts, number(3, seq)]);
}

function metricBytes({ name, type, value }: HandMetric, time: number): Buffer {
  return Buffer.concat([
    lengthDelimited(1, Buffer.from(name)),
    number(3, time),
    number(4, datatypes[type]),
    valueBytes(type, value),
  ]);
}

function valueBytes(type: HandMetric["type"], value: HandMetric["value"]): Buffer {
  switch (type) {
    case "Int32":
    case "UInt32":
      return number(10, Number(value));
    case "UInt64":
      return number(11, Number(value));
    case "Boolean":
      return number(14, value === true ? 1 : 0);
    case "String":
      return lengthDelimited(15, Buffer.from(String(value)));
  }
}

/** A field of wire type 0. */
function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** A field of wire type 2. */
function lengthDelimited(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

/** Seven bits a byte, the lowest first, the eighth says that more come. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
