import { FakeClock } from "@lineshaft/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startOdooSimulator } from "./simulator.ts";
import type { OdooSimulator } from "./simulator.ts";
import { json2, pieces, provisionSimulator, runAction, seedFactory } from "./test-support.ts";

let clock: FakeClock;
let odoo: OdooSimulator;
let product: number;

beforeEach(async () => {
  clock = new FakeClock();
  odoo = await startOdooSimulator({ version: 19, clock });
  product = odoo.seeding.product({ code: "P", tracking: "lot" });
});

afterEach(() => odoo.close());

const createLot = (name: string) => json2(odoo, "stock.lot/create", { vals_list: [{ name, product_id: product }] });
const lots = () => odoo.state().lots.map((lot) => lot.name);

test("dropAnswer: what was asked stands, the answer never comes", async () => {
  await odoo.addFault({ fault: "dropAnswer", count: 1 });
  await expect(createLot("L1")).rejects.toThrow("fetch failed");
  expect(lots()).toEqual(["L1"]);
});

test("nothing guards a repeated plain call: a second scrap of the same record is a second scrap", async () => {
  const scrapped = odoo.seeding.product({ code: "RM" });
  odoo.seeding.stock({ product: "RM", quantity: 10 });
  const made = await json2(odoo, "stock.scrap/create", { vals_list: [{ product_id: scrapped, scrap_qty: 3 }] });
  const ids = (await made.json()) as number[];
  await odoo.addFault({ fault: "dropAnswer", count: 1, method: "action_validate" });
  await expect(json2(odoo, "stock.scrap/action_validate", { ids })).rejects.toThrow("fetch failed");
  await json2(odoo, "stock.scrap/action_validate", { ids });
  expect(odoo.state().stock).toMatchObject([{ product: "RM", quantity: 4 }]);
});

test.each([
  ["error500", 500, "builtins.RuntimeError"],
  ["lockConflict", 500, "psycopg2.errors.SerializationFailure"],
  ["lockTimeout", 500, "psycopg2.errors.LockNotAvailable"],
] as const)("%s: %i %s with everything rolled back", async (fault, status, name) => {
  await odoo.addFault({ fault, count: 1 });
  const response = await createLot("L1");
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ name });
  expect(lots()).toEqual([]);
  expect((await createLot("L1")).status).toBe(200);
});

test("restart in the middle of a request: rolled back and reset", async () => {
  await odoo.addFault({ fault: "restart", count: 1 });
  await expect(createLot("L1")).rejects.toThrow("fetch failed");
  expect(lots()).toEqual([]);
});

test("slow: commits when it is through, with the write_date of when it began", async () => {
  await odoo.addFault({ fault: "slow", count: 1, ms: 5000 });
  const answer = createLot("L1");
  await waitFor(() => clock.timers > 0);
  await clock.advance(2000);
  await createLot("L2");
  expect(lots()).toEqual(["L2"]);
  await clock.advance(3000);
  expect((await answer).status).toBe(200);
  const stamps = odoo.inside((env) =>
    env.search("stock.lot", []).map((row) => [row.name, String(row.write_date).slice(0, 19)]),
  );
  expect(stamps).toEqual([
    ["L1", "2026-01-05 06:00:00"],
    ["L2", "2026-01-05 06:00:02"],
  ]);
});

test("a slow call goes on after its client has left", async () => {
  await odoo.addFault({ fault: "slow", count: 1, ms: 5000 });
  const leaving = new AbortController();
  const asked = fetch(`${odoo.url}/json/2/stock.lot/create`, {
    method: "POST",
    headers: { authorization: "bearer hub-key", "content-type": "application/json" },
    body: JSON.stringify({ vals_list: [{ name: "L1", product_id: product }] }),
    signal: leaving.signal,
  });
  await waitFor(() => clock.timers > 0);
  leaving.abort();
  await expect(asked).rejects.toThrow("aborted");
  await clock.advance(5000);
  await waitFor(() => lots().length > 0);
  expect(lots()).toEqual(["L1"]);
});

test("staleRead: a read answers as things stood before the last commit", async () => {
  await createLot("L1");
  await createLot("L2");
  await odoo.addFault({ fault: "staleRead", count: 1 });
  const read = async () => (await json2(odoo, "stock.lot/search_count", { domain: [] })).json();
  expect([await read(), await read()]).toEqual([1, 2]);
});

test("rateLimit: 429 with Retry-After and nothing done", async () => {
  await odoo.addFault({ fault: "rateLimit", count: 1, ms: 3000 });
  const response = await createLot("L1");
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "3"]);
  expect(lots()).toEqual([]);
});

test("outage: connections are refused until it is over", async () => {
  await odoo.addFault({ fault: "outage", ms: 60_000 });
  await expect(createLot("L1")).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  await clock.advance(60_000);
  await waitFor(async () => (await fetch(`${odoo.url}/web/health`).catch(() => undefined))?.ok === true);
  expect((await createLot("L1")).status).toBe(200);
});

test("faults are put and taken over HTTP, and narrowed to a model and method", async () => {
  const put = (fault: unknown) => fetch(`${odoo.url}/_faults`, { method: "POST", body: JSON.stringify(fault) });
  expect((await put({ fault: "error500", model: "stock.lot", method: "create" })).status).toBe(201);
  expect((await put({ fault: "nope" })).status).toBe(422);
  expect((await json2(odoo, "stock.lot/search", { domain: [] })).status).toBe(200);
  expect((await createLot("L1")).status).toBe(500);
  await fetch(`${odoo.controlUrl}/_faults`, { method: "DELETE" });
  expect((await createLot("L1")).status).toBe(200);
  const state = (await (await fetch(`${odoo.url}/_state`)).json()) as { lots: { name: string }[] };
  expect(state.lots.map((lot) => lot.name)).toEqual(["L1"]);
});

test("real latency takes the time a real server takes, on the clock that was handed in", async () => {
  const real = await startOdooSimulator({ version: 19, clock, latency: "real" });
  seedFactory(real);
  const action = provisionSimulator(real);
  real.seeding.order({ order: "PO-1", product: "FG", quantity: 10 });
  const value = { order: "PO-1", yield: pieces(4), lot: "L1" };
  const answer = runAction(real, { action, operation: "completeOrder", items: [{ token: "t1", key: "k", value }] });
  await waitFor(() => clock.timers > 0);
  await clock.advance(100);
  expect(real.effectsOf("t1")).toBe(0);
  await clock.advance(100);
  expect(await answer).toMatchObject([{ status: "done" }]);
  await real.close();
});

/** Turns the event loop until the condition holds. */
async function waitFor(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
