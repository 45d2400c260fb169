import type { Admin } from "./provision-records.ts";

export const OUTBOX_DEFAULTS: readonly string[] = ["mrp.production", "product.product"];

/** Fields whose change the hub wants to know; internal writes on others would flood the outbox. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "mrp.production": ["state", "product_qty", "date_start", "date_deadline", "name", "bom_id"],
  "product.product": ["default_code", "name", "active", "uom_id", "tracking", "barcode"],
};

/**
 * Lets Odoo note changes of these models in the outbox, in the transaction that makes them: one automation for create
 * and change, one for deletion. Errors in automations break the users' own work, so the code is one insert and no more.
 */
export async function installOutbox(odoo: Admin, models: readonly string[]): Promise<void> {
  for (const model of models) {
    await automation(odoo, model, "on_create_or_write", "write");
    await automation(odoo, model, "on_unlink", "unlink");
  }
}

async function automation(odoo: Admin, model: string, trigger: string, event: string): Promise<void> {
  const key = `outbox_${model.replaceAll(".", "_")}_${event}`;
  if ((await odoo.known(key, "base.automation")) !== undefined) return;
  const name = `Lineshaft outbox: ${model} ${event}`;
  const modelId = await odoo.modelId(model);
  const code = `for record in records:\n    env['x_lineshaft_outbox'].sudo().create({'x_name': '${model}', 'x_res_id': record.id, 'x_event': '${event}'})`;
  const fields = event === "write" ? await fieldIds(odoo, model) : [];
  const id = await odoo.create("base.automation", {
    name,
    model_id: modelId,
    trigger,
    ...(fields.length > 0 && { trigger_field_ids: [[6, 0, fields]] }),
    action_server_ids: [[0, 0, { name, model_id: modelId, state: "code", code, usage: "base_automation" }]],
  });
  await odoo.remember(key, "base.automation", id);
  odoo.note(`Installed the automation ${name}.`);
}

async function fieldIds(odoo: Admin, model: string): Promise<number[]> {
  const wanted = FIELDS[model] ?? [];
  const domain = [
    ["model", "=", model],
    ["name", "in", wanted],
  ];
  const rows = wanted.length === 0 ? [] : await odoo.searchRead("ir.model.fields", domain, ["name"]);
  return rows.map((row) => Number(row["id"]));
}
