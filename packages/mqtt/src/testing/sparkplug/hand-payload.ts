/*
 * Payloads assembled byte by byte, from the field tables of Sparkplug 3.0 §6.4 and the encoding of protocol buffers. Tests
 * read with the codec what is written here, and the two share nothing.
 */

/** A number in groups of seven bits, the lowest first. Negative ones as 64 bits of two's complement. */
export function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

export const number = (field: number, value: number | bigint | boolean): number[] => [
  ...varint(field * 8),
  ...varint(BigInt(value)),
];

export const delimited = (field: number, bytes: Iterable<number>): number[] => {
  const content = [...bytes];
  return [...varint(field * 8 + 2), ...varint(content.length), ...content];
};

export const text = (field: number, value: string): number[] => delimited(field, Buffer.from(value));

export function float(field: number, value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return [...varint(field * 8 + 5), ...bytes];
}

export function double(field: number, value: number): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [...varint(field * 8 + 1), ...bytes];
}

/** Values by the names that the specification gives their fields. */
export const value = {
  int: (v: number | bigint) => number(10, v),
  long: (v: number | bigint) => number(11, v),
  float: (v: number) => float(12, v),
  double: (v: number) => double(13, v),
  boolean: (v: boolean) => number(14, v),
  string: (v: string) => text(15, v),
  bytes: (v: Iterable<number>) => delimited(16, v),
  dataSet: (v: Iterable<number>) => delimited(17, v),
  template: (v: Iterable<number>) => delimited(18, v),
};

export interface HandMetric {
  name?: string;
  alias?: number | bigint;
  timestamp?: number;
  datatype?: number;
  historical?: boolean;
  transient?: boolean;
  isNull?: boolean;
  metadata?: number[];
  properties?: number[];
  value?: number[];
}

/** A metric's own bytes, without the field it stands in. */
export function metricBytes(metric: HandMetric): number[] {
  return [
    ...(metric.name === undefined ? [] : text(1, metric.name)),
    ...(metric.alias === undefined ? [] : number(2, metric.alias)),
    ...(metric.timestamp === undefined ? [] : number(3, metric.timestamp)),
    ...(metric.datatype === undefined ? [] : number(4, metric.datatype)),
    ...(metric.historical === undefined ? [] : number(5, metric.historical)),
    ...(metric.transient === undefined ? [] : number(6, metric.transient)),
    ...(metric.isNull === undefined ? [] : number(7, metric.isNull)),
    ...(metric.metadata === undefined ? [] : delimited(8, metric.metadata)),
    ...(metric.properties === undefined ? [] : delimited(9, metric.properties)),
    ...(metric.value ?? []),
  ];
}

export interface HandPayload {
  timestamp?: number;
  seq?: number;
  metrics?: readonly HandMetric[];
}

export function payload({ timestamp, seq, metrics = [] }: HandPayload): Buffer {
  return Buffer.from([
    ...(timestamp === undefined ? [] : number(1, timestamp)),
    ...metrics.flatMap((metric) => delimited(2, metricBytes(metric))),
    ...(seq === undefined ? [] : number(3, seq)),
  ]);
}

/** A property set of one level: names with type and value field. */
export function properties(entries: Record<string, { type: number; value: number[] }>): number[] {
  return [
    ...Object.keys(entries).flatMap((key) => text(1, key)),
    ...Object.values(entries).flatMap(({ type, value }) => delimited(2, [...number(1, type), ...value])),
  ];
}

/** `Quality` as the specification writes it: an Int32 in `int_value`. */
export const quality = (code: number): number[] => properties({ Quality: { type: 3, value: number(3, code) } });
