import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OperationValue } from "../operations.ts";
import { fresh, pieces, Shop, type Peer } from "./shop.ts";

type Change = OperationValue<"correctCompletion">["changes"][number];

/** What a correction of a report does, and that it never takes more than the report counted. */
export function correctionCases(peer: Peer): void {
  describe("correcting completions", () => {
    let shop: Shop;
    beforeAll(async () => {
      shop = await Shop.open(peer);
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    test("good pieces that are none are scrapped from the stock of their lot, components stay consumed", async () => {
      const { product, first } = await shop.assembly("lot");
      const [order, report, lot] = [await shop.order(product, 10), fresh("R"), fresh("L")];
      await shop.apply("completeOrder", { order, report, yield: pieces(6), lot });
      await shop.apply("correctCompletion", correction(order, report, change("yield", "scrap", 2)));
      expect(await shop.onHand(product, lot)).toBe(4);
      expect(await shop.onHand(first)).toBe(99_988);
      expect((await shop.orders(order)).map((row) => row["state"])).toEqual(["done", "confirmed"]);
    });

    test("pieces that were never made leave the stock, their components come back, and they are open again", async () => {
      const { product, first, second } = await shop.assembly("lot");
      const [order, report, lot] = [await shop.order(product, 10), fresh("R"), fresh("L")];
      await shop.apply("completeOrder", { order, report, yield: pieces(6), lot });
      await shop.apply("correctCompletion", correction(order, report, change("yield", "nothing", 1)));
      expect(await shop.onHand(product, lot)).toBe(5);
      expect(await shop.onHand(first)).toBe(99_990);
      expect(await shop.onHand(second)).toBe(99_995);
      const open = (await shop.orders(order)).find((row) => row["state"] === "confirmed");
      expect(open?.["product_qty"]).toBe(5);
    });

    test("what was counted too low is completed further, into the lot of the report", async () => {
      const { product, first } = await shop.assembly("lot");
      const [order, report, lot] = [await shop.order(product, 10), fresh("R"), fresh("L")];
      await shop.apply("completeOrder", { order, report, yield: pieces(6), lot });
      await shop.apply("correctCompletion", correction(order, report, change("nothing", "yield", 2)));
      expect(await shop.onHand(product, lot)).toBe(8);
      expect(await shop.onHand(first)).toBe(99_984);
      // What was added counts as the report's: all eight may be corrected, and no ninth.
      expect(await rejection(correction(order, report, change("yield", "scrap", 9, lot)))).toBe("correction-exceeds");
    });

    test("rework that came out good or bad is completed then", async () => {
      const { product, first } = await shop.assembly();
      const [order, report] = [await shop.order(product, 10), fresh("R")];
      await shop.apply("completeOrder", { order, report, yield: pieces(5), rework: pieces(3) });
      const changes = [change("rework", "yield", 2), change("rework", "scrap", 1)];
      await shop.apply("correctCompletion", correction(order, report, ...changes));
      expect(await shop.onHand(product)).toBe(7);
      expect(await shop.onHand(first)).toBe(99_984);
    });

    test("several corrections of a report together take no more than it counted", async () => {
      const { product } = await shop.assembly();
      const [order, report] = [await shop.order(product, 10), fresh("R")];
      await shop.apply("completeOrder", { order, report, yield: pieces(5) });
      await shop.apply("correctCompletion", correction(order, report, change("yield", "scrap", 3)));
      expect(await rejection(correction(order, report, change("yield", "scrap", 3)))).toBe("correction-exceeds");
      await shop.apply("correctCompletion", correction(order, report, change("yield", "nothing", 2)));
      expect(await shop.onHand(product)).toBe(0);
    });

    test("a report of another order, an unknown one, or a lot that it did not make is refused", async () => {
      const { product } = await shop.assembly("lot");
      const [order, other, report] = [await shop.order(product, 10), await shop.order(product, 10), fresh("R")];
      await shop.apply("completeOrder", { order, report, yield: pieces(5), lot: fresh("L") });
      const one = change("yield", "scrap", 1);
      expect(await rejection(correction(order, fresh("R"), one))).toBe("report-unknown");
      expect(await rejection(correction(other, report, one))).toBe("report-unknown");
      expect(await rejection(correction(order, report, { ...one, lot: fresh("L") }))).toBe("lot-unknown");
      expect(await shop.onHand(product)).toBe(5);
    });

    test("a report of several lots is corrected lot by lot", async () => {
      const { product } = await shop.assembly("lot");
      const [order, report, a, b] = [await shop.order(product, 10), fresh("R"), fresh("L"), fresh("L")];
      const lots = [a, b].map((lot) => ({ lot, quantity: pieces(2) }));
      await shop.apply("completeOrder", { order, report, yield: pieces(4), lots });
      expect(await rejection(correction(order, report, change("yield", "scrap", 1)))).toBe("lot-missing");
      await shop.apply("correctCompletion", correction(order, report, change("yield", "scrap", 1, a)));
      expect([await shop.onHand(product, a), await shop.onHand(product, b)]).toEqual([1, 2]);
    });

    test("scrap that turns out good again is left to a person", async () => {
      const { product } = await shop.assembly();
      const [order, report] = [await shop.order(product, 10), fresh("R")];
      await shop.apply("completeOrder", { order, report, yield: pieces(5), scrap: [{ quantity: pieces(2) }] });
      expect(await rejection(correction(order, report, change("scrap", "yield", 1)))).toBe("not-reversible");
      expect(await shop.onHand(product)).toBe(5);
    });

    async function rejection(value: OperationValue<"correctCompletion">): Promise<string> {
      const [outcome] = await shop.send("correctCompletion", value);
      return outcome?.kind === "rejected" ? outcome.reason : JSON.stringify(outcome);
    }
  });
}

function correction(order: string, report: string, ...changes: Change[]): OperationValue<"correctCompletion"> {
  return { order, report, changes };
}

function change(from: Change["from"], to: Change["to"], quantity: number, lot?: string): Change {
  return {
    from,
    to,
    quantity: pieces(quantity),
    ...(lot !== undefined && { lot }),
    ...(to === "scrap" && { reason: "Leak" }),
  };
}
