import type { Secret } from "@lineshaft/core";

/** A real Odoo, as the environment names it. */
export interface RealOdoo {
  url: string;
  database: string;
  login: string;
  key: Secret;
  adminLogin: string;
  adminKey: Secret;
}

export type Row = Record<string, unknown> & { id: number };

/** What stands in Odoo for one order and all that was split off it. */
export interface Standing {
  /** Oldest first: `done 5`, and what was made. */
  members: { name: string; state: string; planned: number; made: number; lots: string[] }[];
  /** Consumed by internal reference. */
  consumed: Record<string, number>;
  /** Consumed of tracked components, by lot. */
  consumedLots: Record<string, number>;
  scrapped: { quantity: number; lot: string; state: string }[];
  /** The claims of our tokens on these orders: token to Odoo's name of what it did. */
  claims: { token: string; operation: string; receipt: string }[];
}

/** Reads and prepares an Odoo over its JSON-RPC as one user, by a client that shares nothing with the connector. */
export class OdooEyes {
  readonly #odoo: RealOdoo;
  readonly #key: Secret;
  readonly #uid: number;
  readonly major: number;

  private constructor(odoo: RealOdoo, key: Secret, uid: number, major: number) {
    this.#odoo = odoo;
    this.#key = key;
    this.#uid = uid;
    this.major = major;
  }

  static async open(odoo: RealOdoo, login: string, key: Secret): Promise<OdooEyes> {
    const version = (await rpc(odoo.url, "common", "version", [])) as { server_version_info: [number] };
    const uid = await rpc(odoo.url, "common", "authenticate", [odoo.database, login, key.read(), {}]);
    if (typeof uid !== "number") throw new Error(`${odoo.url} does not let ${login} in.`);
    return new OdooEyes(odoo, key, uid, version.server_version_info[0]);
  }

  call(model: string, method: string, args: unknown[], named: Record<string, unknown> = {}): Promise<unknown> {
    const { url, database } = this.#odoo;
    return rpc(url, "object", "execute_kw", [database, this.#uid, this.#key.read(), model, method, args, named]);
  }

  async rows(model: string, domain: unknown[], fields: string[]): Promise<Row[]> {
    return (await this.call(model, "search_read", [domain], { fields, order: "id" })) as Row[];
  }

  async create(model: string, values: object): Promise<number> {
    const made = await this.call(model, "create", [[values]]);
    return Array.isArray(made) ? Number(made[0]) : Number(made);
  }

  /** What stands for an order, by its source. */
  async standing(order: string): Promise<Standing> {
    const lotField = this.major >= 19 ? "lot_producing_ids" : "lot_producing_id";
    const fields = ["name", "state", "product_qty", "qty_produced", lotField];
    const family = await this.rows("mrp.production", [["origin", "=", order]], fields);
    const ids = family.map((row) => row.id);
    const lotNames = await this.#lotNames(family.flatMap((row) => idsIn(row[lotField])));
    const taken = await this.rows(
      "stock.move.line",
      [
        ["move_id.raw_material_production_id", "in", ids],
        ["state", "=", "done"],
      ],
      ["product_id", "quantity", "lot_id"],
    );
    const codes = await this.#codes(taken.map((line) => idOf(line["product_id"])));
    const scraps = await this.rows("stock.scrap", [["production_id", "in", ids]], ["scrap_qty", "lot_id", "state"]);
    const claims = await this.rows(
      "x_lineshaft_operation",
      [
        ["x_model", "=", "mrp.production"],
        ["x_res_id", "in", ids],
      ],
      ["x_name", "x_operation", "x_receipt"],
    );
    return {
      members: family.map((row) => ({
        name: String(row["name"]),
        state: String(row["state"]),
        planned: Number(row["product_qty"]),
        made: Number(row["qty_produced"]),
        lots: idsIn(row[lotField]).map((id) => lotNames.get(id) ?? "?"),
      })),
      consumed: sums(taken, (line) => codes.get(idOf(line["product_id"])) ?? "?"),
      consumedLots: sums(
        taken.filter((line) => line["lot_id"]),
        (line) => nameOf(line["lot_id"]),
      ),
      scrapped: scraps.map((row) => ({
        quantity: Number(row["scrap_qty"]),
        lot: nameOf(row["lot_id"]),
        state: String(row["state"]),
      })),
      claims: claims.map((row) => ({
        token: String(row["x_name"]),
        operation: String(row["x_operation"]),
        receipt: String(row["x_receipt"]),
      })),
    };
  }

  /** On stock, by lot (`-` for none), and nothing where it is nought. */
  async onHand(product: string): Promise<Record<string, number>> {
    const domain = [
      ["product_id.default_code", "=", product],
      ["location_id.usage", "=", "internal"],
    ];
    const quants = await this.rows("stock.quant", domain, ["quantity", "lot_id"]);
    const held = sums(quants, (row) => (row["lot_id"] ? nameOf(row["lot_id"]) : "-"));
    return Object.fromEntries(Object.entries(held).filter(([, quantity]) => quantity !== 0));
  }

  /** What people read beside the orders of a family, without its markup. */
  async remarks(order: string): Promise<string[]> {
    const family = await this.rows("mrp.production", [["origin", "=", order]], ["id"]);
    const domain = [
      ["model", "=", "mrp.production"],
      ["res_id", "in", family.map((row) => row.id)],
    ];
    const messages = await this.rows("mail.message", domain, ["body"]);
    return messages.map((row) => String(row["body"]).replaceAll(/<[^>]*>/g, "")).filter(Boolean);
  }

  async #lotNames(ids: number[]): Promise<Map<number, string>> {
    const rows = await this.rows("stock.lot", [["id", "in", ids]], ["name"]);
    return new Map(rows.map((row) => [row.id, String(row["name"])]));
  }

  async #codes(ids: number[]): Promise<Map<number, string>> {
    const rows = await this.rows("product.product", [["id", "in", ids]], ["default_code"]);
    return new Map(rows.map((row) => [row.id, String(row["default_code"])]));
  }
}

