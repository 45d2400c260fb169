import { connectAsync } from "mqtt";
import type { MqttClient } from "mqtt";
import { childOptions, tell } from "../child.ts";
import { deviceBirth, deviceData, nodeBirth } from "./edge-payload.ts";
import type { EdgeMetric } from "./edge-payload.ts";

/* Edge nodes in a process of their own, a connection each, which send at a steady pace. */

export interface EdgeNodesOptions {
  url: string;
  protocolVersion: 4 | 5;
  nodes: number;
  /** Metrics in one message. */
  metrics: number;
  /** Metrics per second, of all edge nodes together. */
  rate: number;
  seconds: number;
}

export interface EdgeNodesWord {
  born: true;
  /** Metrics sent after the births, how long it took, and the processor time it took. */
  done: { metrics: number; ms: number; cpuMs: number };
}

/** How often messages that are due are sent, in ms. */
const TICK_MS = 5;

const options = childOptions() as EdgeNodesOptions;
const clients = await Promise.all(
  Array.from({ length: options.nodes }, () =>
    connectAsync(options.url, { protocolVersion: options.protocolVersion, reconnectPeriod: 0 }),
  ),
);
const metrics = Array.from({ length: options.metrics }, (_, alias): EdgeMetric => ({ alias, count: 0 }));
const nodes = clients.map((client, at) => ({ client, at, seq: 1, metrics: metrics.map((metric) => ({ ...metric })) }));
type Node = (typeof nodes)[number];

for (const { client, at, metrics } of nodes) {
  send(client, `spBv1.0/Bench/NBIRTH/node-${at}`, nodeBirth(Date.now()));
  send(client, `spBv1.0/Bench/DBIRTH/node-${at}/device`, deviceBirth(1, Date.now(), metrics));
}
tell({ born: true });
process.on("message", () => sendPaced());
process.on("disconnect", () => process.exit(0));

function sendPaced(): void {
  const perMs = options.rate / options.metrics / 1_000;
  const all = Math.round(perMs * options.seconds * 1_000);
  const before = process.cpuUsage();
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(all, Math.floor((performance.now() - start) * perMs));
    for (; sent < due; sent++) sendData(nodes[sent % nodes.length]);
    if (sent < all) return;
    clearInterval(timer);
    const { user, system } = process.cpuUsage(before);
    const done = { metrics: all * options.metrics, ms: performance.now() - start, cpuMs: (user + system) / 1_000 };
    tell({ done });
  }, TICK_MS);
}

function sendData(node: Node | undefined): void {
  if (node === undefined) return;
  node.seq = (node.seq + 1) % 256;
  for (const metric of node.metrics) metric.count++;
  send(node.client, `spBv1.0/Bench/DDATA/node-${node.at}/device`, deviceData(node.seq, Date.now(), node.metrics));
}

function send(client: MqttClient, topic: string, payload: Buffer): void {
  client.publish(topic, payload, { qos: 0 });
}
