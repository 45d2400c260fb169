import { type Clock, type Ledger, type Settlement, laneOf, silentLog } from "@lineshaft/core";
import { POISON_CRASHES } from "../policy.ts";
import { recover } from "../recovery.ts";
import type { Routing } from "../routing.ts";

type RepeatKind = "repeatable" | "lookup";

/** What `recover` does to a delivery that was in hand, by how often that happened to it before. */
export function crashStep(repeat: RepeatKind, crashes: number, settleMs: number): Settlement {
  const step = steps.get(`${repeat} ${crashes} ${settleMs}`);
  if (step === undefined) throw new Error("learn the steps first");
  return step;
}

const steps = new Map<string, Settlement>();

/** Asks the engine's own recovery once for each case, so that the model may go by its answers. */
export async function learnCrashSteps(settleMs: number): Promise<void> {
  for (const repeat of ["repeatable", "lookup"] as const)
    for (let crashes = 0; crashes < POISON_CRASHES; crashes++)
      steps.set(`${repeat} ${crashes} ${settleMs}`, await askRecovery(repeat, crashes, settleMs));
}

async function askRecovery(repeat: RepeatKind, crashes: number, settleMs: number): Promise<Settlement> {
  const delivery = { id: 1, route: 1, key: "a", dueAt: 0, since: 0, attempts: 0, tries: 0, state: "sending", crashes };
  const asked: Settlement[] = [];
  const ledger = {
    inHand: () => Promise.resolve([delivery]),
    commit: ({ settlements }: { settlements: Settlement[] }) => Promise.resolve(asked.push(...settlements)),
  } as unknown as Ledger;
  await recover({
    ledger,
    clock: { now: () => 0 } as Clock,
    log: silentLog,
    routing: { route: () => ({ system: "", operation: { name: "" }, owner: "" }) } as unknown as Routing,
    claims: [{ lane: laneOf(delivery.key), fence: 1 }],
    targetsOf: () => (repeat === "lookup" ? { kind: repeat, settleMs } : { kind: repeat }),
  });
  const [step] = asked;
  if (step === undefined) throw new Error("recovery left a delivery in hand as it was");
  return step;
}
