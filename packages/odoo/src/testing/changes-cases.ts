import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LineshaftError, silentLog, type Fact } from "@lineshaft/core";
import { product, productionOrder, stockBalance } from "@lineshaft/model";
import { eventually, FakeClock, keepRunning, RecordingIntake } from "@lineshaft/testing";
import type { ChangesOptions } from "../changes/changes-source.ts";
import { odoo, type OdooSystem } from "../odoo.ts";
import { fresh, pieces, Shop, type Peer } from "./shop.ts";

type Name = "productionOrders" | "products" | "stock";

/** What changes in Odoo reaches the hub, each change once, as valid facts. */
export function changesCases(peer: Peer): void {
  describe("changes", () => {
    let shop: Shop;
    beforeAll(async () => {
      shop = await Shop.open(peer);
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    test("orders, products and stock arrive as valid facts of their contracts", async () => {
      const workCenter = await shop.workCenter();
      const operations = [{ name: "Weld", workCenter, minutes: "12" }];
      const from = await now(shop);
      const { product: made, first } = await shop.assembly("lot", { operations });
      const order = await shop.order(made, 10);
      await using orders = await watch(shop, "productionOrders", from);
      await using goods = await watch(shop, "products", from);
      await using balances = await watch(shop, "stock", from);
      await eventually("the order arrives", () => orders.values(order).length === 1);
      await eventually("its product arrives", () => goods.values(made).length === 1);
      await eventually("its component's stock arrives", () => balances.values(first).length > 0);
      expect(orders.values(order)[0]).toMatchObject({
        product: made,
        quantity: pieces(10),
        status: "released",
        operations: [{ operation: "0010", description: "Weld", workCenter }],
        components: [{ product: first, quantity: pieces(20) }, { quantity: pieces(10) }],
      });
      expect(balances.values(first).at(-1)).toMatchObject({ quantity: pieces(100_000), reserved: pieces(20) });
      expect([...orders.refused(order), ...goods.refused(made), ...balances.refused(first)]).toEqual([]);
    });

    test("what was taken is not handed over again, and each further change is", async () => {
      const from = await now(shop);
      const { product: made } = await shop.assembly();
      const order = await shop.order(made, 10);
      await using orders = await watch(shop, "productionOrders", from);
      await eventually("the order arrives", () => orders.values(order).length === 1);
      await orders.look();
      await orders.look();
      expect(orders.values(order)).toHaveLength(1);
      await shop.apply("completeOrder", { order, yield: pieces(4) });
      await orders.look();
      await eventually("both members of the chain arrive", () => orders.values(order).length === 3);
      expect(orders.values(order).map((value) => value["status"])).toEqual(
        expect.arrayContaining(["closed", "released"]),
      );
    });

    test("two changes within one second both arrive", async () => {
      const from = await now(shop);
      const made = await shop.product();
      await using goods = await watch(shop, "products", from);
      await eventually("the product arrives", () => goods.values(made).length === 1);
      const names = [fresh("first"), fresh("second")];
      for (const [place, name] of names.entries()) {
        await shop.apply("saveProduct", { product: made, name });
        await goods.look();
        await eventually("its change arrives", () => goods.values(made).length === place + 2);
      }
      expect(
        goods
          .values(made)
          .slice(1)
          .map((value) => value["description"]),
      ).toEqual(names);
    });

    test("a change that carries an older time than the newest known is found, as after a long transaction", async () => {
      const made = await shop.product();
      const ahead = await now(shop, 120_000);
      await using goods = await watch(shop, "products", ahead);
      await eventually("it arrives", () => goods.values(made).length === 1);
    });

    test("the cursor waits for what could not be stored, which comes again", async () => {
      const from = await now(shop);
      const made = await shop.product();
      const intake = new RecordingIntake();
      intake.failWith(new LineshaftError("intake-overloaded", "Full.", { next: "Later." }));
      await using goods = await watch(shop, "products", from, {}, intake);
      await eventually("it is handed over in vain", () => intake.handed.length > 0);
      expect(intake.cursors.get("products")).toBe(from);
      intake.failWith(undefined);
      await eventually("it comes again", () => goods.values(made).length === 1);
    });

    test("a hint makes it look at once", async () => {
      const from = await now(shop);
      await using goods = await watch(shop, "products", from);
      await goods.idle();
      const made = await shop.product();
      goods.system.hint("products");
      await eventually("it arrives without time passing", () => goods.values(made).length === 1);
    });

    test("from the outbox each change is taken once and its note deleted after it is on disk", async () => {
      await using goods = await watch(shop, "products", await now(shop), { via: "outbox" });
      await goods.idle();
      const made = await shop.product();
      const [row] = await shop.rows("product.product", [["default_code", "=", made]], ["id"]);
      const notes = () =>
        shop.count("x_lineshaft_outbox", [
          ["x_name", "=", "product.product"],
          ["x_res_id", "=", row?.id],
        ]);
      expect(await notes()).toBeGreaterThan(0);
      await goods.look();
      await eventually("it arrives", () => goods.values(made).length === 1);
      await goods.idle();
      expect(await notes()).toBe(0);
    });
  });
}

const contracts = { productionOrders: productionOrder, products: product, stock: stockBalance };

/** Follows one source with a clock that stands still. */
async function watch(
  shop: Shop,
  name: Name,
  cursor: string,
  options: ChangesOptions = {},
  intake = new RecordingIntake(),
) {
  const clock = new FakeClock();
  const definition = odoo({ ...shop.peer, name: "odoo-watch", changes: { [name]: options } });
  const system = (await definition.open({ clock, random: () => 0.5, log: silentLog })) as OdooSystem;
  const source = system.sources[name];
  if (!source) throw new Error(`no source ${name}`);
  intake.cursors.set(name, cursor);
  const running = keepRunning(source, intake);
  const bodies = () => intake.recorded.map(({ fact }) => bodyOf(fact));
  const idle = () =>
    eventually(
      "it waits for the next look",
      () => clock.timers > 0,
      () => String(running.failures.at(-1)),
    );
  return {
    system,
    idle,
    /** Facts that name a product, an order or a source. */
    values: (text: string) =>
      bodies().filter((body) => JSON.stringify(body).includes(`"${text}"`) && about(name, body, text)),
    refused: (text: string) =>
      bodies()
        .filter((body) => about(name, body, text))
        .flatMap((body) => contracts[name].check(body)),
    async look() {
      await idle();
      await clock.advance(10_000);
      await idle();
    },
    async [Symbol.asyncDispose]() {
      await running.stop();
      await system.close();
    },
  };
}

function about(name: Name, body: Record<string, unknown>, text: string): boolean {
  if (name !== "productionOrders") return body["product"] === text;
  return (body["extensions"] as { origin?: string }).origin === text;
}

function bodyOf(fact: Fact): Record<string, unknown> {
  return JSON.parse(String(fact.raw)) as Record<string, unknown>;
}

/** The server's time now, as Odoo writes it. */
async function now(shop: Shop, plusMs = 0): Promise<string> {
  const made = await shop.product();
  const [row] = await shop.rows("product.product", [["default_code", "=", made]], ["write_date"]);
  const at = Date.parse(`${String(row?.["write_date"]).replace(" ", "T")}Z`) + plusMs;
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}
