import type { SystemDefinition } from "@lineshaft/core";
import { type AnyFlow, type MappingContext, type Policy, flow } from "@lineshaft/engine";
import { type Completion, completion } from "@lineshaft/model";
import { type PeerValue, peerConnector } from "./peer-connector.ts";

/** A note that makes a fact one which the peer never accepts, or which the mapping cannot deal with. */
export const REFUSED_NOTE = "refuse me";
export const UNMAPPABLE_NOTE = "stumble over me";

/** Completions to both systems of the counting peer. `sentAt`: when a request that leaves now counts as sent. */
export function peerFlow(
  { url }: { url: string },
  policy: Policy,
  sentAt: () => number = Date.now,
): { systems: SystemDefinition[]; made: AnyFlow } {
  const recognising = peerConnector("recognising", url, sentAt);
  const forgetful = peerConnector("forgetful", url, sentAt);
  const made = flow("completions", completion, { policy, owner: "campaign" })
    .to(recognising.apply, toPeer)
    .to(forgetful.apply, toPeer);
  return { systems: [recognising.definition, forgetful.definition], made };
}

function toPeer(report: Completion, context: MappingContext): PeerValue {
  if (report.note === UNMAPPABLE_NOTE) throw new Error("this report cannot be mapped");
  return {
    fact: context.sourceId,
    quantity: report.yield.value,
    refuse: report.note === REFUSED_NOTE,
  };
}
