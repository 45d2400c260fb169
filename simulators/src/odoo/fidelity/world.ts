import type { RawCall, RawClient, Reply } from "./client.ts";

type Row = Record<string, unknown>;

/** An Odoo as a script sees it: an administrator who prepares, the hub's user who works, records with unused names. */
export class World {
  readonly admin: RawClient;
  readonly hub: RawClient;
  readonly tag: string;
  #count = 0;

  constructor(admin: RawClient, hub: RawClient, tag: string) {
    this.admin = admin;
    this.hub = hub;
    this.tag = tag;
  }

  get version(): number {
    return this.hub.version;
  }

  name(what: string): string {
    return `${this.tag}-${what}-${++this.#count}`;
  }

  /** The value of a call that must work. */
  async call(model: string, method: string, call: RawCall = {}): Promise<unknown> {
    return valueOf(await this.hub.ask(model, method, call), `${model}.${method}`);
  }

  async prepare(model: string, method: string, call: RawCall = {}): Promise<unknown> {
    return valueOf(await this.admin.ask(model, method, call), `${model}.${method}`);
  }

  /** What a call came to in a word or two: `true`, `null`, the model of a wizard, or the error's name. */
  async told(model: string, method: string, call: RawCall = {}): Promise<unknown> {
    return inWords(await this.hub.ask(model, method, call));
  }

  async create(model: string, vals: Row, context?: Row): Promise<number> {
    const ids = (await this.call(model, "create", {
      args: { vals_list: [vals] },
      ...(context && { context }),
    })) as number[];
    return ids[0]!;
  }

  async make(model: string, vals: Row): Promise<number> {
    const ids = (await this.prepare(model, "create", { args: { vals_list: [vals] } })) as number[];
    return ids[0]!;
  }

  async read(model: string, ids: readonly number[], fields: readonly string[]): Promise<Row[]> {
    return (await this.prepare(model, "read", { ids, args: { fields } })) as Row[];
  }

  async find(model: string, domain: unknown, fields: readonly string[], order = "id"): Promise<Row[]> {
    return (await this.prepare(model, "search_read", { args: { domain, fields, order } })) as Row[];
  }

  async product(options: { tracking?: string; stock?: number } = {}): Promise<number> {
    const kind = this.version <= 17 ? { detailed_type: "product" } : { is_storable: true };
    const vals = { name: this.name("product"), tracking: options.tracking ?? "none", ...kind };
    const id = await this.make("product.product", vals);
    if (options.stock !== undefined) await this.stock(id, options.stock);
    return id;
  }

  async stockPlace(): Promise<number> {
    const [warehouse] = await this.find("stock.warehouse", [], ["lot_stock_id"]);
    return (warehouse!.lot_stock_id as [number])[0];
  }

  async stock(product: number, quantity: number, lot: number | false = false): Promise<number> {
    const vals = { product_id: product, location_id: await this.stockPlace(), lot_id: lot };
    const context = { inventory_mode: true };
    const list = [{ ...vals, inventory_quantity_auto_apply: quantity }];
    const ids = (await this.prepare("stock.quant", "create", { args: { vals_list: list }, context })) as number[];
    return ids[0]!;
  }

  async onHand(product: number): Promise<number> {
    const domain = [
      ["product_id", "=", product],
      ["location_id", "=", await this.stockPlace()],
    ];
    const quants = await this.find("stock.quant", domain, ["quantity"]);
    return quants.reduce((sum, quant) => sum + (quant.quantity as number), 0);
  }

  async lot(product: number): Promise<number> {
    return this.create("stock.lot", { name: this.name("lot"), product_id: product, company_id: 1 });
  }

