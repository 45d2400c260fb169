import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LiveStatus, PlantMachine, PlantView } from "@lineshaft/server";
import { expect, test } from "vitest";
import type { DemoState } from "./demo/demo-folder.ts";
import { exitCodes } from "./exit-codes.ts";
import { Plant, type RunningDemo } from "./testing/plant.ts";

/** What the page is told, once a second. */
async function* statuses({ url }: RunningDemo): AsyncGenerator<LiveStatus> {
  const { body } = await fetch(`${url}/api/events`);
  let text = "";
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString("utf8");
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data: "));
      if (data !== undefined) yield JSON.parse(data.slice(6)) as LiveStatus;
    }
  }
}

/** The longest that anything here may take, in statuses: a minute and a half. */
const STATUSES = 90;

/** The first status in which hall 2 stands so. */
async function hall(
  demo: RunningDemo,
  what: string,
  stands: (view: PlantView) => boolean | Promise<boolean>,
): Promise<PlantView> {
  let left = STATUSES;
  for await (const { plant, hub, parked } of statuses(demo)) {
    if (plant !== undefined && (await stands(plant))) return plant;
    if (left-- === 0) throw new Error(`In vain: ${what}. ${JSON.stringify({ plant, parked, systems: hub.systems })}`);
  }
  throw new Error(`The page said nothing any more: ${what}.`);
}

/** As the page's switch does it. */
async function switchLink(demo: RunningDemo, fault: "cut-link" | "none"): Promise<number> {
  const { status } = await fetch(`${demo.url}/api/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ system: "hall-2", fault }),
  });
  return status;
}

/** Pieces of an order that Odoo has as produced, by order; an order that is reported in parts is several there. */
async function produced(demo: RunningDemo): Promise<Map<string, number>> {
  const { orders } = (await (await fetch(`${demo.odoo}/_state`)).json()) as {
    orders: { origin: string; produced: number }[];
  };
  const sums = new Map<string, number>();
  for (const { origin, produced: pieces } of orders) sums.set(origin, (sums.get(origin) ?? 0) + pieces);
  return sums;
}

/** Pieces that the machines were told to make, by order, and did: each makes its order to the last piece. */
function ordered(data: string, order: string): number {
  const { lineOrders } = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")) as DemoState;
  return Number(lineOrders.find(({ productionOrder }) => productionOrder === order)?.quantity);
}

const all = (view: PlantView, holds: (machine: PlantMachine) => boolean): boolean =>
  view.machines.length === 4 && view.machines.every(holds);
const machineOf = ({ machines }: PlantView, name: string): PlantMachine =>
  machines.find((machine) => machine.name === name) as PlantMachine;

/** Until each machine is done with the order it had, and that is in Odoo to its last piece and no piece more. */
async function finish(demo: RunningDemo, data: string, before: PlantView): Promise<void> {
  const orders = before.machines.map(({ order }) => order);
  await hall(demo, "the orders are finished and in Odoo", async (view) => {
    if (!all(view, ({ name, order }) => order !== machineOf(before, name).order)) return false;
    const made = await produced(demo);
    return orders.every((order) => (made.get(order) ?? 0) >= ordered(data, order));
  });
  const made = await produced(demo);
  expect(orders.map((order) => made.get(order))).toEqual(orders.map((order) => ordered(data, order)));
  const { parked } = (await (await fetch(`${demo.url}/api/status`)).json()) as LiveStatus;
  expect(parked.filter(({ key }) => orders.includes(key))).toEqual([]);
}

test(
  "what machines count while the plant's link is cut is booked once when it is healed, and once after a kill",
  { timeout: 240_000 },
  async () => {
    const data = mkdtempSync(join(tmpdir(), "lineshaft-hall-"));
    await using plant = new Plant({ withConfig: false });
    const options = ["--data", data, "--speed", "400", "--http-port", "0"];
    const demo = await plant.demo(...options);
    await hall(demo, "pieces of each machine are in Odoo", (view) => all(view, ({ booked }) => booked > 0));

    expect(await switchLink(demo, "cut-link")).toBe(200);
    const cut = await hall(demo, "the cut is noticed", ({ gateway }) => gateway.state === "down");
    expect(cut.cutSince).toBeGreaterThan(0);
    const away = await hall(demo, "machines go on", (view) =>
      all(view, ({ name, counted }) => counted > machineOf(cut, name).counted),
    );
    for (const { name, booked } of away.machines) expect(booked).toBe(machineOf(cut, name).booked);
    expect(away.gateway.waiting).toBeGreaterThan(0);
    const page = await (await fetch(away.gateway.page ?? "")).text();
    expect(page).toContain("Gateway hall-2");
    expect(page).toContain("down since");

    expect(await switchLink(demo, "none")).toBe(200);
    await hall(demo, "what was kept is in Odoo", (view) =>
      all(view, ({ name, booked }) => booked >= machineOf(away, name).counted),
    );
    await switchLink(demo, "cut-link");
    const killed = await hall(demo, "something waits at the gateway", ({ gateway, machines }) => {
      return Boolean(gateway.waiting) && machines.every(({ order }) => order !== "");
    });
    await demo.kill("SIGKILL");

    const again = await plant.demo(...options);
    await finish(again, data, killed);
    expect(await again.kill("SIGINT")).toBe(exitCodes.ok);
    rmSync(data, { recursive: true, force: true });
  },
);
