import type { Env } from "../env.ts";
import { char, integer, many2many, many2one, one2many, quantity } from "../schema.ts";
import type { Model } from "../schema.ts";
import { completeOrders } from "../production/complete.ts";
import { consumptionIssues, pickMove } from "../production/consume.ts";
import { finishedMoves, rawMoves } from "../production/state.ts";
import { setMoveQuantity } from "../stock/reserve.ts";
import { num, ref, refs, roundTo } from "../values.ts";
import type { JsonObject, Row } from "../values.ts";

/** The answers to the questions `button_mark_done` asks, and the change of an order's quantity. */
export const wizardModels: Model[] = [
  {
    name: "mrp.consumption.warning",
    label: "Wizard in case of consumption in warning/strict and more component has been used for a MO",
    transient: true,
    fields: {
      mrp_production_ids: many2many("Mrp Production", "mrp.production"),
      mrp_consumption_warning_line_ids: one2many("Lines", "mrp.consumption.warning.line", "mrp_consumption_warning_id"),
    },
    created: fillFromContext("mrp.consumption.warning"),
    methods: {
      action_confirm: answer("mrp.consumption.warning", (env, row) =>
        completeOrders(env.withContext({ skip_consumption: true }), ordersOf(env, row)),
      ),
      action_set_qty: answer("mrp.consumption.warning", (env, row) => {
        for (const order of ordersOf(env, row)) consumeAsExpected(env, order);
        return completeOrders(env.withContext({ skip_consumption: true }), ordersOf(env, row));
      }),
    },
  },
  {
    name: "mrp.consumption.warning.line",
    label: "Line of issue consumption",
    transient: true,
    fields: {
      mrp_consumption_warning_id: many2one("Parent Wizard", "mrp.consumption.warning"),
      mrp_production_id: many2one("Manufacturing Order", "mrp.production"),
      product_id: many2one("Product", "product.product"),
      product_uom_id: many2one("Unit", "uom.uom"),
      consumption: char("Consumption"),
      product_consumed_qty_uom: quantity("Consumed"),
      product_expected_qty_uom: quantity("To Consume"),
    },
  },
  {
    name: "mrp.production.backorder",
    label: "Wizard to mark as done or create back order",
    transient: true,
    fields: {
      mrp_production_ids: many2many("Mrp Production", "mrp.production"),
      mrp_production_backorder_line_ids: one2many(
        "Lines",
        "mrp.production.backorder.line",
        "mrp_production_backorder_id",
      ),
    },
    created: fillFromContext("mrp.production.backorder"),
    methods: {
      action_backorder: answer("mrp.production.backorder", (env, row) => {
        const lines = env.of("mrp.production.backorder.line", "mrp_production_backorder_id", row.id);
        const split = lines.filter((line) => line.to_backorder !== 0).map((line) => num(line.mrp_production_id));
        return completeOrders(
          env.withContext({ skip_backorder: true, mo_ids_to_backorder: split }),
          ordersOf(env, row),
        );
      }),
      action_close_mo: answer("mrp.production.backorder", (env, row) =>
        completeOrders(env.withContext({ skip_backorder: true }), ordersOf(env, row)),
      ),
    },
  },
  {
    name: "mrp.production.backorder.line",
    label: "Backorder Confirmation Line",
    transient: true,
    fields: {
      mrp_production_backorder_id: many2one("MO Backorder", "mrp.production.backorder"),
      mrp_production_id: many2one("Manufacturing Order", "mrp.production"),
      to_backorder: integer("To Backorder", { default: 1 }),
    },
  },
  {
    name: "change.production.qty",
    label: "Change Production Qty",
    transient: true,
    fields: {
      mo_id: many2one("Manufacturing Order", "mrp.production", { required: true }),
      product_qty: quantity("Quantity To Produce", { required: true }),
    },
    methods: {
      change_prod_qty: answer("change.production.qty", (env, row) => {
        changeQuantity(env, env.one("mrp.production", ref(row.mo_id)), num(row.product_qty));
        return env.version >= 19 ? true : {};
      }),
    },
  },
];

function answer(model: string, run: (env: Env, row: Row) => unknown) {
  return {
    on: "records" as const,
    params: [],
    movesStock: true,
    run: (env: Env, ids: readonly number[]) => run(env, env.one(model, ids[0])),
  };
}

function ordersOf(env: Env, row: Row): Row[] {
  return env.many("mrp.production", refs(row.mrp_production_ids));
}

/** A wizard is made with the context of the action that asked for it: its lists stand there as `default_…`. */
function fillFromContext(model: string) {
  return (env: Env, row: Row, given: ReadonlySet<string>): void => {
    const values: JsonObject = {};
    for (const [name, field] of Object.entries(env.db.model(model).fields)) {
      const value = env.context[`default_${name}`];
      if (!given.has(name) && field.relation && Array.isArray(value)) values[name] = value;
    }
    if (Object.keys(values).length > 0) env.write(model, row, values);
  };
}

function consumeAsExpected(env: Env, order: Row): void {
  const off = new Map(consumptionIssues(env, order, () => Number.NaN).map((issue) => [issue.product, issue.expected]));
  for (const move of rawMoves(env, order)) {
    const expected = off.get(num(move.product_id));
    if (expected === undefined || move.state === "done" || move.state === "cancel") continue;
    setMoveQuantity(env, move, expected);
    pickMove(env, move);
  }
}

/** `change_prod_qty`: the order's quantity and what it demands. */
export function changeQuantity(env: Env, order: Row, wanted: number): void {
  const ratio = wanted / (num(order.product_qty) || 1);
  env.write("mrp.production", order, { product_qty: wanted });
  for (const move of [...rawMoves(env, order), ...finishedMoves(env, order)]) {
    if (move.state === "done" || move.state === "cancel") continue;
    env.write("stock.move", move, { product_uom_qty: roundTo(num(move.product_uom_qty) * ratio, env.digits) });
  }
}
