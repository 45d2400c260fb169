import type { Fact, Intake } from "@lineshaft/core";
import { percentile } from "../statistics.ts";
import type { CommitWatch } from "./commit-watch.ts";
import { recordOne } from "./load.ts";

const TARGETS = 2;

export interface Latencies {
  p50Ms: number;
  p99Ms: number;
  /** The same without the way into the ledger: from the receipt on. */
  afterAcceptP50Ms: number;
  afterAcceptP99Ms: number;
}

interface Underway {
  dueAt: number;
  acceptedAt: number;
  open: number;
}

/**
 * Hands facts over by the clock, whether or not earlier ones are through. The latency of a fact counts from the moment
 * at which it was due to be handed over, so that a stall is not hidden by the facts that it held up, to the commit that
 * settled the last of its deliveries.
 */
export async function openLoop(
  intake: Intake,
  facts: readonly Fact[],
  rate: number,
  watch: CommitWatch,
): Promise<Latencies> {
  const underway = new Map<number, Underway>();
  const fromDue: number[] = [];
  const fromAccept: number[] = [];
  watch.onDone = (message) => {
    const it = underwayOf(underway, message);
    if (--it.open > 0) return;
    underway.delete(message);
    fromDue.push(performance.now() - it.dueAt);
    fromAccept.push(performance.now() - it.acceptedAt);
  };
  const failures: Error[] = [];
  const startedAt = performance.now();
  for (let next = 0; next < facts.length && failures.length === 0;) {
    const due = Math.min(facts.length, Math.floor(((performance.now() - startedAt) * rate) / 1_000) + 1);
    for (; next < due; next++) {
      const dueAt = startedAt + (next * 1_000) / rate;
      recordOne(intake, facts[next] as Fact).then(
        (message) => Object.assign(underwayOf(underway, message), { dueAt, acceptedAt: performance.now() }),
        (error: Error) => failures.push(error),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const [failed] = failures;
  if (failed !== undefined) throw failed;
  await watch.until(facts.length * TARGETS);
  return {
    p50Ms: percentile(fromDue, 0.5),
    p99Ms: percentile(fromDue, 0.99),
    afterAcceptP50Ms: percentile(fromAccept, 0.5),
    afterAcceptP99Ms: percentile(fromAccept, 0.99),
  };
}

function underwayOf(underway: Map<number, Underway>, message: number): Underway {
  let it = underway.get(message);
  if (it === undefined) underway.set(message, (it = { dueAt: 0, acceptedAt: 0, open: TARGETS }));
  return it;
}
