import type { Duplex } from "node:stream";
import type { FactsFromTags } from "@lineshaft/core";

/** How a Modbus TCP device is read. See docs/connectors/modbus.md. */
export interface ModbusOptions {
  /** Unique within the hub. */
  name: string;
  host: string;
  /** Default 502. */
  port?: number;
  /** Unit identifier, 0 to 255: the device behind a gateway; default 1. A device of its own often takes any. */
  unit?: number;
  /** What to read, by the names that its tags get. */
  registers: Readonly<Record<string, ModbusRegister>>;
  /** How often a register is read that does not say so itself, in ms; default 1,000. */
  intervalMs?: number;
  /** Makes facts of the tags. */
  facts: FactsFromTags;
  /** Where the device wants less than the specification allows. */
  limits?: Partial<ModbusLimits>;
  /** Opens the connection; default TCP. */
  dial?: Dial;
}

/** A connection that is being made; it emits `connect` when it stands. */
export type Dial = (to: { host: string; port: number }) => Duplex;

/** The four tables of the data model (Modbus application protocol 1.1b3 §4.3). */
export type ModbusTable = "coil" | "discrete" | "input" | "holding";

export type RegisterType =
  "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64" | "float32" | "float64" | "string" | "bit";

/**
 * Where the bytes of a value stand, A being its most significant one. `ABCD`: as the specification has it. `CDAB`: the
 * least significant register first. `BADC`: the bytes of each register swapped. `DCBA`: both. Of values with four
 * registers the same holds for all four.
 */
export type ByteOrder = "ABCD" | "CDAB" | "BADC" | "DCBA";

export interface ModbusRegister {
  /** `coil` and `discrete` hold single bits, `input` and `holding` registers of 16 bits. */
  table: ModbusTable;
  /** As it goes over the wire, 0 to 65535. What a manual calls 40101 is address 100 of `holding`. */
  address: number;
  /** What the registers hold; default `uint16`. A coil or discrete input is a boolean and has none. */
  type?: RegisterType;
  /** Default `ABCD`. */
  order?: ByteOrder;
  /** Of `string`: how many registers, two characters each. */
  length?: number;
  /** Of `string`; default `utf8`. */
  encoding?: "utf8" | "latin1";
  /** Of `bit`: which one of the register, 0 the least significant. */
  bit?: number;
  /** The value is what the register holds, times this: an exact decimal, `0.1`. */
  scale?: string;
  /** Added after scaling: an exact decimal. */
  offset?: string;
  /** UN/ECE code of the value after scaling, `CEL`; handed on in `units`. */
  unit?: string;
  /** A change of at most this much since the value handed over last is none: an exact decimal, in the value's unit. */
  deadband?: string;
  /** How often it is read, in ms. Registers of one interval are read together. */
  intervalMs?: number;
}

export interface ModbusLimits {
  /** Most registers of one request; 125 by the specification. */
  registersPerRequest: number;
  /** Most coils or discrete inputs of one request; 2,000 by the specification. */
  bitsPerRequest: number;
  /** Most registers (or, times 16, bits) between two wanted ones that are read along and thrown away, to save a request. */
  gapRegisters: number;
  /** Rest between two requests, in ms, for devices that need one. */
  pauseMs: number;
  /** Longest wait for an answer, in ms; then the connection is dropped. */
  requestMs: number;
  /** Longest wait for a connection, in ms. */
  connectMs: number;
}

export const MODBUS_LIMITS: ModbusLimits = {
  registersPerRequest: 125,
  bitsPerRequest: 2_000,
  gapRegisters: 8,
  pauseMs: 0,
  requestMs: 3_000,
  connectMs: 5_000,
};

/** Most registers of one map. */
export const MAP_REGISTERS = 5_000;
/** Shortest polling interval, in ms. */
export const SHORTEST_INTERVAL_MS = 20;
/** Longest polling interval, in ms: a day. */
export const LONGEST_INTERVAL_MS = 86_400_000;
