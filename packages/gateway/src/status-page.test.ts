import { request } from "node:http";
import { expect, test } from "vitest";
import type { GatewayStatus } from "./index.ts";
import { serveGateway } from "./index.ts";

const status: GatewayStatus = {
  name: "hamburg",
  hub: "https://hub.example.com:7443",
  startedAt: 0,
  now: 60_000,
  link: { state: "down", since: 30_000, message: "No answer within 30 s. <b>", nextTryAt: 70_000, skewMs: -40 },
  buffer: { facts: 1_200, bytes: 3 * 1_048_576, maxBytes: 100 * 1_048_576, oldest: 1_000, shed: 7 },
  configuration: {
    runs: { serial: 7, version: 5, since: 2_000 },
    refused: { serial: 8, version: 6, since: 3_000, message: "It does not fit lines.v1." },
  },
  systems: [{ name: "press", sources: [{ name: "tags", state: "running", since: 0, facts: 1_200 }] }],
};

const served = (change: Partial<GatewayStatus["buffer"]> = {}) => {
  const gateway = { status: () => ({ ...status, buffer: { ...status.buffer, ...change } }) };
  return serveGateway({ gateway, port: 0, version: "0.1.0" });
};

test("the page says what a person asks first, and nothing on it is taken for markup", async () => {
  await using server = await served();
  const text = await (await fetch(server.url)).text();
  for (const words of [
    "down since 1970-01-01T00:00:30.000Z",
    "1200 facts, 3.0 of 100.0 MB",
    "recorded 1970-01-01T00:00:01.000Z",
    "7 telemetry facts",
    "-40 ms ahead",
    "Source press tags",
    "version 5, since 1970-01-01T00:00:02.000Z",
    "version 6, 1970-01-01T00:00:03.000Z. It does not fit lines.v1.",
    "&lt;b&gt;",
  ])
    expect(text).toContain(words);
});

test("a link that is down is no reason not to be ready, and a disk that is full is one", async () => {
  {
    await using server = await served();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${server.url}/status`)).json()).toMatchObject({
      version: "0.1.0",
      link: { state: "down" },
    });
  }
  await using server = await served({ problem: "The disk is full." });
  const ready = await fetch(`${server.url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, { status: "not ready", problem: "The disk is full." }]);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test("it listens for this machine only, under its own names only", async () => {
  await expect(
    serveGateway({ gateway: { status: () => status }, port: 0, host: "0.0.0.0", version: "1" }),
  ).rejects.toMatchObject({ code: "config-invalid" });
  await using server = await served();
  const code = await new Promise((resolve) => {
    request(`${server.url}/status`, { headers: { host: "plant.example.com" } }, (it) => {
      it.resume();
      resolve(it.statusCode);
    }).end();
  });
  expect(code).toBe(421);
});
