import { DataType, VariantArrayType } from "node-opcua-client";
import type { DataValue, NodeId, StatusCode, Variant } from "node-opcua-client";
import type { Quality, TagChange, TagValue } from "@lineshaft/core";

/** Structures deeper than this are cut: a device that nests so deep is broken. */
const DEEPEST = 16;

/** What a server sent of a tag's value, as the hub has it. */
export function changeOf(tag: string, data: DataValue, receivedTime: number): TagChange {
  const value = data.value === undefined || data.value === null ? null : valueOf(data.value);
  const quality = qualityOf(data.statusCode);
  const sourceTime = (data.sourceTimestamp ?? data.serverTimestamp)?.getTime() ?? receivedTime;
  const base = { tag, sourceTime, receivedTime };
  if (quality !== "bad" && typeof value === "number" && !Number.isFinite(value))
    // Part 6 §5.1.2 allows NaN and infinity, and neither can be calculated with or written as JSON.
    return { ...base, value: null, quality: "bad", said: `value ${value}` };
  return quality === "good" ? { ...base, value, quality } : { ...base, value, quality, said: data.statusCode.name };
}

/** Part 4 §7.39: the two highest bits are the severity. */
export function qualityOf(status: StatusCode): Quality {
  const severity = status.value >>> 30;
  if (severity === 0) return "good";
  return severity === 1 ? "uncertain" : "bad";
}

export function valueOf(variant: Variant): TagValue {
  const { dataType, arrayType, value } = variant;
  if (value === null || value === undefined) return null;
  if (arrayType === VariantArrayType.Scalar) return scalar(DataType[dataType], value, 0);
  const values = Array.from(value as ArrayLike<unknown>, (one) => scalar(DataType[dataType], one, 0));
  return arrayType === VariantArrayType.Matrix ? nest(values, variant.dimensions ?? []) : values;
}

/** A matrix comes as one list, the last dimension the fastest (part 6 §5.2.2.16). */
function nest(values: readonly TagValue[], dimensions: readonly number[]): TagValue {
  const [, ...inner] = dimensions;
  if (inner.length === 0) return values;
  const length = inner.reduce((product, one) => product * one, 1);
  const rows: TagValue[] = [];
  for (let at = 0; at < values.length; at += length) rows.push(nest(values.slice(at, at + length), inner));
  return rows;
}

/** `type`: as OPC UA names it, of a variant or of a structure's field. */
function scalar(type: string, value: unknown, depth: number): TagValue {
  if (value === null || value === undefined || depth > DEEPEST) return null;
  if (type === "Int64" || type === "UInt64") return int64(value, type === "Int64");
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return object(value, depth);
  // A number that JSON cannot hold, within a structure or an array: the rest of it still counts.
  if (typeof value === "number") return Number.isFinite(value) || depth === 0 ? value : null;
  return typeof value === "string" || typeof value === "boolean" || typeof value === "bigint" ? value : null;
}

/** node-opcua has 64 bits as two unsigned halves, the high one first; signed ones in two's complement. */
function int64(value: unknown, signed: boolean): bigint | null {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return BigInt(Math.trunc(value));
  if (!Array.isArray(value)) return null;
  const [high, low] = value as [number, number];
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return signed ? BigInt.asIntN(64, bits) : bits;
}

interface Schema {
  name: string;
  baseType?: string;
  fields: readonly { name: string; originalName?: string; fieldType: string; isArray?: boolean }[];
  getBaseSchema?(): Schema | null | undefined;
}

function object(value: object, depth: number): TagValue {
  if (Array.isArray(value)) return value.map((one) => scalar("", one, depth + 1));
  // By the classes' names: each of these would otherwise show its insides.
  if ("severity" in value || ("name" in value && "description" in value && "isNot" in value))
    return String((value as { name: unknown }).name);
  const plain = value as Record<string, unknown>;
  const kind = value.constructor.name;
  if (kind === "LocalizedText") return text(plain["text"]);
  if (kind === "QualifiedName") return text(plain["name"]);
  if (kind === "NodeId" || kind === "ExpandedNodeId") return (value as NodeId).toString();
  if (kind === "Variant") return valueOf(value as Variant);
  if (kind === "DataValue") return plain["value"] ? valueOf(plain["value"] as Variant) : null;
  if (kind === "OpaqueStructure") return null;
  return "schema" in value ? structure(plain, value.schema as Schema, depth) : null;
}

/** Fields by the names that the server's type gives them, those of its base types first. */
function structure(value: Record<string, unknown>, schema: Schema, depth: number): TagValue {
  const result: Record<string, TagValue> = {};
  for (const { name, originalName = name, fieldType, isArray } of fieldsOf(schema)) {
    const field = value[name];
    // Absent is what a structure's optional field is, or a union's other one.
    if (field === undefined) continue;
    result[originalName] =
      isArray && Array.isArray(field)
        ? field.map((one) => scalar(fieldType, one, depth + 1))
        : scalar(fieldType, field, depth + 1);
  }
  return result;
}

function fieldsOf(schema: Schema | null | undefined): Schema["fields"] {
  return schema ? [...fieldsOf(schema.getBaseSchema?.()), ...schema.fields] : [];
}

function text(value: unknown): TagValue {
  return typeof value === "string" ? value : null;
}
