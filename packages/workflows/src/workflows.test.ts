import { Secret } from "@lineshaft/core";
import { testFlow } from "@lineshaft/engine";
import {
  aCompletion,
  aCompletionCorrection,
  aDowntime,
  aFinalCompletion,
  aMaterialConsumption,
  aProduct,
  aProductionOrderRelease,
  aQualityHold,
  aQualityResult,
  aQuantity,
  aStockMovement,
  anAlarmEvent,
} from "@lineshaft/model";
import { odoo as odooSystem } from "@lineshaft/odoo";
import { s4 as s4System } from "@lineshaft/sap";
import { describe, expect, test } from "vitest";
import {
  alarmFlow,
  completionCorrectionFlow,
  completionFlow,
  consumptionFlow,
  downtimeFlow,
  orderReleaseFlow,
  qualityHoldFlow,
  qualityResultFlow,
  stockMovementFlow,
} from "./index.ts";

const odoo = odooSystem({
  name: "odoo",
  url: "http://127.0.0.1:1",
  database: "plant",
  login: "hub",
  key: Secret.generated("workflow tests, odoo", "never-used"),
});
const s4 = s4System({
  name: "s4",
  url: "http://127.0.0.1:1",
  username: "HUB",
  password: Secret.generated("workflow tests, s4", "never-used"),
  zone: "Europe/Berlin",
});
const place = { system: s4, plant: "1010", storageLocation: "0001" };
const now = Date.parse("2026-01-05T06:00:00Z");
const flowOf = (deliveries: Awaited<ReturnType<typeof testFlow>>) =>
  Object.fromEntries(deliveries.map(({ system, value }) => [system, value]));

