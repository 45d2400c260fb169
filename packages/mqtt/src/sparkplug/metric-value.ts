import type { Quality, TagValue } from "@lineshaft/core";
import { DataType, dataTypeName } from "./data-types.ts";
import type { DataSet, Metric, PropertySet, RawValue, Template } from "./payload.ts";
import { signed, unsigned } from "./wire.ts";

/** A value that does not go with its datatype. One metric is concerned and not the payload. */
export class ValueError extends Error {}

/** What BIRTH said of a metric's type: DATA messages leave it out. */
export interface Shape {
  datatype: number | undefined;
  /** Members of a template by name. */
  members?: ReadonlyMap<string, Shape>;
}

/** Template definitions of an edge node by name. */
export type Definitions = ReadonlyMap<string, Shape>;

/** A template instance as a tag value. */
export interface TemplateValue {
  readonly [field: string]: TagValue;
  readonly template: string;
  readonly version: string | null;
  readonly parameters: { readonly [name: string]: TagValue };
  readonly members: { readonly [name: string]: TagValue };
}

/** Signed types: how many bits of the value count. */
const SIGNED_BITS = new Map<number, number>([
  [DataType.Int8, 8],
  [DataType.Int16, 16],
  [DataType.Int32, 32],
]);

const UNSIGNED_BITS = new Map<number, number>([
  [DataType.UInt8, 8],
  [DataType.UInt16, 16],
  [DataType.UInt32, 32],
]);

/**
 * The tag value of a metric.
 * @throws ValueError when value and datatype do not go together
 */
export function metricValue(metric: Metric, shape: Shape): TagValue {
  if (metric.isNull) return null;
  if (metric.value === undefined) throw new ValueError("It has no value and is not marked as null.");
  const { datatype } = shape;
  // Most values of a plant are these two.
  if (metric.value.kind === "float" && (datatype === DataType.Double || datatype === DataType.Float))
    return metric.value.value;
  if (metric.value.kind === "template") return templateValue(metric.value.value, shape);
  if (metric.value.kind === "dataSet" && expects(datatype, DataType.DataSet)) return dataSetValue(metric.value.value);
  return scalarValue(metric.value, datatype);
}

/** What a metric of BIRTH says of the type of later ones. */
export function shapeOf(metric: Metric, definitions: Definitions): Shape {
  const { datatype, value } = metric;
  if (value?.kind !== "template") return { datatype };
  const defined = value.value.ref === undefined ? undefined : definitions.get(value.value.ref)?.members;
  const members = new Map(defined);
  for (const member of value.value.metrics) {
    if (member.name !== undefined && (member.datatype !== undefined || !members.has(member.name)))
      members.set(member.name, shapeOf(member, definitions));
  }
  return { datatype, members };
}

/** A later instance may bring only the members that changed (Sparkplug 3.0 §6.4.15); the others keep their values. */
export function withUnchangedMembers(value: TagValue, before: TagValue): TagValue {
  if (!isTemplate(value) || !isTemplate(before) || value.template !== before.template) return value;
  return {
    ...value,
    parameters: { ...before.parameters, ...value.parameters },
    members: { ...before.members, ...value.members },
  };
}

/** The property `Quality` (Sparkplug 3.0 §6.4.9); without it a value is good. */
export function qualityOf(properties: PropertySet | undefined): Quality {
  const quality = properties?.get("Quality")?.value;
  if (quality?.kind !== "int") return "good";
  switch (quality.value) {
    case 192:
      return "good";
    case 0:
      return "bad";
    case 500:
      return "stale";
    default:
      return "uncertain";
  }
}

function isTemplate(value: TagValue): value is TemplateValue {
  return typeof value === "object" && value !== null && "template" in value && "members" in value;
}

function scalarValue(raw: RawValue, datatype: number | undefined): TagValue {
  switch (raw.kind) {
    case "int":
      return integerValue(raw.value, 0, datatype);
    case "long":
      return integerValue(raw.low, raw.high, datatype);
    case "float":
      return ofType(raw.value, datatype, DataType.Float, DataType.Double);
    case "boolean":
      return ofType(raw.value, datatype, DataType.Boolean);
    case "string":
      return ofType(raw.value, datatype, DataType.String, DataType.Text, DataType.UUID);
    case "bytes":
      return bytesValue(raw.value, datatype);
    case "dataSet":
    case "template":
    case "properties":
    case "propertySets":
      throw new ValueError(`A ${raw.kind} does not go with datatype ${dataTypeName(datatype)}.`);
  }
}

/**
 * Senders put 32-bit numbers into either field (Eclipse Tahu issues 76 and 397), and the sign of short ones over 8, 16,
 * 32 or 64 bits; all of these are taken, and what does not fit its type is refused instead of being cut.
 */
function integerValue(low: number, high: number, datatype: number | undefined): number | bigint {
  switch (datatype) {
    case DataType.Int64:
      return signed(low, high);
    case DataType.UInt64:
    case DataType.DateTime:
    case DataType.Unknown:
    case undefined:
      return unsigned(low, high);
    default:
      return shortInteger(low, high, datatype);
  }
}

function shortInteger(low: number, high: number, datatype: number): number {
  const unsignedBits = UNSIGNED_BITS.get(datatype);
  if (unsignedBits !== undefined && high === 0 && low < 2 ** unsignedBits) return low;
  const bits = SIGNED_BITS.get(datatype);
  if (bits !== undefined) {
    const value = (low << (32 - bits)) >> (32 - bits);
    const extended = low === value >>> 0 && (high === 0 || (value < 0 && high === 0xffffffff));
    if (extended || (high === 0 && low < 2 ** bits)) return value;
  }
  throw new ValueError(`The number ${unsigned(low, high)} does not go with datatype ${dataTypeName(datatype)}.`);
}

