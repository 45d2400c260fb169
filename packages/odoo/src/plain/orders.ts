import type { Found, Item } from "@lineshaft/core";
import { idOf, odooTime, textOf } from "../values.ts";
import type { CompleteOrder, CreateOrder } from "../operations.ts";
import { externalId, loadRecord } from "./load.ts";
import { refuse, type Records, type Row } from "./records.ts";
import type { PlainOperation } from "./target.ts";

const OPEN = ["confirmed", "progress", "to_close"];
const ORDER_FIELDS = [
  "name",
  "state",
  "product_id",
  "product_uom_id",
  "product_qty",
  "qty_produced",
  "qty_producing",
  "date_finished",
];

export const createOrder: PlainOperation<CreateOrder> = {
  async send(records, { token, value }) {
    const product = await records.product(value.product);
    const unit = await records.unit(value.quantity.unit);
    const standing = await records.search(
      "mrp.production",
      [
        ["origin", "=", value.order],
        ["state", "not in", ["cancel", "draft"]],
      ],
      ["name"],
    );
    if (standing[0])
      throw refuse(
        "order-exists",
        `The production order ${String(standing[0]["name"])} has the source ${value.order} already.`,
      );
    const id = await loadRecord(records, "mrp.production", externalId("order", token), {
      "product_id/.id": product.id,
      product_qty: await records.amount(value.quantity, unit, value.product),
      "product_uom_id/.id": unit.id,
      origin: value.order,
      "bom_id/.id": value.revision === undefined ? undefined : await bill(records, product, value),
      date_start: value.start === undefined ? undefined : odooTime(value.start),
      date_deadline: value.deadline === undefined ? undefined : odooTime(value.deadline),
    });
    if (value.confirm !== false) await records.change("mrp.production", "action_confirm", [id], {});
    return nameOf(records, id);
  },
  async find(records, { value }) {
    const [order] = await records.search(
      "mrp.production",
      [
        ["origin", "=", value.order],
        ["state", "!=", "cancel"],
      ],
      ["name", "state"],
    );
    if (!order) return { kind: "absent" };
    // Created but not confirmed: sending again updates the same order and confirms it.
    if (order["state"] === "draft" && value.confirm !== false)
      return { kind: "absent", evidence: `${String(order["name"])} is a draft` };
    return { kind: "found", receipt: String(order["name"]) };
  },
};

export const completeOrder: PlainOperation<CompleteOrder> = {
  async send(records, { value }) {
    onlyPlain(value);
    const order = openOrder(value.order, await chain(records, value.order));
    const [unit] = await records.search("uom.uom", [["id", "=", idOf(order["product_uom_id"])]], ["name", "rounding"]);
    if (!unit) throw refuse("unit-unknown", `Odoo does not show the unit of ${String(order["name"])}.`);
    const produced = await records.amount(value.yield, unit, value.order);
    if (produced === 0) throw refuse("nothing-reported", `No yield of ${value.order} was reported.`);
    const lot = await lotFor(records, order, value);
    await setProduced(records, order, produced, lot);
    const rest = Number(order["product_qty"]) - Number(order["qty_produced"]) - produced;
    await markDone(records, order, rest > 1e-6 && value.final !== true);
    return nameOf(records, order.id);
  },
  find: findCompletion,
};

/** The chain tells what was done; only a lot of its own makes a report recognizable. */
async function findCompletion(records: Records, { value, receivedTime }: Item<CompleteOrder>): Promise<Found> {
  const members = await chain(records, value.order);
  const done = members.filter(
    (order) => order["state"] === "done" && Number(order["qty_produced"]) === Number(value.yield.value),
  );
  if (value.lot !== undefined) {
    const domain = [
      ["name", "=", value.lot],
      ["product_id", "=", idOf(members[0]?.["product_id"])],
    ];
    const [lot] = await records.search("stock.lot", domain, ["name"]);
    const [made] = lot
      ? await records.search(
          "mrp.production",
          [
            ["id", "in", done.map((order) => order.id)],
            [records.lotField, "=", lot.id],
          ],
          ["name"],
        )
      : [];
    return made
      ? { kind: "found", receipt: String(made["name"]) }
      : { kind: "absent", evidence: `no finished order with lot ${value.lot}` };
  }
  const since = odooTime(new Date(receivedTime).toISOString());
  const candidate = done.find((order) => String(order["date_finished"]) >= since);
  if (!candidate) return { kind: "absent", evidence: `nothing of ${value.order} was finished since ${since}` };
  return {
    kind: "unknown",
    message: `${String(candidate["name"])} was finished since with the same quantity; without a lot nothing tells whether by this report.`,
  };
}

function onlyPlain(value: CompleteOrder): void {
  const more = (["lots", "serials", "scrap", "consumption", "byProducts", "finishedAt", "note"] as const).filter(
    (name) => value[name] !== undefined,
  );
  if (more.length > 0) {
    throw refuse(
      "value-invalid",
      `In plain mode a report of ${value.order} cannot carry ${more.join(", ")}: that would take several transactions.`,
    );
  }
}

