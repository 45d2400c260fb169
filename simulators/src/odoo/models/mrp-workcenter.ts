import type { Env } from "../env.ts";
import { boolean, char, datetime, float, integer, longText, many2one, one2many, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { timeMs } from "../times.ts";
import { num, ref, roundTo, text } from "../values.ts";
import type { Row, Value } from "../values.ts";
import { company } from "./company.ts";

const lossTypes = ["availability", "performance", "quality", "productive"];

export const workcenterModels: Model[] = [
  {
    name: "mrp.workcenter",
    label: "Work Center",
    order: "sequence, id",
    fields: {
      name: char("Work Center", { required: true, indexed: true }),
      code: char("Code", { indexed: true }),
      active: boolean("Active", { default: true }),
      sequence: integer("Sequence", { default: 1 }),
      time_efficiency: float("Time Efficiency", { default: 100 }),
      default_capacity: float("Capacity", { default: 1, until: 18 }),
      costs_hour: float("Cost per hour"),
      oee_target: float("OEE Target", { default: 90 }),
      time_ids: one2many("Time Logs", "mrp.workcenter.productivity", "workcenter_id"),
      order_ids: one2many("Orders", "mrp.workorder", "workcenter_id"),
      working_state: selection("Workcenter Status", ["normal", "blocked", "done"], { compute: workingState }),
      blocked_time: float("Blocked Time", { compute: (env, row) => hours(env, row, false) }),
      productive_time: float("Productive Time", { compute: (env, row) => hours(env, row, true) }),
      company_id: company,
    },
    methods: {
      unblock: {
        on: "records",
        params: [],
        needs: "write",
        run: (env, ids) => {
          for (const center of env.many("mrp.workcenter", ids)) unblock(env, center);
          return env.version >= 19 ? true : { type: "ir.actions.client", tag: "reload" };
        },
      },
    },
  },
  {
    name: "mrp.workcenter.productivity",
    label: "Workcenter Productivity Log",
    order: "id desc",
    displayName: (env, row) => text(env.find("mrp.workcenter.productivity.loss", ref(row.loss_id))?.name),
    fields: {
      workcenter_id: many2one("Work Center", "mrp.workcenter", { required: true }),
      workorder_id: many2one("Work Order", "mrp.workorder"),
      production_id: many2one("Manufacturing Order", "mrp.production", {
        indexed: false,
        compute: (env, row) => env.find("mrp.workorder", ref(row.workorder_id))?.production_id ?? false,
      }),
      loss_id: many2one("Loss Reason", "mrp.workcenter.productivity.loss", { required: true }),
      loss_type: selection("Effectiveness", lossTypes, { compute: lossType }),
      date_start: datetime("Start Date", { required: true, default: (env) => env.now }),
      date_end: datetime("End Date"),
      duration: float("Duration", { compute: minutes }),
      description: longText("Description"),
      user_id: many2one("User", "res.users", { default: (env) => env.uid }),
      company_id: company,
    },
  },
  {
    name: "mrp.workcenter.productivity.loss",
    label: "Workcenter Productivity Losses",
    order: "sequence, id",
    fields: {
      name: char("Blocking Reason", { required: true }),
      sequence: integer("Sequence", { default: 1 }),
      manual: boolean("Is a Blocking Reason", { default: true }),
      loss_type: selection("Effectiveness Category", lossTypes),
    },
  },
];

function openStops(env: Env, center: Row): Row[] {
  return env
    .of("mrp.workcenter.productivity", "workcenter_id", center.id)
    .filter((time) => time.date_end === false && !["productive", "performance"].includes(String(lossType(env, time))));
}

function workingState(env: Env, center: Row): Value {
  if (openStops(env, center).length > 0) return "blocked";
  const running = env
    .of("mrp.workcenter.productivity", "workcenter_id", center.id)
    .some((time) => time.date_end === false);
  return running ? "done" : "normal";
}

function unblock(env: Env, center: Row): void {
  for (const stop of openStops(env, center)) env.write("mrp.workcenter.productivity", stop, { date_end: env.now });
}

function lossType(env: Env, time: Row): Value {
  return env.find("mrp.workcenter.productivity.loss", ref(time.loss_id))?.loss_type ?? false;
}

/** Minutes between start and end. Nothing checks that they are not swapped; a stop then counts for nothing. */
export function minutes(env: Env, time: Row): number {
  if (time.date_start === false || time.date_end === false) return 0;
  const span = roundTo((timeMs(text(time.date_end)) - timeMs(text(time.date_start))) / 60_000, 2);
  return ["productive", "performance"].includes(String(lossType(env, time))) ? span : Math.max(0, span);
}

function hours(env: Env, center: Row, productive: boolean): number {
  const times = env.of("mrp.workcenter.productivity", "workcenter_id", center.id);
  const chosen = times.filter((time) => (lossType(env, time) === "productive") === productive);
  return roundTo(chosen.reduce((total, time) => total + num(minutes(env, time)), 0) / 60, 2);
}
