import { systemClock } from "@lineshaft/core";
import type { LedgerDefinition } from "@lineshaft/engine";
import { atMost, pause } from "../pause.ts";
import type { FactPlan } from "./fact-plan.ts";
import type { HubRunner } from "./hub-runner.ts";
import type { Load } from "./load.ts";
import type { Acknowledged } from "./senders.ts";
import type { Violations } from "./violations.ts";

/** Longest time in which everything must be finished or with a person, once all is well again, in ms. */
const QUIET_MS = 90_000;

export interface Quietening {
  hubs: readonly HubRunner[];
  load: Load;
  ledger: LedgerDefinition;
  plan: FactPlan;
  told: Acknowledged;
  violations: Violations;
  signal: AbortSignal;
}

/** Waits until every sender has its answer and nothing is open any more. */
export async function quieten({ hubs, load, ledger, plan, told, violations, signal }: Quietening): Promise<void> {
  const settled = load.settled();
  await atMost(QUIET_MS, settled);
  if (load.underWay > 0)
    violations.add(`${load.underWay} senders had no answer ${QUIET_MS} ms after all was well again.`);
  const end = Date.now() + QUIET_MS;
  while (!signal.aborted && Date.now() < end) {
    if (!hubs.every((hub) => hub.running)) return violations.add("A hub does not run.");
    const owed = plan.facts.filter(
      ({ id, kind }) => kind !== "invalid" && (told.accepted.has(id) || told.published.has(id)),
    ).length;
    const { messages, open } = await standOf(ledger);
    if (open === 0 && messages >= owed) return;
    await pause(200);
  }
  if (!signal.aborted)
    violations.add(
      `Not everything is finished after ${QUIET_MS} ms. Hubs say: ${hubs.map(({ beat }) => `${beat.problem} ${beat.systems}`).join(" | ")}`,
    );
}

async function standOf(definition: LedgerDefinition): Promise<{ messages: number; open: number }> {
  await using ledger = await definition.open({ clock: systemClock, readOnly: true });
  const { messages } = await ledger.totals();
  const counts = await ledger.counts({ open: true });
  return { messages, open: counts.reduce((sum, { count }) => sum + count, 0) };
}
