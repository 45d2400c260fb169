import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import { freePort } from "@lineshaft/testing/free-port";
import type { Broken, MqttInput, Targets } from "../hub-options.ts";
import { HubRunner } from "../hub-runner.ts";
import type { Violations } from "../violations.ts";
import type { Database } from "./database.ts";
import type { Place } from "./network.ts";

/** Short, so that a worker that is suspended has lost its lanes soon. */
export const LEASE_MS = 2_000;
/** How soon a silent server is given up, in ms. */
const LIMITS = { commitMs: 1_500, statementMs: 3_000 };
/** How long a commit whose connection broke is found out about, in ms: one is drawn. */
const COMMIT_WAITS_MS = [500, 6_000, 60_000];
/** How wrong clocks are, at most. */
const WRONG_MS = 300_000;

export interface WorkerParts {
  database: Database;
  targets: Targets;
  mqtt: MqttInput | undefined;
  /** Where it runs; without it, beside all others. */
  place: Place | undefined;
  violations: Violations;
  random: () => number;
  forgiving: () => boolean;
  broken?: Broken;
}

/** One of the hubs on a ledger, with a line of its own to the database and a clock of its own. */
export class Worker implements AsyncDisposable {
  readonly hub: HubRunner;
  readonly line: FaultProxy;
  /** Where it takes facts. */
  readonly url: string;
  readonly place: Place | undefined;
  readonly #relays: readonly FaultProxy[];

  private constructor(
    hub: HubRunner,
    line: FaultProxy,
    more: { url: string; place: Place | undefined; relays: FaultProxy[] },
  ) {
    this.hub = hub;
    this.line = line;
    this.url = more.url;
    this.place = more.place;
    this.#relays = more.relays;
  }

  static async make(parts: WorkerParts): Promise<Worker> {
    const { database, place, mqtt, targets, random, violations, forgiving, broken } = parts;
    const line = await database.newLine(place?.here);
    const relays: FaultProxy[] = [];
    /** What listens on this machine alone is led to from the worker's place. */
    const reach = async (url: string) => {
      if (place === undefined) return url;
      const reached = new URL(url);
      const relay = await FaultProxy.open({ port: Number(reached.port) }, place.here);
      relays.push(relay);
      reached.host = `${place.here}:${relay.port}`;
      return reached.href.replace(/\/$/, "");
    };
    const httpPort = await freePort();
    const commitWaitMs = COMMIT_WAITS_MS[Math.floor(random() * COMMIT_WAITS_MS.length)] ?? 60_000;
    const hub = new HubRunner(
      {
        ledger: { kind: "postgres", url: database.through(line), limits: { ...LIMITS, commitWaitMs } },
        worker: { leaseMs: LEASE_MS, wrongMs: Math.round((random() * 2 - 1) * WRONG_MS) },
        httpPort,
        ...(place && { relayHost: place.there }),
        targets: targets.kind === "peer" ? { ...targets, url: await reach(targets.url) } : targets,
        ...(mqtt && { mqtt: { ...mqtt, url: await reach(mqtt.url) } }),
        ...(broken && { broken }),
      },
      violations,
      { forgiving, ...(place && { within: place.within }) },
    );
    return new Worker(hub, line, { url: `http://${place?.there ?? "127.0.0.1"}:${httpPort}`, place, relays });
  }

  /** Its network is well again. */
  heal(): void {
    this.line.heal();
    this.place?.mend();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.kill();
    this.place?.mend();
    await Promise.all(this.#relays.map((relay) => relay[Symbol.asyncDispose]()));
  }
}
