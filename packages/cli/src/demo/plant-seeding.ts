import { type MesOrder, type OdooSimulator, type SapSimulator, mesPlant } from "@lineshaft/simulators";
import { lineWorkCenters } from "./order-planner.ts";

/** More of every part than a demo can use up. */
const PLENTY = 10_000_000;
const STORAGE_LOCATION = "0001";

const { products, site } = mesPlant;
const workCenters = [...mesPlant.workCenters, ...lineWorkCenters];
const parts = [...new Map(products.flatMap((product) => product.parts).map((part) => [part.product, part])).values()];
const byProducts = products.flatMap(({ byProduct }) => (byProduct ? [byProduct] : []));

/** Products, parts, bills and stock of the plant, as both systems have to know them. */
export function seedMasterData(odoo: OdooSimulator, sap: SapSimulator): void {
  seedOdoo(odoo);
  seedSap(sap);
}

/** Orders stand in both before the plant reports on them. */
export function seedOrders(orders: readonly MesOrder[], odoo: OdooSimulator, sap: SapSimulator): void {
  odoo.seeding.orders(
    orders.map(({ productionOrder, product, quantity }) => ({
      order: productionOrder,
      product,
      quantity: Number(quantity),
    })),
  );
  const { date } = sap.plant.today();
  for (const { productionOrder, product, quantity, operation, workCenter } of orders)
    sap.plant.addOrder({
      order: productionOrder,
      material: product,
      plant: site,
      quantity,
      unit: sapUnitOf(products.find((made) => made.product === product)?.unit),
      operations: [{ operation, workCenter, text: "Make" }],
      start: { date, time: "06:00:00" },
      end: { date, time: "22:00:00" },
    });
}

function seedOdoo({ seeding }: OdooSimulator): void {
  for (const code of workCenters) seeding.workCenter({ code });
  for (const name of lineWorkCenters) seeding.equipment({ name, serial: name });
  seeding.products([
    ...products.map(({ product, unit, tracking }) => ({ code: product, unit: odooUnitOf(unit), tracking })),
    ...parts.map(({ product, unit, lot }) => ({
      code: product,
      unit: odooUnitOf(unit),
      tracking: lot === undefined ? ("none" as const) : ("lot" as const),
    })),
    ...byProducts.map(({ product, unit }) => ({ code: product, unit: odooUnitOf(unit) })),
  ]);
  for (const { product, lot } of parts) seeding.stock({ product, quantity: PLENTY, ...(lot !== undefined && { lot }) });
  for (const { product, parts: needed, byProduct } of products)
    seeding.bill({
      product,
      consumption: "flexible",
      components: needed.map((part) => ({ product: part.product, quantity: Number(part.each) })),
      ...(byProduct && { byProducts: [{ product: byProduct.product, quantity: Number(byProduct.each) }] }),
    });
}

function seedSap({ plant }: SapSimulator): void {
  for (const { product, unit, tracking } of products)
    plant.addMaterial({ material: product, unit: sapUnitOf(unit), batches: tracking === "lot" });
  for (const { product, unit } of byProducts) plant.addMaterial({ material: product, unit: sapUnitOf(unit) });
  for (const { product, unit, lot } of parts) {
    plant.addMaterial({ material: product, unit: sapUnitOf(unit), batches: lot !== undefined });
    const place = { material: product, plant: site, storageLocation: STORAGE_LOCATION };
    plant.setStock({ ...place, quantity: String(PLENTY), ...(lot !== undefined && { batch: lot }) });
  }
}

function odooUnitOf(unit: string): string {
  return unit === "KGM" ? "kg" : "Units";
}

/** SAP's ISO code for a piece is PCE. */
function sapUnitOf(unit: string | undefined): string {
  return unit === "KGM" ? "KGM" : "PCE";
}
