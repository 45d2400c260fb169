import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fresh, never, pieces, Shop, type Peer } from "./shop.ts";

/** What plain mode keeps although one effect takes several calls. */
export function plainCases(peer: Peer): void {
  describe("plain completions", () => {
    let shop: Shop;
    beforeAll(async () => {
      shop = await Shop.open(peer, { mode: "plain" });
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    test.each([0, 1, 2, 3])(
      "whichever answer is lost (call %i), looking and sending again ends in one effect",
      async (lost) => {
        const { product } = await shop.assembly("lot");
        const order = await shop.order(product, 10);
        const item = shop.item("completeOrder", { order, yield: pieces(4), lot: fresh("L") });
        const target = shop.target("completeOrder");
        shop.proxy.dropNextAnswer(lost);
        const [first] = await target.send([item], never()).catch(() => []);
        expect(first).toBeUndefined();
        const found = await target.repeat.find?.(item, never());
        if (found?.kind === "absent") await target.send([{ ...item, attempt: 2 }], never());
        expect(await shop.onHand(product)).toBe(4);
        expect((await shop.orders(order)).map((row) => row["product_qty"])).toEqual([4, 6]);
      },
    );

    test("without a lot, a report that may have been applied is not guessed", async () => {
      const { product } = await shop.assembly();
      const order = await shop.order(product, 10);
      const item = shop.item("completeOrder", { order, yield: pieces(4) });
      const target = shop.target("completeOrder");
      expect((await target.repeat.find?.(item, never()))?.kind).toBe("absent");
      await target.send([item], never());
      expect((await target.repeat.find?.(item, never()))?.kind).toBe("unknown");
    });

    test("a second report finds the open member, and a closed order is refused", async () => {
      const { product } = await shop.assembly();
      const order = await shop.order(product, 5);
      for (const part of [2, 3]) await shop.send("completeOrder", { order, yield: pieces(part) });
      expect(await shop.onHand(product)).toBe(5);
      await expect(shop.send("completeOrder", { order, yield: pieces(1) })).rejects.toMatchObject({
        reason: "order-closed",
      });
      expect(await shop.onHand(product)).toBe(5);
    });
  });
}
