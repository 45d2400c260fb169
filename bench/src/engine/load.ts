import type { Fact, Intake } from "@lineshaft/core";
import type { CommitWatch } from "./commit-watch.ts";

/** Facts handed over whose receipt is awaited, at most. */
export const UNANSWERED = 2_000;
/** Messages accepted whose deliveries are not all done, at most: it fits in the hub's window, as a source's own pace would. */
export const UNSETTLED = 4_000;
const TARGETS = 2;

/** Hands facts over as fast as they are answered. @throws Error at the first one that is not accepted */
export async function acceptAll(intake: Intake, facts: readonly Fact[]): Promise<void> {
  await handOver(intake, facts, () => true);
}

/** Hands facts over as fast as both targets settle them, and waits for the last one. */
export async function settleAll(intake: Intake, facts: readonly Fact[], watch: CommitWatch): Promise<void> {
  const before = watch.finished;
  await handOver(intake, facts, (handed) => handed - (watch.finished - before) / TARGETS < UNSETTLED);
  await watch.until(before + facts.length * TARGETS);
}

async function handOver(intake: Intake, facts: readonly Fact[], mayGoOn: (handed: number) => boolean): Promise<void> {
  let next = 0;
  let unanswered = 0;
  let failed: unknown;
  while ((next < facts.length || unanswered > 0) && failed === undefined) {
    while (next < facts.length && unanswered < UNANSWERED && mayGoOn(next)) {
      unanswered++;
      recordOne(intake, facts[next++] as Fact).then(
        () => unanswered--,
        (error: unknown) => (failed = error),
      );
    }
    await turn();
  }
  if (failed !== undefined) throw failed instanceof Error ? failed : new Error(String(failed));
}

/** @returns the message's id */
export async function recordOne(intake: Intake, fact: Fact): Promise<number> {
  const receipt = await intake.record(fact);
  if (receipt.kind !== "accepted")
    throw new Error(`A fact of the bench was not accepted: ${JSON.stringify(receipt).slice(0, 500)}`);
  return receipt.message;
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
