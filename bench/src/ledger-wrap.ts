import type { CommitGroup, CommitResult, Ledger } from "@lineshaft/core";
import type { LedgerDefinition } from "@lineshaft/engine";

export type Commit = (group: CommitGroup) => Promise<CommitResult>;

/** The same ledger with another `commit`, for benches that count and campaigns that crash there. */
export function withCommit(definition: LedgerDefinition, wrap: (commit: Commit) => Commit): LedgerDefinition {
  return { ...definition, open: async (options) => wrapped(await definition.open(options), wrap) };
}

function wrapped(ledger: Ledger, wrap: (commit: Commit) => Commit): Ledger {
  const commit = wrap((group) => ledger.commit(group));
  const bound = new Map<PropertyKey, unknown>([["commit", commit]]);
  return new Proxy(ledger, {
    get(target, name) {
      if (bound.has(name)) return bound.get(name);
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method: unknown = value.bind(target);
      bound.set(name, method);
      return method;
    },
  });
}
