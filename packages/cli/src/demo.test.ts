import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LiveStatus } from "@lineshaft/server";
import { expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { Plant } from "./testing/plant.ts";

interface Odoo {
  orders: { origin: string; produced: number }[];
  effects: Record<string, number>;
}

const read = async <T>(url: string): Promise<T> => (await fetch(url)).json() as Promise<T>;

/** Asks the page until the hub has delivered so much since its start. */
async function delivered(url: string, done: number): Promise<void> {
  for (;;) {
    const { hub } = await read<LiveStatus>(`${url}/api/status`);
    if (hub.systems.reduce((sum, { outcomes }) => sum + outcomes.done, 0) >= done) return;
  }
}

test(
  "the demo delivers a plant's day, survives a kill, and goes on with all that stood before",
  { timeout: 120_000 },
  async () => {
    const data = mkdtempSync(join(tmpdir(), "lineshaft-demo-"));
    await using plant = new Plant({ withConfig: false });
    const options = ["--data", data, "--speed", "3000", "--http-port", "0"];
    const first = await plant.demo(...options);
    await delivered(first.url, 60);
    const second = await plant.run("demo", "--port", "0", "--no-open", ...options);
    expect([second.code, second.err]).toEqual([
      exitCodes.ledgerUnusable,
      expect.stringContaining("A demo runs already on"),
    ]);
    await first.kill("SIGKILL");

    const [before] = await plant.json<{ deliveries: { system: string; state: string; count: number }[] }>(
      "stats",
      "--ledger",
      join(data, "ledger.db"),
    );
    const doneIn = (system: string): number =>
      before?.deliveries
        .filter((d) => d.system === system && d.state === "done")
        .reduce((sum, d) => sum + d.count, 0) ?? 0;
    const again = await plant.demo(...options);
    expect(again.rebuilt).toBe(doneIn("odoo") + doneIn("s4"));
    await delivered(again.url, 20);
    const { effects } = await read<Odoo>(`${again.odoo}/_state`);
    expect(Object.values(effects).filter((times) => times !== 1)).toEqual([]);
    expect(Object.keys(effects).length).toBeGreaterThanOrEqual(doneIn("odoo"));
    expect((await read<LiveStatus>(`${again.url}/api/status`)).faults?.length).toBeGreaterThan(5);
    expect(await again.kill("SIGINT")).toBe(exitCodes.ok);
    rmSync(data, { recursive: true, force: true });
  },
);

test(
  "three workers share the demo on PostgreSQL, one is killed, and everything stands once",
  { timeout: 180_000 },
  async () => {
    const data = mkdtempSync(join(tmpdir(), "lineshaft-demo-"));
    // The database may run as another user.
    chmodSync(data, 0o755);
    await using plant = new Plant({ withConfig: false });
    const options = ["--data", data, "--speed", "600", "--ledger", "postgres", "--workers", "3"];
    const demo = await plant.demo(...options);
    await workersOf(demo.url, 3);
    await delivered(demo.url, 10);
    process.kill(demo.workers[0]?.pid ?? 0, "SIGKILL");
    await workersOf(demo.url, 2);
    await delivered(demo.url, 60);
    expect(await demo.kill("SIGTERM")).toBe(exitCodes.ok);

    const again = await plant.demo(...options);
    expect(again.rebuilt).toBeGreaterThanOrEqual(60);
    await workersOf(again.url, 3);
    const { effects } = await read<Odoo>(`${again.odoo}/_state`);
    expect(Object.values(effects).filter((times) => times !== 1)).toEqual([]);
    expect(await again.kill("SIGTERM")).toBe(exitCodes.ok);
    rmSync(data, { recursive: true, force: true });
  },
);

test("several workers on a ledger in a file are refused", async () => {
  await using plant = new Plant({ withConfig: false });
  const ran = await plant.run("demo", "--no-open", "--workers", "2");
  expect([ran.code, ran.err]).toEqual([exitCodes.usage, expect.stringContaining("--ledger postgres")]);
});

/** Waits until so many workers live, and share the lanes. */
async function workersOf(url: string, workers: number): Promise<void> {
  for (;;) {
    const { worker } = (await read<LiveStatus>(`${url}/api/status`)).hub;
    if (
      worker.workers === workers &&
      worker.lanes >= Math.floor(64 / workers) &&
      worker.lanes <= Math.ceil(64 / workers)
    )
      return;
  }
}
