import { type Item, messageOf } from "@lineshaft/core";
import { type PostgresLedgerStats, postgres } from "@lineshaft/ledger-postgres";
import { childOptions, tell } from "../child.ts";
import { type Application, deliveryOf } from "./applied-check.ts";
import { SOURCE, startBenchHub } from "./bench-hub.ts";
import { CommitWatch } from "./commit-watch.ts";
import { completionFact } from "./completion-facts.ts";
import { HandOver, TARGETS, UNANSWERED, UNSETTLED } from "./load.ts";
import { MEMORY_BATCH, type Reported, sinkSystem } from "./sink-system.ts";
import type { WorkerOptions, WorkerOrder } from "./workers-protocol.ts";

/*
 * One of several hub processes on one ledger: hands its share of the facts over, and notes what its targets are given.
 * Every so many facts in a row are one worker's, so that all orders come to all workers.
 */
const LOOK_MS = 50;

const { url, worker, workers, orders } = childOptions() as WorkerOptions;
const applied = { one: [] as Application[], two: [] as Application[] };
const watch = new CommitWatch();
const hub = await startBenchHub(watch.watch(postgres({ url })), notingSink("one"), notingSink("two"));
let facts: ReturnType<typeof completionFact>[] = [];
let settled = 0;
let handOver: HandOver | undefined;
let finished = 0;
watch.onCommit = () => {
  if (watch.finished > finished) tell({ finished: watch.finished - finished });
  finished = watch.finished;
};
process.on("message", (order: WorkerOrder) => {
  if ("prepare" in order) prepare(order.prepare);
  if ("go" in order) void handAllOver();
  if ("settled" in order) {
    ({ settled } = order);
    handOver?.pump();
  }
  if ("stop" in order) void stop();
});
process.on("disconnect", () => process.exit(1));
let lanes = -1;
setInterval(() => {
  const now = hub.lanes().length;
  if (now !== lanes) tell({ lanes: (lanes = now) });
}, LOOK_MS).unref();

function notingSink(name: "one" | "two") {
  const send = (items: Item<Reported>[]) =>
    Promise.resolve(
      items.map(({ token }) => {
        // The same clock in all processes of a machine.
        const at = Number(process.hrtime.bigint()) / 1e6;
        applied[name].push({ message: messageOf(deliveryOf(token)), at });
        return { kind: "done" as const, receipt: `r-${token}` };
      }),
    );
  return sinkSystem({ name, maxBatch: MEMORY_BATCH, send });
}

function prepare({ first, count }: { first: number; count: number }): void {
  const all = Array.from({ length: count }, (_, at) => first + at);
  facts = all.filter((n) => Math.floor(n / orders) % workers === worker).map((n) => completionFact(n, orders));
  settled = 0;
  tell({ prepared: true });
}

/** The four of them have as much under way as one worker alone would. */
async function handAllOver(): Promise<void> {
  const mayGoOn = (handed: number) => handed * workers - settled / TARGETS < UNSETTLED;
  handOver = new HandOver(hub.intake(SOURCE), facts, mayGoOn, UNANSWERED / workers);
  await handOver.run();
}

async function stop(): Promise<void> {
  const stats = (hub.ledger as unknown as PostgresLedgerStats).stats();
  await hub.stop();
  // Whoever hears it ends this process: the word is long, and would be cut off.
  tell({ done: { stats, applied } });
}
