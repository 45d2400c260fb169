import { FakeClock } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import { seedSapPlant, startSapSimulator } from "./index.ts";
import type { SapSimulator, SapSimulatorOptions } from "./index.ts";

const CONFIRMATIONS = "API_PROD_ORDER_CONFIRMATION_2_SRV";
const DOCUMENTS = "API_MATERIAL_DOCUMENT_SRV";
const ORDERS = "API_PRODUCTION_ORDER_2_SRV";
const guid = "0a1b2c3d-0000-8000-8000-000000000001";

/** A plain client of its own, so that the simulator is not only tried by our connector. */
async function open(options: SapSimulatorOptions = {}) {
  const sim = await startSapSimulator(options);
  seedSapPlant(sim.plant, { orders: 3 });
  const authorization = `Basic ${Buffer.from(`${sim.username}:${sim.password}`).toString("base64")}`;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${sim.url}/sap/opu/odata/sap/${path}`, { headers: { authorization, ...headers } });
  const session = async (service = CONFIRMATIONS) => {
    const answer = await get(`${service}/`, { "x-csrf-token": "Fetch" });
    const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    return { cookie, "x-csrf-token": answer.headers.get("x-csrf-token") ?? "" };
  };
  const post = async (path: string, body: unknown, headers?: Record<string, string>) =>
    fetch(`${sim.url}/sap/opu/odata/sap/${path}`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json", ...(headers ?? (await session())) },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { sim, get, post, session, [Symbol.asyncDispose]: () => sim.close() };
}

const confirmation = (more: object = {}) => ({
  OrderID: "1000001",
  OrderOperation: "0010",
  ConfirmationYieldQuantity: "5",
  ConfirmationUnitISOCode: "PCE",
  ExternalSystemConfirmation: guid,
  ...more,
});

interface Answer {
  d: Record<string, unknown> & { results: Record<string, unknown>[]; __next?: string };
  error: { code: string; message: { value: string }; innererror: { errordetails: { code: string }[] } };
}

async function json(answer: Response | Promise<Response>): Promise<Answer> {
  const body: unknown = await (await answer).json();
  return body as Answer;
}

describe("signing in and CSRF", () => {
  test("nobody gets in without the right password", async () => {
    await using it = await open();
    const answer = await fetch(`${it.sim.url}/sap/opu/odata/sap/${ORDERS}/`);
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="SAP NetWeaver"']);
  });

  test("a write needs the token that belongs to its cookie", async () => {
    await using it = await open();
    const [one, two] = [await it.session(), await it.session()];
    const mixed = await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation(), { ...one, cookie: two.cookie });
    expect([mixed.status, mixed.headers.get("x-csrf-token")]).toEqual([403, "Required"]);
    expect((await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation(), one)).status).toBe(201);
    expect(it.sim.counts().confirmations).toBe(1);
  });

  test("a service that is not there is refused as Gateway does", async () => {
    await using it = await open();
    expect((await json(it.get("API_OTHER_SRV/"))).error.code).toBe("/IWFND/MED/170");
  });
});

describe("reading", () => {
  test("filters, orders, selects, expands and takes a part", async () => {
    await using it = await open();
    const query =
      "$filter=OrderIsReleased eq 'X' and (Material eq 'PUMP-100' or Material eq 'PUMP-200')&$orderby=ManufacturingOrder desc&$select=ManufacturingOrder&$top=1";
    const { d } = await json(it.get(`${ORDERS}/A_ProductionOrder_2?${query}&$expand=to_ProductionOrderOperation`));
    expect(d.results).toHaveLength(1);
    expect(d.results[0]).toMatchObject({
      ManufacturingOrder: "000001000002",
      to_ProductionOrderOperation: {
        results: [{ ManufacturingOrderOperation: "0010" }, { ManufacturingOrderOperation: "0020" }],
      },
    });
    expect(d.results[0]).not.toHaveProperty("Material");
  });

  test("cuts long collections into pages that lead to one another", async () => {
    await using it = await open({ pageRows: 2 });
    const first = await json(it.get(`${ORDERS}/A_ProductionOrder_2?$orderby=ManufacturingOrder`));
    expect(first.d.results).toHaveLength(2);
    const second = await json(it.get(first.d["__next"]?.split("/sap/opu/odata/sap/")[1] ?? ""));
    expect(second.d.results.map(({ ManufacturingOrder }) => ManufacturingOrder)).toEqual(["000001000003"]);
    expect(second.d["__next"]).toBeUndefined();
  });

  test("gives an entity by its key with its tag, and its navigation", async () => {
    await using it = await open();
    const answer = await it.get(`${ORDERS}/A_ProductionOrder_2('000001000001')`);
    expect(answer.headers.get("etag")).toMatch(/^W\/"'\d{14}'"$/);
    const { d } = await json(it.get(`${ORDERS}/A_ProductionOrder_2('000001000001')/to_ProductionOrderOperation`));
    expect(d.results).toHaveLength(2);
    expect((await it.get(`${ORDERS}/A_ProductionOrder_2('1')`)).status).toBe(404);
  });

  test.each(["Nonsense eq 'X'", "Material eq", "Material like 'X'", "(Material eq 'X'", "TotalQuantity eq 'abc'"])(
    "refuses the filter %s",
    async (filter) => {
      await using it = await open();
      expect((await it.get(`${ORDERS}/A_ProductionOrder_2?$filter=${encodeURIComponent(filter)}`)).status).toBe(400);
    },
  );

  test("describes itself with what it has", async () => {
    await using it = await open();
    const metadata = await (await it.get(`${DOCUMENTS}/$metadata`)).text();
    for (const name of ["A_MaterialDocumentHeader", "ReferenceDocument", 'FunctionImport Name="Cancel"']) {
      expect(metadata).toContain(name);
    }
  });
});

describe("confirming", () => {
  test("numbers confirmations per operation, withdraws components and moves the order on", async () => {
    await using it = await open();
    const { d } = await json(it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation()));
    expect(d).toMatchObject({
      ConfirmationGroup: "0000000001",
      ConfirmationCount: "00000001",
      ConfirmationYieldQuantity: "5.000",
    });
    const again = await json(it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation()));
    expect(again.d["ConfirmationCount"]).toBe("00000002");
    expect(it.sim.confirmationsWith(guid)).toBe(2);
    const rotor = it.sim.stock().find(({ material }) => material === "ROTOR-100");
    expect(rotor?.quantity).toBe("999990.000");
    await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation({ OrderOperation: "0020" }));
    expect(it.sim.plant.order("1000001")).toMatchObject({
      MfgOrderConfirmedYieldQty: "5.000",
      OrderIsPartiallyConfirmed: "X",
    });
  });

  test("stands although its goods movement fails, which then waits apart", async () => {
    await using it = await open();
    it.sim.plant.setStock({ material: "ROTOR-100", plant: "1010", storageLocation: "0001", quantity: "1" });
    const answer = await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation());
    expect(answer.status).toBe(201);
    expect(it.sim.failedMovements()).toMatchObject([{ material: "ROTOR-100", movementType: "261" }]);
    expect(it.sim.counts()).toMatchObject({ confirmations: 1, materialDocuments: 2 });
  });

  test("is cancelled once, with its goods movements", async () => {
    await using it = await open();
    await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation());
    const path = `${CONFIRMATIONS}/CancelProdnOrdConf?ConfirmationGroup='0000000001'&ConfirmationCount='00000001'`;
    expect((await it.post(path, "")).status).toBe(200);
    expect(it.sim.confirmationsWith(guid)).toBe(0);
    expect(it.sim.stock().find(({ material }) => material === "ROTOR-100")?.quantity).toBe("1000000.000");
    expect((await it.post(path, "")).status).toBe(400);
  });

  test.each([
    [{ Unknown: "x" }, "Property 'Unknown' is invalid"],
    [{ ConfirmationYieldQuantity: 5 }, "text was expected"],
    [{ ConfirmationYieldQuantity: "5.1234" }, "Edm.Decimal"],
    [{ OrderOperation: "00100" }, "longer than 4"],
    [{ ExternalSystemConfirmation: "no-guid" }, "Edm.Guid"],
    [{ PostingDate: "05.01.2026" }, "Edm.DateTime"],
    [{ IsFinalConfirmation: "X" }, "no boolean"],
    [{ OrderID: "77" }, "does not exist"],
    [{ ConfirmationUnitISOCode: "QQQ" }, "QQQ"],
  ])("refuses %o and posts nothing", async (change, text) => {
    await using it = await open();
    const answer = await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation(change));
    expect(answer.status).toBe(400);
    expect((await json(answer)).error.message.value).toContain(text);
    expect(it.sim.counts()).toMatchObject({ confirmations: 0, materialDocuments: 0 });
  });
});

describe("the update task", () => {
  test("lets readers see a document only after a while, although it is posted", async () => {
    const clock = new FakeClock();
    await using it = await open({ clock, updateDelayMs: 5_000 });
    await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation());
    const read = async () => (await json(it.get(`${CONFIRMATIONS}/ProdnOrdConf2`))).d.results.length;
    expect([await read(), it.sim.confirmationsWith(guid)]).toEqual([0, 1]);
    await clock.advance(5_000);
    expect(await read()).toBe(1);
  });
});

describe("a batch", () => {
  const read = `--b\r\nContent-Type: application/http\r\n\r\nGET ProdnOrdConf2?$top=1 HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n`;

  test("answers each change set and each read for itself", async () => {
    await using it = await open();
    const body = `${part(confirmation())}${part(confirmation({ OrderID: "77" }))}${read}--b--\r\n`;
    const headers = { ...(await it.session()), "content-type": "multipart/mixed; boundary=b" };
    const answer = await it.post(`${CONFIRMATIONS}/$batch`, body, headers);
    const text = await answer.text();
    expect(answer.status).toBe(202);
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 201", "HTTP/1.1 400", "HTTP/1.1 200"]);
    expect(text).toContain("Content-ID: 7");
    expect(it.sim.counts().confirmations).toBe(1);
  });

  test("that is no multipart is refused", async () => {
    await using it = await open();
    const headers = { ...(await it.session()), "content-type": "multipart/mixed; boundary=other" };
    expect((await it.post(`${CONFIRMATIONS}/$batch`, part(confirmation()), headers)).status).toBe(400);
  });
});

describe("RequestID", () => {
  const ids = { requestid: "0123456789ABCDEF0123456789ABCDEF", repeatabilitycreation: "2026-01-05T06:00:00" };

  test("does nothing unless it is switched on, as in most systems", async () => {
    await using it = await open();
    for (let n = 0; n < 2; n++)
      await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation(), { ...(await it.session()), ...ids });
    expect(it.sim.confirmationsWith(guid)).toBe(2);
  });

  test("switched on, a repeat gets the first answer, and one of another time is outdated", async () => {
    await using it = await open({ repeatability: "on" });
    const send = async (more = {}) =>
      it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation(), { ...(await it.session()), ...ids, ...more });
    const [first, second] = [await send(), await send()];
    expect(first.headers.get("repeatabilityresult")).toBe("accepted");
    expect(await second.text()).toBe(await first.text());
    expect((await json(send({ repeatabilitycreation: "2026-01-06T06:00:00" }))).error.code).toBe("/IWBEP/CM_COS/005");
    expect(it.sim.confirmationsWith(guid)).toBe(1);
  });
});

describe("faults over HTTP", () => {
  test("are set, shown and taken back, and the state can be read", async () => {
    await using it = await open();
    expect((await control(it.sim, "POST", "/_faults", { fault: "outage" })).status).toBe(200);
    expect((await it.get(`${ORDERS}/`)).status).toBe(503);
    const state: unknown = await (await control(it.sim, "GET", "/_state")).json();
    expect(state).toMatchObject({ faults: [{ fault: "outage" }], counts: { orders: 3, confirmations: 0 } });
    await control(it.sim, "DELETE", "/_faults");
    expect((await it.get(`${ORDERS}/`)).status).toBe(200);
  });

  test("hit as many requests as told, of the service told, and writes only where that is their nature", async () => {
    await using it = await open();
    await control(it.sim, "POST", "/_faults", { fault: "error500", count: 2, service: CONFIRMATIONS });
    expect((await it.get(`${CONFIRMATIONS}/`)).status).toBe(200);
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation())).status);
    expect(statuses).toEqual([500, 500, 201]);
  });

  test("an unknown one is refused with a list of those there are", async () => {
    await using it = await open();
    const answer = await control(it.sim, "POST", "/_faults", { fault: "gremlins" });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("dropAnswer");
  });

  test("what stands more than once is told by its key", async () => {
    await using it = await open();
    for (let n = 0; n < 2; n++) await it.post(`${CONFIRMATIONS}/ProdnOrdConf2`, confirmation());
    const state: unknown = await (await control(it.sim, "GET", "/_state")).json();
    expect(state).toMatchObject({ twice: { confirmations: { [guid]: 2 }, materialDocuments: {} } });
    const keys: unknown = await (await control(it.sim, "GET", "/_state/keys")).json();
    expect(keys).toMatchObject({ confirmations: { [guid]: 2 } });
  });

  test("orders and stock can be added from outside", async () => {
    await using it = await open();
    const order = { order: "5", material: "P", plant: "1010", quantity: "1", unit: "PCE" };
    const stock = { material: "P", plant: "1010", storageLocation: "0001", quantity: "3" };
    await control(it.sim, "POST", "/_seed", { orders: [order], stock: [stock] });
    expect(it.sim.plant.order("5")).toMatchObject({ Material: "P" });
    expect(it.sim.stock()).toContainEqual({ ...stock, quantity: "3.000" });
  });
});

test("the same seed gives the same plant", async () => {
  const clock = new FakeClock();
  const orders = await Promise.all(
    [1, 1, 2].map(async (seed) => {
      await using sim = await startSapSimulator({ clock });
      seedSapPlant(sim.plant, { seed, orders: 5 });
      return JSON.stringify(sim.orders());
    }),
  );
  expect(orders[0]).toBe(orders[1]);
  expect(orders[0]).not.toBe(orders[2]);
});

function part(body: object): string {
  return `--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 7\r\n\r\nPOST ProdnOrdConf2 HTTP/1.1\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(body)}\r\n--c--\r\n\r\n`;
}

function control(sim: SapSimulator, method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${sim.url}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
}
