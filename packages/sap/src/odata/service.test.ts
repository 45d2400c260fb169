import { Secret, UnavailableError, UncertainError } from "@lineshaft/core";
import { describe, expect, test } from "vitest";
import { openBench } from "../testing/bench.ts";
import { startScriptedServer } from "../testing/scripted-server.ts";
import type { ScriptedAnswer, SeenRequest } from "../testing/scripted-server.ts";
import { HttpSession } from "./http-session.ts";
import { ODataService } from "./service.ts";
import type { Write, Written } from "./service.ts";

const signal = new AbortController().signal;
const repeatability = { requestId: "0123456789ABCDEF0123456789ABCDEF", createdAt: "2026-01-05T06:00:00" };
const aWrite: Write = { action: "posting", path: "Things", body: { Name: "Müller's" }, repeatability };
const created = { status: 201, headers: { "content-type": "application/json" }, body: '{"d":{"Id":"1"}}' };
const token = {
  status: 200,
  headers: { "x-csrf-token": "T1", "set-cookie": ["SAP_SESSIONID=abc; path=/", "sap-usercontext=client=100"] },
  body: '{"d":{}}',
};

/** A service at a server that gives its token and answers each POST in turn. */
async function openScripted(posts: ScriptedAnswer[], reads: (request: SeenRequest) => ScriptedAnswer = () => token) {
  const server = await startScriptedServer((request) =>
    request.method === "GET" ? reads(request) : (posts.shift() ?? created),
  );
  const http = new HttpSession({
    system: "s4",
    url: `${server.url}/proxy/`,
    client: "100",
    language: "EN",
    username: "USER",
    password: Secret.generated("test", "pässword"),
    timeoutMs: 5_000,
  });
  const service = new ODataService(http, { service: "API_X_SRV", lockCodes: new Set(), now: () => 0 });
  const close = async () => {
    service.close();
    await http.close();
    await server[Symbol.asyncDispose]();
  };
  const sent = () => server.seen.filter(({ method }) => method === "POST");
  return { service, server, sent, [Symbol.asyncDispose]: close };
}

describe("a write on the wire", () => {
  test("carries credentials, client, language, token, cookies, RequestID and its creation time", async () => {
    await using it = await openScripted([]);
    await it.service.write(aWrite, signal);
    const [fetched, posted] = it.server.seen;
    expect(fetched).toMatchObject({
      method: "GET",
      url: "/proxy/sap/opu/odata/sap/API_X_SRV/",
      headers: { "x-csrf-token": "Fetch" },
    });
    expect(posted).toMatchObject({
      method: "POST",
      url: "/proxy/sap/opu/odata/sap/API_X_SRV/Things",
      body: '{"Name":"Müller\'s"}',
      headers: {
        authorization: `Basic ${Buffer.from("USER:pässword").toString("base64")}`,
        "sap-client": "100",
        "sap-language": "EN",
        "x-csrf-token": "T1",
        cookie: "SAP_SESSIONID=abc; sap-usercontext=client=100",
        requestid: repeatability.requestId,
        repeatabilitycreation: "2026-01-05T06:00:00",
        "content-type": "application/json",
        accept: "application/json",
      },
    });
  });

  test("gives back what SAP wrote, its warnings, and whether it keeps the RequestID", async () => {
    const message = JSON.stringify({
      code: "RU/262",
      message: "Mind",
      severity: "warning",
      details: [{ code: "X/001", message: "More", severity: "info" }],
    });
    const headers = { ...created.headers, "sap-message": message, RepeatabilityResult: "accepted" };
    await using it = await openScripted([{ ...created, headers }]);
    expect(await it.service.write(aWrite, signal)).toEqual({
      entity: { Id: "1" },
      messages: [
        { code: "RU/262", text: "Mind", severity: "warning" },
        { code: "X/001", text: "More", severity: "info" },
      ],
      repeatable: true,
    });
  });

  test("sends the tag it was read with, and a tag that is out of date is no refusal of the item", async () => {
    await using it = await openScripted([{ status: 412, body: "{}" }]);
    await expect(it.service.write({ ...aWrite, ifMatch: `W/"'1'"` }, signal)).rejects.toBeInstanceOf(UnavailableError);
    expect(it.sent()[0]?.headers["if-match"]).toBe(`W/"'1'"`);
  });
});

