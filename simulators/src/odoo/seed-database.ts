import type { Env } from "./env.ts";
import type { JsonObject } from "./values.ts";

/** A user and what they may do. Keys work as bearer token and as password. */
export interface OdooSimulatorUser {
  login: string;
  key: string;
  name?: string;
  /** Technical group names; `system` may do everything. */
  groups: readonly OdooGroup[];
}

export type OdooGroup =
  "user" | "mrp_user" | "mrp_manager" | "stock_user" | "stock_manager" | "equipment_manager" | "system";

const groupNames: readonly OdooGroup[] = [
  "user",
  "mrp_user",
  "mrp_manager",
  "stock_user",
  "stock_manager",
  "equipment_manager",
  "system",
];

const implied: Partial<Record<OdooGroup, readonly OdooGroup[]>> = {
  mrp_manager: ["mrp_user"],
  stock_manager: ["stock_user"],
  system: groupNames,
};

/** What a fresh Odoo with Manufacturing, Inventory and Maintenance holds before anybody has worked with it. */
export function seedDatabase(env: Env, users: readonly OdooSimulatorUser[]): void {
  const make = (model: string, values: JsonObject) => env.create(model, values).id;
  make("res.company", { name: "My Company" });
  seedUsers(env, users);
  seedUnits(env);
  seedPlaces(env);
  seedWork(env);
  seedDescriptions(env);
  make("decimal.precision", { name: env.version >= 19 ? "Product Unit" : "Product Unit of Measure", digits: 2 });
  make("decimal.precision", { name: "Product Price", digits: 2 });
  for (const module of ["base", "product", "uom", "stock", "mrp", "maintenance", "base_automation", "purchase", "sale"])
    make("ir.module.module", { name: module, state: "installed", latest_version: `${env.version}.0.1.0` });
}

function seedUsers(env: Env, users: readonly OdooSimulatorUser[]): void {
  const groups = new Map<OdooGroup, number>();
  for (const name of groupNames) {
    const id = env.create("res.groups", { name }).id;
    groups.set(name, id);
    env.create("ir.model.data", { module: moduleOf(name), name: `group_${name}`, model: "res.groups", res_id: id });
  }
  env.create("res.users", { name: "OdooBot", login: "__system__", active: false });
  for (const user of users) {
    const all = new Set(["user" as OdooGroup, ...user.groups, ...user.groups.flatMap((name) => implied[name] ?? [])]);
    const field = env.version >= 19 ? "group_ids" : "groups_id";
    const ids = [...all].map((name) => groups.get(name)!);
    env.create("res.users", { name: user.name ?? user.login, login: user.login, [field]: [[6, 0, ids]] });
  }
}

function moduleOf(group: OdooGroup): string {
  if (group.startsWith("mrp")) return "mrp";
  if (group.startsWith("stock")) return "stock";
  return group === "equipment_manager" ? "maintenance" : "base";
}

/** What the factor means changed in 19 (kg is 1000 there, its root being the gram). The root of each kind comes first. */
const units: readonly [name: string, category: string, factor17: number, factor19: number, externalId: string][] = [
  ["Units", "Unit", 1, 1, "product_uom_unit"],
  ["Dozens", "Unit", 1 / 12, 12, "product_uom_dozen"],
  ["g", "Weight", 1000, 1, "product_uom_gram"],
  ["kg", "Weight", 1, 1000, "product_uom_kgm"],
  ["t", "Weight", 0.001, 1_000_000, "product_uom_ton"],
  ["Hours", "Working Time", 8, 1, "product_uom_hour"],
  ["Days", "Working Time", 1, 8, "product_uom_day"],
  ["mm", "Length / Distance", 1000, 1, "product_uom_millimeter"],
  ["cm", "Length / Distance", 100, 10, "product_uom_cm"],
  ["m", "Length / Distance", 1, 1000, "product_uom_meter"],
  ["m²", "Surface", 1, 1, "uom_square_meter"],
  ["ml", "Volume", 1000, 1, "product_uom_milliliter"],
  ["L", "Volume", 1, 1000, "product_uom_litre"],
  ["m³", "Volume", 0.001, 1_000_000, "product_uom_cubic_meter"],
];

