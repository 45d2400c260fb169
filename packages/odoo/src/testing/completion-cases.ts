import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "@lineshaft/core";
import { fresh, never, pieces, Shop, type Peer, type Row } from "./shop.ts";

/** What plants report about orders, and what must then stand in Odoo. */
export function completionCases(peer: Peer): void {
  describe("completing orders", () => {
    let shop: Shop;
    beforeAll(async () => {
      shop = await Shop.open(peer);
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    test("a partial report leaves the rest as a backorder, and components are consumed in proportion", async () => {
      const { product, first, second } = await shop.assembly();
      const order = await shop.order(product, 10);
      const outcome = await shop.apply("completeOrder", { order, yield: pieces(4) });
      const chain = await shop.orders(order);
      expect(chain.map(stateAndSize)).toEqual(["done 4", "confirmed 6"]);
      expect(outcome.receipt).toBe(chain[0]?.["name"]);
      expect(outcome.response).toMatchObject({ backorder: chain[1]?.["name"], produced: 4 });
      expect(await shop.onHand(product)).toBe(4);
      expect(await shop.onHand(first)).toBe(99_992);
      expect(await shop.onHand(second)).toBe(99_996);
    });

    test("further reports of one order find the open member of its chain until it is closed", async () => {
      const { product, first } = await shop.assembly();
      const order = await shop.order(product, 10);
      for (const part of [3, 2, 5]) await shop.apply("completeOrder", { order, yield: pieces(part) });
      expect((await shop.orders(order)).map(stateAndSize)).toEqual(["done 3", "done 2", "done 5"]);
      expect(await shop.onHand(product)).toBe(10);
      expect(await shop.onHand(first)).toBe(99_980);
      expect(await rejection(shop, { order, yield: pieces(1) })).toBe("order-closed");
      expect(await shop.onHand(product)).toBe(10);
    });

    test("an order is known by Odoo's own name too, also after it was split", async () => {
      const { product } = await shop.assembly();
      const origin = await shop.order(product, 3);
      const name = String((await shop.orders(origin))[0]?.["name"]);
      await shop.apply("completeOrder", { order: name, yield: pieces(1) });
      await shop.apply("completeOrder", { order: name, yield: pieces(1) });
      await shop.apply("completeOrder", { order: `${name}-003`, yield: pieces(1) });
      expect(await shop.onHand(product)).toBe(3);
    });

    test("several reports of one order in one batch are applied in their order", async () => {
      const { product } = await shop.assembly("lot");
      const order = await shop.order(product, 9);
      const lots = [fresh("L"), fresh("L"), fresh("L")];
      const items = lots.map((lot) => shop.item("completeOrder", { order, yield: pieces(3), lot }, order));
      const outcomes = await shop.target("completeOrder").send(items, never());
      expect(outcomes.map((outcome) => outcome.kind)).toEqual(["done", "done", "done"]);
      const chain = await shop.orders(order);
      expect(chain.map(stateAndSize)).toEqual(["done 3", "done 3", "done 3"]);
      for (const lot of lots) expect(await shop.onHand(product, lot)).toBe(3);
    });

    test("after a failed report, later ones of the same order in the batch are not tried", async () => {
      const { product } = await shop.assembly("lot");
      const order = await shop.order(product, 9);
      const values = [
        { order, yield: pieces(3), lot: fresh("L") },
        { order, yield: pieces(3) },
        { order, yield: pieces(3), lot: fresh("L") },
      ];
      const items = values.map((value) => shop.item("completeOrder", value, order));
      const outcomes = await shop.target("completeOrder").send(items, never());
      expect(outcomes.map((outcome) => outcome.kind)).toEqual(["done", "rejected", "unavailable"]);
      expect(await shop.onHand(product)).toBe(3);
    });

    test("a final report below the order's quantity closes it short", async () => {
      const { product, first } = await shop.assembly();
      const order = await shop.order(product, 10);
      await shop.apply("completeOrder", { order, yield: pieces(7), final: true });
      const chain = await shop.orders(order);
      expect(chain).toHaveLength(1);
      expect(chain[0]).toMatchObject({ state: "done", qty_produced: 7 });
      expect(await shop.onHand(product)).toBe(7);
      expect(await shop.onHand(first)).toBe(99_986);
    });

    test("a final report without pieces cancels what is open", async () => {
      const { product } = await shop.assembly();
      const order = await shop.order(product, 10);
      await shop.apply("completeOrder", { order, yield: pieces(4) });
      await shop.apply("completeOrder", { order, yield: pieces(0), final: true });
      expect((await shop.orders(order)).map((row) => row["state"])).toEqual(["done", "cancel"]);
      expect(await shop.onHand(product)).toBe(4);
    });

    test("more pieces than ordered are all received", async () => {
      const { product, first } = await shop.assembly();
      const order = await shop.order(product, 10);
      await shop.apply("completeOrder", { order, yield: pieces(12) });
      expect((await shop.orders(order)).map((row) => row["state"])).toEqual(["done"]);
      expect(await shop.onHand(product)).toBe(12);
      expect(await shop.onHand(first)).toBe(99_976);
    });

    test("a new lot is made, a known one is used again", async () => {
      const { product } = await shop.assembly("lot");
      const lot = fresh("L");
      for (let n = 0; n < 2; n++) {
        await shop.apply("completeOrder", { order: await shop.order(product, 5), yield: pieces(5), lot });
      }
      expect(await shop.onHand(product, lot)).toBe(10);
      expect(await shop.count("stock.lot", [["name", "=", lot]])).toBe(1);
    });

    test("a lot-tracked product without a lot is refused and nothing is made up", async () => {
      const { product } = await shop.assembly("lot");
      const order = await shop.order(product, 5);
      expect(await rejection(shop, { order, yield: pieces(5) })).toBe("lot-missing");
      expect(await shop.count("stock.lot", [["product_id.default_code", "=", product]])).toBe(0);
    });

    test("each serial number stands once, and an open rest stays open", async () => {
      const { product, first } = await shop.assembly("serial");
      const order = await shop.order(product, 3);
      const [one, two, three] = [fresh("S"), fresh("S"), fresh("S")];
      await shop.apply("completeOrder", { order, yield: pieces(2), serials: [one, two] });
      expect(await shop.onHand(product)).toBe(2);
      expect(await rejection(shop, { order, yield: pieces(1), serials: [one] })).toBe("odoo-refused");
      await shop.apply("completeOrder", { order, yield: pieces(1), serials: [three] });
      for (const serial of [one, two, three]) expect(await shop.onHand(product, serial)).toBe(1);
      expect(await shop.onHand(first)).toBe(99_994);
      expect((await shop.orders(order)).every((row) => row["state"] === "done")).toBe(true);
    });

    test("serial numbers must be as many as pieces", async () => {
      const { product } = await shop.assembly("serial");
      const order = await shop.order(product, 3);
      expect(await rejection(shop, { order, yield: pieces(2), serials: [fresh("S")] })).toBe("serial-count");
    });

    test("scrapped pieces are produced, scrapped with their reason, and not on stock", async () => {
      const { product, first } = await shop.assembly("lot");
      const order = await shop.order(product, 10);
      const lot = fresh("L");
      const scrap = [{ quantity: pieces(2), reason: "Scratched" }];
      const outcome = await shop.apply("completeOrder", { order, yield: pieces(8), lot, scrap });
      expect(outcome.response).toMatchObject({ produced: 10, scrapped: 2 });
      expect(await shop.onHand(product, lot)).toBe(8);
      expect(await shop.onHand(first)).toBe(99_980);
      const scraps = await shop.rows(
        "stock.scrap",
        [["product_id.default_code", "=", product]],
        ["scrap_qty", "state"],
      );
      expect(scraps).toMatchObject([{ scrap_qty: 2, state: "done" }]);
    });

    test("a scrapped component leaves stock besides what the order consumes", async () => {
      const { product, first } = await shop.assembly();
      const order = await shop.order(product, 1);
      const scrap = [{ product: first, quantity: pieces(3), reason: "Dropped" }];
      await shop.apply("completeOrder", { order, yield: pieces(1), scrap });
      expect(await shop.onHand(first)).toBe(99_995);
    });

    test("reported consumption replaces the bill's, the rest is consumed as the bill says", async () => {
      const { product, first, second } = await shop.assembly();
      const order = await shop.order(product, 10);
      await shop.apply("completeOrder", {
        order,
        yield: pieces(10),
        consumption: [{ product: first, quantity: pieces(23) }],
      });
      expect(await shop.onHand(first)).toBe(99_977);
      expect(await shop.onHand(second)).toBe(99_990);
    });

    test("consumption names the lots it took, and can take a substitute the bill does not have", async () => {
      const component = await shop.product({ tracking: "lot" });
      const substitute = await shop.product();
      const [a, b] = [fresh("C"), fresh("C")];
      await shop.stock(component, "10", a);
      await shop.stock(component, "10", b);
      await shop.stock(substitute, "10");
      const product = await shop.product();
      await shop.apply("saveBillOfMaterials", {
        product,
        revision: "A",
        quantity: pieces(1),
        components: [{ product: component, quantity: pieces(2) }],
      });
      const order = await shop.order(product, 5);
      const lots = [
        { lot: a, quantity: pieces(3) },
        { lot: b, quantity: pieces(7) },
      ];
      const consumption = [
        { product: component, quantity: pieces(10), lots },
        { product: substitute, quantity: pieces(1) },
      ];
      await shop.apply("completeOrder", { order, yield: pieces(5), consumption });
      expect([await shop.onHand(component, a), await shop.onHand(component, b)]).toEqual([7, 3]);
      expect(await shop.onHand(substitute)).toBe(9);
      const left = [
        ["product_id.default_code", "=", component],
        ["state", "!=", "done"],
      ];
      expect(await shop.count("stock.move.line", left), "reservations left behind").toBe(0);
    });

    test("partial reports with reported consumption leave the rest's demand untouched", async () => {
      const { product, first } = await shop.assembly();
      const order = await shop.order(product, 10);
      await shop.apply("completeOrder", {
        order,
        yield: pieces(4),
        consumption: [{ product: first, quantity: pieces(9) }],
      });
      await shop.apply("completeOrder", { order, yield: pieces(6) });
      expect(await shop.onHand(first)).toBe(100_000 - 9 - 12);
    });

    test("a report of several lots makes an order of each, leaves the rest open, and counts scrap with the last", async () => {
      const { product, first } = await shop.assembly("lot");
      const order = await shop.order(product, 10);
      const [a, b, c] = [fresh("L"), fresh("L"), fresh("L")];
      const scrap = [{ quantity: pieces(1), reason: "Scratched" }];
      const outcome = await shop.apply("completeOrder", {
        order,
        yield: pieces(6),
        lots: [lotOf(a, 1), lotOf(b, 2), lotOf(c, 3)],
        scrap,
      });
      const chain = await shop.orders(order);
      expect(chain.map(stateAndSize)).toEqual(["done 1", "done 2", "done 4", "confirmed 3"]);
      const names = chain.slice(0, 3).map((row) => row["name"]);
      expect(outcome.receipt).toBe(names.join(", "));
      expect(outcome.response).toMatchObject({
        orders: names,
        backorder: chain[3]?.["name"],
        produced: 7,
        scrapped: 1,
      });
      expect([await shop.onHand(product, a), await shop.onHand(product, b), await shop.onHand(product, c)]).toEqual([
        1, 2, 3,
      ]);
      expect(await shop.onHand(first)).toBe(99_986);
    });

    test("of several lots the final report closes only after the last, and reported consumption counts once", async () => {
      const chips = await shop.product();
      const byProduct = [{ product: chips, quantity: pieces(1) }];
      const { product, first, second } = await shop.assembly("lot", { byProducts: byProduct });
      const order = await shop.order(product, 10);
      await shop.apply("completeOrder", {
        order,
        yield: pieces(8),
        lots: [lotOf(fresh("L"), 5), lotOf(fresh("L"), 3)],
        final: true,
        consumption: [{ product: first, quantity: pieces(17) }],
        byProducts: [{ product: chips, quantity: pieces(2) }],
      });
      expect((await shop.orders(order)).map((row) => [row["state"], row["qty_produced"]])).toEqual([
        ["done", 5],
        ["done", 3],
      ]);
      expect([await shop.onHand(product), await shop.onHand(first), await shop.onHand(second)]).toEqual([
        8, 99_983, 99_992,
      ]);
      expect(await shop.onHand(chips)).toBe(2);
    });

    test("several lots of more pieces than ordered are all received", async () => {
      const { product, first } = await shop.assembly("lot");
      const order = await shop.order(product, 10);
      const [a, b] = [fresh("L"), fresh("L")];
      await shop.apply("completeOrder", { order, yield: pieces(15), lots: [lotOf(a, 12), lotOf(b, 3)] });
      expect((await shop.orders(order)).map((row) => row["state"])).toEqual(["done", "done"]);
      expect([await shop.onHand(product, a), await shop.onHand(product, b)]).toEqual([12, 3]);
      expect(await shop.onHand(first)).toBe(99_970);
    });

    test("lots that do not add up to the yield are refused, and nothing is left behind", async () => {
      const { product } = await shop.assembly("lot");
      const order = await shop.order(product, 10);
      const lots = [lotOf(fresh("L"), 3), { lot: fresh("L"), quantity: { value: "1", unit: "DZN" } }];
      expect(await rejection(shop, { order, yield: pieces(8), lots })).toBe("lots-sum");
      expect(await rejection(shop, { order, yield: pieces(8), lots: [lotOf(fresh("L"), 7)] })).toBe("value-invalid");
      expect((await shop.orders(order)).map(stateAndSize)).toEqual(["confirmed 10"]);
    });

    test("what more pieces take of a component with lots comes from the lots on stock", async () => {
      const { order, component } = await trackedComponent(shop, "30");
      await shop.apply("completeOrder", { order, yield: pieces(12) });
      expect(await shop.onHand(component)).toBe(6);
    });

    test("a component with lots of which too little is on stock is refused by name", async () => {
      const { order, component } = await trackedComponent(shop, "21");
      const [outcome] = await shop.send("completeOrder", { order, yield: pieces(12) });
      expect(outcome).toMatchObject({ kind: "rejected", reason: "lot-missing" });
      expect(JSON.stringify(outcome)).toContain(component);
      expect(await shop.onHand(component)).toBe(21);
    });

    test("by-products are received as reported", async () => {
      const chips = await shop.product();
      const { product } = await shop.assembly("none", { byProducts: [{ product: chips, quantity: pieces(1) }] });
      const order = await shop.order(product, 10);
      await shop.apply("completeOrder", {
        order,
        yield: pieces(10),
        byProducts: [{ product: chips, quantity: pieces(6) }],
      });
      expect(await shop.onHand(chips)).toBe(6);
    });

    test("quantities in another unit of the same kind are turned into the order's", async () => {
      const flour = await shop.product({ unit: "KGM" });
      await shop.apply("createOrder", { order: fresh("MO"), product: flour, quantity: { value: "5", unit: "KGM" } });
      const order = fresh("MO");
      await shop.apply("createOrder", { order, product: flour, quantity: { value: "5", unit: "KGM" } });
      await shop.apply("completeOrder", { order, yield: { value: "2500", unit: "GRM" } });
      expect(await shop.onHand(flour)).toBe(2.5);
      expect(await rejection(shop, { order, yield: { value: "1", unit: "LTR" } })).toBe("unit-mismatch");
    });

    test("a quantity that Odoo would round is refused", async () => {
      const flour = await shop.product({ unit: "KGM" });
      const order = fresh("MO");
      await shop.apply("createOrder", { order, product: flour, quantity: { value: "5", unit: "KGM" } });
      expect(await rejection(shop, { order, yield: { value: "0.3333333", unit: "KGM" } })).toBe("too-many-digits");
    });

    test("work orders are finished with the order", async () => {
      const workCenter = await shop.workCenter();
      const operations = [{ name: "Weld", workCenter, minutes: "12" }];
      const { product } = await shop.assembly("none", { operations });
      const order = await shop.order(product, 2);
      await shop.apply("completeOrder", { order, yield: pieces(2) });
      const steps = await shop.rows("mrp.workorder", [["production_id.origin", "=", order]], ["state"]);
      expect(steps.map((step) => step["state"])).toEqual(["done"]);
    });

    test("an order nobody knows, a draft and an empty report are refused in words of their own", async () => {
      const { product } = await shop.assembly();
      const draft = fresh("MO");
      await shop.apply("createOrder", { order: draft, product, quantity: pieces(2), confirm: false });
      const open = await shop.order(product, 2);
      expect(await rejection(shop, { order: fresh("NONE"), yield: pieces(1) })).toBe("order-unknown");
      expect(await rejection(shop, { order: draft, yield: pieces(1) })).toBe("order-not-released");
      expect(await rejection(shop, { order: open, yield: pieces(0) })).toBe("nothing-reported");
    });

    test("one item sent four times at once has one effect", async () => {
      const { product } = await shop.assembly("lot");
      const order = await shop.order(product, 10);
      const item = shop.item("completeOrder", { order, yield: pieces(4), lot: fresh("L") });
      const target = shop.target("completeOrder");
      const sent = await Promise.allSettled([1, 2, 3, 4].map(() => target.send([item], never())));
      const outcomes = sent.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
      expect(outcomes.filter((outcome) => outcome.kind === "done" && !outcome.already)).toHaveLength(1);
      expect(outcomes.every((outcome) => outcome.kind === "done")).toBe(true);
      expect(await shop.onHand(product)).toBe(4);
    });

    test("a client that hung up in mid-request sends again and finds the effect once", async () => {
      const { product } = await shop.assembly("lot");
      const order = await shop.order(product, 10);
      const item = shop.item("completeOrder", { order, yield: pieces(4), lot: fresh("L") });
      const target = shop.target("completeOrder");
      const stop = new AbortController();
      const given = target.send([item], stop.signal);
      await shop.proxy.nextArrival();
      stop.abort(new Error("killed"));
      await expect(given).rejects.toThrow(/given up while Odoo worked on it/);
      const [outcome] = await target.send([{ ...item, attempt: 2 }], never());
      expect(outcome?.kind).toBe("done");
      expect(await shop.onHand(product)).toBe(4);
    });
  });
}

function lotOf(lot: string, quantity: number) {
  return { lot, quantity: pieces(quantity) };
}

/** An order of ten, each of two pieces of a component with two lots on stock. */
async function trackedComponent(shop: Shop, stock: string) {
  const component = await shop.product({ tracking: "lot" });
  await shop.stock(component, "20", fresh("C"));
  await shop.stock(component, String(Number(stock) - 20), fresh("C"));
  const product = await shop.product();
  await shop.apply("saveBillOfMaterials", {
    product,
    revision: "A",
    quantity: pieces(1),
    components: [{ product: component, quantity: pieces(2) }],
  });
  return { component, order: await shop.order(product, 10) };
}

async function rejection(shop: Shop, value: Parameters<typeof shop.apply<"completeOrder">>[1]): Promise<string> {
  const [outcome] = await shop.send("completeOrder", value);
  return reasonOf(outcome);
}

function reasonOf(outcome: Outcome | undefined): string {
  return outcome?.kind === "rejected" ? outcome.reason : `not rejected: ${JSON.stringify(outcome)}`;
}

function stateAndSize(row: Row): string {
  return `${String(row["state"])} ${String(row["product_qty"])}`;
}
