import type { Item, Outcome, Secret, System, Target } from "@lineshaft/core";
import { silentLog, systemClock } from "@lineshaft/core";
import { openConnection, type OdooConnection } from "../connection.ts";
import { odoo, type OdooOptions } from "../odoo.ts";
import type { OperationName, OperationValue } from "../operations.ts";
import { provision } from "../provision.ts";
import { FaultProxy } from "./fault-proxy.ts";

/** An Odoo to test against, real or simulated. */
export interface Peer {
  name: string;
  url: string;
  database: string;
  login: string;
  key: Secret;
  adminLogin: string;
  adminKey: Secret;
}

export type Row = Record<string, unknown> & { id: number };

const provisioned = new Set<string>();
let counter = 0;

/** What a test needs of an Odoo: the hub's system behind a fault proxy, master data of its own, and an administrator's eyes. */
export class Shop implements AsyncDisposable {
  readonly peer: Peer;
  readonly proxy: FaultProxy;
  readonly system: System;
  /** The system under test, or, when that is in plain mode, a provisioned one to prepare the ground with. */
  readonly #ground: System;
  readonly admin: OdooConnection;
  readonly major: number;

  private constructor(
    peer: Peer,
    proxy: FaultProxy,
    system: System,
    ground: System,
    admin: OdooConnection,
    major: number,
  ) {
    this.peer = peer;
    this.proxy = proxy;
    this.system = system;
    this.#ground = ground;
    this.admin = admin;
    this.major = major;
  }

  static async open(peer: Peer, options: Partial<OdooOptions> = {}): Promise<Shop> {
    if (!provisioned.has(peer.url)) {
      await provision({ ...peer, hubLogin: peer.login, outbox: true });
      provisioned.add(peer.url);
    }
    const proxy = await FaultProxy.open(peer.url);
    const context = { clock: systemClock, random: () => 0.5, log: silentLog };
    // Plain mode rests on the rights of the user alone, and not all operations are a plain user's.
    const user = options.mode === "plain" ? { login: peer.adminLogin, key: peer.adminKey } : {};
    const system = await odoo({ ...peer, ...user, name: "odoo-test", url: proxy.url, ...options }).open(context);
    const ground = options.mode === "plain" ? await odoo({ ...peer, name: "odoo-ground" }).open(context) : system;
    const admin = openConnection({ ...peer, login: peer.adminLogin, key: peer.adminKey, timeoutMs: 130_000 });
    const { major } = await admin.version(never());
    return new Shop(peer, proxy, system, ground, admin, major);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.system.close();
    await this.#ground.close();
    await this.admin.close();
    await this.proxy[Symbol.asyncDispose]();
  }

  target<N extends OperationName>(name: N): Target<OperationValue<N>> {
    return targetOf(this.system, name);
  }

  item<N extends OperationName>(_operation: N, value: OperationValue<N>, key?: string): Item<OperationValue<N>> {
    const token = fresh("t").toLowerCase();
    return { token, key: key ?? token, value, attempt: 1, receivedTime: Date.now() };
  }

  async send<N extends OperationName>(operation: N, ...values: OperationValue<N>[]): Promise<Outcome[]> {
    return this.target(operation).send(
      values.map((value) => this.item(operation, value)),
      never(),
    );
  }

  /** Sends and expects `done`; returns receipt and response. */
  async apply<N extends OperationName>(operation: N, value: OperationValue<N>) {
    const [outcome] = await targetOf(this.#ground, operation).send([this.item(operation, value)], never());
    if (outcome?.kind !== "done") throw new Error(`${operation} was not done: ${JSON.stringify(outcome)}`);
    return outcome;
  }

  async rows(model: string, domain: unknown[], fields: string[], order = "id"): Promise<Row[]> {
    const found = await this.admin.call(
      { model, method: "search_read", args: { domain, fields, order }, context: { active_test: false } },
      never(),
    );
    return found as Row[];
  }

  async count(model: string, domain: unknown[]): Promise<number> {
    return (await this.rows(model, domain, ["id"])).length;
  }

  /** A change by an administrator, as a user would make it. */
  call(model: string, method: string, ids: number[] | undefined, args: Record<string, unknown>): Promise<unknown> {
    return this.admin.call({ model, method, args, ...(ids && { ids }), effect: true }, never());
  }

  async product(fields: Partial<OperationValue<"saveProduct">> = {}): Promise<string> {
    const product = fields.product ?? fresh("P");
    await this.apply("saveProduct", { product, name: `Product ${product}`, unit: "C62", ...fields });
    return product;
  }

  async stock(product: string, value: string, lot?: string): Promise<void> {
    await this.apply("setStock", { product, quantity: { value, unit: "C62" }, ...(lot !== undefined && { lot }) });
  }

  /** A product made of two of one component and one of another, with plenty of both on stock. */
  async assembly(
    tracking: "none" | "lot" | "serial" = "none",
    more: Partial<OperationValue<"saveBillOfMaterials">> = {},
  ) {
    const [product, first, second] = [await this.product({ tracking }), await this.product(), await this.product()];
    await this.stock(first, "100000");
    await this.stock(second, "100000");
    await this.apply("saveBillOfMaterials", {
      product,
      revision: "A",
      quantity: pieces(1),
      components: [
        { product: first, quantity: pieces(2) },
        { product: second, quantity: pieces(1) },
      ],
      ...more,
    });
    return { product, first, second };
  }

  async order(product: string, quantity: number): Promise<string> {
    const order = fresh("MO");
    await this.apply("createOrder", { order, product, quantity: pieces(quantity) });
    return order;
  }

  /** The chain of an order, oldest first. */
  orders(order: string): Promise<Row[]> {
    return this.rows(
      "mrp.production",
      [["origin", "=", order]],
      [
        "name",
        "state",
        "product_qty",
        "qty_produced",
        "qty_producing",
        this.major >= 19 ? "lot_producing_ids" : "lot_producing_id",
      ],
    );
  }

  /** Pieces on stock: the sum over all rows, since Odoo keeps several for one product and place. */
  async onHand(product: string, lot?: string): Promise<number> {
    const domain: unknown[] = [
      ["product_id.default_code", "=", product],
      ["location_id.usage", "=", "internal"],
      ...(lot === undefined ? [] : [["lot_id.name", "=", lot]]),
    ];
    const quants = await this.rows("stock.quant", domain, ["quantity"]);
    return quants.reduce((sum, quant) => sum + Number(quant["quantity"]), 0);
  }

  async workCenter(): Promise<string> {
    const code = fresh("WC");
    await this.call("mrp.workcenter", "create", undefined, { vals_list: [{ name: `Center ${code}`, code }] });
    return code;
  }
}

/** A name that no run before has used: a real Odoo remembers all of them. */
export function fresh(prefix: string): string {
  counter += 1;
  return `${prefix}-${Date.now().toString(36)}-${process.pid.toString(36)}-${counter.toString(36)}`.toUpperCase();
}

export function pieces(value: number): { value: string; unit: string } {
  return { value: String(value), unit: "C62" };
}

export function never(): AbortSignal {
  return new AbortController().signal;
}

function targetOf<N extends OperationName>(system: System, name: N): Target<OperationValue<N>> {
  const target = system.targets[name];
  if (!target) throw new Error(`The system has no operation ${name}.`);
  return target;
}
