import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OperationName, OperationValue } from "../operations.ts";
import { fresh, pieces, Shop, type Peer } from "./shop.ts";

/** What is on hold is out of reach until a person has decided, also what is made of it meanwhile. */
export function holdCases(peer: Peer): void {
  describe("quality holds", () => {
    let shop: Shop;
    beforeAll(async () => {
      shop = await Shop.open(peer);
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    /** Pieces of a lot at the place of holds, and in the warehouse's stock. */
    const places = async (product: string, lot?: string): Promise<[held: number, free: number]> => {
      const rows = await shop.rows(
        "stock.quant",
        [
          ["product_id.default_code", "=", product],
          ["location_id.usage", "=", "internal"],
          ...(lot === undefined ? [] : [["lot_id.name", "=", lot]]),
        ],
        ["quantity", "location_id"],
      );
      const at = (held: boolean) =>
        rows
          .filter((row) => (row["location_id"] as [number, string])[1].endsWith("Quality Hold") === held)
          .reduce((sum, row) => sum + Number(row["quantity"]), 0);
      return [at(true), at(false)];
    };
    const rejection = async <N extends OperationName>(operation: N, value: OperationValue<N>): Promise<string> => {
      const [outcome] = await shop.send(operation, value);
      return outcome?.kind === "rejected" ? outcome.reason : JSON.stringify(outcome);
    };
    const lotOnStock = async (quantity: string) => {
      const [product, lot] = [await shop.product({ tracking: "lot" }), fresh("L")];
      await shop.stock(product, quantity, lot);
      return { product, lot };
    };

    test("a held lot leaves the stock, other lots stay, and a person's decision brings it back", async () => {
      const { product, lot } = await lotOnStock("5");
      const [other, hold] = [fresh("L"), fresh("H")];
      await shop.stock(product, "3", other);
      await shop.apply("placeHold", { hold, product, lot, reason: "Pressure 130 bar" });
      expect([await places(product, lot), await places(product, other)]).toEqual([
        [5, 0],
        [0, 3],
      ]);
      expect(await rejection("moveStock", { kind: "issue", product, quantity: pieces(1), lot })).toBe("lot-held");
      await shop.apply("releaseHold", { hold, disposition: "use-as-is", note: "m.jensen: measured again, 110 bar" });
      expect(await places(product, lot)).toEqual([0, 5]);
      await shop.apply("moveStock", { kind: "issue", product, quantity: pieces(1), lot });
      expect(await rejection("releaseHold", { hold, disposition: "scrap", note: "again" })).toBe("hold-unknown");
    });

    test("what is completed of a lot while it is held goes to hold too, also when the hold came before its first piece", async () => {
      const { product } = await shop.assembly("lot");
      const [order, lot, hold] = [await shop.order(product, 10), fresh("L"), fresh("H")];
      await shop.apply("placeHold", { hold, product, order, lot, reason: "Pressure 130 bar" });
      await shop.apply("completeOrder", { order, yield: pieces(4), lot });
      await shop.apply("completeOrder", { order, yield: pieces(3), lot: fresh("L") });
      expect(await places(product, lot)).toEqual([4, 0]);
      expect(await places(product)).toEqual([4, 3]);
      await shop.apply("releaseHold", { hold, disposition: "use-as-is", note: "m.jensen: good" });
      await shop.apply("completeOrder", { order, yield: pieces(3), lot });
      expect(await places(product, lot)).toEqual([0, 7]);
    });

    test("a held lot is not consumed: not by name, and not by what Odoo chooses or had reserved", async () => {
      const [product, oil] = [await shop.product(), await shop.product({ tracking: "lot" })];
      const [old, young] = [fresh("OLD"), fresh("NEW")];
      for (const lot of [old, young]) await shop.stock(oil, "100", lot);
      await shop.apply("saveBillOfMaterials", {
        product,
        revision: "A",
        quantity: pieces(1),
        components: [{ product: oil, quantity: pieces(1) }],
      });
      // The order's components are reserved when it is confirmed: of the older lot.
      const order = await shop.order(product, 4);
      await shop.apply("placeHold", { hold: fresh("H"), product: oil, lot: old, reason: "Water in it" });
      const line = { product: oil, quantity: pieces(2), lot: old };
      expect(await rejection("completeOrder", { order, yield: pieces(2), consumption: [line] })).toBe("lot-held");
      expect(await rejection("consumeMaterial", { order, lines: [line] })).toBe("lot-held");
      await shop.apply("completeOrder", { order, yield: pieces(4) });
      expect([await places(oil, old), await places(oil, young)]).toEqual([
        [100, 0],
        [0, 96],
      ]);
    });

    test("material of a lot that is received while it is held goes to hold", async () => {
      const { product, lot } = await lotOnStock("5");
      await shop.apply("placeHold", { hold: fresh("H"), product, lot, reason: "Certificate missing" });
      await shop.apply("moveStock", { kind: "receipt", product, quantity: pieces(2), lot });
      expect(await places(product, lot)).toEqual([7, 0]);
    });

    test("a part of a lot can be held; the rest stays free", async () => {
      const { product, lot } = await lotOnStock("5");
      await shop.apply("placeHold", { hold: fresh("H"), product, lot, quantity: pieces(2), reason: "Dents" });
      expect(await places(product, lot)).toEqual([2, 3]);
      await shop.apply("moveStock", { kind: "issue", product, quantity: pieces(3), lot });
      expect(await places(product, lot)).toEqual([2, 0]);
    });

    test("of two parts of a lot that are held, the release of one leaves the other", async () => {
      const { product, lot } = await lotOnStock("5");
      const [first, second] = [fresh("H"), fresh("H")];
      await shop.apply("placeHold", { hold: first, product, lot, quantity: pieces(1), reason: "Dents" });
      await shop.apply("placeHold", { hold: second, product, lot, quantity: pieces(2), reason: "Scratches" });
      expect(await places(product, lot)).toEqual([3, 2]);
      await shop.apply("releaseHold", { hold: second, disposition: "use-as-is", note: "m.jensen: polished" });
      expect(await places(product, lot)).toEqual([1, 4]);
      await shop.apply("releaseHold", { hold: first, disposition: "scrap", note: "m.jensen: too deep" });
      expect(await places(product, lot)).toEqual([0, 4]);
    });

    test("two holds on a lot: it is free when both are released, and scrap leaves nothing", async () => {
      const { product, lot } = await lotOnStock("5");
      const [first, second] = [fresh("H"), fresh("H")];
      for (const hold of [first, second]) await shop.apply("placeHold", { hold, product, lot, reason: "Leak" });
      await shop.apply("releaseHold", { hold: first, disposition: "use-as-is", note: "m.jensen: tight" });
      expect(await places(product, lot)).toEqual([5, 0]);
      await shop.apply("releaseHold", { hold: second, disposition: "scrap", note: "m.jensen: not tight" });
      expect(await places(product, lot)).toEqual([0, 0]);
      expect(await shop.count("stock.scrap", [["product_id.default_code", "=", product]])).toBe(1);
    });

    test("an order can be held where nobody knows the lot: what it made and what it makes", async () => {
      const { product } = await shop.assembly();
      const [order, other, hold] = [await shop.order(product, 10), await shop.order(product, 10), fresh("H")];
      await shop.apply("completeOrder", { order, yield: pieces(4) });
      await shop.apply("completeOrder", { order: other, yield: pieces(5) });
      // Machines know a lot of products that Odoo keeps none of.
      await shop.apply("placeHold", { hold, product, order, lot: fresh("L"), reason: "Pressure 130 bar" });
      expect(await places(product)).toEqual([4, 5]);
      await shop.apply("completeOrder", { order, yield: pieces(3) });
      await shop.apply("completeOrder", { order: other, yield: pieces(1) });
      expect(await places(product)).toEqual([7, 6]);
      await shop.apply("releaseHold", { hold, disposition: "use-as-is", note: "m.jensen: good" });
      expect(await places(product)).toEqual([0, 13]);
    });

    test("pieces of a held lot that turn out to be scrap are scrapped where they lie", async () => {
      const { product } = await shop.assembly("lot");
      const [order, report, lot] = [await shop.order(product, 10), fresh("R"), fresh("L")];
      await shop.apply("completeOrder", { order, report, yield: pieces(4), lot });
      await shop.apply("placeHold", { hold: fresh("H"), product, lot, reason: "Leak" });
      const changes = [{ from: "yield", to: "scrap", quantity: pieces(1), reason: "Leak" }] as const;
      await shop.apply("correctCompletion", { order, report, changes: [...changes] });
      expect(await places(product, lot)).toEqual([3, 0]);
    });

    test("a hold that names nothing to hold is refused", async () => {
      const product = await shop.product({ tracking: "lot" });
      expect(await rejection("placeHold", { hold: fresh("H"), product, reason: "Leak" })).toBe("lot-missing");
    });
  });
}
