import { idOf, odooTime, textOf } from "../values.ts";
import type { LogDowntime, RequestMaintenance, SaveProduct, SetStock } from "../operations.ts";
import { externalId, loadRecord } from "./load.ts";
import { refuse, type Records, type Row } from "./records.ts";
import type { PlainOperation } from "./target.ts";

export const saveProduct: PlainOperation<SaveProduct> = {
  async send(records, { value }) {
    const [known] = await records.search(
      "product.product",
      [
        ["default_code", "=", value.product],
        ["active", "in", [true, false]],
      ],
      ["name"],
    );
    const vals = await productVals(records, value, known === undefined);
    if (known) {
      await records.change("product.product", "write", [known.id], { vals });
    } else {
      await loadRecord(records, "product.product", externalId("product", value.product), loadable(vals));
    }
    return value.product;
  },
  async find(records, { value }) {
    const [known] = await records.search(
      "product.product",
      [
        ["default_code", "=", value.product],
        ["active", "in", [true, false]],
      ],
      ["name"],
    );
    return known?.["name"] === value.name ? { kind: "found", receipt: value.product } : { kind: "absent" };
  },
};

async function productVals(records: Records, value: SaveProduct, isNew: boolean): Promise<Record<string, unknown>> {
  const vals: Record<string, unknown> = { default_code: value.product, name: value.name };
  if (value.unit !== undefined && isNew) {
    const unit = await records.unit(value.unit);
    vals["uom_id"] = unit.id;
    if (records.version.major < 19) vals["uom_po_id"] = unit.id;
  }
  if (value.kind !== undefined || isNew) Object.assign(vals, productKind(records, value.kind ?? "stocked"));
  if (value.tracking !== undefined && isNew) vals["tracking"] = value.tracking;
  if (value.barcode !== undefined) vals["barcode"] = value.barcode;
  if (value.weight !== undefined) vals["weight"] = Number(value.weight);
  if (value.salesPrice !== undefined) vals["list_price"] = Number(value.salesPrice);
  if (value.cost !== undefined) vals["standard_price"] = Number(value.cost);
  if (value.description !== undefined) vals["description"] = value.description;
  if (value.active !== undefined) vals["active"] = value.active;
  return vals;
}

function productKind(records: Records, kind: NonNullable<SaveProduct["kind"]>): Record<string, unknown> {
  if (records.version.major < 18)
    return { detailed_type: kind === "stocked" ? "product" : kind === "service" ? "service" : "consu" };
  return kind === "service" ? { type: "service" } : { type: "consu", is_storable: kind === "stocked" };
}

/** `load` takes text, and a many2one's id in a column of its own name. */
function loadable(vals: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(vals).map(([field, value]) => [field.endsWith("_id") ? `${field}/.id` : field, String(value)]),
  );
}

export const setStock: PlainOperation<SetStock> = {
  async send(records, { value }) {
    const place = await stockPlace(records, value);
    const amount = await records.amount(value.quantity, place.unit, value.product);
    const quants = await records.search("stock.quant", place.domain, ["quantity"]);
    const before = sum(quants);
    const [first] = quants;
    const mode = { inventory_mode: true };
    if (first) {
      const own = amount - before + Number(first["quantity"]);
      await records.change("stock.quant", "write", [first.id], { vals: { inventory_quantity_auto_apply: own } }, mode);
    } else if (amount > 0) {
      const vals = { product_id: place.product.id, location_id: place.location.id, lot_id: place.lot ?? false };
      await records.change(
        "stock.quant",
        "create",
        undefined,
        { vals_list: [{ ...vals, inventory_quantity_auto_apply: amount }] },
        mode,
      );
    }
    const after = sum(await records.search("stock.quant", place.domain, ["quantity"]));
    if (Math.abs(after - amount) > 1e-6)
      throw refuse("not-completed", `Odoo holds ${after} of ${value.product} after it was set to ${amount}.`);
    return receiptOf(value, place.location);
  },
  async find(records, { value }) {
    const place = await stockPlace(records, value);
    const held = sum(await records.search("stock.quant", place.domain, ["quantity"]));
    if (held === Number(value.quantity.value)) return { kind: "found", receipt: receiptOf(value, place.location) };
    return { kind: "absent", evidence: `${held} on stock` };
  },
};

