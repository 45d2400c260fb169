import { type Item, messageOf } from "@lineshaft/core";
import type { Hub } from "@lineshaft/engine";
import { type PostgresLedgerStats, postgres } from "@lineshaft/ledger-postgres";
import { childOptions, tell } from "../child.ts";
import { deliveryOf } from "./applied-check.ts";
import { SOURCE, startBenchHub } from "./bench-hub.ts";
import { CommitWatch } from "./commit-watch.ts";
import { completionFact } from "./completion-facts.ts";
import { HandOver, TARGETS, UNANSWERED, UNSETTLED } from "./load.ts";
import { ORDERS } from "./rounds.ts";
import { MEMORY_BATCH, type Reported, sinkSystem } from "./sink-system.ts";
import type { WorkerOptions, WorkerOrder, WorkerWord, WorkersLoad } from "./workers-protocol.ts";

/*
 * One of several hub processes on one ledger: hands its share of the facts over, and notes what its targets are given.
 * Every so many facts in a row are one worker's, so that all orders come to all workers.
 */
const LOOK_MS = 50;

const { worker, workers } = childOptions() as WorkerOptions;
let hub: Hub;
let applied: WorkerWord["closed"]["applied"];
let facts: ReturnType<typeof completionFact>[] = [];
let loads = 1;
let settled = 0;
let handOver: HandOver | undefined;
process.on("message", (order: WorkerOrder) => {
  if ("open" in order) void open(order.open);
  if ("prepare" in order) prepare(order.prepare);
  if ("go" in order) void handAllOver();
  if ("settled" in order) {
    ({ settled } = order);
    handOver?.pump();
  }
  if ("close" in order) void close();
});
process.on("disconnect", () => process.exit(1));
let looking: NodeJS.Timeout;

async function open(url: string): Promise<void> {
  const watch = new CommitWatch();
  let finished = 0;
  watch.onCommit = () => {
    if (watch.finished > finished) tell({ finished: watch.finished - finished });
    finished = watch.finished;
  };
  applied = { one: { messages: [], at: [] }, two: { messages: [], at: [] } };
  hub = await startBenchHub(watch.watch(postgres({ url })), notingSink("one"), notingSink("two"));
  tell({ opened: true });
  let lanes = 0;
  looking = setInterval(() => {
    const now = hub.lanes().length;
    if (now !== lanes) tell({ lanes: (lanes = now) });
  }, LOOK_MS);
}

function notingSink(name: "one" | "two") {
  const send = (items: Item<Reported>[]) =>
    Promise.resolve(
      items.map(({ token }) => {
        applied[name].messages.push(messageOf(deliveryOf(token)));
        // The same clock in all processes of a machine.
        applied[name].at.push(Number(process.hrtime.bigint()) / 1e6);
        return { kind: "done" as const, receipt: `r-${token}` };
      }),
    );
  return sinkSystem({ name, maxBatch: MEMORY_BATCH, send });
}

function prepare(load: WorkersLoad): void {
  const { first, count } = load;
  ({ loads } = load);
  const orders = ORDERS * loads;
  const all = Array.from({ length: count }, (_, at) => first + at);
  facts = all.filter((n) => Math.floor(n / orders) % workers === worker).map((n) => completionFact(n, orders));
  settled = 0;
  tell({ prepared: true });
}

/** All of them together have as much under way as one worker alone would, times `loads`. */
async function handAllOver(): Promise<void> {
  const mayGoOn = (handed: number) => handed * workers - settled / TARGETS < UNSETTLED * loads;
  handOver = new HandOver(hub.intake(SOURCE), facts, mayGoOn, (UNANSWERED * loads) / workers);
  await handOver.run();
}

async function close(): Promise<void> {
  clearInterval(looking);
  const stats = (hub.ledger as unknown as PostgresLedgerStats).stats();
  await hub.stop();
  handOver = undefined;
  // Nothing ends this process before it is heard: the word is long, and would be cut off.
  tell({ closed: { stats, applied } });
}
