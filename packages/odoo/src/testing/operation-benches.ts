import { targetCases, type TargetBench } from "@lineshaft/testing";
import type { OdooOptions } from "../odoo.ts";
import type { OperationName, OperationValue } from "../operations.ts";
import { fresh, pieces, Shop, type Peer } from "./shop.ts";

/** How an operation is tried: values to send, and where its effect is counted. */
interface Trial<N extends OperationName> {
  value(shop: Shop): Promise<OperationValue<N>>;
  bad(shop: Shop): Promise<OperationValue<N>>;
  effects(shop: Shop, value: OperationValue<N>): Promise<number>;
}

type Trials = { readonly [N in OperationName]: Trial<N> };

/** The cases every target must pass, for each of the named operations. */
export function operationCases(peer: Peer, names: readonly OperationName[], options: Partial<OdooOptions> = {}): void {
  for (const name of names) targetCases(`operation ${name}`, () => openBench(peer, name, options));
}

async function openBench<N extends OperationName>(
  peer: Peer,
  name: N,
  options: Partial<OdooOptions>,
): Promise<TargetBench<OperationValue<N>>> {
  const shop = await Shop.open(peer, options);
  const trial: Trial<N> = trials[name];
  return {
    target: shop.target(name),
    value: () => trial.value(shop),
    badValue: () => trial.bad(shop),
    effects: (item) => trial.effects(shop, item.value),
    dropNextAnswer: () => shop.proxy.dropNextAnswer(),
    outage: (on) => shop.proxy.outage(on),
    dispose: () => shop[Symbol.asyncDispose](),
  };
}

/** Master data that all trials on one server share; made once, since it costs a second. */
const shared = new Map<string, Promise<{ product: string; lotProduct: string; workCenter: string; order: string }>>();

function master(shop: Shop) {
  const known = shared.get(shop.peer.url) ?? makeMaster(shop);
  shared.set(shop.peer.url, known);
  return known;
}

async function makeMaster(shop: Shop) {
  const workCenter = await shop.workCenter();
  const { product } = await shop.assembly("none", { operations: [{ name: "Weld", workCenter, minutes: "12" }] });
  const { product: lotProduct } = await shop.assembly("lot");
  return { product, lotProduct, workCenter, order: await shop.order(product, 5) };
}

const start = { start: "2026-01-05T06:00:00+01:00" };
const times = { start: "2026-01-05T06:00:00+01:00", end: "2026-01-05T07:30:00+01:00" };

