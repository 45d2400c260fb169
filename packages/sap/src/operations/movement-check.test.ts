import { FakeClock } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import { aConfirmation, anItem, find, openBench, sendOne, untilSettled } from "../testing/bench.ts";
import type { OperationConfirmation } from "./operation-confirmation.ts";

const item = (more: Partial<OperationConfirmation> = {}) => anItem(aConfirmation(more));

describe("goods movements of a confirmation", () => {
  test("backflushed components are seen as posted", async () => {
    await using bench = await openBench();
    const outcome = await sendOne(bench.confirm, item());
    expect(outcome).toMatchObject({
      kind: "done",
      response: { goodsMovements: { kind: "complete", posted: [{ movementType: "261", material: "ROTOR-100" }] } },
    });
    expect(outcome).not.toHaveProperty("note");
  });

  test("a confirmation whose goods movement failed is done, and says which one is missing", async () => {
    const clock = new FakeClock();
    await using bench = await openBench({ clock });
    bench.sim.plant.setStock({ material: "ROTOR-100", plant: "1010", storageLocation: "0001", quantity: "0" });
    const sending = sendOne(bench.confirm, item());
    const outcome = await untilSettled(sending, clock);
    expect(outcome).toMatchObject({
      kind: "done",
      receipt: "0000000001/00000001",
      note: expect.stringMatching(/0000000001\/00000001 stands, but 1 .*261 ROTOR-100 at 1010\/0001.*COGI/),
      response: { goodsMovements: { kind: "missing", missing: [{ movementType: "261", material: "ROTOR-100" }] } },
    });
    expect(bench.sim.failedMovements()).toMatchObject([
      { material: "ROTOR-100", reason: expect.stringContaining("Deficit") },
    ]);
  });

  test("of several movements given, only the ones that failed are missing", async () => {
    const clock = new FakeClock();
    await using bench = await openBench({ clock });
    bench.sim.plant.addMaterial({ material: "SEAL-8", unit: "PCE" });
    const goodsMovements = ["ROTOR-100", "SEAL-8"].map((material) => ({
      movementType: "261" as const,
      material,
      plant: "1010",
      storageLocation: "0001",
      quantity: "5",
      unit: "H87",
    }));
    const outcome = await untilSettled(sendOne(bench.confirm, item({ goodsMovements })), clock);
    expect(outcome).toMatchObject({
      kind: "done",
      response: {
        goodsMovements: { kind: "missing", posted: [{ material: "ROTOR-100" }], missing: [{ material: "SEAL-8" }] },
      },
    });
  });

  test("items that SAP leaves out of its answer are read back before anything is called missing", async () => {
    await using bench = await openBench({ sim: { answerItems: false } });
    const outcome = await sendOne(bench.confirm, item());
    expect(outcome).toMatchObject({
      response: { goodsMovements: { kind: "complete", posted: [{ material: "ROTOR-100" }] } },
    });
    expect(outcome).not.toHaveProperty("note");
  });

  test("when they can't be read back, the confirmation is done all the same and says so", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "outage", service: "API_PRODUCTION_ORDER_2_SRV" });
    const outcome = await sendOne(bench.confirm, item());
    expect(outcome).toMatchObject({
      kind: "done",
      note: expect.stringContaining("not known"),
      response: { goodsMovements: { kind: "unchecked" } },
    });
  });

  test("none are expected where they are suppressed", async () => {
    await using bench = await openBench();
    const outcome = await sendOne(bench.confirm, item({ noGoodsMovements: true }));
    expect(outcome).toMatchObject({ response: { goodsMovements: { kind: "complete", posted: [] } } });
    expect(bench.sim.counts().materialDocuments).toBe(0);
  });

  test("a found confirmation tells of its missing movements as a posted one does", async () => {
    const clock = new FakeClock();
    await using bench = await openBench({ clock });
    bench.sim.plant.setStock({ material: "ROTOR-100", plant: "1010", storageLocation: "0001", quantity: "0" });
    bench.sim.fault({ fault: "dropAnswer" });
    await sendOne(bench.confirm, item());
    const found = await untilSettled(find(bench.confirm, item()), clock);
    expect(found).toMatchObject({ kind: "found", note: expect.stringContaining("COGI") });
  });

  test("a by-product and a receipt are posted with the confirmation", async () => {
    await using bench = await openBench();
    bench.sim.plant.addMaterial({ material: "CHIPS", unit: "KGM" });
    const place = { plant: "1010", storageLocation: "0001" };
    const goodsMovements: OperationConfirmation["goodsMovements"] = [
      {
        movementType: "101",
        material: "PUMP-100",
        quantity: "5",
        unit: "H87",
        batch: "L-1",
        expiresOn: "2027-01-01",
        ...place,
      },
      { movementType: "531", material: "CHIPS", quantity: "0.75", unit: "KGM", ...place },
    ];
    expect(await sendOne(bench.confirm, item({ goodsMovements }))).toMatchObject({
      kind: "done",
      response: { goodsMovements: { kind: "complete" } },
    });
    expect(bench.sim.stock()).toEqual(
      expect.arrayContaining([
        { material: "PUMP-100", ...place, batch: "L-1", quantity: "5.000" },
        { material: "CHIPS", ...place, quantity: "0.750" },
      ]),
    );
  });
});
