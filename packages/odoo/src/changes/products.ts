import { nameOf } from "./feed.ts";
import type { Feed } from "./feed.ts";
import { textOf } from "../values.ts";

/** Products with an internal reference as `product.v1`. */
export const products: Feed = {
  name: "products",
  contract: "product.v1",
  model: "product.product",
  fields: () => ["default_code", "name", "active", "uom_id", "tracking", "barcode", "weight", "categ_id"],
  canonical: (reader, rows) =>
    Promise.resolve(
      rows.map((row) => {
        const code = textOf(row["default_code"]);
        // Nothing else could refer to it.
        if (code === undefined) return undefined;
        const barcode = textOf(row["barcode"]);
        const productClass = textOf(nameOf(row["categ_id"]));
        const weight = Number(row["weight"]);
        return {
          product: code,
          description: row["name"],
          ...(productClass !== undefined && { productClass }),
          status: row["active"] === true ? "active" : "obsolete",
          unit: reader.unitCode(nameOf(row["uom_id"])),
          tracking: row["tracking"],
          ...(barcode !== undefined && /^\d{8}(\d{4,6})?$/.test(barcode) && { gtin: barcode }),
          ...(weight > 0 && { netWeight: { value: String(weight), unit: "KGM" } }),
          extensions: { odooId: row.id },
        };
      }),
    ),
};
