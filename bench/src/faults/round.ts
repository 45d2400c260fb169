import { systemClock } from "@lineshaft/core";
import type { HubDefinition, LedgerDefinition } from "@lineshaft/engine";
import { seededRandom } from "@lineshaft/testing";
import { pause } from "../pause.ts";
import { freePort } from "@lineshaft/testing/free-port";
import type { Broker } from "./broker.ts";
import { FactPlan } from "./fact-plan.ts";
import { harass } from "./harassment.ts";
import { HubRunner } from "./hub-runner.ts";
import type { Broken, LedgerPlace, Targets } from "./hub-options.ts";
import { checkInvariants } from "./invariants.ts";
import { ledgerAt } from "./ledger-place.ts";
import { Load } from "./load.ts";
import { Person } from "./person.ts";
import { quieten } from "./quiet.ts";
import { Acknowledged, HttpSender, MqttSender } from "./senders.ts";
import { Standing } from "./standing.ts";
import type { TargetSide } from "./target-side.ts";
import type { Violations } from "./violations.ts";

const VISIT_MS = 1_000;

export interface RoundOptions {
  seed: number;
  folder: string;
  facts: number;
  /** Facts per second. */
  rate: number;
  /** Order keys. */
  orders: readonly string[];
  side: TargetSide;
  targets: Targets;
  definition: (ledger: LedgerDefinition) => HubDefinition;
  broker: Broker | undefined;
  broken?: Broken;
  violations: Violations;
  /** Ends the round early. */
  signal: AbortSignal;
}

export interface RoundFigures {
  facts: number;
  messages: number;
  crashes: number;
  acts: number;
  duplicates: number;
}

/** One round: a fresh ledger, facts coming in, everything going wrong; then quiet, and the count. */
export async function runRound(options: RoundOptions): Promise<RoundFigures> {
  const { seed, broker, targets, broken, violations } = options;
  const random = seededRandom(seed);
  const place: LedgerPlace = { kind: "sqlite", path: `${options.folder}/ledger-${seed}.db` };
  const ledger = ledgerAt(place);
  const httpPort = await freePort();
  const session = `campaign-${seed}`;
  const mqtt =
    broker === undefined ? {} : { mqtt: { url: broker.url, protocolVersion: broker.protocolVersion, session } };
  const hub = new HubRunner({ ledger: place, httpPort, targets, ...(broken && { broken }), ...mqtt }, violations);
  const told = new Acknowledged();
  const http = new HttpSender([`http://127.0.0.1:${httpPort}`], told, violations);
  // Ends everything that goes on beside the round, also when the round ends in an error.
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const plan = new FactPlan({
    ...options,
    random,
    prefix: `f${seed}`,
    mqtt: broker !== undefined,
    troubled: targets.kind === "peer",
  });
  const person = new Person({ ...options, definition: options.definition(ledger), random });
  const beside: Promise<void>[] = [];
  let sender: MqttSender | undefined;
  try {
    await hub.start();
    if (broker !== undefined) {
      sender = await MqttSender.connect({ ...broker, session }, told);
      await awaitSession(sender, [hub], plan, signal);
    }
    const load = new Load({ plan, http, mqtt: sender, told, random, rate: options.rate, signal });
    const loading = load.run(options.facts);
    beside.push(loading, visitOften(person, hub, violations, signal));
    await harass({ ...options, random, hub, while: loading });
    await loading;
    await options.side.behave();
    if (!hub.running) await hub.start();
    await quieten({ hubs: [hub], load, ledger, plan, told, violations, signal });
    await hub.stop();
    const figures = { facts: plan.facts.length, crashes: hub.crashes, acts: person.acts, duplicates: told.duplicates };
    if (options.signal.aborted) return { ...figures, messages: 0 };
    await using reading = await ledger.open({ clock: systemClock, readOnly: true });
    const standing = new Standing(await options.side.effects());
    const { messages } = await checkInvariants({ ledger: reading, facts: plan.facts, told, standing, violations });
    return { ...figures, messages };
  } finally {
    ended.abort();
    await hub.kill();
    await sender?.close();
    await http.close();
    await Promise.allSettled(beside);
  }
}

/** The broker keeps messages for the hub only from its first subscription on; that it stands shows when a first fact arrives. */
export async function awaitSession(
  sender: MqttSender,
  hubs: readonly HubRunner[],
  plan: FactPlan,
  signal: AbortSignal,
): Promise<void> {
  while (hubs.every(({ beat }) => beat.mqttFacts === 0) && !signal.aborted) {
    const fact = plan.next();
    Object.assign(fact, { kind: "good", channel: "mqtt" });
    await sender.probe(fact, signal);
    await pause(200);
  }
}

async function visitOften(person: Person, hub: HubRunner, violations: Violations, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // A frozen hub may hold the ledger's lock; a person would wait, and the campaign with them.
    if (!hub.frozen) {
      try {
        await person.visit();
      } catch (error) {
        if (!signal.aborted) violations.add(`A person could not act on the ledger: ${String(error)}`);
      }
    }
    await pause(VISIT_MS);
  }
}
