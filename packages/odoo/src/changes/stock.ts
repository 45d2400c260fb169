import type { Row } from "../plain/records.ts";
import { idOf, textOf } from "../values.ts";
import { byId, nameOf, quantityOf, type Feed } from "./feed.ts";

/**
 * Stock in a company's own locations as `stock-balance.v1`. Odoo may keep several rows for one product, location and
 * lot; the balance is their sum.
 */
export const stock: Feed = {
  name: "stock",
  contract: "stock-balance.v1",
  model: "stock.quant",
  fields: () => ["product_id", "location_id", "lot_id", "quantity", "reserved_quantity", "product_uom_id"],
  async canonical(reader, rows) {
    const locations = await byId(reader, "stock.location", idsAt(rows, "location_id"), ["complete_name", "usage"]);
    const products = await byId(reader, "product.product", idsAt(rows, "product_id"), ["default_code", "tracking"]);
    const domain = [
      ["product_id", "in", idsAt(rows, "product_id")],
      ["location_id", "in", idsAt(rows, "location_id")],
    ];
    const beside =
      rows.length === 0
        ? []
        : await reader.search("stock.quant", domain, [
            "product_id",
            "location_id",
            "lot_id",
            "quantity",
            "reserved_quantity",
          ]);
    return rows.map((row) => {
      const location = locations.get(idOf(row["location_id"]) ?? 0);
      const product = products.get(idOf(row["product_id"]) ?? 0);
      const code = textOf(product?.["default_code"]);
      if (location?.["usage"] !== "internal" || code === undefined) return undefined;
      const same = beside.filter((other) => place(other) === place(row));
      const lot = row["lot_id"] === false ? undefined : nameOf(row["lot_id"]);
      return {
        product: code,
        location: location["complete_name"],
        ...(lot !== undefined && (product?.["tracking"] === "serial" ? { serial: lot } : { lot })),
        quantity: quantityOf(reader, total(same, "quantity"), row["product_uom_id"]),
        reserved: quantityOf(reader, Math.max(0, total(same, "reserved_quantity")), row["product_uom_id"]),
      };
    });
  },
};

function place(row: Row): string {
  return [row["product_id"], row["location_id"], row["lot_id"]].map((part) => idOf(part) ?? 0).join(" ");
}

function total(rows: readonly Row[], field: string): number {
  return rows.reduce((sum, row) => sum + Number(row[field]), 0);
}

function idsAt(rows: readonly Row[], field: string): number[] {
  return rows.flatMap((row) => idOf(row[field]) ?? []);
}
