import type { TagValue } from "@lineshaft/core";
import { add, decimalOf, multiply, showDecimal } from "./decimal.ts";
import type { Decimal } from "./decimal.ts";
import type { Read } from "./read-plan.ts";
import type { Point } from "./register-map.ts";

/** What a point's bytes say. `number`: the same exactly, where it is one. `said`: why nothing may be concluded from it. */
export type Reading =
  { quality: "good"; value: TagValue; number?: Decimal } | { quality: "bad" | "stale"; value: TagValue; said: string };

/** The reading of one point out of the answer to its request. */
export function decodePoint(point: Point, read: Read, data: Buffer): Reading {
  const at = point.address - read.address;
  if (point.type === "boolean") return { quality: "good", value: (((data[at >> 3] ?? 0) >> (at & 7)) & 1) === 1 };
  return decodeRegisters(point, inOrder(data.subarray(at * 2, (at + point.count) * 2), point.order));
}

/** @param bytes most significant first */
function decodeRegisters(point: Point, bytes: Buffer): Reading {
  switch (point.type) {
    case "boolean":
    case "bit":
      return { quality: "good", value: ((bytes.readUInt16BE(0) >> point.bit) & 1) === 1 };
    case "string":
      return decodeText(bytes, point.encoding);
    case "int16":
      return decodeInteger(BigInt(bytes.readInt16BE(0)), point);
    case "uint16":
      return decodeInteger(BigInt(bytes.readUInt16BE(0)), point);
    case "int32":
      return decodeInteger(BigInt(bytes.readInt32BE(0)), point);
    case "uint32":
      return decodeInteger(BigInt(bytes.readUInt32BE(0)), point);
    case "int64":
      return decodeInteger(bytes.readBigInt64BE(0), point);
    case "uint64":
      return decodeInteger(bytes.readBigUInt64BE(0), point);
    case "float32":
      return decodeFloat(bytes.readFloatBE(0), point);
    case "float64":
      return decodeFloat(bytes.readDoubleBE(0), point);
  }
}

function inOrder(bytes: Buffer, order: Point["order"]): Buffer {
  const lastWord = order === "CDAB" || order === "DCBA" ? bytes.length - 2 : undefined;
  const swap = order === "BADC" || order === "DCBA" ? 1 : 0;
  const ordered = Buffer.alloc(bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    const word = at - (at & 1);
    ordered[at] = bytes[(lastWord === undefined ? word : lastWord - word) + ((at & 1) ^ swap)] ?? 0;
  }
  return ordered;
}

function decodeInteger(raw: bigint, point: Point): Reading {
  const number = scaled({ digits: raw, places: 0 }, point);
  const wide = point.type === "int64" || point.type === "uint64";
  if (wide && point.scale === undefined && point.offset === undefined) return { quality: "good", value: raw, number };
  return { quality: "good", value: valueOf(number), number };
}

function decodeFloat(raw: number, point: Point): Reading {
  if (!Number.isFinite(raw))
    return { quality: "bad", value: null, said: `The registers hold ${raw}, which is no number.` };
  const number = scaled(decimalOf(point.type === "float32" ? shortestSingle(raw) : raw), point);
  return { quality: "good", value: valueOf(number), number };
}

function scaled(raw: Decimal, { scale, offset }: Point): Decimal {
  const product = scale === undefined ? raw : multiply(raw, scale);
  return offset === undefined ? product : add(product, offset);
}

/** A double where that says the same decimal, otherwise the decimal as a text: no digit is lost on the way. */
function valueOf(number: Decimal): number | string {
  const text = showDecimal(number);
  const double = Number(text);
  return Number.isFinite(double) && showDecimal(decimalOf(double)) === text ? double : text;
}

/** The shortest decimal that is the same single: 0.1, where the double of those bits reads 0.10000000149011612. */
function shortestSingle(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** Devices fill the rest of a text with NULs or blanks. */
function decodeText(bytes: Buffer, encoding: Point["encoding"]): Reading {
  const end = bytes.indexOf(0);
  const used = end < 0 ? bytes : bytes.subarray(0, end);
  if (encoding === "latin1") return { quality: "good", value: used.toString("latin1").trimEnd() };
  try {
    return { quality: "good", value: new TextDecoder("utf-8", { fatal: true }).decode(used).trimEnd() };
  } catch {
    const said = `The registers hold ${used.toString("hex")}, which is no UTF-8; latin1 or another byte order may be meant.`;
    return { quality: "bad", value: null, said };
  }
}
