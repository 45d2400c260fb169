import { type Ledger, type StoredDelivery, type StoredMessage, messageOf } from "@lineshaft/core";
import type { PlannedFact } from "./fact-plan.ts";
import type { Acknowledged } from "./senders.ts";
import type { StandingEffect } from "./target-side.ts";
import type { Violations } from "./violations.ts";

const PAGE = 1_000;

export interface Evidence {
  ledger: Ledger;
  facts: readonly PlannedFact[];
  told: Acknowledged;
  /** By system. */
  effects: Record<string, readonly StandingEffect[]>;
  violations: Violations;
}

/** Compares what was promised, what the ledger holds and what stands in the targets. */
export async function checkInvariants(evidence: Evidence): Promise<{ messages: number; deliveries: number }> {
  const { ledger, violations } = evidence;
  const report = await ledger.verifyAudit();
  if (!report.ok) violations.add(`The audit chain does not verify: ${String(report.problem)}`);
  const messages = await allMessages(ledger);
  const deliveries = await allDeliveries(ledger);
  checkAcknowledged(evidence, messages);
  for (const [system, effects] of Object.entries(evidence.effects)) {
    const own = deliveries.filter((delivery) => delivery.system === system);
    checkDeliveries(evidence, { system, effects, messages, deliveries: own });
    checkOrder(evidence, system, effects);
  }
  return { messages: messages.size, deliveries: deliveries.length };
}

async function allMessages(ledger: Ledger): Promise<Map<number, StoredMessage>> {
  const found = new Map<number, StoredMessage>();
  for (let afterId = 0; ;) {
    const page = await ledger.messages({ afterId, limit: PAGE });
    for (const message of page) found.set(message.id, message);
    if (page.length < PAGE) return found;
    afterId = page.at(-1)?.id ?? afterId;
  }
}

async function allDeliveries(ledger: Ledger): Promise<StoredDelivery[]> {
  const found: StoredDelivery[] = [];
  for (let afterId = 0; ;) {
    const page = await ledger.deliveries({ afterId, limit: PAGE });
    found.push(...page);
    if (page.length < PAGE) return found;
    afterId = page.at(-1)?.id ?? afterId;
  }
}

function checkAcknowledged({ facts, told, violations }: Evidence, messages: ReadonlyMap<number, StoredMessage>): void {
  const stored = new Map([...messages.values()].map((message) => [message.sourceId, message] as const));
  for (const fact of facts) {
    const message = stored.get(fact.id);
    const number = told.accepted.get(fact.id);
    if (fact.kind === "invalid") {
      if (message !== undefined)
        violations.add(`Fact ${fact.id} is invalid and is in the ledger as message ${message.id}.`);
      continue;
    }
    const owed = number !== undefined || told.published.has(fact.id);
    if (message === undefined) {
      if (owed) violations.add(`Fact ${fact.id} (${fact.channel}) was acknowledged and is not in the ledger.`);
      continue;
    }
    if (number !== undefined && number !== message.id)
      violations.add(`Fact ${fact.id} was acknowledged as message ${number}; in the ledger it is ${message.id}.`);
    const { yield: made } = JSON.parse(message.canonical) as { yield: { value: string } };
    if (made.value !== fact.quantity)
      violations.add(`Fact ${fact.id} was sent with ${fact.quantity} and is in the ledger with ${made.value}.`);
  }
}

interface SystemSide {
  system: string;
  effects: readonly StandingEffect[];
  messages: ReadonlyMap<number, StoredMessage>;
  deliveries: readonly StoredDelivery[];
}

function checkDeliveries(
  { ledger, violations }: Evidence,
  { system, effects, messages, deliveries }: SystemSide,
): void {
  const standing = Map.groupBy(effects, ({ token }) => token);
  const known = new Set<string>();
  const having = new Set(deliveries.map(({ message }) => message));
  for (const id of messages.keys()) if (!having.has(id)) violations.add(`Message ${id} has no delivery to ${system}.`);
  for (const delivery of deliveries) {
    const token = `${ledger.id}-${delivery.id.toString(36)}`;
    known.add(token);
    const found = standing.get(token) ?? [];
    const wanted = delivery.state === "done" ? 1 : 0;
    if (delivery.state !== "done" && delivery.state !== "dropped")
      violations.add(
        `Delivery ${delivery.id} to ${system} is in limbo: ${delivery.state}, due at ${delivery.dueAt}, since ${delivery.since}, now ${Date.now()}.`,
      );
    else if (found.length !== wanted)
      violations.add(`Delivery ${delivery.id} is ${delivery.state} and stands ${found.length} times in ${system}.`);
    const [effect] = found;
    const message = messages.get(delivery.message);
    if (effect !== undefined && message !== undefined) checkContent(violations, { system, effect, message });
  }
  for (const token of standing.keys())
    if (!known.has(token)) violations.add(`Something stands in ${system} that the ledger does not know: ${token}.`);
}

function checkContent(
  violations: Violations,
  { system, effect, message }: { system: string; effect: StandingEffect; message: StoredMessage },
): void {
  const { yield: made } = JSON.parse(message.canonical) as { yield: { value: string } };
  const fact = `${message.source}/${message.sourceId}`;
  if ((effect.fact !== "" && effect.fact !== fact) || Number(effect.quantity) !== Number(made.value))
    violations.add(
      `Message ${message.id} (${fact}, ${made.value}) stands in ${system} as ${effect.fact}, ${effect.quantity}.`,
    );
}

/** Deliveries have their message's number within theirs, and messages are numbered as they are accepted. */
function checkOrder({ violations }: Evidence, system: string, effects: readonly StandingEffect[]): void {
  const last = new Map<string, number>();
  for (const { key, token } of effects) {
    const message = messageOf(Number.parseInt(token.slice(token.indexOf("-") + 1), 36));
    const before = last.get(key) ?? 0;
    if (message < before)
      violations.add(`In ${system}, message ${message} of ${key} was applied after message ${before}.`);
    last.set(key, Math.max(before, message));
  }
}
