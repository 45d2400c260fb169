import { LineshaftError } from "@lineshaft/core";
import { parseDecimal } from "./decimal.ts";
import type { Decimal } from "./decimal.ts";
import { LONGEST_INTERVAL_MS, MAP_REGISTERS, MODBUS_LIMITS, SHORTEST_INTERVAL_MS } from "./options.ts";
import type { ModbusLimits, ModbusOptions, ModbusRegister, ModbusTable, RegisterType } from "./options.ts";

/** A register of the map, checked and with every default. */
export interface Point {
  tag: string;
  table: ModbusTable;
  address: number;
  /** Registers, or bits of a coil table, that it takes. */
  count: number;
  type: RegisterType | "boolean";
  order: NonNullable<ModbusRegister["order"]>;
  encoding: "utf8" | "latin1";
  bit: number;
  scale: Decimal | undefined;
  offset: Decimal | undefined;
  deadband: Decimal | undefined;
  intervalMs: number;
}

/** What the specification lets one request read (1.1b3 §6.1 to §6.4). */
const MOST_REGISTERS = 125;
const MOST_BITS = 2_000;
const LAST_ADDRESS = 65_535;

const widths: Record<Exclude<RegisterType, "string">, number> = {
  int16: 1,
  uint16: 1,
  bit: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
};
const tables: readonly string[] = ["coil", "discrete", "input", "holding"] satisfies ModbusTable[];
const orders: readonly string[] = ["ABCD", "CDAB", "BADC", "DCBA"];

/** Of bits or of registers. */
export function isBitTable(table: ModbusTable): boolean {
  return table === "coil" || table === "discrete";
}

/**
 * The whole map, or a sentence on the first thing that is wrong with it.
 * @throws LineshaftError `config-invalid`, naming register and option
 */
export function compileMap(options: ModbusOptions): Point[] {
  const limits = checkLimits(options);
  checkPlace(options);
  const entries = Object.entries(options.registers);
  if (entries.length === 0) throw invalid(options, "reads no registers", "List at least one under `registers`.");
  if (entries.length > MAP_REGISTERS)
    throw invalid(options, `reads ${entries.length} registers`, `Read at most ${MAP_REGISTERS} by one system.`);
  return entries.map(([tag, register]) => compileRegister(options, limits, tag, register));
}

export function limitsOf(options: ModbusOptions): ModbusLimits {
  return { ...MODBUS_LIMITS, ...options.limits };
}

function checkPlace(options: ModbusOptions): void {
  const { host, port = 502, unit = 1 } = options;
  if (!host) throw invalid(options, "has no host", "Give the device's name or address.");
  if (!isWithin(port, 1, 65_535)) throw invalid(options, `has port ${port}`, "Take 1 to 65535; Modbus has 502.");
  if (!isWithin(unit, 0, 255))
    throw invalid(options, `has unit ${unit}`, "Take 0 to 255; a device of its own mostly answers to 1 or 255.");
}

function checkLimits(options: ModbusOptions): ModbusLimits {
  const limits = limitsOf(options);
  const ranges: Record<keyof ModbusLimits, readonly [number, number]> = {
    registersPerRequest: [1, MOST_REGISTERS],
    bitsPerRequest: [1, MOST_BITS],
    gapRegisters: [0, MOST_REGISTERS],
    pauseMs: [0, 60_000],
    requestMs: [10, 60_000],
    connectMs: [10, 60_000],
  };
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = limits[name as keyof ModbusLimits];
    if (!isWithin(value, least, most))
      throw invalid(options, `has limits.${name} ${value}`, `Take a whole number from ${least} to ${most}.`);
  }
  return limits;
}