async function stockPlace(records: Records, value: SetStock) {
  const product = await records.product(value.product);
  const location = await locationOf(records, value.location);
  const lot = await lotOf(records, product, value);
  // A count is about loose stock of one's own.
  const besides = await records.known("stock.quant", ["package_id", "owner_id"]);
  const domain = [
    ["product_id", "=", product.id],
    ["location_id", "=", location.id],
    ["lot_id", "=", lot ?? false],
    ...besides.map((field) => [field, "=", false]),
  ];
  const [unit] = await records.search("uom.uom", [["id", "=", idOf(product["uom_id"])]], ["name", "rounding"]);
  if (!unit) throw refuse("unit-unknown", `Odoo does not show the unit of ${value.product}.`);
  return { product, location, lot, domain, unit };
}

async function locationOf(records: Records, name: string | undefined): Promise<Row> {
  if (name === undefined) {
    const [warehouse] = await records.search("stock.warehouse", [], ["lot_stock_id"]);
    const [stock] = await records.search(
      "stock.location",
      [["id", "=", idOf(warehouse?.["lot_stock_id"])]],
      ["complete_name"],
    );
    if (stock) return stock;
  }
  const found = await records.search(
    "stock.location",
    ["|", ["complete_name", "=", name], ["barcode", "=", name]],
    ["complete_name"],
  );
  if (found[0] && found.length === 1) return found[0];
  throw refuse(
    "location-unknown",
    `${found.length === 0 ? "No" : "More than one"} location is called ${String(name)}.`,
  );
}

async function lotOf(records: Records, product: Row, value: SetStock): Promise<number | undefined> {
  if (product["tracking"] === "none") return undefined;
  if (value.lot === undefined)
    throw refuse("lot-missing", `The product ${value.product} is tracked, and the count names no lot.`);
  const [lot] = await records.search(
    "stock.lot",
    [
      ["name", "=", value.lot],
      ["product_id", "=", product.id],
    ],
    ["name"],
  );
  if (!lot) throw refuse("lot-unknown", `The product ${value.product} has no lot ${value.lot}.`);
  return lot.id;
}

function sum(quants: readonly Row[]): number {
  return quants.reduce((total, quant) => total + Number(quant["quantity"]), 0);
}

function receiptOf(value: SetStock, location: Row): string {
  return `${value.product} @ ${String(location["complete_name"])}`;
}

export const logDowntime: PlainOperation<LogDowntime> = {
  async send(records, { token, value }) {
    const [center] = await records.search(
      "mrp.workcenter",
      ["|", ["code", "=", value.workCenter], ["name", "=", value.workCenter]],
      ["name"],
    );
    if (!center) throw refuse("work-center-unknown", `No work center has the code ${value.workCenter}.`);
    const named = value.reason === undefined ? [] : [["name", "=", value.reason]];
    const [loss] = await records.search(
      "mrp.workcenter.productivity.loss",
      [["loss_type", "=", value.category], ...named],
      ["name"],
      "sequence, id",
    );
    if (!loss)
      throw refuse("loss-unknown", `No loss reason of the category ${value.category} is called ${value.reason ?? ""}.`);
    const begun = [
      ["workcenter_id", "=", center.id],
      ["date_start", "=", odooTime(value.start)],
      ["date_end", "=", false],
    ];
    const [open] = await records.search("mrp.workcenter.productivity", begun, ["description"]);
    if (open && value.end !== undefined) {
      const description = `${textOf(open["description"]) ?? ""} [${token}]`.trim();
      const vals = { date_end: odooTime(value.end), loss_id: loss.id, description };
      await records.change("mrp.workcenter.productivity", "write", [open.id], { vals });
      return `stop ${open.id}`;
    }
    const id = await loadRecord(records, "mrp.workcenter.productivity", externalId("stop", token), {
      "workcenter_id/.id": center.id,
      "loss_id/.id": loss.id,
      date_start: odooTime(value.start),
      date_end: value.end === undefined ? undefined : odooTime(value.end),
      description: `${value.note ?? ""} [${token}]`.trim(),
    });
    return `stop ${id}`;
  },
  async find(records, { token }) {
    const [row] = await records.search(
      "mrp.workcenter.productivity",
      [["description", "like", `[${token}]`]],
      ["description"],
    );
    return row ? { kind: "found", receipt: `stop ${row.id}` } : { kind: "absent" };
  },
};

