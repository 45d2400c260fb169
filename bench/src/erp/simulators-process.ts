import { type OdooSimulator, type SapSimulator, startOdooSimulator, startSapSimulator } from "@lineshaft/simulators";
import { childOptions, tell } from "../child.ts";
import {
  type ErpEffect,
  OPERATION,
  PLANT,
  PRODUCTS,
  STORAGE_LOCATION,
  type SeedOrders,
  type SimulatorsOptions,
  type SimulatorsOrder,
} from "./simulators-protocol.ts";

/* Simulated Odoo and SAP in a process of their own, as they would be, so that they take no time from the hub. */

const PLENTY = 10_000_000;
const options = childOptions() as SimulatorsOptions;
const odoo = options.odoo === undefined ? undefined : await startOdoo(options.odoo);
const sap = options.sap === undefined ? undefined : await startSap(options.sap);

tell({ ready: { ...(odoo && { odoo: odooAccess(odoo) }), ...(sap && { sap: sapAccess(sap) }) } });
process.on("message", (message: SimulatorsOrder) => obey(message));
process.on("disconnect", () => process.exit(0));

function obey(message: SimulatorsOrder): void {
  switch (message.order) {
    case "seed":
      if (odoo) seedOdoo(odoo, message.seed);
      if (sap) seedSap(sap, message.seed);
      return tell({ seeded: true });
    case "effects":
      return tell({ effects: { odoo: odoo?.state().effects ?? {}, sap: sap ? confirmationsOf(sap) : [] } });
    case "offline":
      void offline(message.ms);
  }
}

async function offline(ms: number): Promise<void> {
  await sap?.goOffline();
  setTimeout(() => void sap?.goOnline(), ms);
}

async function startOdoo({
  version,
  latency,
}: {
  version: 17 | 18 | 19;
  latency: "none" | "real";
}): Promise<OdooSimulator> {
  return startOdooSimulator({
    version,
    latency,
    seed: (seeding) => {
      seeding.products(PRODUCTS.flatMap((code) => [{ code, tracking: "lot" as const }, { code: `${code}-PART` }]));
      for (const product of PRODUCTS) {
        const part = `${product}-PART`;
        seeding.stock({ product: part, quantity: PLENTY });
        seeding.bill({ product, consumption: "flexible", components: [{ product: part, quantity: 1 }] });
      }
    },
  });
}

async function startSap({
  updateDelayMs = 0,
  ...latency
}: NonNullable<SimulatorsOptions["sap"]>): Promise<SapSimulator> {
  const simulator = await startSapSimulator({ latency, updateDelayMs });
  for (const product of PRODUCTS) {
    simulator.plant.addMaterial({ material: product, unit: "PCE" });
    simulator.plant.addMaterial({ material: `${product}-PART`, unit: "PCE" });
    const place = { plant: PLANT, storageLocation: STORAGE_LOCATION };
    simulator.plant.setStock({ material: `${product}-PART`, ...place, quantity: String(PLENTY) });
  }
  return simulator;
}

function seedOdoo({ seeding }: OdooSimulator, { orders, quantity }: SeedOrders): void {
  seeding.orders(orders.map((order, at) => ({ order, product: productAt(at), quantity })));
}

function seedSap({ plant }: SapSimulator, { orders, quantity }: SeedOrders): void {
  const { date } = plant.today();
  for (const [at, order] of orders.entries()) {
    plant.addOrder({
      order,
      material: productAt(at),
      plant: PLANT,
      quantity: String(quantity),
      unit: "PCE",
      operations: [{ operation: OPERATION, workCenter: "ASSEMBLY", text: "Assemble" }],
      components: [],
      start: { date, time: "06:00:00" },
      end: { date, time: "14:00:00" },
    });
  }
}

function confirmationsOf(simulator: SapSimulator): ErpEffect[] {
  return simulator
    .confirmations()
    .filter(({ reversed, reversal }) => !reversed && !reversal)
    .map(({ row, yield: quantity }) => ({ token: "", fact: String(row["ConfirmationText"]), quantity }));
}

function odooAccess({ url, controlUrl, database, users }: OdooSimulator) {
  const keyOf = (login: string) => users.find((user) => user.login === login)?.key ?? "";
  return { url, controlUrl, database, login: "hub", key: keyOf("hub"), adminLogin: "admin", adminKey: keyOf("admin") };
}

function sapAccess({ url, username, password }: SapSimulator) {
  return { url, username, password };
}

function productAt(at: number): string {
  return PRODUCTS[at % PRODUCTS.length] ?? PRODUCTS[0];
}
