import type { Quality } from "@lineshaft/core";
import type { Reading } from "./decode.ts";
import type { Read } from "./read-plan.ts";

/** The device answered that it will not read this (Modbus application protocol 1.1b3 §7). */
export class ModbusException extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exception ${hexOf(code)}`);
    this.code = code;
  }
}

/** The device answered with fewer values than it was asked for, as some do beyond the end of a table. */
export class ShortAnswer extends Error {
  constructor(bytes: number, asked: number) {
    super(`${bytes} bytes of values where ${asked} were asked for`);
  }
}

/** An answer to this very request, without its values. The connection is well. */
export type Refusal = ModbusException | ShortAnswer;

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof ModbusException || error instanceof ShortAnswer;
}

interface Words {
  name: string;
  next: string;
  quality: Extract<Quality, "bad" | "stale">;
}

const words: Readonly<Record<number, Words>> = {
  0x01: { name: "illegal function", next: "The device does not have this table; take another.", quality: "bad" },
  0x02: {
    name: "illegal data address",
    next: "Compare address and type with the device's manual, whose numbers often begin at 1.",
    quality: "bad",
  },
  0x03: {
    name: "illegal data value",
    next: "The device may read fewer registers at once; lower limits.registersPerRequest.",
    quality: "bad",
  },
  0x04: { name: "server device failure", next: "Look at the device itself.", quality: "bad" },
  0x05: { name: "acknowledge", next: "The device is at work on it; it is read again.", quality: "bad" },
  0x06: {
    name: "server device busy",
    next: "It is read again; a longer interval or limits.pauseMs helps.",
    quality: "bad",
  },
  0x08: { name: "memory parity error", next: "Look at the device itself.", quality: "bad" },
  0x0a: { name: "gateway path unavailable", next: "Look at the gateway's settings for this unit.", quality: "stale" },
  0x0b: {
    name: "gateway target device failed to respond",
    next: "Look at the device behind the gateway, its line and its unit identifier.",
    quality: "stale",
  },
};

/** Those that say something about the addresses and their number, so that asking for fewer may help. */
export function maySplit(refusal: Refusal): boolean {
  return refusal instanceof ShortAnswer || [0x02, 0x03, 0x04].includes(refusal.code);
}

/** The refusal as a reading of what was asked for. */
export function readingOf(refusal: Refusal, unit: number, { table, address, count }: Read): Reading {
  const place = `${table} ${count > 1 ? `${address} to ${address + count - 1}` : address}`;
  if (refusal instanceof ShortAnswer) {
    const said = `Unit ${unit} answers with ${refusal.message} for ${place}. Compare address and type with the device's manual.`;
    return { quality: "bad", value: null, said };
  }
  const { name, next, quality } = words[refusal.code] ?? unknown;
  const said = `Unit ${unit} refuses to read ${place}: ${hexOf(refusal.code)}, ${name}. ${next}`;
  return { quality, value: null, said };
}

const unknown: Words = { name: "unknown to Modbus", next: "Look it up in the device's manual.", quality: "bad" };

function hexOf(code: number): string {
  return code.toString(16).padStart(2, "0").toUpperCase();
}
