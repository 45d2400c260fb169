import { type GatewayDefinition, enrolled } from "@lineshaft/gateway";
import { modbus } from "@lineshaft/modbus";
import { sparkplug } from "@lineshaft/mqtt";
import { opcua } from "@lineshaft/opcua";
import { countTag, defineLine, stateTag, textTag, unitTemplate } from "@lineshaft/tags";

/** Three machines of foreign makers on one gateway. Copied into a project's folder and run there. */
function set(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}

const machine = unitTemplate({
  tags: {
    good: countTag({ maxPerSecond: 1_000 }),
    state: stateTag({ words: { 1: "execute", 2: "stopped" } }),
    order: textTag(),
    lot: textTag(),
  },
  order: { productionOrder: "order", lot: "lot" },
  rules: {
    output: { kind: "completion", good: "good", every: { pieces: 5, seconds: 2 } },
    run: { kind: "state", state: "state" },
  },
});

function line(unit: string, time: "source" | "received", bind: (tag: string) => string) {
  return defineLine({ name: unit.toLowerCase(), time, units: [machine.unit({ unit, workCenter: unit, bind })] });
}

const packer = line(set("EDGE_PACKER"), "received", (tag) => tag);
const tester = line(set("EDGE_TESTER"), "source", (tag) => `Hall-9/edge-1/tester/${tag}`);
const press = line(set("EDGE_PRESS"), "source", (tag) => tag);

export default {
  ...enrolled(".lineshaft/gateway"),
  systems: [
    modbus({
      name: "packer",
      host: "127.0.0.1",
      port: Number(set("EDGE_MODBUS_PORT")),
      intervalMs: 100,
      registers: {
        good: { table: "holding", address: 0, type: "uint32" },
        state: { table: "holding", address: 2 },
        order: { table: "holding", address: 3, type: "string", length: 20 },
        lot: { table: "holding", address: 23, type: "string", length: 20 },
      },
      facts: packer.facts,
    }),
    sparkplug({
      name: "tester",
      url: set("EDGE_BROKER_URL"),
      hostId: "edge-host",
      groups: ["Hall-9"],
      facts: tester.facts,
    }),
    opcua({
      name: "press",
      endpoint: `opc.tcp://127.0.0.1:${set("EDGE_OPCUA_PORT")}`,
      security: { mode: "None" },
      publishingMs: 100,
      defaults: { samplingMs: 0 },
      nodes: press.tags.map((tag) => ({ tag, node: `nsu=urn:machine;s=${tag}` })),
      facts: press.facts,
    }),
  ],
  // A silent line is noticed, and its end, within seconds.
  limits: { requestMs: 3_000, heartbeatMs: 1_000, pollMs: 3_000, retryCapMs: 1_000 },
} satisfies GatewayDefinition;
