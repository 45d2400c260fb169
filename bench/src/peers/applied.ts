import { type PeerFact, TARGETS, type Target } from "./hand-over.ts";

/** What came of the facts at the targets, against what should have. */
export interface Verdict {
  /** Applications at either target; twice the facts when all is well. */
  delivered: number;
  missing: number;
  /** Applied a second time. */
  repeated: number;
  /** Applied after a later fact of the same key. */
  outOfOrder: number;
}

/** The memory of both targets. */
export class Applied {
  readonly #ids: Record<Target, string[]> = { one: [], two: [] };

  get count(): number {
    return this.#ids.one.length + this.#ids.two.length;
  }

  apply(target: Target, id: string): string {
    return `r-${this.#ids[target].push(id)}`;
  }

  judge(facts: readonly PeerFact[]): Verdict {
    const first = new Map<string, { at: number; key: string }>();
    for (const [at, { id, key }] of facts.entries()) if (!first.has(id)) first.set(id, { at, key });
    const verdict: Verdict = { delivered: this.count, missing: 0, repeated: 0, outOfOrder: 0 };
    for (const target of TARGETS) judgeTarget(this.#ids[target], first, verdict);
    return verdict;
  }
}

function judgeTarget(ids: readonly string[], first: Map<string, { at: number; key: string }>, verdict: Verdict): void {
  const seen = new Set<string>();
  const newest = new Map<string, number>();
  for (const id of ids) {
    const { at, key } = first.get(id) ?? { at: -1, key: "" };
    if (seen.has(id)) verdict.repeated++;
    else if (at < (newest.get(key) ?? -1)) verdict.outOfOrder++;
    seen.add(id);
    newest.set(key, Math.max(at, newest.get(key) ?? -1));
  }
  verdict.missing += first.size - seen.size;
}
