import { targetCases } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import { referenceDocument } from "../external-keys.ts";
import { aTransfer, anItem, find, openBench, running, sendOne, takeAway } from "../testing/bench.ts";
import type { Bench } from "../testing/bench.ts";
import type { GoodsMovement } from "./goods-movement.ts";

const place = { plant: "1010", storageLocation: "0001" };
const at = "2026-01-05T08:00:00+01:00";

targetCases<GoodsMovement>("goodsMovement", async () => {
  const bench = await openBench();
  return {
    target: bench.move,
    value: () => aTransfer(),
    badValue: () => aTransfer({ quantity: "9000000" }),
    effects: ({ token }) => Promise.resolve(bench.sim.documentsWith(referenceDocument(token))),
    dropNextAnswer: () => bench.sim.fault({ fault: "dropAnswer" }),
    outage: (on) => (on ? takeAway(bench) : bench.sim.goOnline()),
    dispose: async () => bench[Symbol.asyncDispose](),
  };
});

targetCases<GoodsMovement>("goodsMovement, reversal", async () => {
  const bench = await openBench();
  return {
    target: bench.move,
    value: async (n) => reversalOf(await post(bench, aTransfer(), `original-${n}`)),
    badValue: () => reversalOf("4711/2026"),
    effects: ({ value }) => Promise.resolve(value.kind === "reversal" ? reversalsOf(bench, value.document) : -1),
    dropNextAnswer: () => bench.sim.fault({ fault: "dropAnswer" }),
    outage: (on) => (on ? takeAway(bench) : bench.sim.goOnline()),
    dispose: async () => bench[Symbol.asyncDispose](),
  };
});

describe("each kind of movement", () => {
  test("a receipt from an order adds its product, with lot", async () => {
    await using bench = await openBench();
    const receipt = { order: "1", material: "PUMP-100", batch: "L-1", quantity: "3", unit: "C62", ...place };
    await post(bench, {
      kind: "orderReceipt",
      postedAt: at,
      items: [{ ...receipt, expiresOn: "2027-01-01", stockType: "quality" }],
    });
    expect(stockOf(bench, "PUMP-100")).toEqual({ "0001/L-1": "3.000" });
    expect(bench.sim.materialDocuments()[0]?.items[0]).toMatchObject({
      GoodsMovementType: "101",
      GoodsMovementRefDocType: "F",
      ManufacturingOrder: "000000000001",
      ManufacturingOrderItem: "0001",
      InventoryUsabilityCode: "X",
      ShelfLifeExpirationDate: "2027-01-01",
      EntryUnitISOCode: "PCE",
    });
  });

  test("a receipt for a purchase order adds stock and refuses more than was ordered", async () => {
    await using bench = await openBench();
    bench.sim.plant.addPurchaseOrder({
      purchaseOrder: "4500000001",
      item: "10",
      material: "ROTOR-100",
      plant: "1010",
      quantity: "5",
    });
    const line = { purchaseOrder: "4500000001", purchaseOrderItem: "10", material: "ROTOR-100", unit: "H87", ...place };
    const receipt = (quantity: string): GoodsMovement => ({
      kind: "purchaseReceipt",
      postedAt: at,
      items: [{ ...line, quantity }],
    });
    await post(bench, receipt("4"));
    expect(stockOf(bench, "ROTOR-100")).toEqual({ "0001/": "100004.000" });
    expect(await sendOne(bench.move, anItem(receipt("4"), "second"))).toMatchObject({
      kind: "rejected",
      said: expect.stringContaining("exceeded by 3.000"),
    });
  });

  test("an issue to an order takes stock and counts on its reservation", async () => {
    await using bench = await openBench();
    const [component] = bench.sim.plant.components.where({ ManufacturingOrder: "000000000001" });
    const issue = {
      order: "1",
      material: "ROTOR-100",
      quantity: "7",
      unit: "H87",
      reservation: "1",
      reservationItem: "1",
    };
    await post(bench, { kind: "orderIssue", postedAt: at, items: [{ ...issue, ...place, reservationDone: true }] });
    expect(stockOf(bench, "ROTOR-100")).toEqual({ "0001/": "99993.000" });
    expect(component).toMatchObject({ WithdrawnQuantity: "7.000", ReservationIsFinallyIssued: true });
  });

  test("a transfer moves stock between storage locations", async () => {
    await using bench = await openBench();
    await post(bench, aTransfer());
    expect(stockOf(bench, "ROTOR-100")).toEqual({ "0001/": "99998.000", "0002/": "2.000" });
  });

  test("a by-product comes in, scrapping goes out", async () => {
    await using bench = await openBench();
    bench.sim.plant.addMaterial({ material: "CHIPS", unit: "KGM" });
    const chips = { material: "CHIPS", unit: "KGM", ...place };
    await post(bench, { kind: "byProduct", postedAt: at, items: [{ order: "1", quantity: "2.5", ...chips }] });
    await post(
      bench,
      { kind: "scrapping", postedAt: at, items: [{ reason: "1", costCenter: "4711", quantity: "0.5", ...chips }] },
      "t-2",
    );
    expect(stockOf(bench, "CHIPS")).toEqual({ "0001/": "2.000" });
    expect(bench.sim.materialDocuments()[1]?.items[0]).toMatchObject({
      GoodsMovementReasonCode: "0001",
      CostCenter: "0000004711",
    });
  });

  test("a reversal takes back what was moved", async () => {
    await using bench = await openBench();
    const receipt = await post(bench, aTransfer());
    await post(bench, reversalOf(receipt), "reversal");
    expect(stockOf(bench, "ROTOR-100")).toEqual({ "0001/": "100000.000", "0002/": "0.000" });
  });

  test("the posting date is the plant's day", async () => {
    await using bench = await openBench();
    await post(bench, { ...aTransfer(), postedAt: "2026-01-05T23:30:00Z" });
    expect(bench.sim.plant.documents.all()[0]?.["PostingDate"]).toBe("2026-01-06");
  });
});

