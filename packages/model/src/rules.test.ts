import type { Finding, References } from "@lineshaft/core";
import { describe, expect, test } from "vitest";
import {
  aBillOfMaterials,
  aCompletion,
  aCompletionCorrection,
  aDowntime,
  aLot,
  aMaterialConsumption,
  aProduct,
  aProductionOrder,
  aProductionOrderAcknowledgement,
  aProductionOrderRelease,
  aQualityHold,
  aQualityResult,
  aQuantity,
  aStockBalance,
  aFindingEvent,
  aGapEvent,
  aStockMovement,
  anAlarmEvent,
  anEquipmentEvent,
  anEquipmentSummary,
} from "./examples.ts";
import { FINDINGS } from "./limits.ts";
import { contractOf, contracts } from "./registry.ts";
import { type Rule, breach, runRules } from "./rules.ts";

const now = Date.UTC(2026, 0, 5, 6);
const pieces = (value: number) => aQuantity(value);
const line = { line: "1", product: "GEAR-20", quantity: pieces(1) };
const operation = { operation: "0010" };
const component = { component: "1", product: "GEAR-20", quantity: pieces(1) };
const inBoxes = { quantity: aQuantity(1, "BX"), equals: pieces(24) };
const measured = { characteristic: "flow", result: "passed" as const };
const byLot = aProduct({ tracking: "lot" });
const bySerial = aProduct({ tracking: "serial" });
const early = "2026-01-05T06:00:00+01:00";
const late = "2026-01-05T06:30:00+01:00";

/** What the hub knows: objects of the state contracts, by contract and name. */
function knowing(...states: ({ product: string } | { productionOrder: string; product: string })[]): References {
  return ({ contract, object }) =>
    states.find((state) =>
      "productionOrder" in state
        ? contract === "production-order.v1" && state.productionOrder === object
        : contract === "product.v1" && state.product === object,
    );
}

function rules(contract: string, value: object, references: References = () => undefined): Finding[] {
  const found = contractOf(`${contract}.v1`);
  if (found === undefined) throw new Error(`No contract ${contract}`);
  // A case that does not even fit the schema would prove nothing about a rule.
  expect(found.check(value)).toEqual([]);
  return found.rules(value, references, now);
}

type Case = [code: string, field: string, value: object, ...known: Parameters<typeof knowing>];