describe("completions", () => {
  const both = completionFlow({
    odoo: { system: odoo },
    s4: { ...place, operation: "0020", activities: { machine: 2, labour: 3 }, reasons: { "SEAL-DAMAGED": "0042" } },
  });

  test("a partial report goes to both in each one's terms, and fits their schemas", async () => {
    const deliveries = await testFlow(both, aCompletion({ yield: aQuantity("40.500") }), { now });
    expect(deliveries.flatMap((delivery) => delivery.findings)).toEqual([]);
    expect(flowOf(deliveries)).toMatchObject({
      odoo: {
        order: "MO-1001",
        yield: { value: "40.5", unit: "C62" },
        final: false,
        scrap: [{ quantity: { value: "2", unit: "C62" }, reason: "SEAL-DAMAGED" }],
        finishedAt: "2026-01-05T06:45:00+01:00",
      },
      s4: {
        order: "MO-1001",
        operation: "0010",
        yield: "40.5",
        scrap: "2",
        unit: "C62",
        scrapReason: "0042",
        final: "partial",
        activities: [
          { slot: 2, quantity: "25", unit: "MIN" },
          { slot: 3, quantity: "0.5", unit: "HUR" },
        ],
      },
    });
  });

  test("a report that is short of a component waits for a person, unless the plant books receipts late", async () => {
    const shortage = async (options: object) =>
      flowOf(await testFlow(completionFlow({ odoo: { system: odoo, ...options } }), aCompletion(), { now }));
    expect(await shortage({})).toMatchObject({ odoo: { shortage: "refuse" } });
    expect(await shortage({ shortage: "book" })).toMatchObject({ odoo: { shortage: "book" } });
  });

  test("rework is confirmed in SAP and told in Odoo's note, for Odoo has no field for it", async () => {
    const report = aCompletion({ rework: aQuantity(3), reworkReason: "LEAK" });
    expect(flowOf(await testFlow(both, report, { now }))).toMatchObject({
      odoo: { note: expect.stringContaining("Rework: 3 C62 (LEAK).") as string },
      s4: { rework: "3" },
    });
  });

  test("scrap reported in dozens is confirmed in the unit of the yield", async () => {
    const report = aCompletion({
      scrap: [
        { quantity: aQuantity(1, "DZN"), reason: "SEAL-DAMAGED" },
        { quantity: aQuantity(2), reason: "SEAL-DAMAGED" },
      ],
    });
    expect(flowOf(await testFlow(both, report, { now }))).toMatchObject({ s4: { scrap: "14" } });
  });

  test("scrap in a unit that cannot be converted is not guessed", async () => {
    const report = aCompletion({ scrap: [{ quantity: aQuantity(1, "KGM"), reason: "SEAL-DAMAGED" }] });
    await expect(testFlow(both, report, { now })).rejects.toThrow(/KGM/);
  });

  test("scrap in boxes is confirmed in pieces, by what a box of this product holds", async () => {
    const report = aCompletion({
      product: "PUMP-20",
      scrap: [{ quantity: aQuantity(1, "XBX"), reason: "SEAL-DAMAGED" }],
    });
    const known = [{ contract: "product.v1", object: "PUMP-20", payload: aProduct() }];
    expect(flowOf(await testFlow(both, report, { now, known }))).toMatchObject({ s4: { scrap: "24" } });
  });

  test("a report of several lots goes to SAP batch by batch", async () => {
    const report = aFinalCompletion();
    const [delivery] = await testFlow(completionFlow({ s4: { ...place, operation: "0020" } }), report, { now });
    expect(delivery?.findings).toEqual([]);
    expect(delivery?.value).toMatchObject({
      final: "final",
      goodsMovements: [
        { movementType: "101", batch: "L-260105-A", quantity: "48" },
        { movementType: "101", batch: "L-260105-B", quantity: "9" },
        { movementType: "261", material: "OIL-46", batch: "OIL-771", quantity: "20.3", unit: "LTR" },
        { movementType: "531", material: "CHIPS-AL", quantity: "3.2", unit: "KGM" },
      ],
    });
  });

  test("a report of several lots completes in Odoo lot by lot, one of a single lot with that", async () => {
    const options = { odoo: { system: odoo } };
    const [several] = await testFlow(completionFlow(options), aFinalCompletion(), { now });
    expect(several?.findings).toEqual([]);
    expect(several?.value).toMatchObject({
      yield: { value: "57" },
      lots: [
        { lot: "L-260105-A", quantity: { value: "48" } },
        { lot: "L-260105-B", quantity: { value: "9" } },
      ],
      final: true,
      consumption: [{ product: "OIL-46" }],
    });
    expect(several?.value).not.toHaveProperty("lot");
    const single = aCompletion({ lots: [{ lot: "L-1", quantity: aQuantity(40) }] });
    const [one] = await testFlow(completionFlow(options), single, { now });
    expect(one?.value).toMatchObject({ lot: "L-1" });
    expect(one?.value).not.toHaveProperty("lots");
  });

  test("a lot that is too long for SAP becomes the batch that the plant says", async () => {
    const short = completionFlow({ s4: { ...place, operation: "0020", batch: (lot) => lot.replaceAll("-", "") } });
    expect(flowOf(await testFlow(short, aFinalCompletion(), { now }))).toMatchObject({
      s4: { goodsMovements: [{ batch: "L260105A" }, { batch: "L260105B" }, { batch: "OIL771" }, {}] },
    });
  });

  test("where each operation is reported, only those that count complete the order in Odoo", async () => {
    const last = completionFlow({ odoo: { system: odoo, counts: (report) => report.operation === "0020" } });
    expect(await testFlow(last, aCompletion({ operation: "0010" }), { now })).toEqual([]);
    expect(await testFlow(last, aCompletion({ operation: "0020" }), { now })).toHaveLength(1);
  });

  test("a report without an operation is refused when nobody has said which one SAP is to confirm", async () => {
    const { operation: _, ...report } = aCompletion();
    await expect(testFlow(completionFlow({ s4: place }), report, { now })).rejects.toThrow("completions.operation");
  });

  test("serial numbers go to Odoo one for each piece", async () => {
    const report = aCompletion({ yield: aQuantity(2), serials: ["S-1", "S-2"] });
    const { scrap: _, ...clean } = report;
    expect(flowOf(await testFlow(completionFlow({ odoo: { system: odoo } }), clean, { now }))).toMatchObject({
      odoo: { serials: ["S-1", "S-2"] },
    });
  });
});

