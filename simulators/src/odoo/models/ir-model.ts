import type { Env } from "../env.ts";
import { validationError, valueError } from "../errors.ts";
import { boolean, char, integer, longText, many2many, many2one, one2many, selection } from "../schema.ts";
import type { Field, FieldType, Model } from "../schema.ts";
import { watchedBy } from "../provisioned/outbox.ts";
import { ref, text } from "../values.ts";
import type { Row, Value } from "../values.ts";

/** Odoo describes itself in records: making one here makes a model or a field (`x_…`) for everybody. */
export const irModelModels: Model[] = [
  {
    name: "ir.model",
    label: "Models",
    order: "model",
    fields: {
      name: char("Model Description", { required: true }),
      model: char("Model", { required: true, indexed: true, default: "x_" }),
      state: selection("Type", ["manual", "base"], { default: "manual", readonly: true }),
      info: longText("Information"),
      order: char("Order", { default: "id" }),
      transient: boolean("Transient Model"),
      field_id: one2many("Fields", "ir.model.fields", "model_id"),
      access_ids: one2many("Access", "ir.model.access", "model_id"),
    },
    prepare: (env, values) => {
      const model = text(values.model);
      if (env.context.base !== true && !model.startsWith("x_"))
        throw validationError("The model name must start with 'x_'.");
      if (values.state !== "base" && env.db.has(model))
        throw validationError("Each model must have a unique name.", { fromDatabase: true });
      if (values.state !== "base") env.transaction.undo(env.db.register(manualModel(values)));
    },
  },
  {
    name: "ir.model.fields",
    label: "Fields",
    order: "name",
    fields: {
      name: char("Field Name", { required: true, indexed: true, default: "x_" }),
      model_id: many2one("Model", "ir.model", { required: true }),
      model: char("Object Name", { compute: (env, row) => env.find("ir.model", ref(row.model_id))?.model ?? false }),
      field_description: char("Field Label", { required: true, default: "" }),
      ttype: selection("Field Type", fieldTypes(), { required: true }),
      relation: char("Related Model"),
      relation_field: char("Relation Field"),
      required: boolean("Required"),
      readonly: boolean("Readonly"),
      index: boolean("Indexed"),
      copied: boolean("Copied"),
      store: boolean("Stored", { default: true }),
      size: integer("Size"),
      help: longText("Field Help"),
      state: selection("Type", ["manual", "base"], { required: true, default: "manual" }),
    },
    created: addManualField,
  },
  {
    name: "ir.model.access",
    label: "Model Access",
    fields: {
      name: char("Name", { required: true }),
      active: boolean("Active", { default: true }),
      model_id: many2one("Model", "ir.model", { required: true }),
      group_id: many2one("Group", "res.groups"),
      perm_read: boolean("Read Access"),
      perm_write: boolean("Write Access"),
      perm_create: boolean("Create Access"),
      perm_unlink: boolean("Delete Access"),
    },
  },
  {
    name: "ir.rule",
    label: "Record Rule",
    fields: {
      name: char("Name"),
      active: boolean("Active", { default: true }),
      model_id: many2one("Model", "ir.model", { required: true }),
      domain_force: longText("Domain"),
      groups: many2many("Groups", "res.groups"),
    },
  },
  {
    name: "base.automation",
    label: "Automation Rule",
    fields: {
      name: char("Automation Rule Name", { required: true }),
      active: boolean("Active", { default: true }),
      model_id: many2one("Model", "ir.model", { required: true }),
      trigger: char("Trigger"),
      trigger_field_ids: many2many("Trigger Fields", "ir.model.fields"),
      filter_domain: char("Apply on"),
      filter_pre_domain: char("Before Update Domain"),
      action_server_ids: one2many("Actions", "ir.actions.server", "base_automation_id"),
    },
    created: watchForOutbox,
  },
];

/** An automation of the connector's own kind takes effect: changes of its model go to the outbox from now on. */
function watchForOutbox(env: Env, row: Row): void {
  for (const action of env.of("ir.actions.server", "base_automation_id", row.id)) {
    const watched = watchedBy(text(action.code));
    if (watched) env.transaction.undo(env.db.watch(watched.model, watched.event));
  }
}

function fieldTypes(): FieldType[] {
  return [
    "char",
    "text",
    "html",
    "integer",
    "float",
    "boolean",
    "date",
    "datetime",
    "selection",
    "many2one",
    "one2many",
    "many2many",
  ];
}

function manualModel(values: Record<string, Value>): Model {
  return {
    name: text(values.model),
    label: text(values.name),
    order: text(values.order) || "id",
    displayName: (_, row) => text(row.x_name) || `${text(values.model)},${row.id}`,
    fields: {},
  };
}

function addManualField(env: Env, row: Row): void {
  if (row.state === "base") return;
  const model = text(env.get("ir.model.fields", row, "model"));
  const name = text(row.name);
  if (!name.startsWith("x_")) throw validationError("Custom fields must have a name that starts with 'x_'!");
  if (env.db.model(model).fields[name])
    throw validationError("Field names must be unique per model.", { fromDatabase: true });
  env.transaction.undo(env.db.addField(model, name, fieldOf(row)));
}

function fieldOf(row: Row): Field {
  const type = text(row.ttype) as FieldType;
  if (type === "one2many" && text(row.relation_field) === "") throw valueError("Relation Field is needed for one2many");
  return {
    type,
    label: text(row.field_description),
    manual: true,
    required: row.required === true,
    readonly: row.readonly === true,
    copied: row.copied === true,
    indexed: row.index === true || type === "many2one",
    ...(text(row.relation) !== "" && { relation: text(row.relation) }),
    ...(text(row.relation_field) !== "" && { inverse: text(row.relation_field) }),
  };
}
