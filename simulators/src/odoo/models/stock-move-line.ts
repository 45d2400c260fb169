import { boolean, char, datetime, many2one, quantity, selection } from "../schema.ts";
import type { Env } from "../env.ts";
import type { Model } from "../schema.ts";
import { refreshMove } from "../stock/move-state.ts";
import { changeReservation, changeStock } from "../stock/quants.ts";
import { lineSource, lineValues } from "../stock/reserve.ts";
import { num, ref } from "../values.ts";
import type { Row, Value } from "../values.ts";
import { company } from "./company.ts";
import { moveStates } from "./stock-move.ts";

export const stockMoveLine: Model = {
  name: "stock.move.line",
  label: "Product Moves (Stock Move Line)",
  order: "id",
  fields: {
    move_id: many2one("Stock Operation", "stock.move"),
    picking_id: many2one("Transfer", "stock.picking"),
    production_id: many2one("Production Order", "mrp.production"),
    workorder_id: many2one("Work Order", "mrp.workorder"),
    product_id: many2one("Product", "product.product", { required: true }),
    product_uom_id: many2one("Unit", "uom.uom", { required: true }),
    quantity: quantity("Quantity"),
    picked: boolean("Picked"),
    lot_id: many2one("Lot/Serial Number", "stock.lot"),
    lot_name: char("Lot/Serial Number Name"),
    location_id: many2one("From", "stock.location", { required: true }),
    location_dest_id: many2one("To", "stock.location", { required: true }),
    date: datetime("Date", { required: true, default: (env) => env.now }),
    state: selection("Status", moveStates, { compute: stateOf }),
    reference: char("Reference", {
      compute: (env, row) => env.find("stock.move", ref(row.move_id))?.reference ?? false,
    }),
    company_id: company,
  },
  prepare: (env, values) => {
    const move = env.find("stock.move", ref(values.move_id));
    if (move) for (const [name, value] of Object.entries(lineValues(move))) values[name] ??= value;
    values.product_uom_id ??= env.find("product.product", ref(values.product_id))?.uom_id ?? false;
  },
  created: (env, row) => {
    changeReservation(env, lineSource(row), num(row.quantity));
    const move = env.find("stock.move", ref(row.move_id));
    if (!move) return;
    refreshMove(env, move);
    if (row.picked === true && move.picked !== true) env.set("stock.move", move, { picked: true });
  },
  writing: (env, row) => shift(env, row, -1),
  written: (env, row, changed) => {
    shift(env, row, 1);
    const move = env.find("stock.move", ref(row.move_id));
    if (!move) return;
    refreshMove(env, move);
    if (changed.has("picked"))
      env.set("stock.move", move, {
        picked: env.of("stock.move.line", "move_id", move.id).some((line) => line.picked),
      });
  },
  unlinking: (env, row) => {
    if (row.state !== "done") changeReservation(env, lineSource(row), -num(row.quantity));
    env.set("stock.move.line", row, { quantity: 0 });
    const move = env.find("stock.move", ref(row.move_id));
    if (move) refreshMove(env, move);
  },
};

function stateOf(env: Env, row: Row): Value {
  return env.find("stock.move", ref(row.move_id))?.state ?? (row.state || "draft");
}

/** Takes a line's effect away (-1) or puts it in place (1): a reservation, or stock itself once it is done. */
function shift(env: Env, row: Row, sign: 1 | -1): void {
  const source = lineSource(row);
  const quantity = sign * num(row.quantity);
  if (row.state !== "done") return changeReservation(env, source, quantity);
  changeStock(env, source, -quantity);
  changeStock(env, { ...source, location: num(row.location_dest_id) }, quantity);
}
