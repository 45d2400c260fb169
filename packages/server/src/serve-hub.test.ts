import { request } from "node:http";
import { once } from "node:events";
import { eventually } from "@lineshaft/testing";
import { expect, test } from "vitest";
import type { LiveStatus } from "./live-status.ts";
import { serveHub } from "./serve-hub.ts";
import { RememberingSwitchboard, ServedPlant } from "./testing/served-hub.ts";

const rejectBad = (plant: ServedPlant): void => {
  plant.erp.before = ({ value }) =>
    value.key === "bad"
      ? { kind: "rejected", reason: "unknown", message: "The ERP knows no bad.", next: "Correct it, then resend." }
      : undefined;
};

test("/healthz tells that the process lives, /readyz in a sentence why it is not ready yet", async () => {
  await using plant = await ServedPlant.open({ start: false });
  expect((await plant.get("/healthz")).status).toBe(200);
  const early = await plant.get("/readyz");
  expect([early.status, await early.json()]).toEqual([
    503,
    { status: "not ready", problem: "The hub has not been started." },
  ]);
  await plant.hub.start();
  const ready = await plant.get("/readyz");
  expect([ready.status, await ready.json()]).toEqual([200, { status: "ready" }]);
});

test("/metrics tells facts, outcomes, backlog and how long deliveries took, as Prometheus reads it", async () => {
  await using plant = await ServedPlant.open();
  rejectBad(plant);
  await plant.record({ id: "1", key: "good" });
  await plant.record({ id: "1", key: "good" });
  await plant.record({ id: "2", key: "bad" });
  await eventually("both are settled", () => {
    const [system] = plant.hub.status().systems;
    return system?.outcomes.done === 1 && system.outcomes.rejected === 1 && system.backlog.parked === 1;
  });
  const answer = await plant.get("/metrics");
  const text = await answer.text();
  expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  for (const line of [
    'lineshaft_ready{hub="served plant"} 1',
    'lineshaft_facts_total{result="accepted"} 2',
    'lineshaft_facts_total{result="duplicate"} 1',
    'lineshaft_attempts_total{system="erp",outcome="done"} 1',
    'lineshaft_deliveries_open{system="erp",state="parked"} 1',
    'lineshaft_breaker_open{system="erp"} 0',
    'lineshaft_route_done_total{flow="notes",system="erp",operation="apply"} 1',
    "# TYPE lineshaft_delivery_duration histogram",
    'lineshaft_delivery_duration_bucket{flow="notes",system="erp",operation="apply",le="30"} 1',
  ])
    expect(text).toContain(line);
});

test("/api/status shows parked deliveries with their next step, and the last facts with what became of them", async () => {
  await using plant = await ServedPlant.open();
  rejectBad(plant);
  await plant.record({ id: "1", key: "good" });
  await plant.record({ id: "2", key: "bad" });
  await eventually("one is parked", () => plant.hub.status().systems[0]?.backlog.parked === 1);
  const status = (await (await plant.get("/api/status")).json()) as LiveStatus;
  expect(status.parked).toMatchObject([
    {
      key: "bad",
      system: "erp",
      message: expect.stringContaining("knows no bad") as string,
      next: "Correct it, then resend.",
      owner: "testers",
    },
  ]);
  expect(status.facts.map(({ object, deliveries }) => [object, deliveries.map((d) => d.state)])).toEqual([
    ["bad", ["parked"]],
    ["good", ["done"]],
  ]);
  expect(status.faults).toBeUndefined();
  expect(JSON.stringify(status)).not.toContain("canonical");
});

test("/api/events tells the status at once and lets go of its readers when the server closes", async () => {
  await using plant = await ServedPlant.open();
  const answer = await plant.get("/api/events");
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/^data: .*\n\n/m.test(text)) text += (await reader.read()).value ?? "";
  expect(JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "")).toMatchObject({
    hub: { name: "served plant", ready: true },
  });
  await plant.server.close();
  let ended = false;
  while (!ended) ended = (await reader.read()).done;
  expect(ended).toBe(true);
});

test("the page comes with a policy that lets nothing from elsewhere in, and every file it names is there", async () => {
  await using plant = await ServedPlant.open();
  const page = await plant.get("/");
  const html = await page.text();
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'");
  expect(html).not.toMatch(/https?:\/\//);
  expect(html).not.toMatch(/<script>|style=|onclick=/);
  const files = [...html.matchAll(/(?:src|href)="(\/[\w.]+)"/g)].map(([, file = ""]) => file);
  const answers = await Promise.all(files.map(async (file) => [file, (await plant.get(file)).status]));
  expect(answers).toContainEqual(["/page.js", 200]);
  expect(answers.filter(([, status]) => status !== 200)).toEqual([]);
});

test("a request by another name than this machine's is turned away, so that no foreign page can read the hub", async () => {
  await using plant = await ServedPlant.open();
  const asked = request(`${plant.server.url}/api/status`, { headers: { host: "plant.evil.example" } }).end();
  const [answer] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
  answer.resume();
  expect(answer.statusCode).toBe(421);
});

test("outside of a demo there is no way to inject faults", async () => {
  await using plant = await ServedPlant.open();
  const answer = await plant.post("/api/faults", '{"system":"erp","fault":"outage"}', {
    "content-type": "application/json",
  });
  expect(answer.status).toBe(404);
});

test("faults are taken as JSON from the page itself, and from no other site", async () => {
  const faults = new RememberingSwitchboard();
  await using plant = await ServedPlant.open({ faults });
  const outage = '{"system":"erp","fault":"outage"}';
  const json = { "content-type": "application/json" };
  const statuses = await Promise.all([
    plant.post("/api/faults", outage, json),
    plant.post("/api/faults", '{"system":"erp","fault":"none"}', { ...json, origin: plant.server.url }),
    plant.post("/api/faults", outage, { ...json, origin: "http://evil.example" }),
    plant.post("/api/faults", outage, { ...json, "sec-fetch-site": "cross-site" }),
    plant.post("/api/faults", outage, { "content-type": "text/plain" }),
    plant.post("/api/faults", '{"system":"erp","fault":"fire"}', json),
    plant.post("/api/faults", '{"system":"erp"}', json),
    plant.post("/api/faults", "x".repeat(20_000), json),
  ]);
  expect(statuses.map(({ status }) => status)).toEqual([200, 200, 403, 403, 415, 404, 400, 413]);
  expect(faults.told.sort()).toEqual(["erp none", "erp outage"]);
});

test("a port in use and an address that others could reach are refused in a sentence", async () => {
  await using plant = await ServedPlant.open();
  const { hub, server } = plant;
  await expect(serveHub({ hub, port: server.port })).rejects.toMatchObject({
    code: "port-taken",
    message: `Port ${server.port} on 127.0.0.1 is in use by another process.`,
  });
  await expect(serveHub({ hub, port: 0, host: "0.0.0.0" })).rejects.toMatchObject({ code: "config-invalid" });
});

test("a hub that has stopped still answers, without what its ledger would tell", async () => {
  await using plant = await ServedPlant.open();
  await plant.hub.stop();
  const status = (await (await plant.get("/api/status")).json()) as LiveStatus;
  expect(status.hub.ready).toBe(false);
  expect(status.ledgerProblem).toBeDefined();
  expect((await plant.get("/readyz")).status).toBe(503);
});