/** One message for each rule that breaks it, and it alone. The contract is the code's first part. */
const broken: Record<string, Case[]> = {
  product: [
    ["fact.time-not-ahead", "/time", aProduct({ time: "2026-01-05T06:10:01Z" })],
    ["fact.time-plausible", "/time", aProduct({ time: "1970-01-01T00:00:12Z" })],
    ["quantity.not-negative", "/netWeight/value", aProduct({ netWeight: aQuantity(-1, "KGM") })],
    ["product.net-weight-positive", "/netWeight/value", aProduct({ netWeight: aQuantity(0, "KGM") })],
    [
      "product.conversion-between-kinds",
      "/conversions/0",
      aProduct({ conversions: [{ quantity: aQuantity(1, "DZN"), equals: pieces(13) }] }),
    ],
    [
      "product.conversion-unambiguous",
      "/conversions/1",
      aProduct({ conversions: [inBoxes, { quantity: aQuantity(2, "XBX"), equals: pieces(50) }] }),
    ],
    [
      "product.conversion-reaches-base",
      "/conversions/0/quantity/unit",
      aProduct({ conversions: [{ quantity: aQuantity(1, "PF"), equals: aQuantity(40, "BX") }] }),
    ],
    ["product.serial-unit", "/unit", aProduct({ tracking: "serial", unit: "KGM", conversions: [] })],
    ["product.gtin-check-digit", "/gtin", aProduct({ gtin: "4006381333932" })],
  ],
  "bill-of-materials": [
    ["bill-of-materials.quantity-positive", "/quantity/value", aBillOfMaterials({ quantity: pieces(0) })],
    [
      "bill-of-materials.no-self-reference",
      "/lines/0/product",
      aBillOfMaterials({ lines: [{ ...line, product: "PUMP-20" }] }),
    ],
    [
      "bill-of-materials.by-product-differs",
      "/byProducts/0/product",
      aBillOfMaterials({ byProducts: [{ product: "PUMP-20", quantity: pieces(1) }] }),
    ],
    ["bill-of-materials.lines-unique", "/lines/1/line", aBillOfMaterials({ lines: [line, line] })],
    [
      "bill-of-materials.operations-unique",
      "/operations/1/operation",
      aBillOfMaterials({ lines: [line], operations: [operation, operation] }),
    ],
    [
      "bill-of-materials.operation-known",
      "/lines/0/operation",
      aBillOfMaterials({ lines: [{ ...line, operation: "0099" }] }),
    ],
    [
      "bill-of-materials.scrap-percent-plausible",
      "/lines/0/scrapPercent",
      aBillOfMaterials({ lines: [{ ...line, scrapPercent: "100" }] }),
    ],
    [
      "bill-of-materials.validity-ordered",
      "/validTo",
      aBillOfMaterials({ validFrom: "2026-02-01", validTo: "2026-01-31" }),
    ],
  ],
  "production-order": [
    ["production-order.quantity-positive", "/quantity/value", aProductionOrder({ quantity: pieces(0) })],
    [
      "production-order.operations-unique",
      "/operations/1/operation",
      aProductionOrder({ operations: [operation, operation], components: [] }),
    ],
    [
      "production-order.components-unique",
      "/components/1/component",
      aProductionOrder({ components: [component, component] }),
    ],
    [
      "production-order.operation-known",
      "/components/0/operation",
      aProductionOrder({ components: [{ ...component, operation: "0099" }] }),
    ],
    [
      "production-order.planned-end-after-start",
      "/plannedEnd",
      aProductionOrder({ plannedStart: late, plannedEnd: early }),
    ],
    [
      "production-order.operation-end-after-start",
      "/operations/0/plannedEnd",
      aProductionOrder({ operations: [{ ...operation, plannedStart: late, plannedEnd: early }] }),
    ],
    [
      "production-order.overdelivery-not-negative",
      "/overdeliveryPercent",
      aProductionOrder({ overdeliveryPercent: "-1" }),
    ],
  ],
  "production-order-release": [
    ["production-order-release.quantity-positive", "/quantity/value", aProductionOrderRelease({ quantity: pieces(0) })],
    [
      "production-order-release.operations-unique",
      "/operations/1/operation",
      aProductionOrderRelease({ operations: [operation, operation] }),
    ],
    [
      "production-order-release.components-unique",
      "/components/1/component",
      aProductionOrderRelease({ components: [component, component] }),
    ],
    [
      "production-order-release.operation-known",
      "/components/0/operation",
      aProductionOrderRelease({ components: [{ ...component, operation: "0099" }] }),
    ],
    [
      "production-order-release.planned-end-after-start",
      "/plannedEnd",
      aProductionOrderRelease({ plannedStart: late, plannedEnd: early }),
    ],
    [
      "production-order-release.operation-end-after-start",
      "/operations/0/plannedEnd",
      aProductionOrderRelease({ operations: [{ ...operation, plannedStart: late, plannedEnd: early }] }),
    ],
    [
      "production-order-release.acknowledge-by-after-start",
      "/acknowledgeBy",
      aProductionOrderRelease({ time: late, acknowledgeBy: early }),
    ],
  ],
  "production-order-acknowledgement": [
    [
      "production-order-acknowledgement.reason-given",
      "/reason",
      aProductionOrderAcknowledgement({ answer: "rejected", reason: " " }),
    ],
    [
      "production-order-acknowledgement.planned-end-after-start",
      "/plannedEnd",
      aProductionOrderAcknowledgement({ plannedStart: late, plannedEnd: early }),
    ],
  ],
  completion: [
    [
      "completion.substitute-differs",
      "/consumed/0/insteadOf",
      aCompletion({ consumed: [{ product: "GEAR-20", quantity: pieces(1), insteadOf: "GEAR-20" }] }),
    ],
    ["quantity.not-negative", "/rework/value", aCompletion({ rework: pieces(-1) })],
    ["completion.output-positive", "/yield/value", aCompletion({ yield: pieces(0), scrap: [] })],
    [
      "completion.quantity-positive",
      "/scrap/0/quantity/value",
      aCompletion({ scrap: [{ quantity: pieces(0), reason: "X" }] }),
    ],
    ["completion.scrap-reason", "/scrap/0/reason", aCompletion({ scrap: [{ quantity: pieces(1) }] })],
    ["completion.units-convertible", "/rework/unit", aCompletion({ rework: aQuantity(1, "KGM") })],
    ["completion.total-yield-covers", "/totalYield/value", aCompletion({ totalYield: pieces(39) })],
    ["completion.open-quantity-reason", "/reasonForOpenQuantity", aCompletion({ final: true }), aProductionOrder()],
    [
      "completion.within-overdelivery",
      "/yield/value",
      aCompletion({ yield: pieces(106) }),
      aProductionOrder({ overdeliveryPercent: "5" }),
    ],
    ["completion.product-of-order", "/product", aCompletion({ product: "PUMP-99" }), aProductionOrder()],
    ["completion.operation-of-order", "/operation", aCompletion({ operation: "0099" }), aProductionOrder()],
    [
      "completion.by-product-differs",
      "/byProducts/0/product",
      aCompletion({ byProducts: [{ product: "PUMP-20", quantity: pieces(1) }] }),
      aProductionOrder(),
    ],
    ["completion.lots-sum", "/lots", aCompletion({ lots: [{ lot: "A", quantity: pieces(39) }] })],
    [
      "completion.lots-unique",
      "/lots/1/lot",
      aCompletion({
        lots: [
          { lot: "A", quantity: pieces(20) },
          { lot: "A", quantity: pieces(20) },
        ],
      }),
    ],
    [
      "completion.serials-unique",
      "/scrap/0/serials/0",
      aCompletion({
        yield: pieces(1),
        serials: ["S-1"],
        scrap: [{ quantity: pieces(1), reason: "X", serials: ["S-1"] }],
      }),
    ],
    [
      "completion.consumed-serials-unique",
      "/consumed/0/serials/1",
      aCompletion({ consumed: [{ product: "GEAR-20", quantity: pieces(2), serials: ["S-1", "S-1"] }] }),
    ],
    ["completion.rework-quantity", "/rework", aCompletion({ reworkReason: "LEAK" })],
    ["completion.end-after-start", "/end", aCompletion({ start: late, end: early })],
    ["completion.end-not-ahead", "/end", aCompletion({ end: "2026-01-05T09:00:00+01:00" })],
    ["completion.span-plausible", "/start", aCompletion({ start: "2000-01-01T00:00:00Z" })],
    ["completion.lot-missing", "/lots", aCompletion({ product: "PUMP-20" }), byLot],
    ["completion.serials-missing", "/serials", aCompletion({ product: "PUMP-20" }), bySerial],
    ["completion.serials-count", "/serials", aCompletion({ serials: ["S-1", "S-2"] })],
    [
      "completion.unit-convertible",
      "/consumed/0/quantity/unit",
      aCompletion({ consumed: [{ product: "PUMP-20", quantity: aQuantity(1, "LTR") }] }),
      aProduct(),
    ],
  ],
  "material-consumption": [
    [
      "material-consumption.substitute-differs",
      "/consumed/0/insteadOf",
      aMaterialConsumption({ consumed: [{ product: "GEAR-20", quantity: pieces(1), insteadOf: "GEAR-20" }] }),
    ],
    [
      "material-consumption.quantity-positive",
      "/consumed/0/quantity/value",
      aMaterialConsumption({ consumed: [{ product: "GEAR-20", quantity: pieces(0) }] }),
    ],
    [
      "material-consumption.serials-unique",
      "/consumed/0/serials/1",
      aMaterialConsumption({ consumed: [{ product: "GEAR-20", quantity: pieces(2), serials: ["S-1", "S-1"] }] }),
    ],
    [
      "material-consumption.lot-missing",
      "/consumed/0/lot",
      aMaterialConsumption({ consumed: [{ product: "PUMP-20", quantity: pieces(1) }] }),
      byLot,
    ],
    [
      "material-consumption.serials-missing",
      "/consumed/0/serials",
      aMaterialConsumption({ consumed: [{ product: "PUMP-20", quantity: pieces(1) }] }),
      bySerial,
    ],
    [
      "material-consumption.serials-count",
      "/consumed/0/serials",
      aMaterialConsumption({ consumed: [{ product: "PUMP-20", quantity: pieces(2), serials: ["S-1"] }] }),
    ],
    [
      "material-consumption.unit-convertible",
      "/consumed/0/quantity/unit",
      aMaterialConsumption({ consumed: [{ product: "PUMP-20", quantity: aQuantity(1, "LTR") }] }),
      aProduct(),
    ],
  ],
  "stock-movement": [
    ["quantity.not-negative", "/quantity/value", aStockMovement({ quantity: pieces(-5) })],
    ["stock-movement.quantity-positive", "/quantity/value", aStockMovement({ quantity: pieces(0) })],
    ["stock-movement.from-needed", "/from", aStockMovement({ type: "issue", from: undefined })],
    ["stock-movement.to-needed", "/to", aStockMovement({ to: undefined })],
    ["stock-movement.return-location", "/to", aStockMovement({ type: "return", from: undefined, to: undefined })],
    ["stock-movement.adjustment-direction", "/to", aStockMovement({ type: "adjustment", reason: "count" })],
    ["stock-movement.locations-differ", "/to", aStockMovement({ from: "A", to: "A" })],
    ["stock-movement.reason-given", "/reason", aStockMovement({ type: "scrap", to: undefined })],
    ["stock-movement.serials-unique", "/serials/1", aStockMovement({ quantity: pieces(2), serials: ["S-1", "S-1"] })],
    ["stock-movement.lot-missing", "/lot", aStockMovement(), byLot],
    ["stock-movement.serials-missing", "/serials", aStockMovement(), bySerial],
    ["stock-movement.serials-count", "/serials", aStockMovement({ quantity: pieces(2), serials: ["S-1"] })],
    [
      "stock-movement.unit-convertible",
      "/quantity/unit",
      aStockMovement({ quantity: aQuantity(1, "LTR") }),
      aProduct(),
    ],
  ],
  "stock-balance": [
    [
      "stock-balance.unit-convertible",
      "/quantity/unit",
      aStockBalance({ quantity: aQuantity(1, "LTR"), reserved: undefined }),
      aProduct(),
    ],
    ["stock-balance.serial-single", "/quantity/value", aStockBalance({ serial: "S-1", quantity: pieces(2) })],
    ["quantity.not-negative", "/reserved/value", aStockBalance({ reserved: pieces(-1) })],
  ],
  lot: [
    ["lot.quantity-positive", "/quantity/value", aLot({ quantity: pieces(0) })],
    ["lot.status-reason", "/statusReason", aLot({ status: "blocked" })],
    ["lot.expires-after-produced", "/expires", aLot({ expires: "2026-01-04" })],
    ["lot.not-own-parent", "/parents/0/lot", aLot({ parents: [{ product: "PUMP-20", lot: "L-260105-A" }] })],
  ],
  downtime: [
    ["downtime.end-after-start", "/end", aDowntime({ start: late, end: early })],
    ["downtime.end-not-ahead", "/start", aDowntime({ start: "2026-01-05T09:00:00+01:00", end: undefined })],
    ["downtime.span-plausible", "/start", aDowntime({ start: "1970-01-01T00:00:00Z" })],
  ],
  "equipment-event": [
    ["equipment-event.state-given", "/state", anEquipmentEvent({ state: undefined })],
    ["equipment-event.alarm-given", "/alarm", anAlarmEvent({ active: undefined })],
    ["equipment-event.gap-given", "/start", aGapEvent({ start: undefined })],
    ["equipment-event.finding-given", "/finding", aFindingEvent({ next: " " })],
    ["equipment-event.end-after-start", "/end", aGapEvent({ start: late, end: early })],
    ["equipment-event.end-not-ahead", "/start", aGapEvent({ start: "2026-01-05T09:00:00+01:00", end: undefined })],
    ["equipment-event.span-plausible", "/start", aGapEvent({ start: "1970-01-01T00:00:00Z" })],
  ],
  "equipment-summary": [
    ["equipment-summary.order-given", "/productionOrder", anEquipmentSummary({ per: "order" })],
    [
      "equipment-summary.measures-unique",
      "/measures/1/measure",
      anEquipmentSummary({
        measures: [
          { measure: "power", count: 1 },
          { measure: "power", count: 1 },
        ],
      }),
    ],
    [
      "equipment-summary.range-ordered",
      "/measures/0/min",
      anEquipmentSummary({ measures: [{ measure: "power", count: 2, min: "2", max: "1" }] }),
    ],
    ["equipment-summary.end-after-start", "/end", anEquipmentSummary({ start: late, end: early })],
    ["equipment-summary.end-not-ahead", "/end", anEquipmentSummary({ start: late, end: "2026-01-05T09:00:00+01:00" })],
    ["equipment-summary.span-plausible", "/start", anEquipmentSummary({ start: "1970-01-01T00:00:00Z" })],
  ],
  "quality-result": [
    ["quality-result.traceable", "/lot", aQualityResult({ lot: undefined, productionOrder: undefined })],
    ["quality-result.lot-missing", "/lot", aQualityResult({ lot: undefined }), byLot],
    ["quality-result.failure-told", "/defects", aQualityResult({ characteristics: [], defects: [] })],
    [
      "quality-result.limits-ordered",
      "/characteristics/0/lower",
      aQualityResult({ characteristics: [{ ...measured, lower: "2", upper: "1" }] }),
    ],
    [
      "quality-result.value-within-limits",
      "/characteristics/0/value",
      aQualityResult({ characteristics: [{ ...measured, value: "20.51", upper: "20.5" }] }),
    ],
    ["quality-result.rejected-within-inspected", "/rejected/value", aQualityResult({ rejected: pieces(9) })],
    [
      "quality-result.characteristics-unique",
      "/characteristics/1/characteristic",
      aQualityResult({ characteristics: [measured, measured] }),
    ],
    ["quality-result.serials-unique", "/serials/1", aQualityResult({ serials: ["S-1", "S-1"] })],
  ],
  "completion-correction": [
    [
      "completion-correction.quantity-positive",
      "/changes/0/quantity/value",
      aCompletionCorrection({ changes: [{ from: "nothing", to: "yield", quantity: pieces(0) }] }),
    ],
    [
      "completion-correction.changes-something",
      "/changes/0/to",
      aCompletionCorrection({ changes: [{ from: "yield", to: "yield", quantity: pieces(1) }] }),
    ],
    [
      "completion-correction.scrap-reason",
      "/changes/0/reason",
      aCompletionCorrection({ changes: [{ from: "yield", to: "scrap", quantity: pieces(1) }] }),
    ],
    ["completion-correction.reason-given", "/reason", aCompletionCorrection({ reason: " " })],
  ],
  "quality-hold": [
    ["quality-hold.lot-or-serial", "/lot", aQualityHold({ lot: undefined, serials: [] })],
    ["quality-hold.reason-given", "/reason", aQualityHold({ reason: undefined })],
    [
      "quality-hold.decided",
      "/decidedBy",
      aQualityHold({ action: "release", disposition: "scrap", decidedBy: undefined as never }),
    ],
    ["quality-hold.disposition-given", "/disposition", aQualityHold({ action: "release" })],
    ["quality-hold.quantity-positive", "/quantity/value", aQualityHold({ quantity: pieces(0) })],
    ["quality-hold.serials-unique", "/serials/1", aQualityHold({ serials: ["S-1", "S-1"] })],
  ],
};

