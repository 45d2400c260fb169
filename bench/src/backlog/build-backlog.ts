import type { Ledger } from "@lineshaft/core";
import { completion } from "@lineshaft/model";
import { SOURCE } from "../engine/bench-hub.ts";
import { completionText } from "../engine/completion-facts.ts";

const GROUP = 2_000;
export const ROUTES_OF_BENCH = [
  { flow: "completions", system: "one", operation: "apply" },
  { flow: "completions", system: "two", operation: "apply" },
];

/**
 * Fills a new ledger with messages whose two deliveries are all pending, as a long outage of both targets leaves them.
 * It is the ledger's own commit that writes them, so that counters and audit chain are right.
 */
export async function buildBacklog(ledger: Ledger, pending: number, orders: number): Promise<number> {
  const routes = await ledger.registerRoutes(ROUTES_OF_BENCH);
  const deliveries = routes.map(({ id }) => ({ route: id, supersede: false }));
  const messages = Math.ceil(pending / ROUTES_OF_BENCH.length);
  for (let first = 0; first < messages; first += GROUP) {
    const at = Date.now();
    const group = Array.from({ length: Math.min(GROUP, messages - first) }, (_, i) => {
      const n = first + i;
      const order = n % orders;
      const [object, key] = [`MO-${order}`, `MO-${order}`];
      const received = completionText(n, order);
      const place = { source: SOURCE, sourceId: `mes-${n}`, contract: completion.id, object, key };
      return { ...place, eventTime: at, receivedTime: at, received, deliveries };
    });
    await ledger.commit({ at, messages: group });
  }
  return messages;
}
