import type { Env } from "../env.ts";
import { validationError } from "../errors.ts";
import { boolean, char, date, datetime, float, html, integer, many2one, one2many, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { company } from "./company.ts";

export const maintenanceModels: Model[] = [
  {
    name: "maintenance.equipment",
    label: "Maintenance Equipment",
    fields: {
      name: char("Equipment Name", { required: true }),
      active: boolean("Active", { default: true }),
      serial_no: char("Serial Number", { indexed: true, copied: false }),
      model: char("Model"),
      category_id: many2one("Equipment Category", "maintenance.equipment.category"),
      maintenance_team_id: many2one("Maintenance Team", "maintenance.team"),
      effective_date: date("Effective Date", { required: true, default: (env) => env.now.slice(0, 10) }),
      note: html("Note"),
      maintenance_ids: one2many("Maintenance", "maintenance.request", "equipment_id"),
      company_id: company,
    },
    created: requireUniqueSerial,
    written: (env, row) => requireUniqueSerial(env, row),
  },
  {
    name: "maintenance.equipment.category",
    label: "Maintenance Equipment Category",
    fields: { name: char("Category Name", { required: true }) },
  },
  {
    name: "maintenance.team",
    label: "Maintenance Teams",
    fields: {
      name: char("Team Name", { required: true }),
      active: boolean("Active", { default: true }),
      company_id: company,
    },
  },
  {
    name: "maintenance.stage",
    label: "Maintenance Stage",
    order: "sequence, id",
    fields: {
      name: char("Name", { required: true }),
      sequence: integer("Sequence", { default: 20 }),
      fold: boolean("Folded in Maintenance Pipe"),
      done: boolean("Request Done"),
    },
  },
  {
    name: "maintenance.request",
    label: "Maintenance Request",
    order: "id desc",
    fields: {
      name: char("Subjects", { required: true }),
      description: html("Description"),
      equipment_id: many2one("Equipment", "maintenance.equipment"),
      category_id: many2one("Category", "maintenance.equipment.category"),
      maintenance_type: selection("Maintenance Type", ["corrective", "preventive"], { default: "corrective" }),
      priority: selection("Priority", ["0", "1", "2", "3"], { default: false }),
      request_date: date("Request Date", { default: (env) => env.now.slice(0, 10) }),
      schedule_date: datetime("Scheduled Date"),
      close_date: date("Close Date"),
      stage_id: many2one("Stage", "maintenance.stage", { default: firstStage, copied: false }),
      done: boolean("Done", { compute: (env, row) => env.find("maintenance.stage", ref(row.stage_id))?.done ?? false }),
      kanban_state: selection("Kanban State", ["normal", "blocked", "done"], { required: true, default: "normal" }),
      maintenance_team_id: many2one("Team", "maintenance.team", { required: true, default: firstTeam }),
      duration: float("Duration", { default: (env) => (env.version >= 19 ? 1 : 0) }),
      archive: boolean("Archive"),
      user_id: many2one("Technician", "res.users"),
      owner_user_id: many2one("Created by User", "res.users", { default: (env) => env.uid }),
      company_id: company,
    },
    created: closeWhenDone,
    written: (env, row, changed) => {
      if (changed.has("stage_id")) closeWhenDone(env, row);
    },
  },
];

function firstStage(env: Env) {
  return env.search("maintenance.stage", [], { limit: 1 })[0]?.id ?? false;
}

function firstTeam(env: Env) {
  return env.search("maintenance.team", [], { limit: 1 })[0]?.id ?? false;
}

function closeWhenDone(env: Env, row: Row): void {
  const done = env.find("maintenance.stage", ref(row.stage_id))?.done === true;
  if (done && row.close_date === false) env.set("maintenance.request", row, { close_date: env.now.slice(0, 10) });
  if (!done && row.close_date !== false) env.set("maintenance.request", row, { close_date: false });
}

function requireUniqueSerial(env: Env, row: Row): void {
  if (text(row.serial_no) === "") return;
  if (env.of("maintenance.equipment", "serial_no", row.serial_no!).length > 1)
    throw validationError("Another asset already exists with this serial number!", { fromDatabase: true });
}