describe.each(Object.entries(broken))("the rules of %s", (contract, cases) => {
  test.each(cases)("%s is told at %s, and nothing else is", (code, field, value, ...known) => {
    const findings = rules(contract, value, knowing(...known));
    expect(findings.map((finding) => [finding.rule, finding.field])).toEqual([[code, field]]);
    expect(findings[0]?.fix).toMatch(/\.$/);
  });
});

/** Rules that can only be broken together with another one have their own tests below. */
const brokenTogether = ["product.conversion-positive"];

test("every rule of every contract is broken by a case above or below", () => {
  const tried = new Set([...Object.values(broken).flatMap((cases) => cases.map(([code]) => code)), ...brokenTogether]);
  const untried = contracts.flatMap(({ ruleTable }) => ruleTable.map(({ code }) => code)).filter((c) => !tried.has(c));
  expect(untried).toEqual([]);
});

test("every example passes all rules, whether or not the hub knows its order and product", () => {
  for (const contract of contracts)
    for (const example of contract.examples) {
      expect(contract.rules(example, () => undefined, now)).toEqual([]);
      expect(contract.rules(example, knowing(aProduct(), aProductionOrder()), now)).toEqual([]);
    }
});

test("a conversion with nought is told on either side", () => {
  const conversions = [{ quantity: aQuantity(0, "BX"), equals: pieces(24) }];
  const found = rules("product", aProduct({ conversions })).map(({ rule, field }) => [rule, field]);
  expect(found).toContainEqual(["product.conversion-positive", "/conversions/0/quantity/value"]);
});

