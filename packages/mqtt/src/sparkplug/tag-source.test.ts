import { silentLog, systemClock } from "@lineshaft/core";
import type { TagSource } from "@lineshaft/core";
import { seededRandom, tagSourceCases } from "@lineshaft/testing";
import { sparkplug } from "../index.ts";
import { startAedes } from "../testing/brokers.ts";
import { EdgeClient } from "../testing/sparkplug/edge-client.ts";

tagSourceCases("Sparkplug B from an edge node at aedes", async () => {
  const broker = await startAedes();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const node = await EdgeClient.connect(url, "hub");
  let tags: TagSource | undefined;
  const system = await sparkplug({
    name: "plant",
    url,
    hostId: "hub",
    protocolVersion: 4,
    rebirth: { jitterMs: 0 },
    facts: (source) => {
      tags = source;
      return { run: async () => {} };
    },
  }).open({ clock: systemClock, random: seededRandom(1), log: silentLog });
  if (tags === undefined) throw new Error("facts was not called");
  return {
    tags,
    tag: node.tag,
    set: (value) => node.set(value),
    lose: async () => node.lose(),
    bringBack: (value) => node.bringBack(value),
    dispose: async () => {
      await node.close();
      await system.close();
      await broker[Symbol.asyncDispose]();
    },
  };
});
