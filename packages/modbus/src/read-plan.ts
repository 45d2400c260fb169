import type { ModbusLimits, ModbusTable } from "./options.ts";
import { isBitTable } from "./register-map.ts";
import type { Point } from "./register-map.ts";

/** One request and the points that its answer holds. */
export interface Read {
  table: ModbusTable;
  address: number;
  count: number;
  /** By address. */
  points: readonly Point[];
}

/** As few requests as the limits allow. A point is never cut in two: the device may change it in between. */
export function planReads(points: readonly Point[], limits: ModbusLimits): Read[] {
  const sorted = points.toSorted(
    (a, b) => a.table.localeCompare(b.table) || a.address - b.address || a.count - b.count,
  );
  const reads: Point[][] = [];
  let end = 0;
  for (const point of sorted) {
    const current = reads.at(-1);
    const first = current?.[0];
    const joins = first !== undefined && fits(first, end, point, limits);
    if (joins) current?.push(point);
    else reads.push([point]);
    end = joins ? Math.max(end, point.address + point.count) : point.address + point.count;
  }
  return reads.map(readOf);
}

/** In two halves, without what lies between them: the device refused one of the addresses, or the length. */
export function splitRead(read: Read): [Read, Read] {
  const middle = Math.ceil(read.points.length / 2);
  return [readOf(read.points.slice(0, middle)), readOf(read.points.slice(middle))];
}

function fits(first: Point, end: number, next: Point, limits: ModbusLimits): boolean {
  const bits = isBitTable(next.table);
  const most = bits ? limits.bitsPerRequest : limits.registersPerRequest;
  const gap = bits ? limits.gapRegisters * 16 : limits.gapRegisters;
  const wanted = Math.max(end, next.address + next.count) - first.address;
  return next.table === first.table && next.address - end <= gap && wanted <= most;
}

function readOf(points: readonly Point[]): Read {
  const [first] = points;
  if (first === undefined) throw new Error("A read has at least one point.");
  const end = Math.max(...points.map((point) => point.address + point.count));
  return { table: first.table, address: first.address, count: end - first.address, points };
}
