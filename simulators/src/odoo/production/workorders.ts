import type { Env } from "../env.ts";
import { odooTime } from "../times.ts";
import { num, ref } from "../values.ts";
import type { Row } from "../values.ts";
import { applyQuantityProducing } from "./consume.ts";
import { refreshProduction } from "./state.ts";

/** Work orders of an order's bill, ready where components are there and nothing comes before. */
export function makeWorkorders(env: Env, production: Row): void {
  for (const operation of operationsOf(env, production)) {
    env.create("mrp.workorder", {
      name: operation.name as string,
      production_id: production.id,
      workcenter_id: operation.workcenter_id as number,
      operation_id: operation.id,
      state: env.version >= 19 ? "ready" : "waiting",
      duration_expected: expectedMinutes(env, operation, production, num(production.product_qty)),
    });
  }
}

function operationsOf(env: Env, production: Row): Row[] {
  const bom = env.find("mrp.bom", ref(production.bom_id));
  return bom ? env.search("mrp.routing.workcenter", [["bom_id", "=", bom.id]], { order: "sequence, id" }) : [];
}

export function expectedMinutes(env: Env, operation: Row, production: Row, quantity: number): number {
  const bom = env.find("mrp.bom", ref(production.bom_id));
  const batches = Math.ceil(quantity / (num(bom?.product_qty) || 1));
  const center = env.find("mrp.workcenter", ref(operation.workcenter_id));
  return (batches * num(operation.time_cycle_manual) * 100) / (num(center?.time_efficiency) || 100);
}

export function workordersOf(env: Env, production: Row): Row[] {
  return env.of("mrp.workorder", "production_id", production.id);
}

/** After confirmation the first is ready (18 and before: `waiting` until components are there), the rest follow. */
export function planWorkorders(env: Env, production: Row): void {
  const blocked = env.version >= 19 ? "blocked" : "pending";
  const first = env.version >= 19 || production.reservation_state === "assigned" ? "ready" : "waiting";
  const all = workordersOf(env, production);
  all.forEach((row, at) => env.set("mrp.workorder", row, { state: at === 0 ? first : blocked }));
  if (env.version <= 18) hangMovesOnLast(env, production, all.at(-1));
}

/** Up to 18 moves that name no operation belong to the last work order. */
function hangMovesOnLast(env: Env, production: Row, last: Row | undefined): void {
  if (!last) return;
  for (const field of ["raw_material_production_id", "production_id"])
    for (const move of env.of("stock.move", field, production.id))
      if (move.operation_id === false) env.set("stock.move", move, { workorder_id: last.id });
}

/** What each takes for the pieces in hand rather than for the whole order; 19 only. */
export function rescheduleWorkorders(env: Env, production: Row, quantity: number): void {
  for (const row of workordersOf(env, production)) {
    const operation = env.find("mrp.routing.workcenter", ref(row.operation_id));
    if (!operation || row.state === "done") continue;
    env.set("mrp.workorder", row, { duration_expected: expectedMinutes(env, operation, production, quantity) });
  }
}

export function startWorkorder(env: Env, row: Row): void {
  if (["progress", "done", "cancel"].includes(String(row.state))) return;
  const production = env.one("mrp.production", ref(row.production_id));
  env.set("mrp.workorder", row, { state: "progress", date_start: row.date_start || env.now });
  logTime(env, row, { date_start: env.now });
  if (num(production.qty_producing) === 0) {
    env.set("mrp.production", production, { qty_producing: num(production.product_qty) });
    applyQuantityProducing(env, production);
  }
  refreshProduction(env, production);
}

export function pauseWorkorder(env: Env, row: Row): void {
  closeTimes(env, row);
}

export function finishWorkorder(env: Env, row: Row): void {
  const production = env.one("mrp.production", ref(row.production_id));
  closeTimes(env, row);
  if (row.date_finished === false || row.state !== "done") {
    const produced = num(row.qty_produced) || num(production.qty_producing) || num(production.product_qty);
    env.set("mrp.workorder", row, {
      state: "done",
      qty_produced: produced,
      date_start: row.date_start || env.now,
      date_finished: env.now,
    });
    if (env.of("mrp.workcenter.productivity", "workorder_id", row.id).length === 0) logExpectedTime(env, row);
  }
  releaseNext(env, row);
  refreshProduction(env, production);
}

/** The operation after one that has produced something is released. */
export function releaseNext(env: Env, row: Row): void {
  const all = workordersOf(env, env.one("mrp.production", ref(row.production_id)));
  const next = all[all.findIndex((other) => other.id === row.id) + 1];
  if (next && ["blocked", "pending"].includes(String(next.state))) env.set("mrp.workorder", next, { state: "ready" });
}

/** Finishes all that is open, with the expected time where none was logged. */
export function finishWorkorders(env: Env, production: Row, quantity: number): void {
  for (const row of workordersOf(env, production)) {
    if (row.state === "cancel" || row.state === "done") continue;
    closeTimes(env, row);
    if (env.of("mrp.workcenter.productivity", "workorder_id", row.id).length === 0) logExpectedTime(env, row);
    env.set("mrp.workorder", row, {
      state: "done",
      qty_produced: quantity,
      date_start: row.date_start || env.now,
      date_finished: env.now,
    });
  }
}

function logExpectedTime(env: Env, row: Row): void {
  const minutes = num(row.duration_expected);
  const start = odooTime(env.nowMs - minutes * 60_000);
  if (minutes > 0) logTime(env, row, { date_start: start, date_end: env.now });
}

function logTime(env: Env, row: Row, times: { date_start: string; date_end?: string }): void {
  const productive = env.search("mrp.workcenter.productivity.loss", [["loss_type", "=", "productive"]], {
    limit: 1,
  })[0];
  env.create("mrp.workcenter.productivity", {
    workorder_id: row.id,
    workcenter_id: row.workcenter_id as number,
    loss_id: productive?.id ?? false,
    ...times,
  });
}

function closeTimes(env: Env, row: Row): void {
  for (const time of env.of("mrp.workcenter.productivity", "workorder_id", row.id))
    if (time.date_end === false) env.set("mrp.workcenter.productivity", time, { date_end: env.now });
}