describe("a POST is sent a second time", () => {
  test("once, when SAP asks for a token before it looks at the body", async () => {
    await using it = await openScripted([{ status: 403, headers: { "x-csrf-token": "Required" } }, created]);
    await it.service.write(aWrite, signal);
    expect(it.sent()).toHaveLength(2);
    expect(new Set(it.sent().map(({ body }) => body)).size).toBe(1);
  });

  test("and not a third time", async () => {
    const required = { status: 403, headers: { "x-csrf-token": "Required" } };
    await using it = await openScripted([required, required, created]);
    await expect(it.service.write(aWrite, signal)).rejects.toBeInstanceOf(UnavailableError);
    expect(it.sent()).toHaveLength(2);
  });

  test.each([
    ["a 403 of another kind", { status: 403, body: "no" }],
    ["an error of the server", { status: 500 }],
    ["a gateway's time-out", { status: 504 }],
    ["an answer cut in the middle", { ...created, cut: true }],
    ["something that is no JSON", { status: 200, body: "<html>sign in</html>" }],
  ])("never after %s", async (_, answer) => {
    await using it = await openScripted([answer]);
    await expect(it.service.write(aWrite, signal)).rejects.toBeInstanceOf(Error);
    expect(it.sent()).toHaveLength(1);
  });
});

describe("what is known of a write whose answer fails", () => {
  test.each([
    ["cut in the middle", { ...created, cut: true }],
    ["no JSON", { status: 200, body: "<html>sign in</html>" }],
  ])("%s: it is uncertain", async (_, answer) => {
    await using it = await openScripted([answer]);
    await expect(it.service.write(aWrite, signal)).rejects.toBeInstanceOf(UncertainError);
  });

  test("no token at all: nothing was sent, so the system is unavailable", async () => {
    await using it = await openScripted([], () => ({ status: 200, body: "{}" }));
    await expect(it.service.write(aWrite, signal)).rejects.toMatchObject({
      code: "system-unavailable",
      next: expect.stringContaining("proxy"),
    });
    expect(it.sent()).toHaveLength(0);
  });

  test("an untrusted or missing TLS partner: nothing was sent, so the system is unavailable", async () => {
    await using it = await openScripted([]);
    const http = new HttpSession({
      system: "s4",
      url: it.server.url.replace("http:", "https:"),
      language: "EN",
      username: "U",
      password: Secret.generated("test", "p"),
      timeoutMs: 2_000,
    });
    const call = { method: "POST", path: "/sap/opu/odata/sap/X/", body: "{}", effect: true } as const;
    await expect(http.request(call, signal)).rejects.toBeInstanceOf(UnavailableError);
    await http.close();
    expect(it.server.seen).toHaveLength(0);
  });
});

