import { openSqliteLedger } from "@lineshaft/ledger-sqlite";
import type { HubDefinition } from "@lineshaft/engine";
import { seededRandom } from "@lineshaft/testing";
import { atMost, pause } from "../pause.ts";
import { type Broker, freePort } from "./broker.ts";
import { CRASH_POINTS } from "./crash-plan.ts";
import { FactPlan } from "./fact-plan.ts";
import { HubRunner } from "./hub-runner.ts";
import type { Targets } from "./hub-options.ts";
import { checkInvariants } from "./invariants.ts";
import { Load } from "./load.ts";
import { Person } from "./person.ts";
import { Acknowledged, HttpSender, MqttSender } from "./senders.ts";
import { Standing } from "./standing.ts";
import type { TargetSide } from "./target-side.ts";
import type { Violations } from "./violations.ts";

/** Longest time in which everything must be finished or with a person, once all is well again, in ms. */
const QUIET_MS = 90_000;
const VISIT_MS = 1_000;
const LATEST_CRASH = 60;

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
  definition: (path: string) => HubDefinition;
  broker: Broker | undefined;
  broken: boolean;
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
  const { seed, folder, violations, broker, targets, broken, signal } = options;
  const random = seededRandom(seed);
  const path = `${folder}/ledger-${seed}.db`;
  const httpPort = await freePort();
  const mqtt =
    broker === undefined
      ? {}
      : { mqtt: { url: broker.url, protocolVersion: broker.protocolVersion, session: `campaign-${seed}` } };
  const hub = new HubRunner({ ledger: path, httpPort, targets, broken, ...mqtt }, violations);
  const told = new Acknowledged();
  const http = new HttpSender(httpPort, told, violations);
  const plan = new FactPlan({
    ...options,
    random,
    prefix: `f${seed}`,
    mqtt: broker !== undefined,
    troubled: targets.kind === "peer",
  });
  let sender: MqttSender | undefined;
  const person = new Person({ ...options, definition: options.definition(path), path, random });
  const visits = new AbortController();
  try {
    await hub.start();
    if (broker !== undefined) {
      sender = await MqttSender.connect({ ...broker, session: `campaign-${seed}` }, told);
      await awaitSession(sender, hub, plan, signal);
    }
    const load = new Load({ plan, http, mqtt: sender, told, random, rate: options.rate, signal });
    const visiting = visitOften(person, hub, violations, visits.signal);
    const loading = load.run(options.facts);
    await harass({ ...options, random, hub, while: loading });
    await loading;
    await options.side.behave();
    if (!hub.running) await hub.start();
    await quieten({ hub, load, path, plan, told, violations, signal });
    visits.abort();
    await visiting;
    await hub.stop();
    if (signal.aborted)
      return {
        facts: plan.facts.length,
        messages: 0,
        crashes: hub.crashes,
        acts: person.acts,
        duplicates: told.duplicates,
      };
    await using ledger = await openSqliteLedger({ path, readOnly: true });
    const { messages } = await checkInvariants({
      ledger,
      facts: plan.facts,
      told,
      standing: new Standing(await options.side.effects()),
      violations,
    });
    return { facts: plan.facts.length, messages, crashes: hub.crashes, acts: person.acts, duplicates: told.duplicates };
  } finally {
    visits.abort();
    await sender?.close();
    await http.close();
    await hub.kill();
  }
}

/** The broker keeps messages for the hub only from its first subscription on; that it stands shows when a first fact arrives. */
async function awaitSession(sender: MqttSender, hub: HubRunner, plan: FactPlan, signal: AbortSignal): Promise<void> {
  while (hub.beat.mqttFacts === 0 && !signal.aborted) {
    const fact = plan.next();
    Object.assign(fact, { kind: "good", channel: "mqtt" });
    await sender.probe(fact);
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
        violations.add(`A person could not act on the ledger: ${String(error)}`);
      }
    }
    await pause(VISIT_MS);
  }
}

interface Harassment extends Pick<RoundOptions, "side" | "broker" | "signal"> {
  random: () => number;
  hub: HubRunner;
  while: Promise<void>;
}

/** Lets one thing after another go wrong until the load is through. */
async function harass({ random, hub, side, broker, signal, while: loading }: Harassment): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort();
  loading.then(end, end);
  const between = (least: number, most: number) => least + random() * (most - least);
  const steps: (() => Promise<void>)[] = [
    async () => {
      await hub.kill();
      await pause(between(0, 800));
      await hub.start();
    },
    async () => {
      const point = CRASH_POINTS[Math.floor(random() * CRASH_POINTS.length)] ?? "after-commit";
      await hub.dieAt(`${point}:${1 + Math.floor(random() * LATEST_CRASH)}`);
      await hub.start();
    },
    () => hub.freeze(between(200, 2_500)),
    async () => {
      await hub.freeze(between(500, 2_000));
      await pause(between(0, 60));
      await hub.kill();
      await hub.start();
    },
    async () => {
      await hub.stop();
      await hub.start();
    },
    () => side.goAway(between(200, 2_500)),
    async () => broker?.restart(),
    () => pause(between(500, 2_500)),
  ];
  while (!over.signal.aborted && !signal.aborted) {
    await side.misbehave(random);
    await pause(between(100, 1_500));
    await steps[Math.floor(random() * steps.length)]?.();
  }
}

interface Quietening {
  hub: HubRunner;
  load: Load;
  path: string;
  plan: FactPlan;
  told: Acknowledged;
  violations: Violations;
  signal: AbortSignal;
}

/** Waits until every sender has its answer and nothing is open any more. */
async function quieten({ hub, load, path, plan, told, violations, signal }: Quietening): Promise<void> {
  const end = Date.now() + QUIET_MS;
  const settled = load.settled();
  await atMost(QUIET_MS, settled);
  if (load.underWay > 0)
    violations.add(`${load.underWay} senders had no answer ${QUIET_MS} ms after all was well again.`);
  while (!signal.aborted && Date.now() < end) {
    if (!hub.running) return violations.add("The hub ended by itself.");
    const owed = plan.facts.filter(
      ({ id, kind }) => kind !== "invalid" && (told.accepted.has(id) || told.published.has(id)),
    ).length;
    const { messages, open } = await standOf(path);
    if (open === 0 && messages >= owed) return;
    await pause(200);
  }
  if (!signal.aborted)
    violations.add(`Not everything is finished after ${QUIET_MS} ms. The hub says: ${hub.beat.systems}`);
}

async function standOf(path: string): Promise<{ messages: number; open: number }> {
  await using ledger = await openSqliteLedger({ path, readOnly: true });
  const { messages } = await ledger.totals();
  const counts = await ledger.counts({ open: true });
  return { messages, open: counts.reduce((sum, { count }) => sum + count, 0) };
}
