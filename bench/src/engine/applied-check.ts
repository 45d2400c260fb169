/** A delivery that a target applied. */
export interface Application {
  /** The message's id: its place in the order of acceptance. */
  message: number;
  /** When, by a clock that all processes share. */
  at: number;
}

export interface AcceptedMessage {
  message: number;
  key: string;
}

/** What came of accepted messages at their targets, against what should have. */
export interface Verdict {
  /** Accepted, and not applied at a target. */
  lost: number;
  /** Applied once more than once. */
  twice: number;
  /** Applied after a later message of the same key. */
  orderBroken: number;
}

/** Compares what one target applied, from however many processes, with the order of acceptance. */
export function judgeTarget(applications: readonly Application[], accepted: readonly AcceptedMessage[]): Verdict {
  const keys = new Map(accepted.map(({ message, key }) => [message, key]));
  const applied = new Set<number>();
  const newest = new Map<string, number>();
  const verdict: Verdict = { lost: 0, twice: 0, orderBroken: 0 };
  for (const { message } of applications.toSorted((a, b) => a.at - b.at)) {
    const key = keys.get(message) ?? "";
    const before = newest.get(key) ?? 0;
    if (applied.has(message)) verdict.twice++;
    else if (message < before) verdict.orderBroken++;
    applied.add(message);
    newest.set(key, Math.max(message, before));
  }
  verdict.lost = accepted.filter(({ message }) => !applied.has(message)).length;
  return verdict;
}

export function total(verdicts: readonly Verdict[]): Verdict {
  const sum = (name: keyof Verdict) => verdicts.reduce((all, verdict) => all + verdict[name], 0);
  return { lost: sum("lost"), twice: sum("twice"), orderBroken: sum("orderBroken") };
}

/** Of an item's token, which the hub makes of the ledger's id and the delivery's. */
export function deliveryOf(token: string): number {
  return Number.parseInt(token.slice(token.lastIndexOf("-") + 1), 36);
}