describe("refusals and second looks", () => {
  test("a deficit of stock is rejected with SAP's text, and no item of the document is posted", async () => {
    await using bench = await openBench();
    const good = { material: "ROTOR-100", quantity: "1", unit: "H87", ...place, toStorageLocation: "0002" };
    const items = [good, { ...good, quantity: "200000" }];
    expect(await sendOne(bench.move, anItem({ kind: "transfer", postedAt: at, items }))).toMatchObject({
      kind: "rejected",
      reason: "sap-m7-021",
      said: expect.stringContaining("Deficit"),
    });
    expect(stockOf(bench, "ROTOR-100")).toEqual({ "0001/": "100000.000" });
  });

  test("a missing lot is rejected where the material has lots", async () => {
    await using bench = await openBench();
    bench.sim.plant.addMaterial({ material: "ROTOR-100", unit: "PCE", batches: true });
    expect(await sendOne(bench.move, anItem(aTransfer()))).toMatchObject({
      kind: "rejected",
      said: expect.stringContaining("batch"),
    });
  });

  test("a document reversed before, by whomever, is done already", async () => {
    await using bench = await openBench();
    const receipt = await post(bench, aTransfer());
    const reversal = await post(bench, reversalOf(receipt), "one");
    const again = await sendOne(bench.move, anItem(reversalOf(receipt), "two"));
    expect(again).toMatchObject({ kind: "done", receipt: reversal, already: true });
  });

  test("a document posted just before midnight is found after it", async () => {
    await using bench = await openBench();
    const item = { ...anItem(aTransfer()), receivedTime: Date.now() + 20 * 60 * 60 * 1000 };
    await sendOne(bench.move, item);
    expect((await find(bench.move, item)).kind).toBe("found");
  });
});

test("items that touch the same stock or order share a conflict key", async () => {
  await using bench = await openBench();
  const keys = (value: GoodsMovement) => bench.move.conflicts?.(anItem(value)) ?? [];
  const issue: GoodsMovement = {
    kind: "orderIssue",
    postedAt: at,
    items: [{ order: "0001", material: "ROTOR-100", quantity: "1", unit: "H87", ...place }],
  };
  expect(keys(aTransfer())).toHaveLength(2);
  expect(keys(issue)).toContain(keys(aTransfer())[0]);
  expect(keys(issue)).toContain("order 1");
  expect(keys(reversalOf("4900000001/2026"))).toEqual(["document 4900000001/2026"]);
});

test("a batch of movements is one call with an outcome each", async () => {
  await using bench = await openBench();
  const items = [aTransfer(), aTransfer({ quantity: "900000" }), aTransfer()].map((value, n) =>
    anItem(value, `b-${n}`),
  );
  const outcomes = await bench.move.send(items, running());
  expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "rejected", "done"]);
  expect(bench.sim.requests().by["POST API_MATERIAL_DOCUMENT_SRV"]).toBe(1);
});

/** Posts and returns the receipt. */
async function post(bench: Bench, value: GoodsMovement, token = "t-1"): Promise<string> {
  const outcome = await sendOne(bench.move, anItem(value, token));
  if (outcome.kind !== "done") throw new Error(`Expected done, got ${JSON.stringify(outcome)}`);
  return outcome.receipt;
}

function reversalOf(receipt: string): GoodsMovement {
  const [document = "", year = ""] = receipt.split("/");
  return { kind: "reversal", document, year };
}

function reversalsOf(bench: Bench, document: string): number {
  return new Set(
    bench.sim.plant.documentItems.where({ ReversedMaterialDocument: document }).map((row) => row["MaterialDocument"]),
  ).size;
}

/** Quantities of a material by `location/lot`. */
function stockOf(bench: Bench, material: string): Record<string, string> {
  const stock = bench.sim.stock().filter((each) => each.material === material);
  return Object.fromEntries(
    stock.map(({ storageLocation, batch = "", quantity }) => [`${storageLocation}/${batch}`, quantity]),
  );
}
