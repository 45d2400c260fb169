import { expect, test } from "vitest";
import * as words from "../page/gateway-words.js";
import type { GatewayRow } from "./fleet.ts";
import { ServedPlant } from "./testing/served-hub.ts";

const now = Date.parse("2026-11-21T10:00:00Z");
const HOUR_MS = 3_600_000;

function aRow(over: Partial<GatewayRow> = {}): GatewayRow {
  return {
    gateway: "hamburg",
    linked: true,
    since: now - 2 * HOUR_MS,
    heardAt: now - 1_000,
    factsAt: now - 5_000,
    facts: 12,
    bytes: 3 * 1_048_576,
    maxBytes: 100 * 1_048_576,
    shed: 0,
    skewMs: -40,
    certificateTo: now + 60 * 24 * HOUR_MS,
    program: "0.1.0",
    configuration: 7,
    wanted: 7,
    unpublished: false,
    ...over,
  };
}

const never: GatewayRow = { gateway: "rostock", linked: false, unpublished: false };
const said = (over: Partial<GatewayRow>) => words.gatewaySentence(aRow(over), now);

test("/api/gateways, the page and the metrics tell of every gateway, and a hub without has none of them", async () => {
  await using plant = await ServedPlant.open({ fleet: () => Promise.resolve([aRow(), never]) });
  expect(await (await plant.get("/api/gateways")).json()).toMatchObject({ gateways: [aRow(), never] });
  for (const [path, text] of [
    ["/gateways", "<h1>Gateways</h1>"],
    ["/gateways.js", "/api/gateways"],
    ["/gateway-words.js", "gatewaySentence"],
  ] as const)
    expect(await (await plant.get(path)).text()).toContain(text);
  const text = await (await plant.get("/metrics")).text();
  for (const line of [
    'lineshaft_gateway_linked{gateway="hamburg"} 1',
    'lineshaft_gateway_linked{gateway="rostock"} 0',
    'lineshaft_gateway_facts_waiting{gateway="hamburg"} 12',
    'lineshaft_gateway_buffer_fill_ratio{gateway="hamburg"} 0.03',
    'lineshaft_gateway_clock_ahead_seconds{gateway="hamburg"} -0.04',
    'lineshaft_gateway_holding_back{gateway="hamburg"} 0',
    'lineshaft_gateway_shed_total{gateway="hamburg"} 0',
    'lineshaft_gateway_configuration_version{gateway="hamburg"} 7',
    `lineshaft_gateway_heard_timestamp_seconds{gateway="hamburg"} ${(now - 1_000) / 1_000}`,
    'lineshaft_gateway_info{gateway="hamburg",program="0.1.0"} 1',
  ])
    expect(text).toContain(line);
  expect(text).not.toContain('facts_waiting{gateway="rostock"}');
  await using other = await ServedPlant.open();
  expect((await other.get("/api/gateways")).status).toBe(404);
  expect(await (await other.get("/metrics")).text()).not.toContain("lineshaft_gateway");
});

test("metrics of the hub are told also while its gateways cannot be read", async () => {
  await using plant = await ServedPlant.open({ fleet: () => Promise.reject(new Error("the ledger is away")) });
  expect(await (await plant.get("/metrics")).text()).toContain('lineshaft_ready{hub="served plant"} 1');
});

test("the worst of a gateway is what its sentence tells", () => {
  expect(words.summary([aRow(), never])).toBe("1 of 2 gateways linked");
  expect(said({})).toMatchObject({ tone: "good", text: expect.stringContaining("Linked since"), next: "", hints: [] });
  expect(words.gatewaySentence(never, now)).toMatchObject({ tone: "idle", text: "Never heard of." });
  expect(said({ linked: false, since: now - 3 * HOUR_MS })).toMatchObject({
    tone: "warn",
    text: expect.stringContaining("(3 h). What its plant tells is kept there."),
  });
  expect(said({ refused: "The certificate of hamburg expired. Enrol the gateway again." })).toMatchObject({
    tone: "bad",
    text: expect.stringContaining("expired"),
  });
  expect(said({ holdingSince: now - 1_000 })).toMatchObject({ tone: "bad", text: expect.stringContaining("full") });
  expect(said({ wanted: 8, configurationRefusal: "It does not fit lines.v1." })).toMatchObject({
    tone: "warn",
    text: "Refuses configuration 8: It does not fit lines.v1.",
    next: "Version 7 goes on. Correct it, then publish again.",
  });
});

test("what else is worth a word stands beside it", () => {
  expect(said({ certificateTo: now + 24 * HOUR_MS }).hints[0]).toContain("was not renewed");
  expect(said({ skewMs: 2 * HOUR_MS }).hints).toEqual([
    "Its clock is 2 h ahead of the hub's. Facts keep their own times.",
  ]);
  expect(said({ bytes: 90 * 1_048_576 }).hints[0]).toContain("90.0 %");
  expect(said({ aside: "buffer.db.damaged-1" }).hints[0]).toContain("buffer.db.damaged-1");
  expect(said({ unpublished: true }).hints[0]).toContain("lineshaft gateway publish hamburg --why");
  const figures = Object.fromEntries(words.figures(aRow({ wanted: 8 }), now));
  expect(figures).toMatchObject({
    "Waiting there": "12 facts",
    Buffer: "3.0 %, 3.0 of 100 MB",
    Clock: "as the hub's",
    Configuration: "version 7, shall run version 8",
  });
});