  /** A product made of `plain` (2 each) and, if wanted, a component with lots (1 each). */
  async recipe(options: { tracking?: string; lots?: boolean; consumption?: string; operations?: number } = {}) {
    const product = await this.product({ ...(options.tracking && { tracking: options.tracking }) });
    const plain = await this.product({ stock: 100 });
    const lines: unknown[] = [[0, 0, { product_id: plain, product_qty: 2 }]];
    let tracked: number | undefined;
    if (options.lots) {
      tracked = await this.product({ tracking: "lot" });
      await this.stock(tracked, 100, await this.lot(tracked));
      lines.push([0, 0, { product_id: tracked, product_qty: 1 }]);
    }
    const [found] = await this.read("product.product", [product], ["product_tmpl_id"]);
    const template = (found!.product_tmpl_id as [number])[0];
    const bom = await this.make("mrp.bom", {
      product_tmpl_id: template,
      product_qty: 1,
      sequence: 1,
      consumption: options.consumption ?? "warning",
      bom_line_ids: lines,
      operation_ids: await this.#operations(options.operations ?? 0),
    });
    return { product, plain, tracked, template, bom };
  }

  async #operations(count: number): Promise<unknown[]> {
    if (count === 0) return [];
    const center = await this.make("mrp.workcenter", { name: this.name("center") });
    return Array.from({ length: count }, (_, at) => [
      0,
      0,
      { name: `step ${at + 1}`, workcenter_id: center, time_cycle_manual: 2, sequence: at + 1 },
    ]);
  }

  async order(product: number, quantity: number, options: { confirm?: boolean } = {}): Promise<number> {
    const id = await this.create("mrp.production", {
      product_id: product,
      product_qty: quantity,
      origin: this.name("origin"),
    });
    if (options.confirm !== false) await this.call("mrp.production", "action_confirm", { ids: [id] });
    return id;
  }

  /** An order with all that hangs on it, without ids and names that differ between servers. */
  async shape(order: number): Promise<Row> {
    const fields = [
      "name",
      "state",
      "product_qty",
      "qty_producing",
      "qty_produced",
      "reservation_state",
      "backorder_sequence",
      "consumption",
    ];
    const [row] = await this.read(
      "mrp.production",
      [order],
      [...fields, "move_raw_ids", "move_finished_ids", "workorder_ids"],
    );
    const { id: _id, name, move_raw_ids, move_finished_ids, workorder_ids, ...rest } = row!;
    const moveFields = ["state", "product_uom_qty", "quantity", "picked", "unit_factor", "should_consume_qty"];
    return {
      ...rest,
      suffix: /-\d{3}$/.exec(name as string)?.[0] ?? "",
      raw: bare(await this.read("stock.move", move_raw_ids as number[], moveFields)),
      finished: bare(await this.read("stock.move", move_finished_ids as number[], moveFields)),
      steps: bare(
        await this.read("mrp.workorder", workorder_ids as number[], ["name", "state", "qty_produced", "qty_remaining"]),
      ),
    };
  }

  lotValues(lots: readonly number[]): Row {
    return this.version >= 19 ? { lot_producing_ids: [[6, 0, lots]] } : { lot_producing_id: lots[0] };
  }

  /** The open member of the family an order belongs to. */
  async backorder(order: number): Promise<number | undefined> {
    const field = this.version >= 19 ? "production_group_id" : "procurement_group_id";
    const [row] = await this.read("mrp.production", [order], [field]);
    const group = (row![field] as [number])[0];
    const domain = [
      [field, "=", group],
      ["state", "not in", ["done", "cancel"]],
    ];
    return (await this.find("mrp.production", domain, ["name"]))[0]?.id as number | undefined;
  }
}

export function bare(rows: readonly Row[]): Row[] {
  return rows.map(({ id: _id, ...rest }) => rest);
}

function valueOf(reply: Reply, what: string): unknown {
  if ("value" in reply) return reply.value;
  throw new Error(`${what} was refused: ${reply.refused} ${reply.message}`);
}

export function inWords(reply: Reply): unknown {
  if ("refused" in reply) return `refused: ${reply.refused} (${reply.status})`;
  const { value } = reply;
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value !== "object" || value === null) return value;
  const { res_model, target } = value as Row;
  return `${target === "new" ? "wizard" : "action"}: ${String(res_model)}`;
}
