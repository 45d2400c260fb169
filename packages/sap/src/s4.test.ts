import { inspect } from "node:util";
import { Secret, explain } from "@lineshaft/core";
import { describe, expect, test } from "vitest";
import { s4 } from "./s4.ts";
import type { S4Options } from "./s4.ts";
import { aConfirmation, aTransfer, openBench, running } from "./testing/bench.ts";

const options: S4Options = {
  name: "s4",
  url: "https://s4.example.com",
  username: "LINESHAFT",
  password: Secret.generated("test", "hush"),
  zone: "Europe/Berlin",
};

describe("the definition", () => {
  test("names its operations and source without connecting, and waits longer than the connector itself", () => {
    const erp = s4({ ...options, timeoutMs: 100_000 });
    expect(erp).toMatchObject({ name: "s4", connector: "sap-s4", sources: ["productionOrders"] });
    expect(erp.confirmOperation).toMatchObject({ name: "confirmOperation" });
    expect(erp.confirmOperation.system).toBe(erp);
    expect(erp.limits?.sendMs).toBeGreaterThan(100_000);
    expect(s4({ ...options, limits: { sendMs: 5, inFlight: 2 } }).limits).toEqual({ sendMs: 5, inFlight: 2 });
  });

  test.each([
    [{ url: "s4.example.com" }, /url/],
    [{ url: "ftp://s4.example.com" }, /url/],
    [{ url: "https://u:p@s4.example.com" }, /user name/],
    [{ client: "1" }, /client/],
    [{ zone: "Berlin" }, /time zone "Berlin"/],
    [{ zones: { "2010": "Nowhere" } }, /Nowhere/],
    [{ maxBatch: 0 }, /maxBatch 0/],
    [{ maxBatch: 1_000 }, /maxBatch/],
    [{ timeoutMs: 0 }, /timeoutMs/],
  ] satisfies [Partial<S4Options>, RegExp][])("refuses %o", (change, message) => {
    expect(() => s4({ ...options, ...change })).toThrow(message);
  });
});

describe("the check of a value", () => {
  const erp = s4(options);

  test("finds nothing in what fits", () => {
    expect(erp.confirmOperation.check(aConfirmation({ startedAt: "2026-01-05T06:00:00+01:00" }))).toEqual([]);
    expect(erp.goodsMovement.check(aTransfer())).toEqual([]);
  });

  test("names each wrong field, what it holds and what to do", () => {
    const wrong = { order: "1", operation: "0010", yield: "1.2345", unit: "pcs", yeild: "5", startedAt: "yesterday" };
    const findings = erp.confirmOperation.check(wrong);
    expect(findings.map(({ field }) => field).sort()).toEqual(
      expect.arrayContaining(["/startedAt", "/unit", "/yeild", "/yield"]),
    );
    expect(findings.find(({ field }) => field === "/yeild")).toMatchObject({
      rule: "schema.unknown-field",
      value: '"5"',
    });
    expect(findings.find(({ field }) => field === "/yield")).toMatchObject({
      rule: "schema.pattern",
      value: '"1.2345"',
    });
    expect(erp.confirmOperation.check({})).toContainEqual({
      field: "/order",
      rule: "schema.required",
      fix: "Give order.",
    });
  });

  test("takes three decimals and zeros behind them, no more and nothing negative", () => {
    const good = ["0", "1.125", "1.1250000", "9999999999.999"];
    const bad = ["1.1255", "-1", "01", "1e3", "1,5", "", "10000000000"];
    const taken = [...good, ...bad].filter(
      (value) => erp.confirmOperation.check(aConfirmation({ yield: value })).length === 0,
    );
    expect(taken).toEqual(good);
  });

  test("speaks of the kind of movement that was meant, not of all of them", () => {
    expect(erp.goodsMovement.check({ kind: "transfer", postedAt: "2026-01-05T08:00:00Z", items: [] })).toEqual([
      expect.objectContaining({ field: "/items", rule: "schema.minItems" }),
    ]);
    expect(erp.goodsMovement.check({ kind: "theft" })).toEqual([
      expect.objectContaining({ field: "/kind", value: '"theft"', fix: expect.stringContaining("transfer") }),
    ]);
    expect(erp.goodsMovement.check(null)).toHaveLength(1);
  });

  test("refuses a time that no clock shows", () => {
    expect(erp.confirmOperation.check(aConfirmation({ postedAt: "2026-13-45T99:99:00Z" }))).toHaveLength(1);
  });
});

describe("the health check", () => {
  test("names the services that answer", async () => {
    await using bench = await openBench();
    expect(await bench.system.check(running())).toEqual({
      ok: true,
      detail: "API_PRODUCTION_ORDER_2_SRV, API_PROD_ORDER_CONFIRMATION_2_SRV, API_MATERIAL_DOCUMENT_SRV answer.",
    });
  });

  test("tells one service that is away from all of them", async () => {
    await using bench = await openBench();
    bench.sim.fault({ fault: "outage", service: "API_MATERIAL_DOCUMENT_SRV" });
    expect(await bench.system.check(running())).toMatchObject({
      ok: false,
      message: expect.stringContaining(
        "API_PRODUCTION_ORDER_2_SRV, API_PROD_ORDER_CONFIRMATION_2_SRV answer; API_MATERIAL_DOCUMENT_SRV not.",
      ),
    });
    await bench.sim.goOffline();
    expect(await bench.system.check(running())).toMatchObject({
      ok: false,
      message: expect.stringContaining("No service answers"),
    });
  });

  test("says what to do about a refused password", async () => {
    await using bench = await openBench();
    bench.sim.configure({ password: "changed" });
    expect(await bench.system.check(running())).toMatchObject({ ok: false, next: expect.stringContaining("password") });
  });

  test("says what to do about a service that is not there", async () => {
    await using bench = await openBench({ s4: {} });
    const elsewhere = s4({ ...options, url: `${bench.sim.url}/nothing/here` });
    const system = await elsewhere.open({
      clock: { now: () => 0, sleep: () => Promise.resolve(), after: () => ({ cancel() {} }) },
      random: () => 0,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const health = await system.check(running());
    await system.close();
    expect(health).toMatchObject({ ok: false });
  });
});

test("the password is in no error and no print", async () => {
  await using bench = await openBench({ s4: { password: Secret.generated("test", "correct-horse") } });
  const [outcome] = await bench.confirm.send(
    [{ token: "t", key: "k", value: aConfirmation(), attempt: 1, receivedTime: 0 }],
    running(),
  );
  const shown = `${JSON.stringify(outcome)} ${explain(outcome)} ${inspect(s4(options), { depth: 9, showHidden: true })}`;
  expect(shown).not.toMatch(/correct-horse|hush|Basic/);
});
