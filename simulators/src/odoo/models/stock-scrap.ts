import type { Env } from "../env.ts";
import { userError } from "../errors.ts";
import { char, datetime, many2many, many2one, one2many, quantity, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { moveAtOnce } from "../stock/move-at-once.ts";
import { quantsOf } from "../stock/quants.ts";
import { wizard } from "../production/wizards.ts";
import { compareQuantity, num, ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { company } from "./company.ts";
import { isStorable, trackingOf } from "./product.ts";

export const scrapModels: Model[] = [
  {
    name: "stock.scrap",
    label: "Scrap",
    order: "id desc",
    fields: {
      name: char("Reference", { required: true, default: "New", copied: false }),
      product_id: many2one("Product", "product.product", { required: true }),
      product_uom_id: many2one("Unit", "uom.uom", { required: true }),
      scrap_qty: quantity("Quantity", { required: true }),
      lot_id: many2one("Lot/Serial", "stock.lot"),
      location_id: many2one("Source Location", "stock.location", { required: true }),
      scrap_location_id: many2one("Scrap Location", "stock.location", { required: true }),
      production_id: many2one("Manufacturing Order", "mrp.production"),
      workorder_id: many2one("Work Order", "mrp.workorder"),
      picking_id: many2one("Picking", "stock.picking"),
      scrap_reason_tag_ids: many2many("Scrap Reason", "stock.scrap.reason.tag", { since: 18 }),
      origin: char("Source Document", { indexed: true }),
      state: selection("Status", ["draft", "done"], { default: "draft", copied: false }),
      date_done: datetime("Date", { copied: false }),
      move_ids: one2many("Moves", "stock.move", "scrap_id"),
      company_id: company,
    },
    methods: {
      action_validate: press(validate),
      do_scrap: press((env, row) => (scrapNow(env, row), true)),
    },
    prepare: (env, values) => {
      values.product_uom_id ??= env.find("product.product", ref(values.product_id))?.uom_id ?? false;
      const order = env.find("mrp.production", ref(values.production_id));
      const done = order?.state === "done";
      values.location_id ??= (done ? order.location_dest_id : order?.location_src_id) ?? stockLocation(env);
      values.scrap_location_id ??= scrapLocation(env);
      if (order) values.origin ??= text(order.name);
    },
  },
  {
    name: "stock.scrap.reason.tag",
    label: "Scrap Reason Tag",
    since: 18,
    fields: { name: char("Name", { required: true }) },
  },
  {
    name: "stock.warn.insufficient.qty.scrap",
    label: "Warn Insufficient Scrap Quantity",
    transient: true,
    fields: {
      scrap_id: many2one("Scrap", "stock.scrap"),
      product_id: many2one("Product", "product.product"),
      location_id: many2one("Location", "stock.location"),
      quantity: quantity("Quantity"),
    },
    methods: {
      action_done: {
        on: "records",
        params: [],
        needs: "write",
        movesStock: true,
        run: (env, ids) => {
          for (const row of env.many("stock.warn.insufficient.qty.scrap", ids))
            scrapNow(env, env.one("stock.scrap", ref(row.scrap_id)));
          return true;
        },
      },
    },
  },
];

function press(run: (env: Env, row: Row) => unknown) {
  return {
    on: "records" as const,
    params: [],
    needs: "write" as const,
    movesStock: true,
    run: (env: Env, ids: readonly number[]) =>
      env
        .many("stock.scrap", ids)
        .map((row) => run(env, row))
        .at(-1) ?? true,
  };
}

export function stockLocation(env: Env): number {
  return num(env.search("stock.warehouse", [], { limit: 1 })[0]?.lot_stock_id);
}

/** A location of usage inventory: 18 and before the one marked for scrap, later the first. */
function scrapLocation(env: Env): number {
  const losses = env.search("stock.location", [["usage", "=", "inventory"]], { order: "id" });
  return (losses.find((row) => row.scrap_location === true) ?? losses[0])!.id;
}

/** Does not ask whether the scrap is done already: a second validation scraps again. */
function validate(env: Env, row: Row): unknown {
  if (compareQuantity(num(row.scrap_qty), 0) <= 0) throw userError("You can only enter positive quantities.");
  const product = env.one("product.product", ref(row.product_id));
  if (!isStorable(env, product)) return scrapNow(env, row);
  const lots = trackingOf(product) === "none" ? null : (ref(row.lot_id) ?? null);
  const there = quantsOf(env, product.id, num(row.location_id), lots).reduce(
    (sum, quant) => sum + num(quant.quantity),
    0,
  );
  if (compareQuantity(there, num(row.scrap_qty)) >= 0) return scrapNow(env, row);
  return wizard("stock.warn.insufficient.qty.scrap", `${text(product.name)}: Insufficient Quantity To Scrap`, {
    ...env.context,
    default_product_id: product.id,
    default_location_id: row.location_id as number,
    default_scrap_id: row.id,
    default_quantity: num(row.scrap_qty),
  });
}

function scrapNow(env: Env, row: Row): true {
  const name = `SP/${String(env.db.next("stock.scrap")).padStart(5, "0")}`;
  moveAtOnce(env, {
    place: { product: num(row.product_id), location: num(row.location_id), lot: ref(row.lot_id) },
    to: num(row.scrap_location_id),
    quantity: num(row.scrap_qty),
    values: {
      scrap_id: row.id,
      origin: text(row.origin) || name,
      reference: name,
      ...(env.version <= 18 && { scrapped: true, name }),
    },
  });
  env.set("stock.scrap", row, { name, state: "done", date_done: env.now });
  return true;
}
