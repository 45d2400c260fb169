import { type Item, type Outcome, explain } from "@lineshaft/core";
import { flow, openHub } from "@lineshaft/engine";
import { postgres } from "@lineshaft/ledger-postgres";
import { completion } from "@lineshaft/model";
import { Pool } from "undici";
import { childOptions, tell } from "../child.ts";
import { deliveryOf } from "../engine/applied-check.ts";
import { SOURCE } from "../engine/bench-hub.ts";
import { MEMORY_BATCH, type Reported, type Sink, sinkSystem, toReported } from "../engine/sink-system.ts";
import { withCommit } from "../ledger-wrap.ts";
import { type FailoverOrder, type FailoverWorkerOptions, SETTLE_MS, type TargetName } from "./failover-protocol.ts";

/* A worker that takes facts from the bench, sends to the targets' process, and tells what it settled. */
const LOOK_MS = 50;
const { url, targets, name } = childOptions() as FailoverWorkerOptions;
const pool = new Pool(targets, { connections: 8 });
/** Order keys of deliveries that were sent and are not settled. */
const keys = new Map<number, string>();

const ledger = withCommit(postgres({ url }), (commit) => async (group) => {
  const result = await commit(group);
  const done = (group.settlements ?? []).filter(({ to }) => to === "done").map(({ delivery }) => delivery);
  if (done.length > 0) tell({ settled: { keys: done.map((delivery) => keys.get(delivery) ?? ""), at: Date.now() } });
  for (const delivery of done) keys.delete(delivery);
  return result;
});
const one = httpTarget("one");
const two = httpTarget("two");
const hub = await openHub(
  {
    name: "failover",
    ledger,
    systems: [one.definition, two.definition],
    flows: [flow("completions", completion).to(one.apply, toReported).to(two.apply, toReported)],
  },
  { worker: name },
);
await hub.start();
const intake = hub.intake(SOURCE);
process.on("message", (order: FailoverOrder) => {
  if ("take" in order) void take(order.take);
  else void hub.stop().then(() => tell({ stopped: true }));
});
process.on("disconnect", () => process.exit(1));
let lanes = -1;
setInterval(() => {
  const now = hub.status().worker.lanes;
  if (now !== lanes) tell({ lanes: (lanes = now) });
}, LOOK_MS).unref();

async function take({ n, raw }: { n: number; raw: string }): Promise<void> {
  try {
    const receipt = await intake.record({ contract: completion.id, raw });
    if (receipt.kind === "refused") tell({ failed: JSON.stringify(receipt) });
    else tell({ taken: n });
  } catch (error) {
    tell({ failed: explain(error) });
  }
}

function httpTarget(target: TargetName): Sink {
  const send = async (items: Item<Reported>[]): Promise<Outcome[]> => {
    for (const { token, key } of items) keys.set(deliveryOf(token), key);
    await post(`/${target}`, items);
    return items.map(({ token }) => ({ kind: "done", receipt: token }));
  };
  const find = async (item: Item<Reported>) =>
    (await post("/two/find", [item])) === "true"
      ? { kind: "found" as const, receipt: item.token }
      : { kind: "absent" as const };
  return sinkSystem({
    name: target,
    maxBatch: MEMORY_BATCH,
    ...(target === "one" ? {} : { repeat: { kind: "lookup" as const, settleMs: SETTLE_MS, find } }),
    send,
    close: () => (pool.closed ? Promise.resolve() : pool.close()),
  });
}

async function post(path: string, items: readonly Item<Reported>[]): Promise<string> {
  const body = JSON.stringify(items.map(({ token, key, value }) => ({ token, key, ...value })));
  const answer = await pool.request({ path, method: "POST", body });
  return answer.body.text();
}
