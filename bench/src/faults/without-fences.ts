import type { LaneClaim, LaneLease, Ledger } from "@lineshaft/core";
import type { LedgerDefinition } from "@lineshaft/engine";

/**
 * Breaks the fences on purpose, so that a campaign can show that it would notice: what a worker had once
 * it takes for its own for good, and a step that the ledger turned away for taken.
 */
export function withoutFences(definition: LedgerDefinition): LedgerDefinition {
  return { ...definition, open: async (options) => careless(await definition.open(options)) };
}

function careless(ledger: Ledger): Ledger {
  const had = new Map<number, LaneClaim>();
  const endless = (lease: LaneLease): LaneLease => {
    for (const claim of lease.lanes) had.set(claim.lane, claim);
    return { ...lease, lanes: [...had.values()], leaseMs: Number.POSITIVE_INFINITY };
  };
  const changed: Partial<Ledger> = {
    claimLanes: async (claim) => endless(await ledger.claimLanes(claim)),
    renewLanes: async (renewal) => endless(await ledger.renewLanes(renewal)),
    commit: async (group) => ({ ...(await ledger.commit(group)), lost: [] }),
  };
  return new Proxy(ledger, {
    get(target, name) {
      const value: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
