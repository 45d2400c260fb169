import type { OdooConnection } from "../connection.ts";
import { isRow, type Row } from "../plain/records.ts";

/** Reads for one pass over changed records; caches nothing between passes. */
export interface Reader {
  readonly major: number;
  /** Code of a unit by its name in Odoo; the name itself when there is none, which the contract then refuses. */
  unitCode(name: string): string;
  search(model: string, domain: readonly unknown[], fields: readonly string[]): Promise<Row[]>;
}

/** How one kind of record becomes canonical facts. */
export interface Feed {
  /** Name of the source: `productionOrders`. */
  name: string;
  /** Contract of the facts: `production-order.v1`. */
  contract: string;
  model: string;
  fields(major: number): readonly string[];
  /** The canonical values of these records, without id, time and version; undefined for one that is no fact. */
  canonical(reader: Reader, rows: readonly Row[]): Promise<(Record<string, unknown> | undefined)[]>;
}

/** UN/ECE codes of Odoo's own units by their English names. */
const UNIT_CODES: Readonly<Record<string, string>> = {
  Units: "C62",
  Dozens: "DZN",
  kg: "KGM",
  g: "GRM",
  t: "TNE",
  lb: "LBR",
  oz: "ONZ",
  m: "MTR",
  mm: "MMT",
  cm: "CMT",
  km: "KMT",
  in: "INH",
  ft: "FOT",
  "m²": "MTK",
  L: "LTR",
  mL: "MLT",
  "m³": "MTQ",
  Hours: "HUR",
  Days: "DAY",
  Minutes: "MIN",
  kWh: "KWH",
};

export interface ReaderOptions {
  connection: OdooConnection;
  units: Readonly<Record<string, string>> | undefined;
}

/** Words stay English and times UTC, whoever the hub's user is; archived records are changes too. */
export const READ_CONTEXT = { lang: "en_US", tz: "UTC", active_test: false };

export async function openReader({ connection, units = {} }: ReaderOptions, signal: AbortSignal): Promise<Reader> {
  const { major } = await connection.version(signal);
  const codes = { ...UNIT_CODES, ...Object.fromEntries(Object.entries(units).map(([code, name]) => [name, code])) };
  return {
    major,
    unitCode: (name) => codes[name] ?? name,
    async search(model, domain, fields) {
      const rows = await connection.call(
        { model, method: "search_read", args: { domain, fields, order: "id" }, context: READ_CONTEXT },
        signal,
      );
      return Array.isArray(rows) ? rows.filter(isRow) : [];
    },
  };
}

/** Rows of a model by their ids, for what changed records point at. */
export async function byId(reader: Reader, model: string, ids: readonly number[], fields: readonly string[]) {
  const wanted = [...new Set(ids)];
  const rows = wanted.length === 0 ? [] : await reader.search(model, [["id", "in", wanted]], fields);
  return new Map(rows.map((row) => [row.id, row]));
}

/** The name in a many2one as read. */
export function nameOf(many2one: unknown): string {
  return Array.isArray(many2one) ? String(many2one[1]) : "";
}

export function idsOf(x2many: unknown): number[] {
  return Array.isArray(x2many) ? x2many.filter((id) => typeof id === "number") : [];
}

/** A number as an exact decimal, without the dust of binary fractions: Odoo keeps at most six digits here. */
export function decimalOf(value: unknown): string {
  const text = Number(value)
    .toFixed(6)
    .replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}

export function quantityOf(reader: Reader, value: unknown, unit: unknown) {
  return { value: decimalOf(value), unit: reader.unitCode(nameOf(unit)) };
}
