import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, versionOf } from "./fidelity/client.ts";
import type { Peer } from "./fidelity/client.ts";
import { peersFromEnvironment } from "./fidelity/peers.ts";
import { scripts } from "./fidelity/scripts.ts";
import { World } from "./fidelity/world.ts";
import { startOdooSimulator } from "./simulator.ts";
import type { OdooSimulator } from "./simulator.ts";

/** What real servers told; see fidelity/record.ts. */
function recorded(version: number): Record<string, unknown> {
  const text = readFileSync(new URL(`fidelity/recorded-${version}.json`, import.meta.url), "utf8");
  return JSON.parse(text) as Record<string, unknown>;
}

async function worldOf(peers: { hub: Peer; admin: Peer }, version: number, tag: string): Promise<World> {
  return new World(await connect(peers.admin, version), await connect(peers.hub, version), tag);
}

describe.each([17, 18, 19] as const)("a simulated Odoo %i tells what a real one told:", (version) => {
  let simulator: OdooSimulator;
  let world: World;

  beforeAll(async () => {
    simulator = await startOdooSimulator({ version });
    const place = { url: simulator.url, database: simulator.database };
    const peers = {
      admin: { ...place, login: "admin", key: "admin-key" },
      hub: { ...place, login: "hub", key: "hub-key" },
    };
    world = await worldOf(peers, version, "T1");
  });

  afterAll(() => simulator.close());

  test.each(Object.entries(scripts))("%s", async (name, script) => {
    expect(await script(world)).toEqual(recorded(version)[name]);
  });
});

const peers = peersFromEnvironment();

describe.skipIf(typeof peers === "string")(
  `a real Odoo tells what was recorded${typeof peers === "string" ? ` (skipped: ${peers})` : ""}:`,
  () => {
    let version: number;
    let world: World;

    beforeAll(async () => {
      if (typeof peers === "string") return;
      version = await versionOf(peers.hub.url);
      world = await worldOf(peers, version, `T${process.pid}-${Date.now()}`);
    });

    test.each(Object.entries(scripts))("%s", { timeout: 120_000 }, async (name, script) => {
      expect(await script(world)).toEqual(recorded(version)[name]);
    });
  },
);
