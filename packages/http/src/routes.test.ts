import { LineshaftError, NESTING_LEVELS, Secret } from "@lineshaft/core";
import { FakeClock, RecordingIntake, eventually } from "@lineshaft/testing";
import Fastify from "fastify";
import { describe, expect, test } from "vitest";
import { silentLog } from "@lineshaft/core";
import { factRoutes } from "./index.ts";
import type { BatchBody } from "./index.ts";
import { LIMS_KEY, MES_KEY, openHttpBed, reading } from "./testing/bed.ts";

const path = "/v1/facts/reading.v1";
const fact = (id: string, value = 1) => JSON.stringify({ id, value });

describe("one fact", () => {
  test("is answered with the hub's number for it", async () => {
    await using bed = await openHttpBed();
    const response = await bed.post(path, fact("R-1"));
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ result: "accepted", message: 1, duplicate: false });
  });

  test("sent again is told to be known already", async () => {
    await using bed = await openHttpBed();
    await bed.post(path, fact("R-1"));
    const response = await bed.post(path, fact("R-1"));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ result: "duplicate", message: 1, duplicate: true });
  });

  test("with the id of another and other content is a conflict that names the first", async () => {
    await using bed = await openHttpBed();
    await bed.post(path, fact("R-1", 1));
    const response = await bed.post(path, fact("R-1", 2));
    expect(response.status).toBe(409);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect(await response.json()).toMatchObject({ type: "urn:lineshaft:problem:id-reused", status: 409, message: 1 });
  });

  test("that breaks rules is refused with every finding, and kept", async () => {
    await using bed = await openHttpBed();
    const response = await bed.post(path, JSON.stringify({ value: "3" }));
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "fact-refused",
      refusal: 1,
      findings: [
        { field: "/id", rule: "schema.type", fix: "Send a string." },
        { field: "/value", rule: "schema.type", fix: "Send a number." },
      ],
    });
  });

  test("that nests too deep is refused by name of the limit", async () => {
    await using bed = await openHttpBed();
    const response = await bed.post(path, `{"id":"R-1","value":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
    expect(response.status).toBe(422);
    expect(JSON.stringify(await response.json())).toContain(`at most ${NESTING_LEVELS}`);
  });

  test("is kept byte by byte as it came", async () => {
    await using bed = await openHttpBed();
    const raw = '{ "id" : "R-1",\n  "value":1.50e0 }';
    await bed.post(path, raw);
    expect(Buffer.from(bed.intake.handed[0]?.raw ?? "").toString()).toBe(raw);
  });
});

describe("ids and traces by header", () => {
  test("an Idempotency-Key is the fact's id, within its caller", async () => {
    await using bed = await openHttpBed();
    for (const value of [1, 1]) await bed.post(path, fact("x", value), { "idempotency-key": '"k-1"' });
    expect(bed.intake.handed.map((each) => [each.scope, each.id])).toEqual([
      ["mes", "k-1"],
      ["mes", "k-1"],
    ]);
    expect(bed.intake.recorded.map(({ receipt }) => receipt.kind)).toEqual(["accepted", "duplicate"]);
  });

  test.each([["spaces in it"], ["x".repeat(201)], [""]])("an Idempotency-Key %j is not taken", async (key) => {
    await using bed = await openHttpBed();
    const response = await bed.post(path, fact("R-1"), { "idempotency-key": key });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "id-invalid", limit: 200 });
  });

  test("a traceparent travels with the fact, and a malformed one does not", async () => {
    await using bed = await openHttpBed();
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    await bed.post(path, fact("R-1"), { traceparent: trace });
    await bed.post(path, fact("R-2"), { traceparent: "nonsense" });
    expect(bed.intake.handed.map((each) => each.trace)).toEqual([trace, undefined]);
  });
});

describe("who may send", () => {
  test.each([
    ["no key", undefined],
    ["an unknown key", "Bearer somebody-elses-key-0000"],
    ["the beginning of a key", `Bearer ${MES_KEY.slice(0, -1)}`],
    ["another scheme", `Basic ${MES_KEY}`],
    ["an empty key", "Bearer "],
  ])("%s is turned away", async (_case, authorization) => {
    await using bed = await openHttpBed();
    const headers = { "content-type": "application/json", ...(authorization !== undefined && { authorization }) };
    const response = await fetch(bed.url + path, { method: "POST", body: fact("R-1"), headers });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(bed.intake.handed).toEqual([]);
  });

  test("a caller sends only the contracts it was given", async () => {
    await using bed = await openHttpBed();
    const response = await bed.post(path, fact("R-1"), { authorization: `Bearer ${LIMS_KEY}` });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: "not-allowed", detail: "lims may not send reading.v1." });
  });

  test("no key shows in a log or an answer", async () => {
    const logged: unknown[] = [];
    const keep = (...all: unknown[]) => void logged.push(all);
    const log = { debug: keep, info: keep, warn: keep, error: keep };
    await using bed = await openHttpBed({ log });
    const wrong = "somebody-elses-key-0000";
    const answers = await Promise.all([
      bed.post(path, "{", { authorization: `Bearer ${wrong}` }),
      bed.post(path, "{"),
      bed.post("/v1/facts/none", "{}"),
    ]);
    const said = JSON.stringify(logged) + (await Promise.all(answers.map((each) => each.text()))).join("");
    expect(said).toContain("unknown key");
    expect(said).not.toContain(wrong);
    expect(said).not.toContain(MES_KEY);
  });

  test("a key that was changed is taken up without a restart", async () => {
    const environment = { KEY: "the-first-key-of-this-test" };
    const clock = new FakeClock();
    await using bed = await openHttpBed({ clock, callers: [{ name: "mes", key: Secret.env("KEY", environment) }] });
    environment.KEY = "the-second-key-of-this-test";
    await clock.advance(10_000);
    expect((await bed.post(path, fact("R-1"), { authorization: "Bearer the-first-key-of-this-test" })).status).toBe(
      401,
    );
    expect((await bed.post(path, fact("R-1"), { authorization: "Bearer the-second-key-of-this-test" })).status).toBe(
      202,
    );
  });

  test("a caller that sends too fast is told when to come back, and may then", async () => {
    const clock = new FakeClock();
    const callers = [{ name: "mes", key: Secret.generated("mes", MES_KEY), perSecond: 2 }];
    await using bed = await openHttpBed({ clock, callers });
    const lines = Array.from({ length: 6 }, (_, i) => fact(`R-${i}`)).join("\n");
    expect((await bed.post(`${path}/batch`, lines, { "content-type": "application/x-ndjson" })).status).toBe(202);
    const early = await bed.post(path, fact("R-9"));
    expect([early.status, early.headers.get("retry-after")]).toEqual([429, "3"]);
    await clock.advance(3_000);
    expect((await bed.post(path, fact("R-9"))).status).toBe(202);
  });
});

describe("what is not taken", () => {
  test.each([
    ["an unknown contract", "/v1/facts/nothing.v1", "{}", {}, 404, "contract-unknown"],
    ["an unknown path", "/v2/facts", "{}", {}, 404, "not-found"],
    ["a body of another type", path, "<a/>", { "content-type": "text/xml" }, 415, "type-unsupported"],
    ["lines where one fact is due", path, "{}", { "content-type": "application/x-ndjson" }, 415, "type-unsupported"],
    ["a compressed body", path, "{}", { "content-encoding": "gzip" }, 415, "type-unsupported"],
    ["a body over the limit", path, `"${"x".repeat(2000)}"`, {}, 413, "body-too-large"],
    ["a batch that is no array", `${path}/batch`, "{}", {}, 400, "batch-malformed"],
    ["a batch that ends too early", `${path}/batch`, '[{"id":"R-1","value":1}', {}, 400, "batch-malformed"],
    ["an empty batch", `${path}/batch`, "[]", {}, 400, "batch-malformed"],
    ["a batch of too many", `${path}/batch`, "[1,2,3,4,5,6]", {}, 413, "batch-too-large"],
  ])("%s", async (_case, to, body, headers, status, code) => {
    await using bed = await openHttpBed({ limits: { bodyBytes: 1000, batchFacts: 5 } });
    const response = await bed.post(to, body, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect(await response.json()).toMatchObject({ status, code, type: `urn:lineshaft:problem:${code}` });
    expect(bed.intake.handed).toEqual([]);
  });

  test.each(["intake-overloaded", "ledger-full", "ledger-io"] as const)("%s asks the caller back", async (code) => {
    await using bed = await openHttpBed();
    bed.intake.failWith(new LineshaftError(code, "It does not fit.", { next: "Come back." }));
    const response = await bed.post(path, fact("R-1"));
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await response.json()).toMatchObject({ code });
  });

  test("more bodies at once than there is room for are asked back, and find room later", async () => {
    await using bed = await openHttpBed({ limits: { inFlightBytes: 100 } });
    bed.intake.hold();
    const first = bed.post(path, fact("R-1".padEnd(40)));
    await eventually("the first is in hand", () => bed.intake.waiting === 1);
    expect((await bed.post(path, fact("R-2".padEnd(40)))).status).toBe(503);
    bed.intake.release();
    expect((await first).status).toBe(202);
    // The room is free when the first answer has left for good, a moment after it is read here.
    let second = await bed.post(path, fact("R-2".padEnd(40)));
    while (second.status === 503) second = await bed.post(path, fact("R-2".padEnd(40)));
    expect(second.status).toBe(202);
  });

  test("a failure of the hub itself is not told in detail", async () => {
    await using bed = await openHttpBed();
    bed.intake.failWith(new Error("secret inner workings"));
    const response = await bed.post(path, fact("R-1"));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("inner workings");
  });
});

describe("a batch", () => {
  test("is answered fact by fact, each as it would have been alone", async () => {
    await using bed = await openHttpBed({ limits: { bodyBytes: 100 } });
    const items = [fact("A"), fact("A"), fact("A", 2), fact("B", -1), '{"half": }', fact("C".repeat(100)), fact("D")];
    const response = await bed.post(`${path}/batch`, `[${items.join(" ,\n")}]`);
    expect(response.status).toBe(207);
    const body: BatchBody = JSON.parse(await response.text());
    expect(body).toMatchObject({ accepted: 2, duplicates: 1, conflicts: 1, refused: 3, failed: 0 });
    expect(body.items.map((item) => ("result" in item ? item.result : item.code))).toEqual([
      "accepted",
      "duplicate",
      "id-reused",
      "fact-refused",
      "fact-refused",
      "body-too-large",
      "accepted",
    ]);
    expect(bed.intake.texts).toEqual([fact("A"), fact("A", 2), fact("B", -1), '{"half": }', fact("D")]);
  });

  test("all of which is taken is answered with 202, also when it comes again", async () => {
    await using bed = await openHttpBed();
    const lines = [fact("A"), "", fact("B"), ""].join("\r\n");
    for (const expected of [{ accepted: 2 }, { duplicates: 2 }]) {
      const response = await bed.post(`${path}/batch`, lines, { "content-type": "application/x-ndjson" });
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject(expected);
    }
  });

  test("with an Idempotency-Key gives each fact that key and its place", async () => {
    await using bed = await openHttpBed();
    await bed.post(`${path}/batch`, `[${fact("A")},${fact("B")}]`, { "idempotency-key": "shift-7" });
    expect(bed.intake.handed.map((each) => each.id)).toEqual(["shift-7#0", "shift-7#1"]);
  });

  test("nothing of which could be stored asks the caller back", async () => {
    await using bed = await openHttpBed();
    bed.intake.failWith(new LineshaftError("intake-overloaded", "Full.", { next: "Come back." }));
    const response = await bed.post(`${path}/batch`, `[${fact("A")},${fact("B")}]`);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await response.json()).toMatchObject({ failed: 2, accepted: 0 });
  });
});

test("a translated contract is handed over with its translation", async () => {
  const intake = new RecordingIntake({ contracts: [reading] });
  const translate = { "reading.v1": (body: unknown) => ({ id: String(Object(body).nr), value: 1 }) };
  await using bed = await openHttpBed({ intake, translate });
  expect((await bed.post(path, '{"nr":7}')).status).toBe(202);
});

test("the OpenAPI document has the contracts' own schemas and every answer", async () => {
  await using bed = await openHttpBed();
  const document = JSON.parse(await (await fetch(`${bed.url}/v1/openapi.json`)).text());
  expect(document.openapi).toBe("3.1.0");
  expect(document.components.schemas["reading.v1"]).toEqual(reading.schema);
  expect(Object.keys(document.paths)).toEqual([path, `${path}/batch`]);
  expect(Object.keys(document.paths[path].post.responses)).toEqual([
    "200",
    "202",
    "401",
    "403",
    "409",
    "413",
    "415",
    "422",
    "429",
    "503",
  ]);
});

test("another server takes the same routes under its own prefix", async () => {
  const intake = new RecordingIntake({ contracts: [reading] });
  const server = Fastify();
  await server.register(factRoutes, {
    prefix: "/hub",
    name: "hub",
    intake,
    contracts: [reading],
    clock: new FakeClock(),
    log: silentLog,
  });
  server.get("/other", async () => ({ mine: true }));
  const headers = { "content-type": "application/json" };
  const taken = await server.inject({ method: "POST", url: `/hub${path}`, payload: fact("R-1"), headers });
  expect(taken.statusCode).toBe(202);
  expect((await server.inject("/other")).json()).toEqual({ mine: true });
  await server.close();
});
