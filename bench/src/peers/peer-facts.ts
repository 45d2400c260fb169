import { completionText } from "../engine/completion-facts.ts";
import type { PeerFact } from "./hand-over.ts";

/** Of so many facts one comes a second time. */
export const ONE_IN = 100;
/** How far back the repeated fact lies, by turns: so near that the first is still on its way, and so far that it is done. */
const REPEATED_BEFORE = [10, 2_500];

/** Facts over so many order keys by turns, with duplicates in between. `count` does not count these. */
export function peerFacts(first: number, count: number, orders: number): PeerFact[] {
  const facts: PeerFact[] = [];
  for (let at = 0; at < count; at++) {
    facts.push(peerFact(first + at, orders));
    if (at % ONE_IN !== ONE_IN - 1) continue;
    const back = REPEATED_BEFORE[Math.floor(at / ONE_IN) % REPEATED_BEFORE.length] ?? 0;
    facts.push(peerFact(first + Math.max(0, at - back), orders));
  }
  return facts;
}

function peerFact(n: number, orders: number): PeerFact {
  const raw = completionText(n, n % orders);
  const body = JSON.parse(raw) as { id: string; productionOrder: string };
  return { id: body.id, key: body.productionOrder, raw, body };
}