const PRIORITIES = { low: "0", normal: "1", high: "2", urgent: "3" } as const;

export const requestMaintenance: PlainOperation<RequestMaintenance> = {
  async send(records, { token, value }) {
    const told = `<p>${escapeHtml(value.description ?? "")}</p><p>[${token}]</p>`;
    const mark = value.about === undefined ? "" : `<p>[about ${escapeHtml(value.about)}]</p>`;
    const standing = mark === "" ? undefined : await standingRequest(records, value);
    if (standing) {
      const vals = {
        description: `${textOf(standing["description"]) ?? ""}${told}`,
        ...(await closing(records, value)),
      };
      await records.change("maintenance.request", "write", [standing.id], { vals });
      return `maintenance request ${standing.id}`;
    }
    if (value.create === false) return "no request to update";
    const id = await loadRecord(records, "maintenance.request", externalId("request", token), {
      name: value.title,
      maintenance_type: value.kind ?? "corrective",
      priority: PRIORITIES[value.priority ?? "normal"],
      "equipment_id/.id": value.equipment === undefined ? undefined : await equipmentOf(records, value.equipment),
      schedule_date: value.scheduledFor === undefined ? undefined : odooTime(value.scheduledFor),
      description: told + mark,
    });
    return `maintenance request ${id}`;
  },
  async find(records, { token }) {
    const [row] = await records.search("maintenance.request", [["description", "like", `[${token}]`]], ["name"]);
    return row ? { kind: "found", receipt: `maintenance request ${row.id}` } : { kind: "absent" };
  },
};

/** The request about the same thing; of one that can come again, only while it is open. */
async function standingRequest(
  records: Records,
  { about = "", recurring }: RequestMaintenance,
): Promise<Row | undefined> {
  const domain = [
    ["description", "like", `[about ${escapeHtml(about)}]`],
    ...(recurring === true ? [["stage_id.done", "=", false]] : []),
  ];
  const [found] = await records.search("maintenance.request", domain, ["description"], "id desc");
  return found;
}

async function closing(records: Records, { close, hours }: RequestMaintenance): Promise<Record<string, unknown>> {
  const lasted = hours === undefined ? {} : { duration: Number(hours) };
  if (close !== true) return lasted;
  const [stage] = await records.search("maintenance.stage", [["done", "=", true]], ["name"], "sequence, id");
  if (!stage) throw refuse("not-completed", "Odoo has no maintenance stage in which a request is done.");
  return { ...lasted, stage_id: stage.id };
}

async function equipmentOf(records: Records, name: string): Promise<number> {
  const found = await records.search(
    "maintenance.equipment",
    ["|", ["serial_no", "=", name], ["name", "=", name]],
    ["name"],
  );
  if (found[0] && found.length === 1) return found[0].id;
  throw refuse(
    "equipment-unknown",
    `${found.length === 0 ? "No" : "More than one"} equipment has the serial number or name ${name}.`,
  );
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\n", "<br/>");
}
