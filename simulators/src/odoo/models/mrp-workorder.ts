import type { Env } from "../env.ts";
import { char, datetime, float, integer, many2one, one2many, quantity, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { finishWorkorder, pauseWorkorder, releaseNext, startWorkorder } from "../production/workorders.ts";
import { refreshProduction } from "../production/state.ts";
import { num, ref, roundTo, text } from "../values.ts";
import type { Row } from "../values.ts";
import { minutes } from "./mrp-workcenter.ts";

const states = ["pending", "waiting", "ready", "progress", "done", "cancel", "blocked"];

export const workorder: Model = {
  name: "mrp.workorder",
  label: "Work Order",
  order: "id",
  displayName: (env, row) => `${text(env.find("mrp.production", ref(row.production_id))?.name)} - ${text(row.name)}`,
  fields: {
    name: char("Work Order", { required: true }),
    production_id: many2one("Manufacturing Order", "mrp.production", { required: true }),
    workcenter_id: many2one("Work Center", "mrp.workcenter", { required: true }),
    operation_id: many2one("Operation", "mrp.routing.workcenter"),
    sequence: integer("Sequence", { since: 18, default: 100 }),
    state: selection("Status", states, { default: "pending" }),
    qty_produced: quantity("Quantity"),
    qty_production: quantity("Original Production Quantity", { compute: (env, row) => orderQuantity(env, row) }),
    qty_remaining: quantity("Quantity To Be Produced", {
      compute: (env, row) => Math.max(0, roundTo(orderQuantity(env, row) - num(row.qty_produced), 6)),
    }),
    duration: float("Real Duration", { compute: realMinutes }),
    duration_expected: float("Expected Duration"),
    date_start: datetime("Start"),
    date_finished: datetime("End"),
    time_ids: one2many("Time", "mrp.workcenter.productivity", "workorder_id"),
    product_id: many2one("Product", "product.product", {
      indexed: false,
      compute: (env, row) => env.find("mrp.production", ref(row.production_id))?.product_id ?? false,
    }),
    production_state: selection("Production State", [], {
      compute: (env, row) => env.find("mrp.production", ref(row.production_id))?.state ?? false,
    }),
    move_raw_ids: one2many("Raw Moves", "stock.move", "workorder_id"),
  },
  methods: {
    button_start: button(startWorkorder),
    button_pending: button(pauseWorkorder),
    button_finish: { ...button(finishWorkorder), run: (env, ids) => (each(env, ids, finishWorkorder), true) },
    action_cancel: {
      on: "records",
      params: [],
      needs: "write",
      run: (env, ids) => (each(env, ids, (e, row) => e.set("mrp.workorder", row, { state: "cancel" })), true),
    },
  },
  written: (env, row, changed) => {
    if (changed.has("qty_produced") && num(row.qty_produced) > 0) releaseNext(env, row);
    if (changed.has("state") && row.state === "done") finishWorkorder(env, row);
    refreshProduction(env, env.one("mrp.production", ref(row.production_id)));
  },
};

/** Answers null from 18 on, true before. */
function button(press: (env: Env, row: Row) => void) {
  return {
    on: "records" as const,
    params: [],
    needs: "write" as const,
    run: (env: Env, ids: readonly number[]) => {
      each(env, ids, press);
      return env.version >= 18 ? null : true;
    },
  };
}

function each(env: Env, ids: readonly number[], press: (env: Env, row: Row) => void): void {
  for (const row of env.many("mrp.workorder", ids)) press(env, row);
}

function orderQuantity(env: Env, row: Row): number {
  return num(env.find("mrp.production", ref(row.production_id))?.product_qty);
}

function realMinutes(env: Env, row: Row): number {
  const times = env.of("mrp.workcenter.productivity", "workorder_id", row.id);
  return roundTo(
    times.reduce((total, time) => total + minutes(env, time), 0),
    2,
  );
}
