import { type Hub, type LedgerDefinition, flow, openHub } from "@lineshaft/engine";
import { completion } from "@lineshaft/model";
import { type Sink, toReported } from "./sink-system.ts";

/** Who hands the facts of a bench over. */
export const SOURCE = "mes";

/** A hub with one flow of completions to two systems, running. */
export async function startBenchHub(ledger: LedgerDefinition, first: Sink, second: Sink): Promise<Hub> {
  const hub = await openHub({
    name: "bench",
    ledger,
    systems: [first.definition, second.definition],
    flows: [flow("completions", completion).to(first.apply, toReported).to(second.apply, toReported)],
  });
  await hub.start();
  return hub;
}
