import { setTimeout as after } from "node:timers/promises";
import { silentLog, systemClock } from "@lineshaft/core";
import type { TagChange } from "@lineshaft/core";
import { OpcUaTagSource } from "@lineshaft/opcua";
import type { BenchOptions } from "../benches.ts";
import { beside, startChild } from "../child.ts";
import type { Report } from "../report.ts";
import { rounded } from "../report.ts";
import { openScratch } from "../scratch.ts";
import { freePort } from "@lineshaft/testing/free-port";

/** Monitored items, each with a new value every second. */
const ITEMS = 5_000;
const EVERY_MS = 1_000;
/** From the first values to the measurement, ms: what is compiled and allocated at the start is over. */
const WARM_UP_MS = 5_000;
/** Longest way of a value that is counted, ms: sampled, published and handed over. */
const LATEST_MS = 4_000;

/** What reading 5,000 items a second costs, and whether a value is missed. */
export async function opcuaBench({ seconds = 20, folder }: BenchOptions): Promise<Report> {
  using scratch = openScratch(folder);
  const port = await freePort();
  const server = startChild<{ ready: true }>(beside(import.meta.url, "opcua-server-process"), {
    port,
    folder: scratch.path("server"),
    items: ITEMS,
    everyMs: EVERY_MS,
  });
  await server.hear("ready");
  const source = new OpcUaTagSource(
    {
      name: "bench",
      endpoint: `opc.tcp://127.0.0.1:${port}`,
      security: { mode: "None" },
      pki: scratch.path("pki"),
      publishingMs: EVERY_MS,
      defaults: { queueSize: 10 },
      nodes: Array.from({ length: ITEMS }, (_, at) => ({
        tag: `v${at}`,
        node: `nsu=http://bench.example/plant;s=v${at}`,
      })),
      facts: () => ({ run: async () => {} }),
    },
    { clock: systemClock, random: Math.random, log: silentLog },
  );
  const stop = new AbortController();
  const window = { from: Number.POSITIVE_INFINITY, to: 0 };
  const count = { values: 0, overflow: 0, latest: 0 };
  const listening = Promise.withResolvers<void>();
  const running = source.run(
    {
      changes: async (changes) => {
        const measured = changes.filter(({ sourceTime }) => sourceTime >= window.from && sourceTime < window.to);
        count.values += measured.length;
        count.latest = Math.max(count.latest, latenessOf(measured));
      },
      gap: async () => void count.overflow++,
      listening: () => listening.resolve(),
    },
    stop.signal,
  );
  await Promise.race([listening.promise, running]);
  await after(WARM_UP_MS);
  // By the values' own times, so that no value of the window's edge is counted or missed by chance.
  window.from = Date.now();
  window.to = window.from + seconds * 1_000;
  const before = source.usage?.cpuMs ?? 0;
  await after(seconds * 1_000);
  const usage = source.usage;
  await after(LATEST_MS);
  const figures = {
    valuesPerSecond: rounded(count.values / seconds),
    overflow: count.overflow,
    cpuShare: rounded(((usage?.cpuMs ?? 0) - before) / (seconds * 1_000)),
    rssMb: rounded((usage?.rssBytes ?? 0) / 1_048_576),
    latestMs: rounded(count.latest),
  };
  stop.abort();
  await running;
  await server.kill();
  return { name: "opcua", settings: { items: ITEMS, everyMs: EVERY_MS, seconds }, figures };
}

/** From the value's time at the server to here, ms. */
function latenessOf(changes: readonly TagChange[]): number {
  const now = Date.now();
  return changes.reduce((latest, { sourceTime }) => Math.max(latest, now - sourceTime), 0);
}
