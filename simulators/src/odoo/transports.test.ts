import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOdooSimulator } from "./simulator.ts";
import type { OdooSimulator } from "./simulator.ts";
import { json2, jsonRpc } from "./test-support.ts";

const execute = (args: unknown[]) => ({ service: "object", method: "execute_kw", args });
const login = (database: string, key: string) => ({
  service: "common",
  method: "login",
  args: [database, "hub", key],
});

let old: OdooSimulator;
let current: OdooSimulator;

beforeAll(async () => {
  [old, current] = await Promise.all([startOdooSimulator({ version: 17 }), startOdooSimulator({ version: 19 })]);
});

afterAll(async () => {
  await Promise.all([old.close(), current.close()]);
});

describe("JSON-2", () => {
  test("an answer closes the connection and is the bare value", async () => {
    const response = await json2(current, "res.users/search", { domain: [["login", "=", "hub"]] });
    expect(response.status).toBe(200);
    expect(response.headers.get("connection")).toBe("close");
    expect(await response.json()).toEqual([3]);
  });

  test("a wrong key is 401 with the traceback in the body, as Odoo always sends it", async () => {
    const response = await json2(current, "res.users/search", { domain: [] }, { authorization: "bearer nope" });
    const body = (await response.json()) as Record<string, unknown>;
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(body).toMatchObject({ name: "werkzeug.exceptions.Unauthorized", message: "Invalid apikey" });
    expect(body.debug).toMatch(/^Traceback \(most recent call last\)/);
  });

  test.each([
    ["another database", { "x-odoo-database": "nope" }, "{}", 404, "text/html"],
    ["another content type", { "content-type": "text/plain" }, "{}", 415, "text/html"],
    ["text that is no JSON", {}, "{nope", 400, "application/json"],
  ])("%s", async (_, headers, body, status, type) => {
    const response = await json2(current, "res.users/search", body, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain(type);
  });

  test("ids on a method of the model are 422", async () => {
    const response = await json2(current, "res.users/search", { ids: [1], domain: [] });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ message: "cannot call res.users.search with ids" });
  });

  test("a method that returns nothing answers null", async () => {
    const response = await json2(current, "mrp.production/set_qty_producing", { ids: [] });
    expect(await response.text()).toBe("null");
  });

  test("is not there before 19, and neither is /web/version", async () => {
    const responses = await Promise.all([
      json2(old, "res.users/search", { domain: [] }),
      fetch(`${old.url}/web/version`),
    ]);
    expect(responses.map((response) => response.status)).toEqual([404, 404]);
    expect(await (await fetch(`${current.url}/web/version`)).json()).toMatchObject({ version: "19.0" });
  });
});

describe("JSON-RPC", () => {
  test("an error is HTTP 200 with the exception's name under data", async () => {
    const answer = await jsonRpc(old, execute(["o17", 3, "hub-key", "x.y", "search", [[]], {}]), 7);
    expect(answer).toMatchObject({
      id: 7,
      error: { code: 200, message: "Odoo Server Error", data: { name: "odoo.exceptions.UserError" } },
    });
  });

  test("the code of an error is 0 in 19", async () => {
    const answer = await jsonRpc(current, execute(["o19", 3, "wrong", "res.users", "search", [[]], {}]));
    expect(answer).toMatchObject({ error: { code: 0, data: { name: "odoo.exceptions.AccessDenied" } } });
  });

  test("a method that returns nothing answers with neither result nor error", async () => {
    const answer = await jsonRpc(old, execute(["o17", 3, "hub-key", "mrp.production", "set_qty_producing", [[]], {}]));
    expect(answer).toEqual({ jsonrpc: "2.0", id: 1 });
  });

  test("a sign-in with a wrong key is false, of another database an OperationalError", async () => {
    expect(await jsonRpc(old, login("o17", "nope"))).toMatchObject({ result: false });
    expect(await jsonRpc(old, login("o17", "hub-key"))).toMatchObject({ result: 3 });
    const refused = await jsonRpc(old, login("nope", "hub-key"));
    expect(refused).toMatchObject({ error: { data: { name: "psycopg2.OperationalError" } } });
  });

  test("create gives one id for one record and a list for a list", async () => {
    const seeded = old.seeding.product({ code: "L", tracking: "lot" });
    const create = (values: unknown) =>
      jsonRpc(old, execute(["o17", 3, "hub-key", "stock.lot", "create", [values], {}]));
    const lot = (name: string) => ({ name, product_id: seeded, company_id: 1 });
    expect(await create(lot("a"))).toMatchObject({ result: expect.any(Number) });
    expect(await create([lot("b")])).toMatchObject({ result: [expect.any(Number)] });
  });

  test("a batch of calls is refused", async () => {
    const response = await fetch(`${old.url}/jsonrpc`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "[]",
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toBe("Invalid JSON-RPC data");
  });
});
