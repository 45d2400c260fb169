import { fresh, never, pieces, type Shop } from "./shop.ts";

/** Milliseconds for each completion, one call at a time over plain RPC as a simple integration does it: five calls each. */
export async function measureNaive(shop: Shop, count: number): Promise<number> {
  const { product } = await shop.assembly("lot");
  const orders = await makeOrders(shop, product, count);
  const [record] = await shop.rows("product.product", [["default_code", "=", product]], ["id"]);
  const lotField = shop.major >= 19 ? "lot_producing_ids" : "lot_producing_id";
  const started = performance.now();
  for (const order of orders) {
    const made = await shop.call("stock.lot", "create", undefined, {
      vals_list: [{ name: fresh("L"), product_id: record?.id, company_id: 1 }],
    });
    const lot = (made as number[])[0];
    const vals = { qty_producing: 1, [lotField]: shop.major >= 19 ? [[6, 0, [lot]]] : lot };
    await shop.call("mrp.production", "write", [order], { vals });
    await shop.call("mrp.production", "set_qty_producing", [order], {});
    const domain = [
      ["raw_material_production_id", "=", order],
      ["picked", "=", false],
    ];
    const moves = await shop.rows("stock.move", domain, ["id"]);
    if (moves.length > 0) {
      await shop.call(
        "stock.move",
        "write",
        moves.map((move) => move.id),
        { vals: { picked: true } },
      );
    }
    await shop.admin.call(
      {
        model: "mrp.production",
        method: "button_mark_done",
        ids: [order],
        context: { skip_backorder: true, skip_redirection: true },
        effect: true,
      },
      never(),
    );
  }
  const each = (performance.now() - started) / count;
  await mustStand(shop, product, count);
  return each;
}

/** Milliseconds for each completion through the connector, in batches of a size. */
export async function measureBatches(shop: Shop, count: number, batch: number): Promise<number> {
  const { product } = await shop.assembly("lot");
  await makeOrders(shop, product, count);
  const origins = await shop.rows("mrp.production", [["product_id.default_code", "=", product]], ["origin"]);
  const items = origins.map((row) =>
    shop.item("completeOrder", { order: String(row["origin"]), yield: pieces(1), lot: fresh("L") }),
  );
  const started = performance.now();
  for (let from = 0; from < items.length; from += batch) {
    await shop.target("completeOrder").send(items.slice(from, from + batch), never());
  }
  const each = (performance.now() - started) / count;
  await mustStand(shop, product, count);
  return each;
}

async function makeOrders(shop: Shop, product: string, count: number): Promise<number[]> {
  const orders = Array.from({ length: count }, () => ({ order: fresh("MO"), product, quantity: pieces(1) }));
  for (let from = 0; from < count; from += 50) await shop.send("createOrder", ...orders.slice(from, from + 50));
  const rows = await shop.rows("mrp.production", [["product_id.default_code", "=", product]], ["id"]);
  return rows.map((row) => row.id);
}

async function mustStand(shop: Shop, product: string, count: number): Promise<void> {
  const onHand = await shop.onHand(product);
  if (onHand !== count) throw new Error(`Expected ${count} of ${product} on stock, found ${onHand}.`);
}
