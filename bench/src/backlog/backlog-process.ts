import { readFileSync } from "node:fs";
import { ledgerAt } from "./backlog-store.ts";
import { childOptions, tell } from "../child.ts";
import { startBenchHub, SOURCE } from "../engine/bench-hub.ts";
import { CommitWatch } from "../engine/commit-watch.ts";
import { completionFactsAsNeeded } from "../engine/completion-facts.ts";
import { acceptAll } from "../engine/load.ts";
import { memorySink } from "../engine/sink-system.ts";

export interface BacklogProcessOptions {
  /** Path or URL. */
  ledger: string;
  /** Facts to accept while nothing is sent; twice as many deliveries are then settled. */
  messages: number;
  /** Number of the first fact, unlike any in the ledger. */
  firstFact: number;
  orders: number;
}

/** What the process says: when the first delivery left it, then how it went. */
export interface BacklogWord {
  /** Date.now() */
  firstSentAt: number;
  /** `startRssMb`: what it held when the first delivery left. `rssMb`: the most it ever held. */
  done: { acceptMs: number; settleMs: number; startRssMb: number; rssMb: number };
}

/*
 * One start of a hub over a ledger, with or without a backlog: the first delivery goes out, then the targets hold still
 * while facts are accepted, then twice as many deliveries are settled, the oldest first.
 */
const { ledger, messages, firstFact, orders } = childOptions() as BacklogProcessOptions;
const watch = new CommitWatch();
let gate: PromiseWithResolvers<void> | undefined = Promise.withResolvers<void>();
let sent = false;
let startRssMb = 0;

function pass(): Promise<void> | undefined {
  if (!sent) {
    sent = true;
    startRssMb = process.memoryUsage.rss() / 1_048_576;
    tell({ firstSentAt: Date.now() });
  }
  return gate?.promise;
}

const facts = completionFactsAsNeeded(firstFact, messages, orders);
const hub = await startBenchHub(watch.watch(ledgerAt(ledger)), memorySink("one", pass), memorySink("two", pass));
const acceptFrom = performance.now();
await acceptAll(hub.intake(SOURCE), facts);
const acceptMs = performance.now() - acceptFrom;
const settleFrom = performance.now();
gate.resolve();
gate = undefined;
await watch.until(messages * 2);
const settleMs = performance.now() - settleFrom;
const rssMb = peakRssMb();
// Whoever hears the word kills the process: the next one is to find a hub that stopped, not one that crashed.
await hub.stop();
tell({ done: { acceptMs, settleMs, startRssMb, rssMb } });
process.disconnect();

/** `maxRSS` will not do: on Linux a process begins with its parent's. Elsewhere than there, what it holds now. */
function peakRssMb(): number {
  if (process.platform !== "linux") return process.memoryUsage.rss() / 1_048_576;
  const [, kib = "NaN"] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kib) / 1_024;
}