const trials: Trials = {
  saveProduct: {
    value: async () => ({ product: fresh("P"), name: "Bracket", unit: "C62", tracking: "lot", weight: "1.25" }),
    bad: async () => ({ product: fresh("P"), name: "Bracket", unit: "ZZZ" }),
    effects: (shop, { product }) => shop.count("product.product", [["default_code", "=", product]]),
  },
  saveBillOfMaterials: {
    value: async (shop) => ({
      product: await shop.product(),
      revision: "A",
      quantity: pieces(1),
      components: [{ product: (await master(shop)).product, quantity: pieces(2) }],
    }),
    bad: async (shop) => ({
      product: await shop.product(),
      revision: "A",
      quantity: pieces(1),
      components: [{ product: fresh("NONE"), quantity: pieces(2) }],
    }),
    effects: (shop, { product }) => shop.count("mrp.bom", [["product_id.default_code", "=", product]]),
  },
  createOrder: {
    value: async (shop) => ({
      order: fresh("MO"),
      product: (await master(shop)).product,
      quantity: pieces(5),
      ...start,
    }),
    bad: async () => ({ order: fresh("MO"), product: fresh("NONE"), quantity: pieces(5) }),
    effects: (shop, { order }) => shop.count("mrp.production", [["origin", "=", order]]),
  },
  completeOrder: {
    value: async (shop) => ({
      order: await shop.order((await master(shop)).lotProduct, 10),
      yield: pieces(4),
      lot: fresh("L"),
    }),
    bad: async () => ({ order: fresh("NONE"), yield: pieces(4) }),
    effects: async (shop, { lot }) =>
      lot === undefined ? 0 : (await shop.onHand((await master(shop)).lotProduct, lot)) / 4,
  },
  correctCompletion: {
    value: async (shop) => {
      const [order, report] = [await shop.order((await master(shop)).lotProduct, 10), fresh("R")];
      await shop.apply("completeOrder", { order, report, yield: pieces(6), lot: fresh("L") });
      return { order, report, changes: [{ from: "yield", to: "scrap", quantity: pieces(2), reason: "Leak" }] };
    },
    bad: async (shop) => ({
      order: await shop.order((await master(shop)).lotProduct, 10),
      report: fresh("NONE"),
      changes: [{ from: "yield", to: "scrap", quantity: pieces(2), reason: "Leak" }],
    }),
    effects: (shop, { order }) => shop.count("stock.scrap", [["production_id.origin", "=", order]]),
  },
  consumeMaterial: {
    value: async (shop) => {
      const { product, first } = await shop.assembly();
      const order = await shop.order(product, 10);
      await shop.apply("completeOrder", { order, yield: pieces(4) });
      return { order, lines: [{ product: first, quantity: pieces(7) }] };
    },
    bad: async (shop) => {
      const { product } = await shop.assembly();
      return { order: await shop.order(product, 10), lines: [{ product: fresh("NONE"), quantity: pieces(7) }] };
    },
    effects: async (shop, { lines: [line] }) => ((await shop.onHand(line?.product ?? "")) === 99_993 ? 1 : 0),
  },
  moveStock: {
    value: async (shop) => ({
      kind: "receipt",
      product: (await master(shop)).lotProduct,
      quantity: pieces(3),
      lot: fresh("L"),
    }),
    bad: async (shop) => ({ kind: "receipt", product: (await master(shop)).lotProduct, quantity: pieces(3) }),
    effects: async (shop, { lot }) =>
      lot === undefined ? 0 : (await shop.onHand((await master(shop)).lotProduct, lot)) / 3,
  },
  placeHold: {
    value: async (shop) => {
      const product = await shop.product({ tracking: "lot" });
      const lot = fresh("L");
      await shop.stock(product, "5", lot);
      return { hold: fresh("H"), product, lot, reason: "Leak" };
    },
    bad: async (shop) => ({ hold: fresh("H"), product: await shop.product(), lot: fresh("L"), reason: "Leak" }),
    effects: (shop, { hold }) => shop.count("stock.picking", [["origin", "=", hold]]),
  },
  releaseHold: {
    value: async (shop) => {
      const product = await shop.product({ tracking: "lot" });
      const [hold, lot] = [fresh("H"), fresh("L")];
      await shop.stock(product, "5", lot);
      await shop.apply("placeHold", { hold, product, lot, reason: "Leak" });
      return { hold, disposition: "use-as-is", note: "m.jensen: tight" };
    },
    bad: async () => ({ hold: fresh("NONE"), disposition: "use-as-is", note: "m.jensen: tight" }),
    // Placed and released are a transfer each.
    effects: async (shop, { hold }) => Math.max(0, (await shop.count("stock.picking", [["origin", "=", hold]])) - 1),
  },
  setStock: {
    value: async (shop) => ({ product: await shop.product(), quantity: pieces(7) }),
    bad: async (shop) => ({ product: await shop.product(), quantity: pieces(7), location: fresh("NOWHERE") }),
    effects: (shop, { product }) =>
      shop.count("stock.move", [
        ["product_id.default_code", "=", product],
        ["state", "=", "done"],
      ]),
  },
  scrap: {
    value: async (shop) => {
      const product = await shop.product();
      await shop.stock(product, "10");
      return { product, quantity: pieces(3), reason: "Dropped" };
    },
    bad: async (shop) => ({ product: await shop.product(), quantity: pieces(3) }),
    effects: async (shop, { product }) => {
      const scraps = await shop.rows("stock.scrap", [["product_id.default_code", "=", product]], ["scrap_qty"]);
      return scraps.reduce((sum, row) => sum + Number(row["scrap_qty"]), 0) / 3;
    },
  },
  logWorkTime: {
    value: async (shop) => {
      const { order, workCenter } = await master(shop);
      return { order, workCenter, ...times, note: fresh("N") };
    },
    bad: async (shop) => ({ order: (await master(shop)).order, workCenter: fresh("NONE"), ...times, note: fresh("N") }),
    effects: (shop, { note }) => shop.count("mrp.workcenter.productivity", [["description", "=", note]]),
  },
  logDowntime: {
    value: async (shop) => ({
      workCenter: (await master(shop)).workCenter,
      ...times,
      category: "availability",
      note: fresh("N"),
    }),
    bad: async () => ({ workCenter: fresh("NONE"), ...times, category: "availability", note: fresh("N") }),
    effects: (shop, { note }) => shop.count("mrp.workcenter.productivity", [["description", "like", note]]),
  },
  requestMaintenance: {
    value: async () => ({ title: fresh("Leak at press"), priority: "high", description: "Oil <everywhere>" }),
    bad: async () => ({ title: fresh("Leak"), equipment: fresh("NONE") }),
    effects: (shop, { title }) => shop.count("maintenance.request", [["name", "=", title]]),
  },
  alertPlanner: {
    value: async (shop) => ({
      order: (await master(shop)).order,
      about: fresh("stop"),
      title: fresh("Press stands still"),
      text: "Since 06:00.",
    }),
    bad: async () => ({ order: fresh("NONE"), about: fresh("stop"), title: fresh("Stop"), text: "Since 06:00." }),
    effects: (shop, { title }) => shop.count("mail.activity", [["summary", "=", title]]),
  },
};
