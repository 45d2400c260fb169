import type { Ledger, StoredDelivery, StoredMessage } from "@lineshaft/core";
import type { PlannedFact } from "./fact-plan.ts";
import type { Acknowledged } from "./senders.ts";
import { type Standing, identityOf } from "./standing.ts";
import type { StandingEffect } from "./target-side.ts";
import type { Violations } from "./violations.ts";

const PAGE = 1_000;

export interface Evidence {
  ledger: Ledger;
  facts: readonly PlannedFact[];
  told: Acknowledged;
  standing: Standing;
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
  for (const system of evidence.standing.systems) {
    const own = deliveries.filter((delivery) => delivery.system === system);
    const known = checkDeliveries(evidence, { system, messages, deliveries: own });
    checkOrder(evidence, system, known);
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
  messages: ReadonlyMap<number, StoredMessage>;
  deliveries: readonly StoredDelivery[];
}

/** @returns the message behind each effect that the ledger knows */
function checkDeliveries(evidence: Evidence, { system, messages, deliveries }: SystemSide): Map<string, StoredMessage> {
  const { ledger, violations, standing } = evidence;
  const known = new Map<string, StoredMessage>();
  const having = new Set(deliveries.map(({ message }) => message));
  for (const id of messages.keys()) if (!having.has(id)) violations.add(`Message ${id} has no delivery to ${system}.`);
  for (const delivery of deliveries) {
    const message = messages.get(delivery.message);
    if (message === undefined) {
      violations.add(`Delivery ${delivery.id} to ${system} has no message.`);
      continue;
    }
    const found = standing.of(system, {
      token: `${ledger.id}-${delivery.id.toString(36)}`,
      fact: message.sourceId,
    });
    for (const effect of found) {
      known.set(identityOf(effect), message);
      checkContent(violations, { system, effect, message });
    }
    checkCount(violations, delivery, found.length);
  }
  for (const effect of standing.effectsIn(system))
    if (!known.has(identityOf(effect)))
      violations.add(`Something stands in ${system} that the ledger does not know: ${identityOf(effect)}.`);
  return known;
}

function checkCount(violations: Violations, { id, state, system, dueAt, since }: StoredDelivery, stands: number): void {
  const final = state === "done" || state === "dropped";
  if (!final)
    violations.add(
      `Delivery ${id} to ${system} is in limbo: ${state}, due at ${dueAt}, since ${since}, now ${Date.now()}.`,
    );
  else if (stands !== (state === "done" ? 1 : 0))
    violations.add(`Delivery ${id} is ${state} and stands ${stands} times in ${system}.`);
}

function checkContent(
  violations: Violations,
  { system, effect, message }: { system: string; effect: StandingEffect; message: StoredMessage },
): void {
  const { yield: made } = JSON.parse(message.canonical) as { yield: { value: string } };
  const { fact, quantity } = effect;
  const otherFact = fact !== "" && fact !== message.sourceId;
  const otherQuantity = quantity !== "" && Number(quantity) !== Number(made.value);
  if (otherFact || otherQuantity)
    violations.add(
      `Message ${message.id} (${message.sourceId}, ${made.value}) stands in ${system} as ${fact}, ${quantity}.`,
    );
}

/** Messages are numbered as they are accepted, so the effects of a key must stand in the order of the numbers. */
function checkOrder(
  { violations, standing }: Evidence,
  system: string,
  known: ReadonlyMap<string, StoredMessage>,
): void {
  const last = new Map<string, number>();
  for (const effect of standing.effectsIn(system)) {
    const message = known.get(identityOf(effect));
    if (message === undefined) continue;
    const { id, key } = message;
    const before = last.get(key) ?? 0;
    if (id < before) violations.add(`In ${system}, message ${id} of ${key} was applied after message ${before}.`);
    last.set(key, Math.max(before, id));
  }
}
