import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startOdooSimulator } from "./simulator.ts";
import type { OdooSimulator } from "./simulator.ts";
import { pieces, provisionSimulator, runAction, seedFactory } from "./test-support.ts";
import type { OperationItem } from "./test-support.ts";

let odoo: OdooSimulator;
let action: number;

beforeEach(async () => {
  odoo = await startOdooSimulator({ version: 19 });
  seedFactory(odoo);
  action = provisionSimulator(odoo);
});

afterEach(() => odoo.close());

const run = (operation: string, ...items: OperationItem[]) => runAction(odoo, { action, operation, items });

function completion(token: string, order: string, value: Record<string, unknown>): OperationItem {
  return { token, key: order, value: { order, ...value } };
}

function onHand(product: string): number {
  return odoo.state().stock.find((entry) => entry.product === product)?.quantity ?? 0;
}

describe("the connector's action", () => {
  test("a partial completion leaves the rest as a backorder and takes the components", async () => {
    odoo.seeding.order({ order: "PO-1", product: "FG", quantity: 10 });
    const [result] = await run("completeOrder", completion("t1", "PO-1", { yield: pieces(4), lot: "L1" }));
    expect(result).toMatchObject({
      status: "done",
      receipt: "WH/MO/00001-001",
      detail: { backorder: "WH/MO/00001-002" },
    });
    const orders = odoo.state().orders.map(({ name, state, quantity, lots }) => ({ name, state, quantity, lots }));
    expect(orders).toContainEqual({ name: "WH/MO/00001-001", state: "done", quantity: 4, lots: ["L1"] });
    expect(orders).toContainEqual({ name: "WH/MO/00001-002", state: "confirmed", quantity: 6, lots: [] });
    expect([onHand("FG"), onHand("RM")]).toEqual([4, 9992]);
  });

  test("reports by the first name go on to the open member of the family, a final one closes it", async () => {
    odoo.seeding.order({ order: "PO-1", product: "FG", quantity: 10 });
    const reports = [4, 3].map((count, at) => completion(`t${at}`, "PO-1", { yield: pieces(count), lot: `L${at}` }));
    await run("completeOrder", ...reports);
    const [last] = await run(
      "completeOrder",
      completion("t9", "WH/MO/00001", { yield: pieces(1), lot: "L9", final: true }),
    );
    expect(last).toMatchObject({ status: "done", receipt: "WH/MO/00001-003", detail: { backorder: false } });
    expect(onHand("FG")).toBe(8);
    const [closed] = await run("completeOrder", completion("t10", "PO-1", { yield: pieces(1), lot: "L9" }));
    expect(closed).toMatchObject({ status: "rejected", reason: "order-closed" });
  });

  test("a token that was applied is a duplicate and has no second effect", async () => {
    odoo.seeding.order({ order: "PO-1", product: "FG", quantity: 10 });
    const report = completion("t1", "PO-1", { yield: pieces(4), lot: "L1" });
    const [first, within] = await run("completeOrder", report, report);
    const [later] = await run("completeOrder", report);
    expect([first, within, later].map((result) => result?.status)).toEqual(["done", "duplicate", "duplicate"]);
    expect(later).toMatchObject({ receipt: "WH/MO/00001-001" });
    expect([onHand("FG"), odoo.effectsOf("t1")]).toEqual([4, 1]);
  });

  test("a rejected item leaves nothing behind, skips its key's later items and no others", async () => {
    odoo.seeding.orders(["PO-1", "PO-2"].map((order) => ({ order, product: "FG", quantity: 10 })));
    const results = await run(
      "completeOrder",
      completion("t1", "PO-1", { yield: pieces(1), lot: "NEW", scrap: [{ product: "RM", quantity: pieces(99_999) }] }),
      completion("t2", "PO-1", { yield: pieces(1), lot: "L2" }),
      completion("t3", "PO-2", { yield: pieces(1), lot: "L3" }),
    );
    expect(results.map((result) => result.status)).toEqual(["rejected", "skipped", "done"]);
    expect(results[0]).toMatchObject({ reason: "insufficient-stock" });
    const state = odoo.state();
    expect(state.lots.map((lot) => lot.name)).toEqual(["L3"]);
    expect(state.scraps).toEqual([]);
    expect(state.effects).toEqual({ t3: 1 });
    const [again] = await run("completeOrder", completion("t1", "PO-1", { yield: pieces(1), lot: "L1" }));
    expect(again).toMatchObject({ status: "done" });
  });

  test("scrap of the report's own pieces is made and then scrapped, of its lot", async () => {
    odoo.seeding.order({ order: "PO-1", product: "FG", quantity: 10 });
    const scrap = [{ quantity: pieces(2), reason: "burr" }];
    await run("completeOrder", completion("t1", "PO-1", { yield: pieces(8), lot: "L1", scrap }));
    expect(odoo.state().scraps).toMatchObject([{ product: "FG", quantity: 2, state: "done" }]);
    expect([onHand("FG"), onHand("RM")]).toEqual([8, 9980]);
  });

  test("reported consumption stands instead of the bill's", async () => {
    odoo.seeding.order({ order: "PO-1", product: "FG", quantity: 10 });
    const consumption = [{ product: "RM", quantity: pieces(11) }];
    await run("completeOrder", completion("t1", "PO-1", { yield: pieces(4), lot: "L1", consumption }));
    expect(onHand("RM")).toBe(9989);
  });

  test.each([
    ["completeOrder", { order: "nope", yield: pieces(1) }, "order-unknown"],
    ["createOrder", { order: "PO-9", product: "nope", quantity: pieces(1) }, "product-unknown"],
    ["createOrder", { order: "PO-9", product: "FG", quantity: { value: "1.234", unit: "C62" } }, "too-many-digits"],
    ["createOrder", { order: "PO-9", product: "FG", quantity: { value: "1", unit: "KGM" } }, "unit-mismatch"],
    ["moveStock", { kind: "transfer", product: "RM", quantity: pieces(1), to: "nope" }, "location-unknown"],
    ["setStock", { product: "FG", quantity: pieces(1) }, "lot-missing"],
    ["scrap", { product: "RM", quantity: pieces(99_999) }, "insufficient-stock"],
    [
      "logDowntime",
      { workCenter: "nope", start: "2026-01-05 08:00:00", category: "availability" },
      "work-center-unknown",
    ],
    ["requestMaintenance", { title: "Oil", equipment: "nope" }, "equipment-unknown"],
  ])("%s of %j is rejected as %s", async (operation, value, reason) => {
    const [result] = await run(operation, { token: "t", key: "k", value });
    expect(result).toMatchObject({ status: "rejected", reason });
    expect(odoo.state().effects).toEqual({});
  });

  test("each other operation takes effect once", async () => {
    odoo.seeding.equipment({ name: "Press 4", serial: "P4" });
    const values: Record<string, Record<string, unknown>> = {
      saveProduct: { product: "NEW", name: "New product", tracking: "none" },
      saveBillOfMaterials: {
        product: "NEW",
        revision: "A",
        quantity: pieces(1),
        components: [{ product: "RM", quantity: pieces(1) }],
      },
      createOrder: { order: "PO-7", product: "NEW", quantity: pieces(5) },
      moveStock: { kind: "receipt", product: "RM", quantity: pieces(5) },
      setStock: { product: "NEW", quantity: pieces(7) },
      scrap: { product: "NEW", quantity: pieces(1) },
      logDowntime: {
        workCenter: "WC",
        start: "2026-01-05 08:00:00",
        end: "2026-01-05 08:30:00",
        category: "availability",
      },
      requestMaintenance: { title: "Oil", equipment: "P4", priority: "high" },
    };
    for (const [operation, value] of Object.entries(values)) {
      const [result] = await run(operation, { token: operation, key: operation, value });
      expect({ operation, ...result }).toMatchObject({ operation, status: "done" });
    }
    expect([onHand("NEW"), onHand("RM")]).toEqual([6, 10_005]);
    expect(new Set(Object.values(odoo.state().effects))).toEqual(new Set([1]));
  });

  test("serials are made one order each before 19, in one report", async () => {
    const before = await startOdooSimulator({ version: 17 });
    before.seeding.products([{ code: "S", tracking: "serial" }, { code: "RM" }]);
    before.seeding.stock({ product: "RM", quantity: 100 });
    before.seeding.bill({ product: "S", components: [{ product: "RM", quantity: 1 }] });
    before.seeding.order({ order: "PO-1", product: "S", quantity: 3 });
    const id = provisionSimulator(before);
    const items = [completion("t1", "PO-1", { yield: pieces(2), serials: ["S1", "S2"] })];
    const lineshaft = { protocol: 1, operation: "completeOrder", items };
    const args = ["o17", 3, "hub-key", "ir.actions.server", "run", [[id]], { context: { lineshaft } }];
    const response = await fetch(`${before.url}/jsonrpc`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        method: "call",
        id: 1,
        params: { service: "object", method: "execute_kw", args },
      }),
    });
    expect(await response.json()).toMatchObject({ result: { lineshaft: { results: [{ status: "done" }] } } });
    expect(before.state().orders.map(({ state, lots }) => [state, ...lots])).toEqual([
      ["done", "S1"],
      ["done", "S2"],
      ["confirmed"],
    ]);
    await before.close();
  });
});
