import type { Fact, SystemDefinition } from "@lineshaft/core";
import { type AnyFlow, openHub } from "@lineshaft/engine";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { aCompletion, aQuantity, completion } from "@lineshaft/model";
import { SOURCE } from "../engine/bench-hub.ts";
import { CommitWatch } from "../engine/commit-watch.ts";
import { recordOne } from "../engine/load.ts";

/** Longest wait for all of them, in ms. */
const ALL_MS = 1_800_000;

/** One piece of each order, with a lot of its own where the target keeps lots. */
export function completionsOf(orders: readonly string[], withLots: boolean): Fact[] {
  return orders.map((order) => {
    const more = withLots ? { lots: [{ lot: `L-${order}`, quantity: aQuantity(1) }] } : {};
    const payload = aCompletion({
      id: `mes-${order}`,
      productionOrder: order,
      yield: aQuantity(1),
      scrap: [],
      time: new Date().toISOString(),
      ...more,
    });
    const { start: _start, end: _end, ...report } = payload;
    return { contract: completion.id, raw: Buffer.from(JSON.stringify(report)) };
  });
}

/** Brings facts to one system through a hub with a ledger on disk. @returns ms from the first fact to the last settled delivery */
export async function throughHub(options: {
  ledger: string;
  system: SystemDefinition;
  made: AnyFlow;
  facts: readonly Fact[];
}): Promise<number> {
  const { ledger, system, made, facts } = options;
  const watch = new CommitWatch();
  await using hub = await openHub({
    name: "bench",
    ledger: watch.watch(sqlite({ path: ledger })),
    systems: [system],
    flows: [made],
  });
  await hub.start();
  const intake = hub.intake(SOURCE);
  const startedAt = performance.now();
  await Promise.all(facts.map((fact) => recordOne(intake, fact)));
  await watch.until(facts.length, ALL_MS, () => JSON.stringify(hub.status().systems));
  return performance.now() - startedAt;
}
