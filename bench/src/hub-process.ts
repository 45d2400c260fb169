import { type Clock, type SystemDefinition, explain, systemClock } from "@lineshaft/core";
import { type AnyFlow, type Hub, type HubOptions, type Policy, type SystemStatus, openHub } from "@lineshaft/engine";
import { httpIntake } from "@lineshaft/http";
import { completion } from "@lineshaft/model";
import { mqtt } from "@lineshaft/mqtt";
import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import { childOptions, tell } from "./child.ts";
import { Awake } from "./faults/awake.ts";
import { withoutLookup } from "./faults/broken-build.ts";
import { CrashPlan } from "./faults/crash-plan.ts";
import { erpFlow } from "./faults/erp-flow.ts";
import { HTTP_SOURCE, type HubProcessOptions, MQTT_SOURCE, completionTopic } from "./faults/hub-options.ts";
import { ledgerAt } from "./faults/ledger-place.ts";
import { peerFlow } from "./faults/peer-flow.ts";
import { withoutFences } from "./faults/without-fences.ts";

/*
 * A small hub for campaigns: facts over HTTP and MQTT, two targets, any ledger. It can be told to die at a named
 * point by LINESHAFT_TEST_CRASH=after-commit:17; nothing of that is in the product.
 */

const BEAT_MS = 200;
/** Quick, so that a campaign sees many tries a minute. */
const policy: Policy = { retryFirstMs: 50, retryCapMs: 1_000, owner: "campaign" };

const options = childOptions() as HubProcessOptions;
const awake = new Awake();
const plan = new CrashPlan(process.env["LINESHAFT_TEST_CRASH"]);

try {
  // The intake listens elsewhere with TLS only, so what comes from outside of this process' network is led to it here.
  if (options.relayHost !== undefined)
    await FaultProxy.open({ port: options.httpPort }, options.relayHost, options.httpPort);
  const hub = await startHub();
  tell({ ready: true });
  setInterval(() => tell({ status: beat(hub) }), BEAT_MS);
  process.on("SIGTERM", () => void stop(hub));
  process.on("disconnect", () => process.exit(1));
} catch (error) {
  tell({ failed: explain(error) });
  process.exitCode = 1;
  process.disconnect();
}

async function startHub(): Promise<Hub> {
  const { systems, made } = targets();
  for (const system of systems) {
    if (options.broken === "lookup") withoutLookup(system);
    plan.system(system);
  }
  const ledger = plan.ledger(awake.ledger(ledgerAt(options.ledger)));
  const hub = await openHub(
    {
      name: "campaign",
      ledger: options.broken === "fence" ? withoutFences(ledger) : ledger,
      systems: [...systems, ...sources()],
      flows: [made],
    },
    workerOptions(),
  );
  await hub.start();
  return hub;
}

function workerOptions(): HubOptions {
  if (options.worker === undefined) return {};
  const { leaseMs, wrongMs } = options.worker;
  const clock: Clock = { ...systemClock, now: () => Date.now() + wrongMs };
  return { leaseMs, clock };
}

function targets(): { systems: SystemDefinition[]; made: AnyFlow } {
  return options.targets.kind === "peer"
    ? peerFlow(options.targets, policy, awake.at)
    : erpFlow(options.targets, policy);
}

function sources(): SystemDefinition[] {
  const http = httpIntake({ name: HTTP_SOURCE, port: options.httpPort, contracts: [completion] });
  if (options.mqtt === undefined) return [http];
  const { session, url, protocolVersion } = options.mqtt;
  const subscribe = [{ topic: completionTopic(session), contract: completion }];
  return [http, mqtt({ name: MQTT_SOURCE, clientId: session, url, protocolVersion, subscribe })];
}

function beat(hub: Hub) {
  const { systems, ready, problem = "" } = hub.status();
  const sources = systems.find(({ name }) => name === MQTT_SOURCE)?.sources ?? [];
  return {
    mqttFacts: sources.reduce((sum, { facts }) => sum + facts, 0),
    ready,
    problem,
    systems: systems.map(stateOf).join("; "),
  };
}

function stateOf({ name, breaker, message = "", nextProbeAt, inFlight, backlog }: SystemStatus): string {
  const probe = nextProbeAt === undefined ? "" : `, next probe in ${nextProbeAt - Date.now()} ms`;
  return `${name}: ${breaker}${probe}, ${inFlight} in flight, ${JSON.stringify(backlog)} ${message}`;
}

async function stop(hub: Hub): Promise<void> {
  try {
    await hub.stop();
    process.exit(0);
  } catch (error) {
    tell({ failed: explain(error) });
    process.exit(1);
  }
}