/** What a plant makes, and of what: two of one component and one of another, which is tracked by lot. */
export interface Recipe {
  product: string;
  plain: string;
  tracked: string;
  trackedLot: string;
  workCenter: string;
}

/** Prepares master data as an administrator enters it: products, bill with an operation, work center, plenty of stock. */
export async function enterRecipe(admin: OdooEyes, fresh: (prefix: string) => string): Promise<Recipe> {
  const recipe: Recipe = {
    product: fresh("PUMP"),
    plain: fresh("GEAR"),
    tracked: fresh("OIL"),
    trackedLot: fresh("OIL-LOT"),
    workCenter: fresh("ASSY"),
  };
  const stored = admin.major >= 18 ? { type: "consu", is_storable: true } : { detailed_type: "product" };
  const enter = (code: string, tracking: string) =>
    admin.create("product.product", { ...stored, name: `Product ${code}`, default_code: code, tracking });
  const product = await enter(recipe.product, "lot");
  const plain = await enter(recipe.plain, "none");
  const tracked = await enter(recipe.tracked, "lot");
  const workCenter = await admin.create("mrp.workcenter", {
    name: `Center ${recipe.workCenter}`,
    code: recipe.workCenter,
  });
  const [template] = await admin.rows("product.product", [["id", "=", product]], ["product_tmpl_id"]);
  await admin.create("mrp.bom", {
    product_tmpl_id: idOf(template?.["product_tmpl_id"]),
    product_qty: 1,
    bom_line_ids: [
      [0, 0, { product_id: plain, product_qty: 2 }],
      [0, 0, { product_id: tracked, product_qty: 1 }],
    ],
    operation_ids: [[0, 0, { name: "Assemble", workcenter_id: workCenter, time_cycle_manual: 3 }]],
  });
  await stock(admin, plain, 100_000);
  await stock(
    admin,
    tracked,
    100_000,
    await admin.create("stock.lot", { name: recipe.trackedLot, product_id: tracked }),
  );
  return recipe;
}

async function stock(admin: OdooEyes, product: number, quantity: number, lot?: number): Promise<void> {
  const [warehouse] = await admin.rows("stock.warehouse", [], ["lot_stock_id"]);
  const values = {
    product_id: product,
    location_id: idOf(warehouse?.["lot_stock_id"]),
    inventory_quantity: quantity,
    ...(lot !== undefined && { lot_id: lot }),
  };
  const made = await admin.call("stock.quant", "create", [[values]], { context: { inventory_mode: true } });
  await admin.call("stock.quant", "action_apply_inventory", [made]);
}

async function rpc(url: string, service: string, method: string, args: unknown[]): Promise<unknown> {
  const answer = await fetch(`${url}/jsonrpc`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", method: "call", id: 1, params: { service, method, args } }),
  });
  const told = (await answer.json()) as { result?: unknown; error?: { data?: { message?: string } } };
  if (told.error)
    throw new Error(
      `Odoo refused ${service}.${method} ${JSON.stringify(args.slice(3, 5))}: ${told.error.data?.message}`,
    );
  return told.result ?? null;
}

/** Of a many2one `[id, name]`. */
function idOf(value: unknown): number {
  return Array.isArray(value) ? Number(value[0]) : Number(value);
}

function nameOf(value: unknown): string {
  return Array.isArray(value) ? String(value[1]) : "-";
}

/** Ids of a many2many, or the one of a many2one. */
function idsIn(value: unknown): number[] {
  if (!Array.isArray(value)) return [];
  return typeof value[1] === "string" ? [Number(value[0])] : value.map(Number);
}

function sums(rows: readonly Row[], by: (row: Row) => string): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const row of rows) totals[by(row)] = Number(((totals[by(row)] ?? 0) + Number(row["quantity"])).toFixed(6));
  return totals;
}
