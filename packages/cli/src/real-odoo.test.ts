import {
  type Completion,
  type CompletionCorrection,
  type Downtime,
  type MaterialConsumption,
  type ProductionOrderRelease,
  type QualityHold,
  aQuantity,
} from "@lineshaft/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OdooEyes, type RealOdoo, type Standing } from "./testing/real/odoo-eyes.ts";
import { RealPlant, type Traced, fresh, realOdoo } from "./testing/real/real-plant.ts";

/** A real Odoo on a busy machine takes half a second for a completion; a restart of the hub as long again. */
const LIMIT_MS = 240_000;

const real = realOdoo();
const reason = typeof real === "string" ? real : "";

test("a plant's reports reach a real Odoo", (context) => {
  if (reason === "") return;
  console.info(`Skipped the plant on a real Odoo: ${reason}.`);
  context.skip(reason);
});

if (typeof real !== "string") describe(`real Odoo at ${real.url}`, () => plantCases(real));

function plantCases(odoo: RealOdoo): void {
  let plant: RealPlant;
  let admin: OdooEyes;
  beforeAll(async () => {
    plant = await RealPlant.open(odoo);
    admin = await OdooEyes.open(odoo, odoo.adminLogin, odoo.adminKey);
  }, LIMIT_MS);

  async function posted(contract: string, fact: object, result = "accepted"): Promise<void> {
    expect(await plant.post(contract, fact)).toMatchObject({ said: { result } });
  }

  /** Pieces of a lot by the last part of the location's name. */
  async function places(lot: string): Promise<Record<string, number>> {
    const domain = [
      ["lot_id.name", "=", lot],
      ["location_id.usage", "=", "internal"],
      ["quantity", "!=", 0],
    ];
    const quants = await admin.rows("stock.quant", domain, ["quantity", "location_id"]);
    return Object.fromEntries(
      quants.map((row) => [(row["location_id"] as [number, string])[1].split("/").at(-1), Number(row["quantity"])]),
    );
  }

  afterAll(() => plant[Symbol.asyncDispose]());

  test(
    "an order, its partial reports with lots, scrap and rework, a duplicate and the final report stand as reported",
    async () => {
      const { product, plain, tracked, trackedLot } = plant.recipe;
      const order = fresh("MO");
      const [a, b, c] = [fresh("LA"), fresh("LB"), fresh("LC")];
      const first = aReport(order, 4, {
        lots: [{ lot: a, quantity: aQuantity(4) }],
        scrap: [{ quantity: aQuantity(1), reason: "SEAL-DAMAGED" }],
        consumed: [{ product: tracked, quantity: aQuantity(6), lot: trackedLot }],
      });
      const second = aReport(order, 3, {
        lots: [{ lot: b, quantity: aQuantity(3) }],
        rework: aQuantity(1),
        reworkReason: "LEAK",
      });
      // More than is still open: for what was not planned, Odoo up to 18 does not choose the lot of a component.
      const last = aReport(order, 3, {
        lots: [{ lot: c, quantity: aQuantity(3) }],
        consumed: [{ product: tracked, quantity: aQuantity(3), lot: trackedLot }],
        final: true,
      });
      await plant.release(aRelease(order, product, 10));
      await plant.report(first, first);
      await plant.received(order, 2);
      expect((await plant.post("completion.v1", second)).status).toBe(202);
      expect((await plant.post("completion.v1", second)).said).toMatchObject({ result: "duplicate" });
      await plant.report(last);

      const traced = await plant.settled(order, 4);
      expect(traced.map((message) => message.duplicates)).toEqual([0, 1, 1, 0]);
      const standing = await plant.standing(order);
      // The scrapped piece was made and cost material too: five, three and, of the two still open, three.
      expect(standing.members).toMatchObject([
        { state: "done", made: 5, lots: [a] },
        { state: "done", made: 3, lots: [b] },
        { state: "done", made: 3, lots: [c] },
      ]);
      expect(standing.scrapped).toEqual([{ quantity: 1, lot: a, state: "done" }]);
      expect(standing.consumed).toEqual({ [plain]: 22, [tracked]: 12 });
      expect(standing.consumedLots).toEqual({ [trackedLot]: 12 });
      expect(await plant.odoo.onHand(product)).toEqual({ [a]: 4, [b]: 3, [c]: 3 });
      expect((await plant.odoo.remarks(order)).join("\n")).toContain("Rework: 1 C62 (LEAK).");
      expectEachOnce(standing, traced);
    },
    LIMIT_MS,
  );

  test.each(["asked", "answered"] as const)(
    "a hub killed when Odoo was %s and it had no answer yet completes each report once, in order",
    async (moment) => {
      const order = fresh("MO");
      const reports = someReports(order, 4);
      const killed = plant.killAt(moment);
      await plant.release(aRelease(order, plant.recipe.product, 12));
      await plant.report(...reports.slice(0, 2));
      await killed;
      await plant.report(...reports.slice(2));
      await plant.start();
      expect(crashes(await expectAll(plant, order, reports))).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  test(
    "a hub killed twice over one order, at either moment, completes each report once, in order",
    async () => {
      const order = fresh("MO");
      const reports = someReports(order, 4);
      const killed = plant.killAt("asked");
      await plant.release(aRelease(order, plant.recipe.product, 12));
      await plant.report(...reports);
      await killed;
      const killedAgain = plant.killAt("answered");
      await plant.start();
      await killedAgain;
      await plant.start();
      expect(crashes(await expectAll(plant, order, reports))).toBeGreaterThan(1);
    },
    LIMIT_MS,
  );

  test(
    "what comes in while Odoo refuses connections, and while it is frozen, arrives afterwards in order, once",
    async () => {
      const order = fresh("MO");
      const reports = someReports(order, 6);
      await plant.release(aRelease(order, plant.recipe.product, 18));
      await plant.settled(order, 1);
      await plant.gate.outage(true);
      await plant.report(...reports.slice(0, 3));
      const refused = (traced: Traced[]) =>
        traced.some(({ deliveries }) =>
          deliveries.some(({ attempts }) => attempts.some(({ outcome }) => outcome === "unavailable")),
        );
      for (let traced = await plant.received(order, 4); !refused(traced);) traced = await plant.trace(order);
      plant.gate.hold();
      await plant.gate.outage(false);
      await plant.report(...reports.slice(3));
      await plant.received(order, 7);
      for (; plant.gate.held === 0;) await plant.trace(order);
      plant.gate.release();
      await expectAll(plant, order, reports);
    },
    LIMIT_MS,
  );

  test(
    "what the broker holds while the hub is away survives the broker's restart too",
    async () => {
      const order = fresh("MO");
      const reports = someReports(order, 4);
      await plant.end("SIGTERM");
      await plant.release(aRelease(order, plant.recipe.product, 12));
      await plant.report(...reports.slice(0, 2));
      await plant.broker.restart();
      await plant.report(reports[2] ?? {});
      await plant.start();
      await plant.received(order, 4);
      await plant.broker.restart();
      await plant.report(reports[3] ?? {});
      await expectAll(plant, order, reports);
    },
    LIMIT_MS,
  );

  test(
    "consumption told apart, an operator's correction and a hold stand in Odoo beside the completion that they are about",
    async () => {
      const { product, plain, tracked, trackedLot } = plant.recipe;
      const [order, lot, hold] = [fresh("MO"), fresh("L"), fresh("HOLD")];
      const report = aReport(order, 4, { lots: [{ lot, quantity: aQuantity(4) }] });
      const about = { time: new Date().toISOString(), productionOrder: order };
      const consumption: MaterialConsumption = {
        ...about,
        id: fresh("used"),
        consumed: [
          { product: plain, quantity: aQuantity(7) },
          { product: tracked, quantity: aQuantity(5), lot: trackedLot },
        ],
      };
      const correction: CompletionCorrection = {
        ...about,
        id: fresh("terminal"),
        completion: report.id,
        changes: [{ from: "yield", to: "scrap", quantity: aQuantity(1), reason: "LEAK" }],
        reason: "Leak found at the test bench",
        operator: "m.jensen",
      };
      const held: QualityHold = {
        id: fresh("qms"),
        time: about.time,
        hold,
        action: "place",
        product,
        lot,
        reason: "Leak",
      };
      await plant.release(aRelease(order, product, 10));
      await plant.settled(order, 1);
      await plant.gate.outage(true);
      await plant.report(report);
      await plant.received(order, 2);
      await posted("completion-correction.v1", correction);
      await posted("material-consumption.v1", consumption);
      await posted("quality-hold.v1", held);
      await posted("completion-correction.v1", correction, "duplicate");
      await plant.gate.outage(false);

      await plant.settled(order, 4);
      await plant.settled(hold, 1);
      const standing = await plant.standing(order);
      expect(standing.members).toMatchObject([
        { state: "done", made: 4, lots: [lot] },
        { state: "confirmed", planned: 6 },
      ]);
      expect(standing.consumed).toEqual({ [plain]: 7, [tracked]: 5 });
      expect(standing.scrapped).toEqual([{ quantity: 1, lot, state: "done" }]);
      expect(await places(lot)).toEqual({ "Quality Hold": 3 });
      expect((await plant.odoo.remarks(order)).join("\n")).toMatch(/1 C62 from yield to scrap \(LEAK\).*m\.jensen/);

      const decided = { disposition: "use-as-is", reason: "Tight after all", decidedBy: "q.lund" } as const;
      await posted("quality-hold.v1", { ...held, ...decided, id: fresh("qms"), action: "release" });
      await plant.settled(hold, 2);
      expect(await places(lot)).toEqual({ Stock: 3 });
    },
    LIMIT_MS,
  );

  test(
    "a correction of a report that nobody knows waits for a person, with the reason",
    async () => {
      const order = fresh("MO");
      const correction: CompletionCorrection = {
        id: fresh("terminal"),
        time: new Date().toISOString(),
        productionOrder: order,
        completion: fresh("nobody"),
        changes: [{ from: "yield", to: "scrap", quantity: aQuantity(1), reason: "LEAK" }],
        reason: "Leak",
        operator: "m.jensen",
      };
      await plant.release(aRelease(order, plant.recipe.product, 10));
      await posted("completion-correction.v1", correction);
      await expect(plant.settled(order, 2)).rejects.toThrow(`Parked: No report ${correction.completion} was completed`);
    },
    LIMIT_MS,
  );

  test(
    "a stop told at its beginning and at its end is one stop and one request for maintenance, and warns the planner once",
    async () => {
      const { workCenter, product } = plant.recipe;
      const order = fresh("MO");
      const now = Date.now();
      const minutesAgo = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
      const begun: Downtime = {
        id: fresh("scada"),
        time: minutesAgo(30),
        workCenter,
        category: "unplanned",
        reason: "HYDRAULIC-PRESSURE",
        start: minutesAgo(30),
        productionOrder: order,
      };
      await plant.release(aRelease(order, product, 10));
      await plant.settled(order, 1);
      await posted("downtime.v1", begun);
      await posted("downtime.v1", { ...begun, id: fresh("scada"), time: minutesAgo(5), end: minutesAgo(5) });
      await plant.settled(workCenter, 2);
      const title = `${workCenter} stopped: HYDRAULIC-PRESSURE`;
      expect(await admin.rows("maintenance.request", [["name", "=", title]], ["duration"])).toMatchObject([
        { duration: 0.42 },
      ]);
      // Odoo counts its duration in working hours only.
      const ofStop = [
        ["workcenter_id.code", "=", workCenter],
        ["workorder_id", "=", false],
      ];
      const stops = await admin.rows("mrp.workcenter.productivity", ofStop, ["date_start", "date_end"]);
      const inOdoo = (time: string) => time.slice(0, 19).replace("T", " ");
      expect(stops).toMatchObject([{ date_start: inOdoo(begun.start), date_end: inOdoo(minutesAgo(5)) }]);
      const alerts = await admin.rows("mail.activity", [["summary", "like", workCenter]], ["res_model", "note"]);
      expect(alerts).toMatchObject([
        { res_model: "mrp.production", note: expect.stringContaining("25 minutes") as string },
      ]);
    },
    LIMIT_MS,
  );

  test(
    "after all of it the audit trail holds",
    async () => {
      expect((await plant.project.run("audit", "verify")).code).toBe(0);
    },
    LIMIT_MS,
  );
}

/** Every report stands in Odoo as one member of the family, in the order of the reports, with its lot on stock. */
async function expectAll(plant: RealPlant, order: string, reports: readonly Completion[]): Promise<Traced[]> {
  const traced = await plant.settled(order, reports.length + 1);
  const standing = await plant.standing(order);
  const lots = reports.map((report) => report.lots?.[0]?.lot ?? "");
  expect(standing.members).toMatchObject(lots.map((lot) => ({ state: "done", made: 3, lots: [lot] })));
  const onHand = await plant.odoo.onHand(plant.recipe.product);
  expect(Object.fromEntries(lots.map((lot) => [lot, onHand[lot]]))).toEqual(
    Object.fromEntries(lots.map((lot) => [lot, 3])),
  );
  const made = 3 * reports.length;
  expect(standing.consumed).toEqual({ [plant.recipe.plain]: 2 * made, [plant.recipe.tracked]: made });
  expectEachOnce(standing, traced);
  return traced;
}

/** Tries that a crash cut off. */
function crashes(traced: readonly Traced[]): number {
  const attempts = traced.flatMap(({ deliveries }) => deliveries.flatMap((delivery) => delivery.attempts));
  return attempts.filter(({ outcome }) => outcome === "crashed").length;
}

/** Each delivery's token is claimed once in Odoo, and the ledger's receipt is what Odoo noted beside the claim. */
function expectEachOnce(standing: Standing, traced: readonly Traced[]): void {
  const claimed = standing.claims.map(({ token, receipt }) => `${token.split("-").at(-1)} ${receipt}`);
  const delivered = traced.flatMap(({ deliveries }) =>
    deliveries.map(({ id, receipt }) => `${id.toString(36)} ${receipt}`),
  );
  expect(claimed.sort()).toEqual(delivered.sort());
}

function aRelease(order: string, product: string, pieces: number): ProductionOrderRelease {
  return {
    id: fresh("release"),
    time: new Date().toISOString(),
    productionOrder: order,
    product,
    quantity: aQuantity(pieces),
  };
}

function aReport(order: string, pieces: number, more: Partial<Completion>): Completion {
  return {
    id: fresh("mes"),
    time: new Date().toISOString(),
    productionOrder: order,
    yield: aQuantity(pieces),
    final: false,
    ...more,
  };
}

/** So many reports of three pieces each, each with a lot of its own. */
function someReports(order: string, count: number): Completion[] {
  return Array.from({ length: count }, () =>
    aReport(order, 3, { lots: [{ lot: fresh("L"), quantity: aQuantity(3) }] }),
  );
}