describe("consumption", () => {
  const both = consumptionFlow({ odoo: { system: odoo }, s4: { ...place, locations: { "WIP-1": "0030" } } });

  test("material built in is issued to the order in SAP, and consumed by it in Odoo in place of the bill", async () => {
    const deliveries = await testFlow(both, aMaterialConsumption(), { now });
    expect(deliveries.flatMap((delivery) => delivery.findings)).toEqual([]);
    expect(deliveries.map(({ system, operation }) => `${system}.${operation}`)).toEqual([
      "odoo.consumeMaterial",
      "s4.goodsMovement",
    ]);
    expect(flowOf(deliveries)).toMatchObject({
      odoo: {
        order: "MO-1001",
        lines: [
          { product: "HOUSING-20", lot: "H-5512" },
          { product: "GEAR-20", quantity: { value: "84", unit: "C62" } },
        ],
      },
      s4: {
        kind: "orderIssue",
        postedAt: "2026-01-05T06:46:00+01:00",
        items: [
          { material: "HOUSING-20", batch: "H-5512", storageLocation: "0030", order: "MO-1001" },
          { material: "GEAR-20", quantity: "84" },
        ],
      },
    });
  });

  test("what comes on top of the bill, and what was used instead of a component, is told to Odoo as such", async () => {
    const only = consumptionFlow({ odoo: { system: odoo } });
    const consumed = [{ product: "GEAR-21", quantity: aQuantity(2), insteadOf: "GEAR-20" }];
    const [extra] = await testFlow(only, aMaterialConsumption({ basis: "additional", consumed }), { now });
    expect(extra?.findings).toEqual([]);
    expect(extra?.value).toMatchObject({ lines: [{ product: "GEAR-21", insteadOf: "GEAR-20", additional: true }] });
  });

  test("lost material is scrapped in Odoo too", async () => {
    const [line] = aMaterialConsumption().consumed;
    const lost = aMaterialConsumption({ scrapped: true, consumed: line ? [line] : [] });
    expect(flowOf(await testFlow(both, lost, { now }))).toMatchObject({
      odoo: { product: "HOUSING-20", lot: "H-5512", order: "MO-1001" },
    });
    await expect(testFlow(both, aMaterialConsumption({ scrapped: true }), { now })).rejects.toThrow(
      "one-lost-material",
    );
  });

  test("a location that nobody has assigned is not guessed", async () => {
    const elsewhere = aMaterialConsumption({
      consumed: [{ product: "OIL-46", quantity: aQuantity(1), location: "TANK-9" }],
    });
    await expect(testFlow(both, elsewhere, { now })).rejects.toThrow("which storage location TANK-9 is");
  });
});

