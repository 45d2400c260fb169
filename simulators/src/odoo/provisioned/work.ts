import type { Env } from "../env.ts";
import { finishWorkorder } from "../production/workorders.ts";
import { num, ref, text } from "../values.ts";
import type { JsonObject, Row } from "../values.ts";
import { LEDGER } from "./kept.ts";
import type { Applied } from "./operations.ts";
import { anyOrder } from "./orders.ts";
import { refuse } from "./terms.ts";
import type { Terms } from "./terms.ts";

interface LogWorkTime {
  order: string;
  operation?: string;
  workCenter: string;
  start: string;
  end: string;
  kind?: "run" | "setup";
  finish?: boolean;
  note?: string;
}

export function logWorkTime(terms: Terms, value: LogWorkTime): Applied {
  const { env } = terms;
  const order = anyOrder(terms, value.order);
  const center = terms.workCenter(value.workCenter);
  const steps = env
    .of("mrp.workorder", "production_id", order.id)
    .filter((row) => row.workcenter_id === center.id && row.state !== "cancel")
    .filter((row) => value.operation === undefined || row.name === value.operation);
  if (steps.length !== 1)
    refuse("operation-unknown", `No single operation of ${text(order.name)} runs on ${text(center.name)}.`);
  if (value.end < value.start)
    refuse("value-invalid", `The work ended (${value.end}) before it began (${value.start}).`);
  const step = steps[0]!;
  const time = env.create("mrp.workcenter.productivity", {
    workorder_id: step.id,
    workcenter_id: center.id,
    date_start: value.start,
    date_end: value.end,
    loss_id: value.kind === "setup" ? setupLoss(terms).id : lossOf(terms, "productive").id,
    description: value.note ?? "",
  });
  if (value.finish === true && step.state !== "done") finishWorkorder(env, step);
  const minutes = env.get("mrp.workorder", step, "duration");
  return {
    model: "mrp.workcenter.productivity",
    row: time,
    receipt: `work time ${time.id}`,
    detail: { workOrder: text(step.name), minutes },
  };
}

function setupLoss(terms: Terms): Row {
  const domain = [
    ["name", "ilike", "setup"],
    ["loss_type", "=", "availability"],
  ];
  return terms.env.search("mrp.workcenter.productivity.loss", domain)[0] ?? lossOf(terms, "availability");
}

function lossOf({ env }: Terms, category: string, name?: string): Row {
  const domain: unknown[] = [["loss_type", "=", category]];
  if (name !== undefined) domain.push(["name", "=", name]);
  const found = env.search("mrp.workcenter.productivity.loss", domain, { limit: 1, order: "sequence, id" })[0];
  return found ?? refuse("loss-unknown", `No loss reason of the category ${category} is called ${name ?? "anything"}.`);
}

interface LogDowntime {
  workCenter: string;
  start: string;
  end?: string;
  category: string;
  reason?: string;
  note?: string;
}

/** A stop that is still open with the same start is closed instead of doubled. */
export function logDowntime(terms: Terms, value: LogDowntime): Applied {
  const { env } = terms;
  const center = terms.workCenter(value.workCenter);
  if (value.end !== undefined && value.end < value.start)
    refuse("value-invalid", `The stop ended (${value.end}) before it began (${value.start}).`);
  const values: JsonObject = {
    workcenter_id: center.id,
    loss_id: lossOf(terms, value.category, value.reason).id,
    date_start: value.start,
    description: value.note ?? "",
    ...(value.end !== undefined && { date_end: value.end }),
  };
  const open = env
    .of("mrp.workcenter.productivity", "workcenter_id", center.id)
    .find((row) => row.date_start === value.start && row.date_end === false && row.workorder_id === false);
  if (open) env.write("mrp.workcenter.productivity", open, values);
  const row = open ?? env.create("mrp.workcenter.productivity", values);
  return {
    model: "mrp.workcenter.productivity",
    row,
    receipt: `stop ${row.id}`,
    detail: { open: row.date_end === false },
  };
}

const priorities: Readonly<Record<string, string>> = { low: "0", normal: "1", high: "2", urgent: "3" };

interface RequestMaintenance {
  title: string;
  equipment?: string;
  kind?: string;
  priority?: string;
  scheduledFor?: string;
  description?: string;
  about?: string;
  create?: boolean;
  recurring?: boolean;
  hours?: string;
  close?: boolean;
}

