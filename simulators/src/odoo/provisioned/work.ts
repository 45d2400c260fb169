import { finishWorkorder } from "../production/workorders.ts";
import { ref, text } from "../values.ts";
import type { JsonObject, Row } from "../values.ts";
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
}

export function requestMaintenance(terms: Terms, value: RequestMaintenance): Applied {
  const { env } = terms;
  const row = env.create("maintenance.request", {
    name: value.title,
    maintenance_type: value.kind ?? "corrective",
    priority: priorities[value.priority ?? "normal"] ?? "1",
    ...(value.equipment !== undefined && { equipment_id: equipmentOf(terms, value.equipment).id }),
    ...(value.scheduledFor !== undefined && { schedule_date: value.scheduledFor }),
    ...(value.description !== undefined && { description: asHtml(value.description) }),
  });
  const stage = env.find("maintenance.stage", ref(row.stage_id));
  return {
    model: "maintenance.request",
    row,
    receipt: `maintenance request ${row.id}`,
    detail: { stage: stage ? text(stage.name) : false },
  };
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