async function chain(records: Records, name: string): Promise<Row[]> {
  const group = records.version.major >= 19 ? "production_group_id" : "procurement_group_id";
  const fields = [...ORDER_FIELDS, group];
  const like = `${name.replace(/[\\%_]/g, String.raw`\$&`)}-___`;
  let named: Row[] = [];
  for (const condition of [
    ["name", "=", name],
    ["name", "=like", like],
    ["origin", "=", name],
  ]) {
    named = await records.search("mrp.production", [condition], fields);
    if (named.length > 0) break;
  }
  const [first] = named;
  if (!first) throw refuse("order-unknown", `No production order has the name or source ${name}.`);
  const groups = named.map((order) => idOf(order[group])).filter((id) => id !== undefined);
  if (groups.length === 0) return named;
  return records.search(
    "mrp.production",
    [
      [group, "in", groups],
      ["product_id", "=", idOf(first["product_id"])],
    ],
    fields,
  );
}

function openOrder(name: string, members: readonly Row[]): Row {
  const open = members.filter((order) => OPEN.includes(String(order["state"])));
  const [only] = open;
  if (only && open.length === 1) return only;
  if (only) throw refuse("order-ambiguous", `More than one open production order stands for ${name}.`);
  if (members.some((order) => order["state"] === "draft"))
    throw refuse("order-not-released", `The production order ${name} was never confirmed.`);
  throw refuse("order-closed", `Nothing of the production order ${name} is open.`);
}

async function lotFor(records: Records, order: Row, value: CompleteOrder): Promise<number | undefined> {
  const product = idOf(order["product_id"]) ?? 0;
  const [row] = await records.search("product.product", [["id", "=", product]], ["tracking", "default_code"]);
  if (row?.["tracking"] === "none") return undefined;
  if (row?.["tracking"] === "serial")
    throw refuse("value-invalid", `In plain mode serial numbers of ${value.order} cannot be reported.`);
  if (value.lot === undefined)
    throw refuse("lot-missing", `The product of ${value.order} is tracked by lot, and the report names none.`);
  const [known] = await records.search(
    "stock.lot",
    [
      ["name", "=", value.lot],
      ["product_id", "=", product],
    ],
    ["name"],
  );
  if (known) return known.id;
  const vals = { name: value.lot, product_id: product, company_id: await records.company() };
  const made = await records.change("stock.lot", "create", undefined, { vals_list: [vals] });
  return Array.isArray(made) ? Number(made[0]) : Number(made);
}

/** Over RPC nothing computes the consumption from the quantity by itself, and what is not picked is not consumed. */
async function setProduced(records: Records, order: Row, produced: number, lot: number | undefined): Promise<void> {
  const lots = lot === undefined ? {} : { [records.lotField]: records.version.major >= 19 ? [[6, 0, [lot]]] : lot };
  const vals = { qty_producing: Number(order["qty_produced"]) + produced, ...lots };
  await records.change("mrp.production", "write", [order.id], { vals });
  await records.change("mrp.production", "set_qty_producing", [order.id], {});
  const domain = [
    ["raw_material_production_id", "=", order.id],
    ["picked", "=", false],
    ["state", "not in", ["done", "cancel"]],
  ];
  const unpicked = await records.search("stock.move", domain, ["quantity"]);
  if (unpicked.length > 0) {
    await records.change(
      "stock.move",
      "write",
      unpicked.map((move) => move.id),
      { vals: { picked: true } },
    );
  }
}

/** A button's 200 means nothing: the state after it does. */
async function markDone(records: Records, order: Row, keepsRest: boolean): Promise<void> {
  const context = {
    skip_backorder: true,
    skip_redirection: true,
    ...(keepsRest && { mo_ids_to_backorder: [order.id] }),
  };
  const answer = await records.change("mrp.production", "button_mark_done", [order.id], {}, context);
  const [after] = await records.search("mrp.production", [["id", "=", order.id]], ["name", "state"]);
  if (after?.["state"] === "done") return;
  const asked =
    typeof answer === "object" && answer !== null && "res_model" in answer ? String(answer.res_model) : "nothing";
  throw refuse(
    "not-completed",
    `Odoo left ${String(order["name"])} in the state ${String(after?.["state"])} and asked ${asked}.`,
  );
}

async function bill(records: Records, product: Row, { revision, product: reference }: CreateOrder): Promise<number> {
  const [found] = await records.search(
    "mrp.bom",
    [
      ["product_tmpl_id.product_variant_ids", "=", product.id],
      ["code", "=", revision],
    ],
    ["code"],
  );
  if (!found) throw refuse("bill-unknown", `The product ${reference} has no bill of materials ${String(revision)}.`);
  return found.id;
}

async function nameOf(records: Records, id: number): Promise<string> {
  const [row] = await records.search("mrp.production", [["id", "=", id]], ["name"]);
  return textOf(row?.["name"]) ?? String(id);
}
