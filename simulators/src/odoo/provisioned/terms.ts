import type { Env } from "../env.ts";
import { findExternalId } from "../models/ir-model-data.ts";
import { trackingOf } from "../models/product.ts";
import { convert } from "../models/unit.ts";
import { num, ref, roundTo, text } from "../values.ts";
import type { Row } from "../values.ts";

/** Why an item is refused: the item's own fault, told by a code and a sentence. */
export class Refusal extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface Quantity {
  value: string;
  unit: string;
}

export interface Request {
  warehouse?: string;
  units?: Readonly<Record<string, string>>;
}

const unitIds: Readonly<Record<string, string>> = {
  C62: "product_uom_unit",
  H87: "product_uom_unit",
  EA: "product_uom_unit",
  PCE: "product_uom_unit",
  NAR: "product_uom_unit",
  DZN: "product_uom_dozen",
  KGM: "product_uom_kgm",
  GRM: "product_uom_gram",
  TNE: "product_uom_ton",
  MTR: "product_uom_meter",
  MMT: "product_uom_millimeter",
  CMT: "product_uom_cm",
  MTK: "uom_square_meter",
  LTR: "product_uom_litre",
  MLT: "product_uom_milliliter",
  MTQ: "product_uom_cubic_meter",
  HUR: "product_uom_hour",
  DAY: "product_uom_day",
};

/** The hub's terms (references, codes, names) turned into records, or a refusal that names what is missing. */
export class Terms {
  readonly env: Env;
  readonly request: Request;

  constructor(env: Env, request: Request) {
    this.env = env;
    this.request = request;
  }

  product(reference: string): Row {
    const found = this.env.of("product.product", "default_code", reference).filter((row) => row.active === true);
    if (found.length > 1)
      throw new Refusal("product-ambiguous", `More than one product has the internal reference ${reference}.`);
    return found[0] ?? refuse("product-unknown", `No product has the internal reference ${reference}.`);
  }

  unit(code: string): Row {
    const named = this.request.units?.[code];
    const found =
      named === undefined
        ? this.env.find("uom.uom", ref(findExternalId(this.env, `uom.${unitIds[code] ?? ""}`)?.res_id))
        : this.env.search("uom.uom", [["name", "=", named]])[0];
    return found ?? refuse("unit-unknown", `Odoo has no unit for the code ${code}.`);
  }

  /** The quantity in `unit`; refused when Odoo would round it. */
  amountIn(quantity: Quantity, unit: Row, what: string): number {
    const given = this.unitLike(quantity.unit, unit, what);
    return this.fitting(convert(this.env, Number(quantity.value), given, unit), unit, what);
  }

  /** The unit of a code, which must be of the same kind as the one something is kept in. */
  unitLike(code: string, unit: Row, what: string): Row {
    const given = this.unit(code);
    if (!sameKind(this.env, given, unit))
      throw new Refusal("unit-mismatch", `${what} is kept in ${text(unit.name)}, not in ${text(given.name)}.`);
    return given;
  }

  fitting(amount: number, unit: Row, what: string): number {
    const step = Math.max(num(unit.rounding), 10 ** -this.env.digits);
    const steps = amount / step;
    if (Math.abs(steps - Math.round(steps)) > 1e-6)
      throw new Refusal("too-many-digits", `${amount} of ${what} has more digits than Odoo keeps.`);
    return roundTo(amount, 6);
  }

  location(name: string): Row {
    for (const field of ["complete_name", "barcode", "name"]) {
      const found = this.env.search("stock.location", [[field, "=", name]], { limit: 2 });
      if (found.length === 1) return found[0]!;
      if (found.length > 1) break;
    }
    return refuse("location-unknown", `No single location is called ${name}.`);
  }

  warehouse(): Row {
    const code = this.request.warehouse;
    const found = this.env.search("stock.warehouse", code === undefined ? [] : [["code", "=", code]])[0];
    return found ?? refuse("location-unknown", `The company has no warehouse ${code ?? ""}.`);
  }

  stockLocation(name?: string): Row {
    if (name !== undefined) return this.location(name);
    return this.env.one("stock.location", ref(this.warehouse().lot_stock_id));
  }

  findLot(product: Row, name: string): Row | undefined {
    return this.env.of("stock.lot", "name", name).find((lot) => lot.product_id === product.id);
  }

  lot(product: Row, name: string): Row {
    return (
      this.findLot(product, name) ??
      refuse("lot-unknown", `The product ${text(product.default_code)} has no lot ${name}.`)
    );
  }

  lotOrNew(product: Row, name: string): Row {
    return this.findLot(product, name) ?? this.env.create("stock.lot", { name, product_id: product.id, company_id: 1 });
  }

  workCenter(code: string): Row {
    const coded = this.env.of("mrp.workcenter", "code", code);
    const found = coded.length > 0 ? coded : this.env.of("mrp.workcenter", "name", code);
    return found.length === 1
      ? found[0]!
      : refuse("work-center-unknown", `No single work center has the code ${code}.`);
  }

  /** Lot names and amounts of a line that names one lot, several, or none. */
  shares(line: LotLine, product: Row, unit: Row): Share[] {
    const code = text(product.default_code);
    const shares = (line.lots ?? []).map((share) => ({
      lot: share.lot,
      amount: this.amountIn(share.quantity, unit, code),
    }));
    const total = this.amountIn(line.quantity, unit, code);
    if (shares.length === 0) return [{ lot: line.lot, amount: total }];
    const sum = shares.reduce((all, share) => all + share.amount, 0);
    if (Math.abs(sum - total) > 1e-6)
      throw new Refusal("value-invalid", `The lots of ${code} add up to ${sum}, not to ${total}.`);
    return shares;
  }
}

export interface LotLine {
  quantity: Quantity;
  lot?: string;
  lots?: readonly { lot: string; quantity: Quantity }[];
}

export interface Share {
  lot: string | undefined;
  amount: number;
}

export function refuse(reason: string, message: string): never {
  throw new Refusal(reason, message);
}

/** Up to 18 units of one kind share a category, later a root. */
function sameKind(env: Env, unit: Row, other: Row): boolean {
  if (env.version <= 18) return unit.category_id === other.category_id;
  return rootOf(env, unit) === rootOf(env, other);
}

function rootOf(env: Env, unit: Row): number {
  const parent = env.find("uom.uom", ref(unit.relative_uom_id));
  return parent ? rootOf(env, parent) : unit.id;
}

export function needLot(product: Row, lot: string | undefined, what: string): void {
  if (trackingOf(product) !== "none" && lot === undefined)
    refuse("lot-missing", `${what} of ${text(product.default_code)} needs its lot.`);
}
