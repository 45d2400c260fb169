import type { Env } from "./env.ts";
import { ref } from "./values.ts";

type Right = "read" | "write" | "create" | "unlink";

/** Who may change what, by groups; a model not named here may be read by every user and changed by an administrator. */
const changers: Readonly<Record<string, readonly string[]>> = {
  "mrp.production": ["mrp_user"],
  "mrp.workorder": ["mrp_user"],
  "mrp.workcenter.productivity": ["mrp_user"],
  "mrp.consumption.warning": ["mrp_user"],
  "mrp.consumption.warning.line": ["mrp_user"],
  "mrp.production.backorder": ["mrp_user"],
  "mrp.production.backorder.line": ["mrp_user"],
  "change.production.qty": ["mrp_user"],
  "mrp.bom": ["mrp_manager"],
  "mrp.bom.line": ["mrp_manager"],
  "mrp.bom.byproduct": ["mrp_manager"],
  "mrp.routing.workcenter": ["mrp_manager"],
  "mrp.workcenter": ["mrp_manager"],
  "mrp.workcenter.productivity.loss": ["mrp_manager"],
  "product.product": ["mrp_manager", "stock_manager"],
  "product.template": ["mrp_manager", "stock_manager"],
  "stock.lot": ["stock_user", "mrp_user"],
  "stock.move": ["stock_user", "mrp_user"],
  "stock.move.line": ["stock_user", "mrp_user"],
  "stock.quant": ["stock_user"],
  "stock.scrap": ["stock_user", "mrp_user"],
  "stock.warn.insufficient.qty.scrap": ["stock_user", "mrp_user"],
  "stock.picking": ["stock_user"],
  "stock.backorder.confirmation": ["stock_user"],
  "stock.location": ["stock_manager"],
  "stock.warehouse": ["stock_manager"],
  "stock.picking.type": ["stock_manager"],
};

const systemOnlyReads = new Set(["ir.model.data", "ir.actions.server", "ir.config_parameter", "base.automation"]);

export function mayAccess(env: Env, model: string, operation: string): boolean {
  const { groups } = env;
  if (groups.has("system")) return true;
  if (model.startsWith("x_")) return mayAccessManual(env, model, operation as Right);
  if (operation === "read") return !systemOnlyReads.has(model);
  if (model === "maintenance.request") return operation !== "unlink" || groups.has("equipment_manager");
  if (model.startsWith("maintenance.")) return groups.has("equipment_manager");
  return (changers[model] ?? []).some((group) => groups.has(group));
}

/** A model made at run time is open to those its access records name, and to nobody else. */
function mayAccessManual(env: Env, model: string, right: Right): boolean {
  const record = env.of("ir.model", "model", model)[0];
  if (!record) return false;
  return env
    .of("ir.model.access", "model_id", record.id)
    .filter((access) => access.active === true && access[`perm_${right}`] === true)
    .some((access) => ref(access.group_id) === undefined || env.groupIds.has(ref(access.group_id)!));
}
