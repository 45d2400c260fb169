import { join } from "node:path";
import { type GatewayDefinition, enrolled } from "@lineshaft/gateway";
import { modbus } from "@lineshaft/modbus";
import { sparkplug } from "@lineshaft/mqtt";
import { opcua } from "@lineshaft/opcua";
import { packers, presses, testers } from "./line.ts";

// Addresses come from the environment or .env; `npm start` sets them to its simulated line.
const {
  FACTORY_GATEWAY = ".lineshaft/gateway",
  FACTORY_HUB_URL,
  FACTORY_MQTT_URL = "mqtt://127.0.0.1:1883",
  FACTORY_MQTT_VERSION = "5",
  FACTORY_PRESSES_URL = "opc.tcp://127.0.0.1:4840",
  FACTORY_PACKER_PORT = "502",
  FACTORY_TERMINAL_URL = "http://127.0.0.1:8088",
} = process.env;

/** How often machines are looked at, in ms. */
const LOOK_MS = 250;

const machines = opcua({
  name: "presses",
  endpoint: FACTORY_PRESSES_URL,
  security: { mode: "SignAndEncrypt" },
  pki: join(FACTORY_GATEWAY, "pki", "presses"),
  publishingMs: LOOK_MS,
  defaults: { samplingMs: 0 },
  nodes: presses.tags.map((tag) => ({ tag, node: `nsu=urn:plant.example:press-line;s=${tag}` })),
  facts: presses.facts,
});

const edge = sparkplug({
  name: "testers",
  url: FACTORY_MQTT_URL,
  protocolVersion: FACTORY_MQTT_VERSION === "4" ? 4 : 5,
  hostId: "hall-2",
  groups: ["Hall-2"],
  facts: testers.facts,
});

const packer = modbus({
  name: "packer",
  host: "127.0.0.1",
  port: Number(FACTORY_PACKER_PORT),
  intervalMs: LOOK_MS,
  // In this order within one answer: what was counted belongs to the order before, when both changed.
  registers: {
    good: { table: "holding", address: 0, type: "uint32" },
    scrap: { table: "holding", address: 2, type: "uint32" },
    energy: { table: "holding", address: 4, type: "uint32", unit: "WHR" },
    state: { table: "holding", address: 7 },
    reason: { table: "holding", address: 8, type: "string", length: 10 },
    product: { table: "holding", address: 18, type: "string", length: 10 },
    order: { table: "holding", address: 28, type: "string", length: 10 },
  },
  facts: packers.facts,
});

/** Tells the line's terminal what the ERP has released for its machines. It knows an order that comes again. */
async function tellTerminal(order: { value: unknown }, signal: AbortSignal): Promise<void> {
  const answer = await fetch(`${FACTORY_TERMINAL_URL}/orders`, {
    method: "POST",
    body: JSON.stringify(order.value),
    signal,
  });
  if (!answer.ok) throw new Error(`The line's terminal answered ${answer.status}: ${await answer.text()}`);
}

export default {
  ...enrolled(FACTORY_GATEWAY),
  ...(FACTORY_HUB_URL !== undefined && { hub: FACTORY_HUB_URL }),
  systems: [machines, edge, packer],
  // When the buffer is full, sums may go; what was made never does.
  telemetry: ["equipment-summary.v1"],
  consumers: [{ name: "line-terminal", take: tellTerminal }],
  // A cut is noticed, and its end, within seconds rather than within the minute that is right for a WAN.
  limits: { requestMs: 5_000, heartbeatMs: 3_000, pollMs: 5_000, retryCapMs: 3_000 },
} satisfies GatewayDefinition;
