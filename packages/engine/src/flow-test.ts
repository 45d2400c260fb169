import { type Finding, LineshaftError } from "@lineshaft/core";
import type { AnyFlow, MappingContext } from "./flow.ts";
import type { HubDefinition } from "./hub-definition.ts";

/** A delivery that a message would make. */
export interface TestedDelivery {
  flow: string;
  system: string;
  operation: string;
  /** What the mapping made. */
  value: unknown;
  /** What the operation's schema has against it. */
  findings: Finding[];
}

export interface TestFlowOptions {
  /** The context's answers; a missing identity is undefined, as in a new ledger. */
  identities?: readonly { kind: string; object: string; system: string; external: string }[];
  /** Newest known states, by contract and object. */
  known?: readonly { contract: string; object: string; payload: unknown }[];
  source?: string;
  now?: number;
}

/**
 * Runs a payload through flows without a hub: checks it as the intake would and returns the deliveries it makes.
 * @throws LineshaftError `usage` when the payload would be refused; its message lists the findings
 */
export async function testFlow(
  flows: AnyFlow | HubDefinition,
  payload: unknown,
  options: TestFlowOptions = {},
): Promise<TestedDelivery[]> {
  const now = options.now ?? Date.now();
  const list = "flows" in flows ? flows.flows : [flows];
  const tested: TestedDelivery[] = [];
  for (const flow of list) {
    const findings = findingsOf(flow, payload, options, now);
    // Of many flows only those of the payload's contract take it.
    if (findings.length > 0 && list.length > 1) continue;
    if (findings.length > 0) throw refusal(flow, findings);
    tested.push(...(await deliveriesOf(flow, payload, options, now)));
  }
  return tested;
}

function findingsOf(flow: AnyFlow, payload: unknown, options: TestFlowOptions, now: number): Finding[] {
  const shape = flow.contract.check(payload);
  if (shape.length > 0) return shape;
  const known = (reference: { contract: string; object: string }) =>
    options.known?.find((k) => k.contract === reference.contract && k.object === reference.object)?.payload;
  return [...flow.contract.rules(payload, known, now), ...(flow.options.check?.(payload) ?? [])];
}

async function deliveriesOf(
  flow: AnyFlow,
  payload: unknown,
  options: TestFlowOptions,
  now: number,
): Promise<TestedDelivery[]> {
  const d = flow.contract.describe(payload);
  const context: MappingContext = {
    message: 1,
    source: options.source ?? "test",
    sourceId: d.id,
    object: d.object,
    key: d.key,
    eventTime: d.eventTime,
    receivedTime: now,
    identity: (kind, object, system) =>
      Promise.resolve(
        options.identities?.find((i) => i.kind === kind && i.object === object && i.system === system)?.external,
      ),
    latest: (contract, object) =>
      Promise.resolve(options.known?.find((k) => k.contract === contract && k.object === object)?.payload),
  };
  const tested: TestedDelivery[] = [];
  for (const route of flow.routes) {
    if (route.when !== undefined && !route.when(payload)) continue;
    const value = await route.map(payload, context);
    tested.push({
      flow: flow.name,
      system: route.operation.system.name,
      operation: route.operation.name,
      value,
      findings: route.operation.check(value),
    });
  }
  return tested;
}

function refusal(flow: AnyFlow, findings: readonly Finding[]): LineshaftError {
  const list = findings.map((f) => `${f.field === "" ? "the message" : f.field} (${f.rule}): ${f.fix}`).join("\n");
  return new LineshaftError("usage", `Flow ${flow.name} would refuse this ${flow.contract.id}:\n${list}`, {
    next: "Correct the payload of the test.",
  });
}
