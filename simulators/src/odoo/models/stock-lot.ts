import type { Env } from "../env.ts";
import { validationError } from "../errors.ts";
import { char, datetime, float, html, many2one, one2many } from "../schema.ts";
import type { Model } from "../schema.ts";
import { num, ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { keepsStock } from "./location.ts";
import { productName } from "./product.ts";

export const stockLot: Model = {
  name: "stock.lot",
  label: "Lot/Serial",
  order: "name, id",
  fields: {
    name: char("Lot/Serial Number", {
      required: true,
      indexed: true,
      default: (env) => String(env.db.next("lot")).padStart(7, "0"),
    }),
    product_id: many2one("Product", "product.product", { required: true }),
    company_id: many2one("Company", "res.company"),
    ref: char("Internal Reference"),
    note: html("Description"),
    expiration_date: datetime("Expiration Date"),
    product_uom_id: many2one("Unit", "uom.uom", {
      indexed: false,
      compute: (env, row) => env.find("product.product", ref(row.product_id))?.uom_id ?? false,
    }),
    product_qty: float("On Hand Quantity", { compute: onHandOfLot }),
    quant_ids: one2many("Quants", "stock.quant", "lot_id"),
  },
  prepare: (env, values) => {
    if (env.version >= 18 || values.company_id) return;
    throw validationError(
      "\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: Lot/Serial (stock.lot)\nField: Company (company_id)\n",
      { fromDatabase: true },
    );
  },
  created: requireUnique,
  written: (env, row) => requireUnique(env, row),
};

function onHandOfLot(env: Env, lot: Row): number {
  return env
    .of("stock.quant", "lot_id", lot.id)
    .filter((quant) => keepsStock(env.one("stock.location", ref(quant.location_id))))
    .reduce((total, quant) => total + num(quant.quantity), 0);
}

function requireUnique(env: Env, lot: Row): void {
  const same = env.of("stock.lot", "name", text(lot.name)).filter((other) => other.product_id === lot.product_id);
  if (same.length < 2) return;
  const product = env.one("product.product", ref(lot.product_id));
  throw validationError(
    `The combination of lot/serial number and product must be unique within a company including when no company is defined.\nThe following combinations contain duplicates:\n - Product: ${productName(env, product)}, Lot/Serial Number: ${text(lot.name)}`,
  );
}
