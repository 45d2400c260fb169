import type { Env } from "../env.ts";
import { boolean, char, integer, many2one, one2many, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { company } from "./company.ts";

const usages = ["supplier", "view", "internal", "customer", "inventory", "production", "transit"];

export const locationModels: Model[] = [
  {
    name: "stock.location",
    label: "Inventory Locations",
    order: "complete_name, id",
    displayName: fullName,
    fields: {
      name: char("Location Name", { required: true }),
      complete_name: char("Full Location Name", { compute: fullName }),
      location_id: many2one("Parent Location", "stock.location"),
      usage: selection("Location Type", usages, { required: true, default: "internal" }),
      barcode: char("Barcode"),
      active: boolean("Active", { default: true }),
      scrap_location: boolean("Is a Scrap Location?", { until: 18 }),
      company_id: company,
      child_ids: one2many("Contains", "stock.location", "location_id"),
      quant_ids: one2many("Quants", "stock.quant", "location_id"),
    },
  },
  {
    name: "stock.warehouse",
    label: "Warehouse",
    order: "id",
    fields: {
      name: char("Warehouse", { required: true }),
      code: char("Short Name", { required: true }),
      active: boolean("Active", { default: true }),
      company_id: company,
      view_location_id: many2one("View Location", "stock.location"),
      lot_stock_id: many2one("Location Stock", "stock.location"),
      in_type_id: many2one("In Type", "stock.picking.type"),
      out_type_id: many2one("Out Type", "stock.picking.type"),
      int_type_id: many2one("Internal Type", "stock.picking.type"),
      manu_type_id: many2one("Manufacturing Operation Type", "stock.picking.type"),
    },
  },
  {
    name: "stock.picking.type",
    label: "Picking Type",
    order: "sequence, id",
    displayName: (env, row) => `${text(env.find("stock.warehouse", ref(row.warehouse_id))?.name)}: ${text(row.name)}`,
    fields: {
      name: char("Operation Type", { required: true }),
      code: selection("Type of Operation", ["incoming", "outgoing", "internal", "mrp_operation"], { required: true }),
      sequence_code: char("Sequence Prefix", { required: true }),
      sequence: integer("Sequence"),
      active: boolean("Active", { default: true }),
      create_backorder: selection("Create Backorder", ["ask", "always", "never"], { required: true, default: "ask" }),
      default_location_src_id: many2one("Source Location", "stock.location"),
      default_location_dest_id: many2one("Destination Location", "stock.location"),
      warehouse_id: many2one("Warehouse", "stock.warehouse"),
      reservation_method: selection("Reservation Method", ["at_confirm", "manual", "by_date"], {
        default: "at_confirm",
      }),
      use_create_lots: boolean("Create New Lots/Serial Numbers", { default: true }),
      use_existing_lots: boolean("Use Existing Lots/Serial Numbers", { default: true }),
      company_id: company,
    },
  },
];

export function fullName(env: Env, row: Row): string {
  const parent = env.find("stock.location", ref(row.location_id));
  const named = parent && row.usage !== "view" ? `${fullName(env, parent)}/` : "";
  return `${named}${text(row.name)}`;
}

/** Goods are counted and reserved here; elsewhere (vendors, customers, production, losses) they are taken for granted. */
export function keepsStock(location: Row): boolean {
  return location.usage === "internal" || location.usage === "transit";
}
