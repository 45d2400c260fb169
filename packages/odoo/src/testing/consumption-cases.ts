import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OperationValue } from "../operations.ts";
import { fresh, pieces, Shop, type Peer } from "./shop.ts";

type Line = OperationValue<"consumeMaterial">["lines"][number];

/** Material reported apart from completions: consumed once, in the end the same whichever came first. */
export function consumptionCases(peer: Peer): void {
  describe("consumption reported apart", () => {
    let shop: Shop;
    beforeAll(async () => {
      shop = await Shop.open(peer);
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    const complete = (order: string, good: number, more: Partial<OperationValue<"completeOrder">> = {}) =>
      shop.apply("completeOrder", { order, yield: pieces(good), ...more });
    const consume = (order: string, ...lines: Line[]) => shop.apply("consumeMaterial", { order, lines });
    const used = async (product: string) => 100_000 - (await shop.onHand(product));
    const rejection = async (order: string, ...lines: Line[]): Promise<string> => {
      const [outcome] = await shop.send("consumeMaterial", { order, lines });
      return outcome?.kind === "rejected" ? outcome.reason : JSON.stringify(outcome);
    };

    test("after its completion it takes the place of what the bill had consumed; other components stay", async () => {
      const { product, first, second } = await shop.assembly();
      const order = await shop.order(product, 10);
      await complete(order, 4);
      expect([await used(first), await used(second)]).toEqual([8, 4]);
      await consume(order, { product: first, quantity: pieces(7) });
      expect([await used(first), await used(second)]).toEqual([7, 4]);
    });

    test("before its completion it waits for it, and is consumed with it instead of what the bill says", async () => {
      const { product, first, second } = await shop.assembly();
      const order = await shop.order(product, 10);
      const { response } = await consume(order, { product: first, quantity: pieces(7) });
      expect(response).toMatchObject({ waits: 1 });
      expect(await used(first)).toBe(0);
      await complete(order, 4);
      expect([await used(first), await used(second)]).toEqual([7, 4]);
    });

    test("reports and completions come to the same in every order of arrival", async () => {
      const { product, first, second } = await shop.assembly();
      const steps = {
        a: (order: string) => complete(order, 3),
        b: (order: string) => complete(order, 4, { final: true }),
        x: (order: string) => consume(order, { product: first, quantity: pieces(5) }),
        y: (order: string) => consume(order, { product: first, quantity: pieces(9) }),
      };
      const expected = [0, 0];
      for (const way of ["axby", "xayb", "abxy", "xyab", "axyb"]) {
        const order = await shop.order(product, 10);
        for (const step of way) await steps[step as keyof typeof steps](order);
        const [before, beforeSecond] = expected as [number, number];
        expected.splice(0, 2, before + 14, beforeSecond + 7);
        expect({ way, used: [await used(first), await used(second)] }).toEqual({ way, used: expected });
      }
    });

    test("by lot: the lots that the bill had taken come back, those reported are consumed, in one order", async () => {
      const { product, oil, lots } = await withOil();
      const order = await shop.order(product, 10);
      await complete(order, 4);
      expect(await Promise.all(lots.map((lot) => shop.onHand(oil, lot)))).toEqual([96, 100]);
      await consume(order, { product: oil, quantity: pieces(5), lot: lots[1] });
      expect(await Promise.all(lots.map((lot) => shop.onHand(oil, lot)))).toEqual([100, 95]);
    });

    test("a lot reported before the completion is the one that goes into its pieces", async () => {
      const { product, oil, lots } = await withOil();
      const order = await shop.order(product, 10);
      await consume(order, { product: oil, quantity: pieces(4), lot: lots[1] });
      await complete(order, 4);
      expect(await Promise.all(lots.map((lot) => shop.onHand(oil, lot)))).toEqual([100, 96]);
    });

    test("what is reported as additional comes on top of the bill, before and after the completion", async () => {
      const { product, first } = await shop.assembly();
      const order = await shop.order(product, 10);
      await consume(order, { product: first, quantity: pieces(1), additional: true });
      await complete(order, 4);
      expect(await used(first)).toBe(9);
      await consume(order, { product: first, quantity: pieces(2), additional: true });
      await complete(order, 6);
      expect(await used(first)).toBe(23);
    });

    test("a substitute is consumed and its component is not, before and after the completion", async () => {
      const { product, first } = await shop.assembly();
      const other = await shop.product();
      await shop.stock(other, "100000");
      const [early, late] = [await shop.order(product, 4), await shop.order(product, 4)];
      const line = { product: other, quantity: pieces(8), insteadOf: first };
      await consume(early, line);
      await complete(early, 4);
      await complete(late, 4);
      await consume(late, line);
      expect([await used(first), await used(other)]).toEqual([0, 16]);
      const third = await shop.order(product, 4);
      await complete(third, 4, { consumption: [line] });
      expect([await used(first), await used(other)]).toEqual([0, 24]);
    });

    test("what a completion itself reported as consumed is not given back by a later report", async () => {
      const { product, first } = await shop.assembly();
      const order = await shop.order(product, 10);
      await complete(order, 4, { consumption: [{ product: first, quantity: pieces(9) }] });
      await consume(order, { product: first, quantity: pieces(2) });
      expect(await used(first)).toBe(11);
    });

    test("a tracked component without a lot, an unknown lot, too little stock and a foreign component are refused", async () => {
      const { product, oil, lots } = await withOil();
      const order = await shop.order(product, 10);
      await complete(order, 4);
      expect(await rejection(order, { product: oil, quantity: pieces(4) })).toBe("lot-missing");
      expect(await rejection(order, { product: oil, quantity: pieces(4), lot: fresh("L") })).toBe("lot-unknown");
      expect(await rejection(order, { product: oil, quantity: pieces(101), lot: lots[1] })).toBe("insufficient-stock");
      const foreign = await shop.product();
      expect(await rejection(order, { product: oil, quantity: pieces(1), lot: lots[1], insteadOf: foreign })).toBe(
        "component-unknown",
      );
      expect(await shop.onHand(oil)).toBe(196);
    });

    test("a completion that may not go below zero is refused when a component is short, and leaves nothing behind", async () => {
      const { product, first } = await shop.assembly();
      await shop.stock(first, "7");
      const order = await shop.order(product, 10);
      const value = { order, yield: pieces(4), shortage: "refuse" } as const;
      const [outcome] = await shop.send("completeOrder", value);
      expect(outcome).toMatchObject({ kind: "rejected", reason: "insufficient-stock" });
      expect([await shop.onHand(product), await shop.onHand(first)]).toEqual([0, 7]);
      await shop.stock(first, "8");
      await complete(order, 4, { shortage: "refuse" });
      expect([await shop.onHand(product), await shop.onHand(first)]).toEqual([4, 0]);
    });

    test("an order with material that nobody built in is not cancelled by a final report without pieces", async () => {
      const { product, first } = await shop.assembly();
      const order = await shop.order(product, 10);
      await consume(order, { product: first, quantity: pieces(5) });
      const [outcome] = await shop.send("completeOrder", { order, yield: pieces(0), final: true });
      expect(outcome).toMatchObject({ kind: "rejected", reason: "consumption-open" });
    });

    /** A product made of one oil, of which two lots are on stock; the first is the one that Odoo takes by itself. */
    async function withOil() {
      const [product, oil] = [await shop.product(), await shop.product({ tracking: "lot" })];
      const lots = [fresh("OLD"), fresh("NEW")] as const;
      for (const lot of lots) await shop.stock(oil, "100", lot);
      await shop.apply("saveBillOfMaterials", {
        product,
        revision: "A",
        quantity: pieces(1),
        components: [{ product: oil, quantity: pieces(1) }],
      });
      return { product, oil, lots };
    }
  });
}