describe("a batch on the wire", () => {
  test("holds one change set per write, each with a Content-ID, its own headers and a relative path", async () => {
    await using it = await openScripted([
      { status: 202, headers: { "content-type": "multipart/mixed; boundary=r" }, body: "--r--\r\n" },
    ]);
    await it.service.writeBatch([aWrite, { ...aWrite, path: "Others" }], signal);
    const [batch] = it.sent();
    expect(batch?.url).toBe("/proxy/sap/opu/odata/sap/API_X_SRV/$batch");
    const boundary = /^multipart\/mixed; boundary=(\S+)$/.exec(batch?.headers["content-type"] ?? "")?.[1] ?? "none";
    const json = '{"Name":"Müller\'s"}';
    expect(batch?.body.split(`--${boundary}`)[2]).toBe(
      [
        "",
        "content-type: multipart/mixed; boundary=changeset_2_lineshaft",
        "",
        "--changeset_2_lineshaft",
        "content-type: application/http",
        "content-transfer-encoding: binary",
        "content-id: 2",
        "",
        "POST Others HTTP/1.1",
        "accept: application/json",
        "content-type: application/json",
        `content-length: ${Buffer.byteLength(json)}`,
        `requestid: ${repeatability.requestId}`,
        "repeatabilitycreation: 2026-01-05T06:00:00",
        "",
        json,
        "--changeset_2_lineshaft--",
        "",
        "",
      ].join("\r\n"),
    );
  });

  test("gives an outcome for each write, also for those that SAP left unanswered", async () => {
    const ok = `--r\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{"d":{"Id":"7"}}\r\n--c--\r\n\r\n`;
    const refused = `--r\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n{"error":{"code":"M7/021","message":{"value":"Deficit"}}}\r\n`;
    const headers = { "content-type": "multipart/mixed; boundary=r" };
    await using it = await openScripted([{ status: 202, headers, body: `${ok}${refused}--r--\r\n` }]);
    const [first, second, third] = await it.service.writeBatch([aWrite, aWrite, aWrite], signal);
    expect((first as Written).entity).toEqual({ Id: "7" });
    expect(second).toMatchObject({ code: "system-rejected", reason: "sap-m7-021" });
    expect(third).toBeInstanceOf(UncertainError);
  });

  test.each([
    [
      "can't be read",
      { status: 202, headers: { "content-type": "multipart/mixed; boundary=r" }, body: "--r\r\ngarbage" },
    ],
    ["is no multipart", { status: 202, headers: { "content-type": "text/html" }, body: "<html>" }],
    [
      "refuses it as a whole",
      {
        status: 400,
        headers: { "content-type": "application/json" },
        body: '{"error":{"code":"X/001","message":{"value":"Malformed"}}}',
      },
    ],
  ])("whose answer %s is uncertain for all", async (_, answer) => {
    await using it = await openScripted([answer]);
    await expect(it.service.writeBatch([aWrite, aWrite], signal)).rejects.toBeInstanceOf(UncertainError);
  });
});

describe("reading", () => {
  test("follows the server's pages, whatever host it names", async () => {
    const pages: Record<string, object> = {
      "/proxy/sap/opu/odata/sap/API_X_SRV/Things?$top=9": {
        d: {
          results: [{ Id: "1" }],
          __next: "https://inner.example:44300/sap/opu/odata/sap/API_X_SRV/Things?$skiptoken=1",
        },
      },
      "/proxy/sap/opu/odata/sap/API_X_SRV/Things?$skiptoken=1": { d: { results: [{ Id: "2" }] } },
    };
    await using it = await openScripted([], ({ url }) => ({ status: 200, body: JSON.stringify(pages[url]) }));
    expect(await it.service.readAll("Things", { $top: "9" }, signal)).toEqual([{ Id: "1" }, { Id: "2" }]);
  });

  test("of one entity gives none for 404, and the entity with its exact decimals", async () => {
    await using bench = await openBench();
    const http = new HttpSession({
      system: "s4",
      url: bench.sim.url,
      language: "EN",
      username: bench.sim.username,
      password: Secret.generated("test", bench.sim.password),
      timeoutMs: 5_000,
    });
    const service = new ODataService(http, {
      service: "API_PRODUCTION_ORDER_2_SRV",
      lockCodes: new Set(),
      now: () => 0,
    });
    expect(await service.readOne("A_ProductionOrder_2('000000000001')", {}, signal)).toMatchObject({
      TotalQuantity: "100.000",
    });
    expect(await service.readOne("A_ProductionOrder_2('4711')", {}, signal)).toBeUndefined();
    expect(await service.metadata(signal)).toContain('NavigationProperty Name="to_ProductionOrderComponentExt"');
    service.close();
    await http.close();
  });

  test.each([[500], [502]])("that fails with %i is unavailable, since it leaves nothing behind", async (status) => {
    await using it = await openScripted([], () => ({ status }));
    await expect(it.service.readPage("Things", {}, signal)).rejects.toBeInstanceOf(UnavailableError);
  });
});

test("one caller's giving up does not take the token from the others", async () => {
  await using it = await openScripted([]);
  const stop = new AbortController();
  const given = it.service.write(aWrite, stop.signal);
  const kept = it.service.write(aWrite, signal);
  stop.abort();
  await expect(given).rejects.toBeInstanceOf(Error);
  expect((await kept).entity).toEqual({ Id: "1" });
});
