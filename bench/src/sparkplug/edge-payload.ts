/*
 * Sparkplug payloads as an edge node writes them (Sparkplug 3.0 §6.4), for the bench only: the hub itself can write none.
 */

const INT_64 = 4;
const DOUBLE = 10;

/** One metric: those with an even alias count in Int64, the others in Double. */
export interface EdgeMetric {
  alias: number;
  count: number;
}

export function nodeBirth(time: number): Buffer {
  const bdSeq = [...text(1, "bdSeq"), ...number(3, time), ...number(4, INT_64), ...number(11, 0)];
  return payload(0, time, [bdSeq]);
}

export function deviceBirth(seq: number, time: number, metrics: readonly EdgeMetric[]): Buffer {
  const born = metrics.map((metric) => {
    const type = metric.alias % 2 === 0 ? INT_64 : DOUBLE;
    return [...text(1, nameOf(metric.alias)), ...number(4, type), ...dataMetric(metric, time)];
  });
  return payload(seq, time, born);
}

/** By alias and without a type, as the specification wants it. */
export function deviceData(seq: number, time: number, metrics: readonly EdgeMetric[]): Buffer {
  return payload(
    seq,
    time,
    metrics.map((metric) => dataMetric(metric, time)),
  );
}

export function nameOf(alias: number): string {
  return `line/cell/metric-${alias}`;
}

function dataMetric({ alias, count }: EdgeMetric, time: number): number[] {
  const value = alias % 2 === 0 ? number(11, count) : double(13, count);
  return [...number(2, alias), ...number(3, time), ...value];
}

function payload(seq: number, time: number, metrics: readonly number[][]): Buffer {
  return Buffer.from([...number(1, time), ...metrics.flatMap((metric) => delimited(2, metric)), ...number(3, seq)]);
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

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}