function ofType<T extends TagValue>(value: T, datatype: number | undefined, ...types: number[]): T {
  if (!expects(datatype, ...types))
    throw new ValueError(`A ${typeof value} does not go with datatype ${dataTypeName(datatype)}.`);
  return value;
}

/** Where nobody named a datatype, the field of the wire is believed. */
function expects(datatype: number | undefined, ...types: number[]): boolean {
  return datatype === undefined || datatype === DataType.Unknown || types.includes(datatype);
}

function bytesValue(bytes: Buffer, datatype: number | undefined): TagValue {
  if (expects(datatype, DataType.Bytes, DataType.File)) return Uint8Array.from(bytes);
  if (datatype === DataType.BooleanArray) return booleans(bytes);
  if (datatype === DataType.StringArray) return strings(bytes);
  const element = ELEMENTS.get(datatype ?? 0);
  if (element === undefined) throw new ValueError(`Bytes do not go with datatype ${dataTypeName(datatype)}.`);
  if (bytes.length % element.bytes !== 0)
    throw new ValueError(`${bytes.length} bytes are no ${dataTypeName(datatype)} of ${element.bytes} bytes each.`);
  return Array.from({ length: bytes.length / element.bytes }, (_, at) => element.read(bytes, at * element.bytes));
}

interface Element {
  bytes: number;
  read(bytes: Buffer, at: number): number | bigint;
}

const readUnsigned64 = (bytes: Buffer, at: number) => unsigned(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));

/** Packed little-endian (Sparkplug 3.0 §6.4.17). The section's examples of floats are big-endian, against its text. */
const ELEMENTS = new Map<number, Element>([
  [DataType.Int8Array, { bytes: 1, read: (bytes, at) => bytes.readInt8(at) }],
  [DataType.Int16Array, { bytes: 2, read: (bytes, at) => bytes.readInt16LE(at) }],
  [DataType.Int32Array, { bytes: 4, read: (bytes, at) => bytes.readInt32LE(at) }],
  [DataType.Int64Array, { bytes: 8, read: (bytes, at) => signed(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)) }],
  [DataType.UInt8Array, { bytes: 1, read: (bytes, at) => bytes.readUInt8(at) }],
  [DataType.UInt16Array, { bytes: 2, read: (bytes, at) => bytes.readUInt16LE(at) }],
  [DataType.UInt32Array, { bytes: 4, read: (bytes, at) => bytes.readUInt32LE(at) }],
  [DataType.UInt64Array, { bytes: 8, read: readUnsigned64 }],
  [DataType.FloatArray, { bytes: 4, read: (bytes, at) => bytes.readFloatLE(at) }],
  [DataType.DoubleArray, { bytes: 8, read: (bytes, at) => bytes.readDoubleLE(at) }],
  [DataType.DateTimeArray, { bytes: 8, read: readUnsigned64 }],
]);

/** A count of four bytes, then a bit each, the highest first. */
function booleans(bytes: Buffer): boolean[] {
  const count = bytes.length < 4 ? -1 : bytes.readUInt32LE(0);
  if (count < 0 || count > (bytes.length - 4) * 8)
    throw new ValueError(`${bytes.length} bytes are too few for a BooleanArray of ${Math.max(count, 0)}.`);
  return Array.from({ length: count }, (_, at) => (((bytes[4 + (at >> 3)] ?? 0) >> (7 - (at & 7))) & 1) === 1);
}

/** Each ends with a zero byte. */
function strings(bytes: Buffer): string[] {
  if (bytes.length === 0) return [];
  if (bytes.at(-1) !== 0) throw new ValueError("The last string of a StringArray has no end.");
  return bytes.toString("utf8", 0, bytes.length - 1).split("\0");
}

/** Rows as objects, by the columns' names. */
function dataSetValue({ columnCount, columns, types, rows }: DataSet): TagValue {
  if (types.length !== columns.length || (columnCount !== undefined && columnCount !== columns.length))
    throw new ValueError(
      `A data set has ${columns.length} columns, ${types.length} types and a count of ${columnCount}.`,
    );
  if (new Set(columns).size !== columns.length) throw new ValueError("Two columns of a data set have one name.");
  return rows.map((row) => {
    if (row.length !== columns.length)
      throw new ValueError(`A row of ${row.length} values is none of a data set of ${columns.length} columns.`);
    // A cell without a value is how senders write null: a cell has no flag for it.
    return Object.fromEntries(
      columns.map((column, at) => [column, row[at] === undefined ? null : scalarValue(row[at], types[at])]),
    );
  });
}

function templateValue(template: Template, shape: Shape): TemplateValue {
  if (!expects(shape.datatype, DataType.Template))
    throw new ValueError(`A template does not go with datatype ${dataTypeName(shape.datatype)}.`);
  return {
    template: template.ref ?? "",
    version: template.version ?? null,
    parameters: Object.fromEntries(
      template.parameters.map(({ name = "", type, value }) => [
        name,
        value === undefined ? null : scalarValue(value, type),
      ]),
    ),
    members: Object.fromEntries(template.metrics.map((member) => [member.name ?? "", memberValue(member, shape)])),
  };
}

function memberValue(member: Metric, shape: Shape): TagValue {
  const known = member.name === undefined ? undefined : shape.members?.get(member.name);
  const { datatype = known?.datatype } = member;
  return metricValue(member, known?.members === undefined ? { datatype } : { datatype, members: known.members });
}