function compileRegister(options: ModbusOptions, limits: ModbusLimits, tag: string, register: ModbusRegister): Point {
  const wrong = (message: string, next: string) => invalid(options, `cannot read ${tag || '""'}: ${message}`, next);
  if (tag === "") throw wrong("its name is empty", "Name it as its tag shall be named.");
  if (!tables.includes(register.table))
    throw wrong(`there is no table ${register.table}`, "Take coil, discrete, input or holding.");
  const bits = isBitTable(register.table);
  const type = register.type ?? (bits ? "boolean" : "uint16");
  checkShape(register, wrong);
  const count = type === "string" ? (register.length ?? 0) : type === "boolean" ? 1 : widths[type];
  const most = bits ? limits.bitsPerRequest : limits.registersPerRequest;
  if (!isWithin(count, 1, most))
    throw wrong(`its length is ${count} registers`, `Take 1 to ${most}, what one request of this device may read.`);
  checkAddress(register, count, wrong);
  const intervalMs = register.intervalMs ?? options.intervalMs ?? 1_000;
  if (!isWithin(intervalMs, SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS))
    throw wrong(`its interval is ${intervalMs} ms`, `Take ${SHORTEST_INTERVAL_MS} to ${LONGEST_INTERVAL_MS} ms.`);
  const { table, address, order = "ABCD", encoding = "utf8", bit = 0 } = register;
  return { tag, table, address, count, type, order, encoding, bit, intervalMs, ...numbersOf(register, type, wrong) };
}

type Wrong = (message: string, next: string) => LineshaftError;

/** Options that its type has no use for are refused: whoever wrote them expects something of them. */
function checkShape(register: ModbusRegister, wrong: Wrong): void {
  const { table, type, order, length, bit, encoding } = register;
  if (isBitTable(table) && (type ?? order ?? length ?? bit ?? encoding) !== undefined)
    throw wrong(`a ${table} is one bit`, "Leave out type, order, length, encoding and bit, or read a register.");
  if (type !== undefined && type !== "string" && !Object.hasOwn(widths, type))
    throw wrong(`there is no type ${type}`, `Take ${Object.keys(widths).join(", ")} or string.`);
  if (order !== undefined && !orders.includes(order))
    throw wrong(`there is no order ${order}`, "Take ABCD, CDAB, BADC or DCBA.");
  if (type === "bit" ? !isWithin(bit ?? -1, 0, 15) : bit !== undefined)
    throw wrong(`its bit is ${bit ?? "missing"}`, "Give type bit a bit from 0 (the least significant) to 15.");
  if (type !== "string" && (length ?? encoding) !== undefined)
    throw wrong("length and encoding are those of a string", "Leave them out, or read it as a string.");
}

function checkAddress({ address, table }: ModbusRegister, count: number, wrong: Wrong): void {
  if (isWithin(address, 0, LAST_ADDRESS) && address + count - 1 <= LAST_ADDRESS) return;
  const last = Number.isInteger(address) && count > 1 ? ` to ${address + count - 1}` : "";
  throw wrong(
    `there is no address ${address}${last} in ${table}`,
    "Addresses reach from 0 to 65535, without the table's digit: what a manual calls 40101 or 400101 is address 100 of holding.",
  );
}

function numbersOf(register: ModbusRegister, type: Point["type"], wrong: Wrong) {
  const read = (name: "scale" | "offset" | "deadband"): Decimal | undefined => {
    const text = register[name];
    if (text === undefined) return undefined;
    if (type === "string" || type === "bit" || type === "boolean")
      throw wrong(`a ${type} has no ${name}`, "Leave it out, or read it as a number.");
    const value = typeof text === "string" ? parseDecimal(text) : undefined;
    if (value === undefined)
      throw wrong(`its ${name} is ${JSON.stringify(text)}`, 'Write a decimal as a text, such as "0.1".');
    return value;
  };
  const [scale, offset, deadband] = [read("scale"), read("offset"), read("deadband")];
  if (scale?.digits === 0n) throw wrong("its scale is 0", "Every value would be 0; leave the scale out.");
  if (deadband !== undefined && deadband.digits < 0n)
    throw wrong("its deadband is below 0", "Give the largest change that is none.");
  return { scale, offset, deadband };
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function invalid(options: ModbusOptions, message: string, next: string): LineshaftError {
  return new LineshaftError("config-invalid", `Modbus system ${options.name} ${message}.`, { next });
}
