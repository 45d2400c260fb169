/*
 * Sparkplug payloads as an edge node writes them (Sparkplug 3.0 §6.4), from the field tables of the specification and the
 * wire format of protocol buffers.
 */

/** Datatypes by their numbers (§6.4.17), as far as a machine needs them. */
export const sparkplugTypes = { Int32: 3, UInt32: 7, UInt64: 8, Double: 10, Boolean: 11, String: 12 } as const;

export interface SparkplugMetric {
  /** In a BIRTH; a DATA message names it by its alias alone. */
  name?: string;
  alias?: number;
  /** In a BIRTH. */
  type?: keyof typeof sparkplugTypes;
  value: number | string | boolean;
  /** Which field of the message holds the value; follows from the type of BIRTH. */
  as: keyof typeof sparkplugTypes;
}

/** `time` in ms since 1970; without `seq` for a DEATH. */
export function sparkplugPayload(time: number, metrics: readonly SparkplugMetric[], seq?: number): Buffer {
  return Buffer.from([
    ...number(1, time),
    ...metrics.flatMap((metric) => delimited(2, metricBytes(metric, time))),
    ...(seq === undefined ? [] : number(3, seq)),
  ]);
}

function metricBytes({ name, alias, type, value, as }: SparkplugMetric, time: number): number[] {
  return [
    ...(name === undefined ? [] : text(1, name)),
    ...(alias === undefined ? [] : number(2, alias)),
    ...number(3, time),
    ...(type === undefined ? [] : number(4, sparkplugTypes[type])),
    ...valueBytes(as, value),
  ];
}

function valueBytes(as: SparkplugMetric["as"], value: SparkplugMetric["value"]): number[] {
  switch (as) {
    case "Int32":
    case "UInt32":
      return number(10, Number(value));
    case "UInt64":
      return number(11, Number(value));
    case "Double":
      return double(13, Number(value));
    case "Boolean":
      return number(14, value === true ? 1 : 0);
    case "String":
      return text(15, String(value));
  }
}

function number(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)];
}

function double(field: number, value: number): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [...varint(field * 8 + 1), ...bytes];
}

function text(field: number, value: string): number[] {
  return delimited(field, [...Buffer.from(value)]);
}

function delimited(field: number, bytes: readonly number[]): number[] {
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
}

/** Seven bits a byte, the lowest first. Whole and not negative: a machine of this plant counts up. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}
