import { availableParallelism } from "node:os";
import { type Intake, silentLog, systemClock } from "@lineshaft/core";
import { sparkplug } from "@lineshaft/mqtt";
import { type Child, beside, startChild } from "../child.ts";
import { type Broker, startBroker } from "../faults/broker.ts";
import { pause } from "../pause.ts";
import { type Report, rounded } from "../report.ts";
import { percentile, perSecond } from "../statistics.ts";
import { CountingTags } from "./counting-tags.ts";
import type { EdgeNodesOptions, EdgeNodesWord } from "./edge-nodes-process.ts";

export interface SparkplugSettings {
  /** Metrics per second, of all edge nodes together. */
  rate: number;
  seconds: number;
}

const NODES = 100;
/** Metrics in one message. */
const METRICS = 20;
/** Longest wait for what is still under way, in ms: after it, what is missing is lost. */
const DRAIN_MS = 10_000;
/** Longest wait for the edge nodes' births, in ms. */
const BIRTHS_MS = 30_000;

/** Edge nodes in a process of their own, through a broker, to a host in this one; every value's place is checked. */
export async function sparkplugBench({ rate, seconds }: SparkplugSettings): Promise<Report> {
  await using broker = await startBroker();
  const tags = new CountingTags();
  const stop = new AbortController();
  const host = await runHost(broker, tags, stop.signal);
  const { url, protocolVersion } = broker;
  const options: EdgeNodesOptions = { url, protocolVersion, nodes: NODES, metrics: METRICS, rate, seconds };
  const child = startChild<EdgeNodesWord>(beside(import.meta.url, "edge-nodes-process"), options);
  try {
    await child.hear("born");
    await waitUntil(() => tags.tags === NODES * METRICS, BIRTHS_MS);
    const measured = await measure(child, tags, seconds);
    return reportOf({ rate, seconds, broker, tags, measured });
  } finally {
    await child.kill();
    stop.abort();
    await host.ended;
  }
}

interface Measured {
  sent: EdgeNodesWord["done"];
  ms: number;
  cpuMs: number;
}

async function measure(child: Child<EdgeNodesWord>, tags: CountingTags, seconds: number): Promise<Measured> {
  const before = process.cpuUsage();
  const start = performance.now();
  child.say({ order: "send" });
  const sent = await child.hear("done", seconds * 1_000 + 60_000);
  await waitUntil(() => tags.received >= sent.metrics, DRAIN_MS);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { sent, ms, cpuMs: (user + system) / 1_000 };
}

interface Findings extends SparkplugSettings {
  broker: Broker;
  tags: CountingTags;
  measured: Measured;
}

function reportOf({ rate, seconds, broker, tags, measured: { sent, ms, cpuMs } }: Findings): Report {
  return {
    name: "sparkplug",
    settings: {
      broker: broker.name,
      protocolVersion: broker.protocolVersion,
      nodes: NODES,
      metricsPerMessage: METRICS,
      rate,
      seconds,
      cores: availableParallelism(),
    },
    figures: {
      metricsPerSecond: rounded(perSecond(tags.received, ms)),
      lost: Math.max(0, sent.metrics - tags.received) + tags.wrong,
      hostCpuShare: rounded(cpuMs / ms),
      edgeNodesCpuShare: rounded(sent.cpuMs / sent.ms),
      p50Ms: rounded(percentile(tags.latenciesMs, 0.5)),
      p99Ms: rounded(percentile(tags.latenciesMs, 0.99)),
    },
    ...(broker.name === "aedes" && { notes: ["mosquitto is not installed: the broker is in this process."] }),
  };
}

async function runHost(broker: Broker, tags: CountingTags, signal: AbortSignal): Promise<{ ended: Promise<void> }> {
  const system = await sparkplug({
    name: "bench",
    url: broker.url,
    protocolVersion: broker.protocolVersion,
    hostId: "bench",
    groups: ["Bench"],
    facts: tags.facts,
  }).open({ clock: systemClock, random: Math.random, log: silentLog });
  const ended = system.sources["intake"]?.run(noIntake, signal) ?? Promise.resolve();
  await Promise.race([tags.ready.promise, ended]);
  return { ended };
}

/** Tags are counted, and no fact is made of them. */
const noIntake: Intake = {
  record: () => Promise.reject(new Error("the bench makes no facts")),
  listening: () => {},
  loadCursor: () => Promise.resolve(undefined),
  saveCursor: () => Promise.resolve(),
};

async function waitUntil(condition: () => boolean, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs;
  while (!condition() && performance.now() < end) await pause(5);
}