describe("corrections of completions", () => {
  const flows = completionCorrectionFlow({ odoo: { system: odoo }, s4: { system: s4, operation: "0010" } });

  test("name the report as the completion did, and say who and why", async () => {
    const only = completionCorrectionFlow({ odoo: { system: odoo } });
    const [delivery] = await testFlow(only, aCompletionCorrection(), { now });
    expect(delivery?.findings).toEqual([]);
    const [completed] = await testFlow(completionFlow({ odoo: { system: odoo } }), aCompletion(), { now });
    const named = completed?.value as { report: string } | undefined;
    expect(delivery?.value).toMatchObject({
      order: "MO-1001",
      report: named?.report,
      changes: [{ from: "yield", to: "scrap", quantity: { value: "2", unit: "C62" }, reason: "LEAK" }],
      note: expect.stringMatching(/2 C62 from yield to scrap.*Leak found.*m\.jensen/) as string,
    });
  });

  test("of operations that Odoo does not count, go to SAP alone", async () => {
    const counts = ({ operation }: { operation?: string }) => operation === "0020";
    const last = completionCorrectionFlow({ odoo: { system: odoo, counts } });
    expect(await testFlow(last, aCompletionCorrection({ operation: "0010" }), { now })).toEqual([]);
    expect(await testFlow(last, aCompletionCorrection({ operation: "0020" }), { now })).toHaveLength(1);
  });

  test("in SAP, what was counted too low is confirmed further; what was counted too high is for a person", async () => {
    const more = aCompletionCorrection({
      changes: [
        { from: "nothing", to: "yield", quantity: aQuantity(2) },
        { from: "nothing", to: "scrap", quantity: aQuantity(1), reason: "LEAK" },
      ],
    });
    expect(flowOf(await testFlow(flows, more, { now }))).toMatchObject({
      s4: { operation: "0010", yield: "2", scrap: "1", final: "partial", enteredBy: "m.jensen" },
    });
    await expect(testFlow(flows, aCompletionCorrection(), { now })).rejects.toThrow("SAP cannot take back");
  });
});

describe("stock movements", () => {
  const both = stockMovementFlow({
    odoo: { system: odoo, locations: { "FG-1": "WH/Stock/FG-1" } },
    s4: { ...place, locations: { "FG-1": "0010", "SHIP-2": "0020" }, reasons: { broken: "0007" } },
  });

  test("a transfer moves between named locations in both", async () => {
    const deliveries = await testFlow(both, aStockMovement(), { now });
    expect(deliveries.flatMap((delivery) => delivery.findings)).toEqual([]);
    expect(flowOf(deliveries)).toMatchObject({
      odoo: { kind: "transfer", from: "WH/Stock/FG-1", to: "SHIP-2", quantity: { value: "24", unit: "C62" } },
      s4: { kind: "transfer", items: [{ storageLocation: "0010", toStorageLocation: "0020", quantity: "24" }] },
    });
  });

  test("scrap is scrapped in Odoo and posted with its reason in SAP", async () => {
    const { to: _, handlingUnit: __, ...base } = aStockMovement({ type: "scrap", reason: "broken" });
    const deliveries = await testFlow(both, base, { now });
    expect(deliveries.map(({ system, operation }) => `${system}.${operation}`)).toEqual([
      "odoo.scrap",
      "s4.goodsMovement",
    ]);
    expect(flowOf(deliveries)).toMatchObject({ s4: { kind: "scrapping", items: [{ reason: "0007" }] } });
  });

  test("an adjustment is refused until the flow names a location for it", async () => {
    const { to: _, ...counted } = aStockMovement({ type: "adjustment", reason: "counted" });
    await expect(testFlow(both, counted, { now })).rejects.toThrow("stock.adjustment");
    const open = stockMovementFlow({ odoo: { system: odoo, adjustments: "Virtual Locations/Inventory adjustment" } });
    expect(flowOf(await testFlow(open, counted, { now }))).toMatchObject({
      odoo: { kind: "transfer", from: "FG-1", to: "Virtual Locations/Inventory adjustment" },
    });
  });
});

