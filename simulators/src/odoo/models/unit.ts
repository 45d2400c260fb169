import type { Env } from "../env.ts";
import { boolean, char, float, many2one, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { num } from "../values.ts";
import type { Row } from "../values.ts";

/** Units: with a category and a factor to its reference unit up to 18, as a tree of factors from 19 on. */
export const unitModels: Model[] = [
  {
    name: "uom.category",
    label: "Product UoM Categories",
    until: 18,
    fields: { name: char("Unit of Measure Category", { required: true }) },
  },
  {
    name: "uom.uom",
    label: "Product Unit of Measure",
    fields: {
      name: char("Unit of Measure", { required: true, indexed: true }),
      active: boolean("Active", { default: true }),
      category_id: many2one("Category", "uom.category", { required: true, until: 18 }),
      uom_type: selection("Type", ["bigger", "reference", "smaller"], { default: "reference", until: 18 }),
      factor: float("Ratio", { default: 1 }),
      factor_inv: float("Bigger Ratio", {
        until: 18,
        compute: (_, row) => (num(row.factor) === 0 ? 0 : 1 / num(row.factor)),
      }),
      rounding: float("Rounding Precision", { default: 0.01 }),
      relative_factor: float("Contains", { default: 1, since: 19 }),
      relative_uom_id: many2one("Reference Unit", "uom.uom", { since: 19 }),
    },
  },
];

/** A quantity in `from` units as one in `to` units. */
export function convert(env: Env, quantity: number, from: Row, to: Row): number {
  if (from.id === to.id) return quantity;
  const factor = env.version >= 19 ? num(from.factor) / num(to.factor) : num(to.factor) / num(from.factor);
  return quantity * factor;
}
