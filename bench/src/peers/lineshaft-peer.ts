import type { Fact, Intake, Item, Outcome } from "@lineshaft/core";
import { type Hub, type LedgerDefinition, flow, openHub } from "@lineshaft/engine";
import { type Completion, completion } from "@lineshaft/model";
import { SOURCE } from "../engine/bench-hub.ts";
import { CommitWatch } from "../engine/commit-watch.ts";
import { UNANSWERED } from "../engine/load.ts";
import { MEMORY_BATCH, type Reported, type Sink, sinkSystem, toReported } from "../engine/sink-system.ts";
import type { OpenPeer, Peer, PeerFact, Target } from "./hand-over.ts";

/** What the hub of the engine bench sends, and which fact it was. */
interface Noted extends Reported {
  fact: string;
}

/** The hub of the engine bench, whatever its ledger, with targets that note what they are given. */
export async function openLineshaft(ledger: LedgerDefinition, apply: OpenPeer["apply"]): Promise<Peer> {
  const watch = new CommitWatch();
  const one = notingSink("one", apply);
  const two = notingSink("two", apply);
  const hub: Hub = await openHub({
    name: "bench",
    ledger: watch.watch(ledger),
    systems: [one.definition, two.definition],
    flows: [flow("completions", completion).to(one.apply, toNoted).to(two.apply, toNoted)],
  });
  await hub.start();
  return {
    submit: (facts) => submit(hub.intake(SOURCE), facts),
    recorded: () => Promise.resolve(watch.finished),
    [Symbol.asyncDispose]: () => hub.stop(),
  };
}

function notingSink(name: Target, apply: OpenPeer["apply"]): Sink {
  const send = (items: Item<Reported>[]): Promise<Outcome[]> =>
    Promise.resolve(items.map(({ value }) => ({ kind: "done" as const, receipt: apply(name, (value as Noted).fact) })));
  return sinkSystem({ name, maxBatch: MEMORY_BATCH, send });
}

/** Typed as what the operation knows; the sink reads the rest. */
function toNoted(fact: Completion): Reported {
  const noted: Noted = { ...toReported(fact), fact: fact.id };
  return noted;
}

/** With at most `UNANSWERED` receipts awaited. */
async function submit(intake: Intake, facts: readonly PeerFact[]): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let fact = facts[next++]; fact !== undefined; fact = facts[next++]) await record(intake, fact);
  };
  await Promise.all(Array.from({ length: UNANSWERED }, lane));
}

async function record(intake: Intake, { raw }: PeerFact): Promise<void> {
  const fact: Fact = { contract: completion.id, raw: Buffer.from(raw) };
  const receipt = await intake.record(fact);
  if (receipt.kind === "refused") throw new Error(`A fact was refused: ${JSON.stringify(receipt).slice(0, 500)}`);
}