function seedUnits(env: Env): void {
  const categories = new Map<string, number>();
  const roots = new Map<string, number>();
  for (const [name, category, factor17, factor19, externalId] of units) {
    const values: JsonObject =
      env.version >= 19
        ? { name, factor: factor19, relative_factor: factor19, relative_uom_id: roots.get(category) ?? false }
        : { name, factor: factor17, uom_type: kindOf(factor17), category_id: categoryId(env, categories, category) };
    const id = env.create("uom.uom", values).id;
    if (!roots.has(category)) roots.set(category, id);
    env.create("ir.model.data", { module: "uom", name: externalId, model: "uom.uom", res_id: id });
  }
}

function kindOf(factor: number): string {
  if (factor === 1) return "reference";
  return factor > 1 ? "smaller" : "bigger";
}

function categoryId(env: Env, known: Map<string, number>, name: string): number {
  const id = known.get(name) ?? env.create("uom.category", { name }).id;
  known.set(name, id);
  return id;
}

function seedPlaces(env: Env): void {
  const location = (name: string, usage: string, parent: number | false = false, more: JsonObject = {}) =>
    env.create("stock.location", { name, usage, location_id: parent, ...more }).id;
  const partners = env.version >= 19 ? false : location("Partners", "view");
  const virtual = env.version >= 19 ? false : location("Virtual Locations", "view");
  const vendors = location("Vendors", "supplier", partners);
  const customers = location("Customers", "customer", partners);
  const view = location("WH", "view");
  const stock = location("Stock", "internal", view);
  location("Inventory adjustment", "inventory", virtual);
  location("Production", "production", virtual);
  if (env.version <= 18) location("Scrap", "inventory", virtual, { scrap_location: true });
  const warehouse = env.create("stock.warehouse", {
    name: "My Company",
    code: "WH",
    view_location_id: view,
    lot_stock_id: stock,
  });
  const type = (name: string, code: string, prefix: string, from: number, to: number) =>
    env.create("stock.picking.type", {
      name,
      code,
      sequence_code: prefix,
      default_location_src_id: from,
      default_location_dest_id: to,
      warehouse_id: warehouse.id,
    }).id;
  env.write("stock.warehouse", warehouse, {
    in_type_id: type("Receipts", "incoming", "IN", vendors, stock),
    out_type_id: type("Delivery Orders", "outgoing", "OUT", stock, customers),
    int_type_id: type("Internal Transfers", "internal", "INT", stock, stock),
    manu_type_id: type("Manufacturing", "mrp_operation", "MO", stock, stock),
  });
}

const losses: readonly [name: string, type: string, manual: boolean][] = [
  ["Material Availability", "availability", true],
  ["Equipment Failure", "availability", true],
  ["Setup and Adjustments", "availability", true],
  ["Reduced Speed", "performance", false],
  ["Process Defect", "quality", true],
  ["Reduced Yield", "quality", true],
  ["Fully Productive Time", "productive", false],
];

function seedWork(env: Env): void {
  for (const [name, loss_type, manual] of losses)
    env.create("mrp.workcenter.productivity.loss", { name, loss_type, manual });
  const stages: readonly [string, boolean][] = [
    ["New Request", false],
    ["In Progress", false],
    ["Repaired", true],
    ["Scrap", true],
  ];
  stages.forEach(([name, done], at) => env.create("maintenance.stage", { name, done, sequence: at + 1 }));
  env.create("maintenance.team", { name: "Internal Maintenance" });
}

/** Every model and field as a record of ir.model and ir.model.fields. */
function seedDescriptions(env: Env): void {
  const inside = env.withContext({ base: true });
  for (const model of env.db.models()) {
    const record = inside.create("ir.model", { name: model.label, model: model.name, state: "base" });
    for (const [name, field] of Object.entries(model.fields)) {
      inside.create("ir.model.fields", {
        name,
        model_id: record.id,
        field_description: field.label,
        ttype: field.type,
        relation: field.relation ?? false,
        state: "base",
      });
    }
  }
}