describe("downtime", () => {
  const reasons = { "HYDRAULIC-PRESSURE": "Equipment Failure" };
  const values = async (flow: ReturnType<typeof downtimeFlow>, stop: Parameters<typeof aDowntime>[0]) => {
    const deliveries = await testFlow(flow, aDowntime(stop), { now });
    expect(deliveries.flatMap((delivery) => delivery.findings)).toEqual([]);
    return Object.fromEntries(deliveries.map(({ operation, value }) => [operation, value]));
  };
  const told = { maintenanceNeeded: undefined } as unknown as { maintenanceNeeded?: boolean };
  const at = (end: string | undefined) => ({ ...told, end }) as { end?: string };

  test("a stop is logged, and asks for maintenance only where it says so", async () => {
    const flow = downtimeFlow({ odoo: { system: odoo, reasons } });
    expect(await values(flow, {})).toMatchObject({
      logDowntime: { workCenter: "ASSY-1", category: "availability", reason: "Equipment Failure" },
      requestMaintenance: { title: "ASSY-1 stopped: HYDRAULIC-PRESSURE", kind: "corrective", priority: "high" },
    });
    expect(Object.keys(await values(flow, { maintenanceNeeded: false }))).toEqual(["logDowntime"]);
  });

  test("the beginning and the end of a stop are about the same request, whatever the zone of their times", async () => {
    const flow = downtimeFlow({ odoo: { system: odoo, maintenance: { reasons: ["HYDRAULIC-PRESSURE"] } } });
    const begun = (await values(flow, at(undefined)))["requestMaintenance"] as { about: string };
    const ended = await values(flow, { ...told, start: "2026-01-05T05:31:00Z" });
    expect(ended["requestMaintenance"]).toMatchObject({ about: begun.about, hours: "0.15" });
    expect(ended["requestMaintenance"]).not.toHaveProperty("create");
  });

  test("a micro-stop makes no request: neither by reason, nor by length, nor at its end", async () => {
    const rule = { reasons: ["HYDRAULIC-PRESSURE"], fromMinutes: 0, microStopSeconds: 60 };
    const flow = downtimeFlow({ odoo: { system: odoo, maintenance: rule } });
    const micro = await values(flow, at("2026-01-05T06:31:59+01:00"));
    // Its beginning may have been told alone, so that its end is noted at the request that then stands.
    expect(micro["requestMaintenance"]).toMatchObject({ create: false });
    expect((await values(flow, at("2026-01-05T06:32:00+01:00")))["requestMaintenance"]).not.toHaveProperty("create");
    expect(Object.keys(await values(flow, { ...at("2026-01-05T06:31:59+01:00"), reason: "OTHER" }))).toEqual([
      "logDowntime",
    ]);
  });

  test("a stop above its length asks once it is over, on the machine's equipment in Odoo, and closes where told to", async () => {
    const rule = { fromMinutes: 9, equipment: { "PRESS-04": "SN-4711" }, whenItRuns: "close" as const };
    const flow = downtimeFlow({ odoo: { system: odoo, maintenance: rule } });
    expect((await values(flow, told))["requestMaintenance"]).toMatchObject({ equipment: "SN-4711", close: true });
    expect(Object.keys(await values(flow, at("2026-01-05T06:39:00+01:00")))).toEqual(["logDowntime"]);
    expect(Object.keys(await values(flow, at(undefined)))).toEqual(["logDowntime"]);
  });

  test("a runtime threshold asks for preventive maintenance", async () => {
    const due = { category: "planned", reason: "MAINTENANCE-DUE", end: "2026-01-05T06:31:00+01:00" } as const;
    const { requestMaintenance } = await values(downtimeFlow({ odoo: { system: odoo } }), due);
    expect(requestMaintenance).toMatchObject({ kind: "preventive", priority: "normal" });
    expect(requestMaintenance).not.toHaveProperty("hours");
  });

  test("the planner of the order is warned while a stop lasts and after a long one; a short one ends the warning", async () => {
    const flow = downtimeFlow({
      odoo: { system: odoo, maintenance: false, planner: { planner: "anna", fromMinutes: 9 } },
    });
    const lasting = await values(flow, at(undefined));
    expect(lasting["alertPlanner"]).toMatchObject({
      order: "MO-1001",
      planner: "anna",
      title: "ASSY-1 stands still: HYDRAULIC-PRESSURE",
    });
    const { about } = lasting["alertPlanner"] as { about: string };
    expect((await values(flow, {}))["alertPlanner"]).not.toHaveProperty("over");
    expect((await values(flow, at("2026-01-05T06:39:00+01:00")))["alertPlanner"]).toMatchObject({ about, over: true });
    expect(Object.keys(await values(flow, { category: "planned" }))).toEqual(["logDowntime"]);
  });
});

