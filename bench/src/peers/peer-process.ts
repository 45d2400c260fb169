import { childOptions, tell } from "../child.ts";
import { pause } from "../pause.ts";
import { Applied, type Verdict } from "./applied.ts";
import type { AboutPeer, OpenPeerTool, Peer, PeerFact } from "./hand-over.ts";
import { TARGETS } from "./hand-over.ts";
import { peerFacts } from "./peer-facts.ts";

export interface PeerProcessOptions {
  /** URL of the adapter's module. */
  module: string;
  databaseUrl: string;
  folder: string;
  /** Facts that go before the clock runs. */
  warmUp: number;
  messages: number;
  orders: number;
}

/** What the process says when it is through. */
export interface PeerWord {
  done: { ms: number; about: AboutPeer; verdict: Verdict };
}

/** Longest time without anything applied or recorded, in ms. */
const STALL_MS = 60_000;
/** Between two looks at what is applied, and at what is recorded once all is applied. */
const LOOK_MS = 5;
/** How long one listens for what is applied too often. */
const LISTEN_MS = 300;

/** One round of one peer: facts to warm up, then those that are timed, then the look at what the targets were given. */
const options = childOptions() as PeerProcessOptions;
// The server that an adapter may have started ends with this process, and this process with the one that started it.
process.once("SIGTERM", () => process.exit(1));
process.once("disconnect", () => process.exit(1));
const { open, about } = (await import(options.module)) as { open: OpenPeerTool; about: () => Promise<AboutPeer> };
const applied = new Applied();
const warmUp = peerFacts(0, options.warmUp, options.orders);
const facts = peerFacts(options.warmUp, options.messages, options.orders);
await round().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
process.exit(0);

async function round(): Promise<void> {
  const { databaseUrl, folder } = options;
  const peer = await open({ databaseUrl, folder, apply: (target, id) => applied.apply(target, id) });
  await handOver(peer, warmUp, options.warmUp);
  const startedAt = performance.now();
  await handOver(peer, facts, options.warmUp + options.messages);
  const ms = performance.now() - startedAt;
  await pause(LISTEN_MS);
  const verdict = applied.judge([...warmUp, ...facts]);
  tell({ done: { ms, about: await about(), verdict } });
  await peer[Symbol.asyncDispose]();
}

/** Until all is submitted, applied and recorded. */
async function handOver(peer: Peer, some: readonly PeerFact[], factsSoFar: number): Promise<void> {
  const wanted = factsSoFar * TARGETS.length;
  await Promise.all([
    peer.submit(some),
    reach(wanted, () => applied.count).then(() => reach(wanted, () => peer.recorded())),
  ]);
}

async function reach(wanted: number, count: () => number | Promise<number>): Promise<void> {
  let movedAt = performance.now();
  let before = 0;
  for (;;) {
    const now = await count();
    if (now >= wanted) return;
    if (now !== before) movedAt = performance.now();
    before = now;
    if (performance.now() - movedAt > STALL_MS) throw new Error(`Stands still at ${now} of ${wanted}.`);
    await pause(LOOK_MS);
  }
}
