import {
  type Item,
  type Ledger,
  type Log,
  type StoredDelivery,
  type System,
  type Target,
  systemClock,
} from "@lineshaft/core";
import type { HubDefinition } from "@lineshaft/engine";

/** Deliveries read from the ledger at once. */
const PAGE = 2_000;

/**
 * Brings simulators, which forget everything, back to what the ledger says stands in them: every finished delivery is
 * sent again, with its own token and in its own order, past the hub. So a delivery that was on the wire when the demo
 * ended is found, or found absent, as in a real system.
 *
 * @returns how many stand again, and how many the simulators did not take
 */
export async function rebuildSimulators(options: {
  definition: HubDefinition;
  ledger: Ledger;
  log: Log;
  progress: (done: number) => void;
}): Promise<Count> {
  const { definition, ledger, log, progress } = options;
  const systems = new Map<string, System>();
  const targets = definition.flows.flatMap((flow) => flow.routes.map((route) => route.operation.system));
  // A gateway is no simulator: it keeps its orders itself.
  const names = new Set(targets.filter(({ connector }) => connector !== "gateway").map(({ name }) => name));
  const total = { done: 0, refused: 0 };
  try {
    for (const system of definition.systems)
      if (names.has(system.name))
        systems.set(system.name, await system.open({ clock: systemClock, random: Math.random, log }));
    for (let afterId = 0; ;) {
      const page = await ledger.deliveries({ states: ["done"], afterId, limit: PAGE });
      const sent = page.filter(({ system }) => systems.has(system));
      const bySystem = Map.groupBy(sent, (delivery) => delivery.system);
      const counts = await Promise.all(
        [...bySystem.values()].map(async (own) => sendInOrder(systems, await batchesOf(ledger, own))),
      );
      for (const { done, refused } of counts) {
        total.done += done;
        total.refused += refused;
      }
      progress(total.done);
      if (page.length < PAGE) return total;
      afterId = page.at(-1)?.id ?? afterId;
    }
  } finally {
    for (const system of systems.values()) await system.close();
  }
}

interface Count {
  done: number;
  refused: number;
}

interface Batch {
  system: string;
  operation: string;
  items: Item<never>[];
}

/**
 * Batches for one system, to be sent one after another: each item stands in the first one after everything earlier of
 * its key. Different keys need not keep their order, so that few batches are left.
 */
async function batchesOf(ledger: Ledger, deliveries: readonly StoredDelivery[]): Promise<Batch[]> {
  const batches: Batch[] = [];
  const lastOfKey = new Map<string, number>();
  for (const delivery of deliveries) {
    const item = await itemOf(ledger, delivery);
    if (item === undefined) continue;
    const { system, operation } = delivery;
    let at = (lastOfKey.get(item.key) ?? -1) + 1;
    while (at < batches.length && batches[at]?.operation !== operation) at++;
    (batches[at] ??= { system, operation, items: [] }).items.push(item);
    lastOfKey.set(item.key, at);
  }
  return batches;
}

/** What was sent last, from its attempts; nothing was when a person vouched for it unsent. */
async function itemOf(ledger: Ledger, { id, key }: StoredDelivery): Promise<Item<never> | undefined> {
  const sent = (await ledger.attempts(id)).findLast(({ kind, request }) => kind === "send" && request !== undefined);
  if (sent?.request === undefined) return undefined;
  // The engine's own way to name a delivery towards a system.
  const token = `${ledger.id}-${id.toString(36)}`;
  return { token, key, value: JSON.parse(sent.request) as never, attempt: 1, receivedTime: sent.startedAt };
}

async function sendInOrder(systems: ReadonlyMap<string, System>, batches: readonly Batch[]): Promise<Count> {
  const total = { done: 0, refused: 0 };
  for (const batch of batches) {
    const { done, refused } = await sendBatch(systems, batch);
    total.done += done;
    total.refused += refused;
  }
  return total;
}

async function sendBatch(systems: ReadonlyMap<string, System>, { system, operation, items }: Batch): Promise<Count> {
  const target: Target<never> | undefined = systems.get(system)?.targets[operation];
  if (target === undefined) return { done: 0, refused: items.length };
  let done = 0;
  for (let at = 0; at < items.length; at += target.maxBatch) {
    const outcomes = await target.send(items.slice(at, at + target.maxBatch), new AbortController().signal);
    done += outcomes.filter(({ kind }) => kind === "done").length;
  }
  return { done, refused: items.length - done };
}