test("alarms ask for maintenance from a severity on or by name, once while they are there", async () => {
  const flow = alarmFlow({ odoo: { system: odoo, maintenance: { fromSeverity: "urgent", alarms: ["A-1204"] } } });
  const [came] = await testFlow(flow, anAlarmEvent(), { now });
  const [went] = await testFlow(flow, anAlarmEvent({ active: false }), { now });
  expect([came?.findings, went?.findings]).toEqual([[], []]);
  expect(came?.value).toMatchObject({ title: "PRESS-04: alarm A-1204", equipment: "PRESS-04", recurring: true });
  const { about } = (came?.value ?? {}) as { about?: string };
  expect(went?.value).toMatchObject({ about: expect.stringContaining("A-1204") as string, create: false });
  expect(went?.value).toMatchObject({ about });
  expect(await testFlow(flow, anAlarmEvent({ alarm: "A-1" }), { now })).toEqual([]);
  expect(await testFlow(flow, anAlarmEvent({ alarm: "A-1", severity: "urgent" }), { now })).toHaveLength(1);
});

describe("quality", () => {
  const holds = qualityHoldFlow({ odoo: { system: odoo } });

  test("a hold is placed with its reason, and goes before other work", async () => {
    const [delivery, ...more] = await testFlow(holds, aQualityHold({ productionOrder: "MO-1001" }), { now });
    expect([delivery?.findings, more]).toEqual([[], []]);
    expect(delivery).toMatchObject({
      operation: "placeHold",
      value: { hold: "HOLD-88", product: "PUMP-20", lot: "L-260105-A", order: "MO-1001" },
    });
    expect(holds.routes.map(({ policy }) => policy.priority)).toEqual(["urgent", "urgent"]);
  });

  test("a release says who decided what and why, and needs all three", async () => {
    const release = aQualityHold({ action: "release", disposition: "scrap", reason: "Not tight" });
    const [delivery] = await testFlow(holds, release, { now });
    expect(delivery?.findings).toEqual([]);
    expect(delivery).toMatchObject({
      operation: "releaseHold",
      value: { hold: "HOLD-88", disposition: "scrap", note: "q.lund: Not tight" },
    });
    const { decidedBy: _, ...nobody } = release;
    await expect(testFlow(holds, nobody, { now })).rejects.toThrow("quality-hold.decided");
    await expect(testFlow(holds, { ...release, reason: " " }, { now })).rejects.toThrow("reason-given");
  });

  test("a failed inspection holds what was inspected and says what failed; one that passed releases nothing", async () => {
    const flow = qualityResultFlow({ odoo: { system: odoo } });
    const failed = aQualityResult({
      result: "failed",
      characteristics: [{ characteristic: "flow", result: "failed", value: "19.2", unit: "LTR", lower: "19.5" }],
      defects: [],
    });
    const [delivery] = await testFlow(flow, failed, { now });
    expect(delivery?.findings).toEqual([]);
    expect(delivery?.value).toMatchObject({
      hold: `inspection ${failed.inspection}`,
      lot: failed.lot,
      reason: expect.stringContaining("flow: 19.2 LTR where at least 19.5 is allowed.") as string,
    });
    const passed = aQualityResult({ result: "passed", characteristics: [], defects: [] });
    expect(await testFlow(flow, passed, { now })).toEqual([]);
  });
});

test("a released order is created in Odoo under the name that completions use", async () => {
  const [delivery] = await testFlow(orderReleaseFlow({ odoo: { system: odoo } }), aProductionOrderRelease(), { now });
  expect(delivery).toMatchObject({
    operation: "createOrder",
    findings: [],
    value: { order: "MO-1001", product: "PUMP-20", quantity: { value: "100", unit: "C62" } },
  });
});