/** What is told later about the same goes to the request that stands. */
export function requestMaintenance(terms: Terms, value: RequestMaintenance): Applied {
  const { env } = terms;
  const known = recordAbout(env, "requestMaintenance", "maintenance.request", value.about);
  const closed = known !== undefined && env.get("maintenance.request", known, "done") === true;
  const standing = closed && value.recurring === true ? undefined : known;
  if (standing === undefined && value.create === false)
    return { model: "maintenance.request", row: { id: 0 }, receipt: "no request to update", detail: { stage: false } };
  const row = standing ?? newRequest(terms, value);
  if (standing && value.hours !== undefined)
    env.write("maintenance.request", standing, { duration: Number(value.hours) });
  if (value.close === true && env.get("maintenance.request", row, "done") !== true)
    env.write("maintenance.request", row, { stage_id: doneStage(env).id });
  const stage = env.find("maintenance.stage", ref(row.stage_id));
  return {
    model: "maintenance.request",
    row,
    receipt: `maintenance request ${row.id}`,
    detail: { stage: stage ? text(stage.name) : false, updated: standing !== undefined },
    ...(value.about !== undefined && { about: value.about }),
  };
}

function newRequest(terms: Terms, value: RequestMaintenance): Row {
  return terms.env.create("maintenance.request", {
    name: value.title,
    maintenance_type: value.kind ?? "corrective",
    priority: priorities[value.priority ?? "normal"] ?? "1",
    ...(value.equipment !== undefined && { equipment_id: equipmentOf(terms, value.equipment).id }),
    ...(value.scheduledFor !== undefined && { schedule_date: value.scheduledFor }),
    ...(value.description !== undefined && { description: asHtml(value.description) }),
    ...(value.hours !== undefined && { duration: Number(value.hours) }),
  });
}

function doneStage(env: Env): Row {
  const found = env.search("maintenance.stage", [["done", "=", true]], { limit: 1 })[0];
  return found ?? refuse("not-completed", "Odoo has no maintenance stage in which a request is done.");
}

function recordAbout(env: Env, operation: string, model: string, about: string | undefined): Row | undefined {
  if (about === undefined) return undefined;
  const rows = env.of(LEDGER, "x_about", about);
  const row = rows.findLast((it) => it.x_operation === operation && it.x_model === model && num(it.x_res_id) > 0);
  return row && env.find(model, num(row.x_res_id));
}

interface AlertPlanner {
  order: string;
  about: string;
  title: string;
  text: string;
  planner?: string;
  over?: boolean;
}

/** A warning among the planner's things to do, at the order; over when the same thing says so. */
export function alertPlanner(terms: Terms, value: AlertPlanner): Applied {
  const { env } = terms;
  const order = anyOrder(terms, value.order);
  const user =
    value.planner === undefined
      ? env.uid
      : (env.search("res.users", [["login", "=", value.planner]])[0]?.id ??
        refuse("user-unknown", `Odoo has no user ${value.planner}.`));
  const known = recordAbout(env, "alertPlanner", "mail.activity", value.about);
  const standing = known?.active === true ? known : undefined;
  const detail = { order: text(order.name) };
  const { about } = value;
  if (value.over === true) {
    if (standing) env.write("mail.activity", standing, { active: false });
    const receipt = standing ? `alert ${standing.id} is over` : "no alert to end";
    return { model: "mail.activity", row: standing ?? { id: 0 }, receipt, detail, about };
  }
  const values: JsonObject = { summary: value.title, note: asHtml(value.text) };
  if (standing) env.write("mail.activity", standing, values);
  const row =
    standing ??
    env.create("mail.activity", { ...values, res_model: "mrp.production", res_id: order.id, user_id: user });
  return { model: "mail.activity", row, receipt: `alert ${row.id} at ${text(order.name)}`, detail, about };
}

function asHtml(plain: string): string {
  return plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\n", "<br/>");
}

function equipmentOf({ env }: Terms, name: string): Row {
  const numbered = env.of("maintenance.equipment", "serial_no", name);
  const found = numbered.length > 0 ? numbered : env.search("maintenance.equipment", [["name", "=", name]]);
  return found.length === 1
    ? found[0]!
    : refuse("equipment-unknown", `No single equipment has the serial number or name ${name}.`);
}
