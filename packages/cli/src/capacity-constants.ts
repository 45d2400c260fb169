import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { LineshaftError } from "@lineshaft/core";

/** What something of so many bytes takes on disk: pairs of both, in order; between them and beyond the last, a line. */
export type Curve = readonly (readonly [bytes: number, stored: number])[];

/** What one machine and one kind of ledger were measured to do; `npm run bench -- calibrate` writes it. */
export interface Calibration {
  engine: string;
  machine: string;
  /** `2026-11-21`. */
  measuredOn: string;
  storage: {
    /** A message with its row in the index that recognises duplicates, by the bytes of its payload. */
    messageByPayload: Curve;
    /** One try, by the bytes of what was sent. */
    attemptByRequest: Curve;
    delivery: number;
    commit: number;
  };
  /** Time of the one worker, in ms. */
  times: {
    /** To check, route and store a message, by its payload. */
    accept: Line;
    /** To map, send and settle a delivery to a target that answers at once, by the payload of its message. */
    deliver: Line;
    /** A durable commit of one row. */
    commit: number;
  };
}

interface Line {
  fixed: number;
  perKilobyte: number;
}

export interface KnownCalibration extends Calibration {
  /** The file, or undefined for what is shipped. */
  from?: string;
}

export const CALIBRATION_FILE = ".lineshaft/calibration.json";

// Bytes in a kilobyte, here as everywhere.
const KB = 1_000;

/**
 * Measured constants: those of `path`, which must then exist, or of `.lineshaft/calibration.json`, or the shipped ones.
 * @throws LineshaftError `not-found`, `config-invalid`
 */
export function loadCalibration(path?: string): KnownCalibration {
  const file = resolve(path ?? CALIBRATION_FILE);
  if (!existsSync(file)) {
    if (path === undefined) return shipped;
    throw new LineshaftError("not-found", `There is no calibration at ${file}.`, {
      next: "Make one with npm run bench -- calibrate, or leave --calibration away.",
    });
  }
  const calibration = parse(readFileSync(file, "utf8"));
  if (calibration === undefined)
    throw new LineshaftError("config-invalid", `${file} is no calibration that this Lineshaft can read.`, {
      next: "Make it anew with npm run bench -- calibrate.",
    });
  return { ...calibration, from: file };
}

export function stored(curve: Curve, bytes: number): number {
  const after = curve.findIndex(([at]) => at >= bytes);
  const upper = after < 0 ? curve.length - 1 : Math.max(1, after);
  const [x1, y1] = curve[upper - 1] ?? [0, 0];
  const [x2, y2] = curve[upper] ?? [1, 1];
  return y1 + ((bytes - x1) * (y2 - y1)) / (x2 - x1);
}

export function msOf({ fixed, perKilobyte }: Line, bytes: number): number {
  return fixed + (perKilobyte * bytes) / KB;
}

function parse(text: string): Calibration | undefined {
  try {
    const found = JSON.parse(text) as Calibration;
    return sameShape(shipped, found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Whether `found` has every number, text and list that `known` has, at any depth. */
function sameShape(known: unknown, found: unknown): boolean {
  if (typeof known === "number") return typeof found === "number" && Number.isFinite(found);
  if (Array.isArray(known))
    return Array.isArray(found) && found.length > 1 && found.every((it) => sameShape(known[0], it));
  if (typeof known !== "object" || known === null) return typeof found === typeof known;
  if (typeof found !== "object" || found === null) return false;
  return Object.entries(known).every(([name, value]) => sameShape(value, (found as Record<string, unknown>)[name]));
}

/** What `npm run bench -- calibrate` found on the machine named here. */
const shipped: KnownCalibration = {
  engine: "sqlite",
  machine: "2 cores",
  measuredOn: "2026-11-21",
  storage: {
    messageByPayload: [
      [2, 205],
      [256, 479],
      [512, 750],
      [768, 1094],
      [1024, 1438],
      [1152, 1438],
      [1216, 1565],
      [1280, 2118],
      [1792, 2118],
      [1856, 2314],
      [1920, 3056],
      [1984, 3432],
      [2048, 4174],
      [3072, 4174],
      [4096, 5665],
      [4608, 4915],
      [5120, 5472],
      [5632, 6218],
      [6144, 7528],
      [7168, 8270],
      [8192, 9392],
      [16384, 17207],
    ],
    attemptByRequest: [
      [2, 55],
      [256, 319],
      [512, 590],
      [768, 913],
      [1024, 1376],
      [1152, 1376],
      [1216, 1374],
      [1280, 1501],
      [1792, 2056],
      [1856, 2056],
      [1920, 2243],
      [1984, 2611],
      [2048, 3361],
      [3072, 4110],
      [4096, 5605],
      [4608, 4844],
      [5120, 5405],
      [5632, 6152],
      [6144, 7084],
      [7168, 8206],
      [8192, 8950],
      [16384, 17142],
    ],
    delivery: 47,
    commit: 45,
  },
  times: {
    accept: { fixed: 0.0276, perKilobyte: 0.0372 },
    deliver: { fixed: 0.0795, perKilobyte: 0.000633 },
    commit: 0.463,
  },
};