describe("rules", () => {
  test("allow the source's clock to be ten minutes ahead, to the millisecond", () => {
    expect(rules("product", aProduct({ time: "2026-01-05T06:10:00Z" }))).toEqual([]);
  });

  test("take a negative balance, which some systems have", () => {
    expect(rules("stock-balance", aStockBalance({ quantity: pieces(-3) }))).toEqual([]);
  });

  test("let lot or stock status change in one place", () => {
    expect(rules("stock-movement", aStockMovement({ from: "A", to: "A", lot: "1", toLot: "2" }))).toEqual([]);
    expect(rules("stock-movement", aStockMovement({ from: "A", to: "A", toStockStatus: "blocked" }))).toEqual([]);
  });

  test("ignore what is known when it does not fit its contract", () => {
    expect(rules("completion", aCompletion({ final: true }), nonsense)).toEqual([]);
  });

  test("that fail themselves become a finding, never an error", () => {
    const failing = {
      code: "test.fails",
      promise: "It holds.",
      fix: "Mend it.",
      check() {
        throw new Error("the order could not be read");
      },
    };
    expect(runRules([failing], {}, { references: () => undefined, now })).toEqual([
      { field: "", rule: "test.fails", fix: "This rule could not be checked (the order could not be read). It holds." },
    ]);
  });

  test("stop at their limit of findings and say that there are more", () => {
    const many: Rule<object> = {
      code: "test.many",
      promise: "It holds.",
      fix: "Mend it.",
      check(_value, _context, tell) {
        for (let n = 0; n < FINDINGS * 2; n++) tell(breach("/x", 1));
      },
    };
    const findings = runRules([many], {}, { references: () => undefined, now });
    expect(findings).toHaveLength(FINDINGS + 1);
    expect(findings.at(-1)?.rule).toBe("rule.more");
  });
});

/** Knows everything, wrongly. */
function nonsense({ object }: { object: string }): unknown {
  return { product: object, productionOrder: object, quantity: "many" };
}
