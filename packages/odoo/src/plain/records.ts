import { RejectedError } from "@lineshaft/core";
import { isRecord, type OdooConnection, type OdooVersion } from "../connection.ts";
import { knownFields } from "../known-fields.ts";
import { nextStep } from "../next-steps.ts";
import type { Quantity } from "../operations.ts";
import type { ActionReason } from "../protocol.ts";

export type Row = Record<string, unknown> & { id: number };

/** Reading and writing as the plain mode does it: one call, one transaction. */
export interface Records {
  readonly version: OdooVersion;
  readonly lotField: string;
  search(model: string, domain: readonly unknown[], fields: readonly string[], order?: string): Promise<Row[]>;
  /** A call that changes something. `context` is added to the usual one. */
  change(
    model: string,
    method: string,
    ids: readonly number[] | undefined,
    args: object,
    context?: object,
  ): Promise<unknown>;
  /** Those of the fields that this Odoo has. */
  known(model: string, fields: readonly string[]): Promise<string[]>;
  /** @returns id of the one product with this internal reference */
  product(reference: string): Promise<Row>;
  /** @returns id of the unit of this UN/ECE code */
  unit(code: string): Promise<Row>;
  /** The quantity as a number; refused when Odoo would round it. */
  amount(quantity: Quantity, unit: Row, what: string): Promise<number>;
  company(): Promise<number>;
}

export interface RecordsOptions {
  connection: OdooConnection;
  companyName?: string;
  units?: Readonly<Record<string, string>>;
}

/** English names of Odoo's own units. */
const UNIT_NAMES: Readonly<Record<string, string>> = {
  C62: "Units",
  H87: "Units",
  EA: "Units",
  DZN: "Dozens",
  KGM: "kg",
  GRM: "g",
  TNE: "t",
  LBR: "lb",
  ONZ: "oz",
  MTR: "m",
  MMT: "mm",
  CMT: "cm",
  KMT: "km",
  INH: "in",
  FOT: "ft",
  MTK: "m²",
  LTR: "L",
  MTQ: "m³",
  HUR: "Hours",
  DAY: "Days",
};

export function refuse(reason: ActionReason, message: string): RejectedError {
  return new RejectedError(message, { reason, next: nextStep(reason) });
}

export async function openRecords(options: RecordsOptions, signal: AbortSignal): Promise<Records> {
  const { connection, companyName, units } = options;
  const version = await connection.version(signal);
  // `load` reads times in the zone of the context.
  const base = { lang: "en_US", tz: "UTC" };
  let company: number | undefined;

  async function search(model: string, domain: readonly unknown[], fields: readonly string[], order = "id") {
    const rows = await connection.call(
      { model, method: "search_read", args: { domain, fields, order }, context: base },
      signal,
    );
    return Array.isArray(rows) ? rows.filter(isRow) : [];
  }
  async function one(reason: ActionReason, what: string, model: string, domain: unknown[], fields: string[]) {
    const rows = await search(model, domain, fields);
    const [row] = rows;
    if (row === undefined || rows.length > 1) {
      throw refuse(reason, `${rows.length === 0 ? "No" : "More than one"} ${what}.`);
    }
    return row;
  }
  async function precision(): Promise<number> {
    const names = ["Product Unit of Measure", "Product Unit"];
    const [row] = await search("decimal.precision", [["name", "in", names]], ["digits"]);
    return Number(row?.["digits"] ?? 2);
  }
  const records: Records = {
    version,
    lotField: version.major >= 19 ? "lot_producing_ids" : "lot_producing_id",
    search,
    known: (model, fields) => knownFields(connection, model, fields, signal),
    async change(model, method, ids, args, context = {}) {
      const scoped = {
        ...base,
        ...(companyName !== undefined && { allowed_company_ids: [await records.company()] }),
        ...context,
      };
      return connection.call(
        { model, method, args: { ...args }, ...(ids && { ids }), context: scoped, effect: true },
        signal,
      );
    },
    product: (reference) =>
      one(
        "product-unknown",
        `product has the internal reference ${reference}`,
        "product.product",
        [["default_code", "=", reference]],
        ["uom_id", "tracking"],
      ),
    unit: (code) => {
      const name = units?.[code] ?? UNIT_NAMES[code];
      if (name === undefined) throw refuse("unit-unknown", `Odoo has no unit for the code ${code}.`);
      return one(
        "unit-unknown",
        `unit of Odoo is called ${name}, for the code ${code}`,
        "uom.uom",
        [["name", "=", name]],
        ["name", "rounding"],
      );
    },
    async amount(quantity, unit, what) {
      const given = await records.unit(quantity.unit);
      if (given.id !== unit.id) {
        throw refuse(
          "unit-mismatch",
          `${what} is reported in ${quantity.unit}; in plain mode it must be the unit that Odoo uses for it.`,
        );
      }
      const value = Number(quantity.value);
      const step = Math.max(Number(given["rounding"]), 10 ** -(await precision()));
      if (Math.abs(value / step - Math.round(value / step)) > 1e-6) {
        throw refuse("too-many-digits", `${quantity.value} of ${what} has more digits than Odoo keeps (${step}).`);
      }
      return value;
    },
    async company() {
      if (company !== undefined) return company;
      const domain = companyName === undefined ? [] : [["name", "=", companyName]];
      const [row] = await search("res.company", domain, ["name"]);
      if (!row) throw refuse("value-invalid", `The hub's user belongs to no company ${companyName ?? ""}.`);
      company = row.id;
      return company;
    },
  };
  return records;
}

export function isRow(value: unknown): value is Row {
  return isRecord(value) && typeof value["id"] === "number";
}
