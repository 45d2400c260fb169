import { join } from "node:path";
import { mkdirSync, statSync, truncateSync } from "node:fs";
import { systemClock } from "@lineshaft/core";
import { seededRandom } from "@lineshaft/testing";
import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import { freePort } from "@lineshaft/testing/free-port";
import { pause } from "../../pause.ts";
import type { Violations } from "../violations.ts";
import type { Place } from "../workers/network.ts";
import { BROKEN_LINE } from "./crew.ts";
import { GATEWAY, Ground } from "./ground.ts";
import { PER_SECOND, harass } from "./harassment.ts";
import { checkReadings, fleetSays } from "./invariants.ts";
import { HubSide, Plant } from "./sides.ts";

export interface GatewayRoundOptions {
  seed: number;
  /** An empty folder. */
  folder: string;
  facts: number;
  place: Place | undefined;
  violations: Violations;
  /** `cursor`: the hub moves the place outside of the commit. `ack`: the gateway acknowledges before anything is on disk. */
  broken: "cursor" | "ack" | undefined;
  /** Cuts off the buffer's newest pages in the end. */
  damage: boolean;
}

export interface GatewayRoundFigures {
  facts: number;
  messages: number;
  shed: number;
  held: number;
  duplicates: number;
  gatewayCrashes: number;
  hubCrashes: number;
  faults: number;
}

/** Things go wrong for at most this long, in ms; what is not told by then is told in peace. */
const ROUGH_MS = 60_000;
/** Within this all must be well again once nothing goes wrong any more, in ms. */
const QUIET_MS = 60_000;
/** How far the hub's idea of a wrong clock may be off, in ms: a busy machine takes its time to tell. */
const SKEW_TOLERANCE_MS = 60_000;
const LOOK_MS = 50;
/** Share of the facts that have come when the buffer is damaged, and how many wait in it then. */
const BEFORE_DAMAGE = 0.6;
const DAMAGED_FACTS = 200;

/** One round: a fresh hub and a fresh gateway, everything going wrong between them; then quiet, and the count. */
export async function runGatewayRound(options: GatewayRoundOptions): Promise<GatewayRoundFigures> {
  const { folder, place, violations, broken, seed, facts } = options;
  mkdirSync(folder, { recursive: true });
  const host = place?.here ?? "127.0.0.1";
  const ground = new Ground(folder, [host]);
  const port = await freePort();
  await using line = await FaultProxy.open({ port }, host);
  const { authority, ledger } = ground;
  const hub = new HubSide(
    { gateway: GATEWAY, host: "127.0.0.1", port, authority, ledger, broken: broken === "cursor" },
    violations,
  );
  const plant = new Plant({
    ground,
    hub: `https://${host}:${line.port}`,
    to: facts,
    perSecond: PER_SECOND,
    violations,
    within: place?.within,
    broken: broken === "ack",
  });
  try {
    const round = new Round({ ...options, ground, line, hub, plant, random: seededRandom(seed) });
    return await round.run();
  } finally {
    await plant.kill();
    await hub.kill();
  }
}

interface RoundParts extends GatewayRoundOptions {
  ground: Ground;
  line: FaultProxy;
  hub: HubSide;
  plant: Plant;
  random: () => number;
}

class Round {
  readonly #o: RoundParts;

  constructor(parts: RoundParts) {
    this.#o = parts;
  }

  async run(): Promise<GatewayRoundFigures> {
    const { hub, plant, ground, facts, broken, damage, violations } = this.#o;
    await hub.start();
    await ground.publish("first");
    plant.start();
    const enough = damage ? facts * BEFORE_DAMAGE : facts;
    const end = systemClock.now() + ROUGH_MS;
    const until = () => plant.acknowledged >= enough || systemClock.now() > end;
    const faults = broken === undefined ? await harass(this.#o, until) : await this.#breakIt();
    await this.#beWell();
    if (damage) await this.#damage();
    await this.#beQuiet();
    if (broken === undefined) await this.#checkFleet();
    await plant.stop();
    await hub.stop();
    const { acknowledged, held, crashes: gatewayCrashes } = plant;
    const counted = await checkReadings(ground, { acknowledged, violations, damaged: damage });
    return { facts: acknowledged, ...counted, held, gatewayCrashes, hubCrashes: hub.crashes, faults: faults.length };
  }

  /** What a broken build does wrong shows only when somebody dies at the wrong moment. */
  async #breakIt(): Promise<string[]> {
    const { broken, hub, plant, line } = this.#o;
    await this.#until("facts come", () => plant.acknowledged > 50);
    if (broken === "cursor") {
      await hub.kill();
      await hub.start({ point: "betweenPlaceAndCommit", hit: 2 });
      await this.#until("the hub died", () => !hub.running);
      await hub.start();
      return ["hubDies"];
    }
    line.refusing = true;
    line.reset();
    await plant.kill();
    plant.start({ point: "beforeCommit", hit: 10 });
    await this.#until("the gateway died", () => !plant.running);
    line.heal();
    plant.start();
    return ["gatewayDies"];
  }

  async #beWell(): Promise<void> {
    const { hub, plant, line, place, ground } = this.#o;
    line.heal();
    place?.mend();
    if (!hub.running) await hub.start();
    if (!plant.running) plant.start();
    // The last word of who publishes is one that can be run.
    const version = await ground.publish("last");
    await this.#until(
      "the gateway runs what was published last",
      () => plant.status?.configuration.runs?.version === version,
    );
  }

  /** The buffer's file loses its newest pages while facts wait in it. What is lost has to be told. */
  async #damage(): Promise<void> {
    const { plant, ground, line, facts } = this.#o;
    line.refusing = true;
    line.reset();
    const waits = () => (plant.status?.facts ?? 0) >= DAMAGED_FACTS || plant.acknowledged >= facts;
    await this.#until("facts wait at the gateway", waits);
    // A stop moves what is in the log into the file.
    await plant.stop();
    truncateSync(ground.buffer, Math.floor(statSync(ground.buffer).size / 2));
    line.heal();
    plant.start();
  }

  async #beQuiet(): Promise<void> {
    const { plant, facts } = this.#o;
    await this.#until("all is acknowledged", () => plant.acknowledged >= facts);
    await this.#until("nothing waits at the gateway any more", () => plant.status?.facts === 0);
  }

  async #checkFleet(): Promise<void> {
    const { ground, plant } = this.#o;
    const version = await ground.publish(BROKEN_LINE);
    const good = version - 1;
    let says = await fleetSays(ground);
    await this.#until(
      "the hub knows the gateway as it is",
      async () => {
        says = await fleetSays(ground);
        const fits = Math.abs(says.skewMs - plant.wrongMs) < SKEW_TOLERANCE_MS;
        return fits && says.version === good && says.program === `${plant.program}.0.0`;
      },
      () =>
        `${JSON.stringify(says)}, and it is wrong by ${plant.wrongMs} ms, runs ${good} with program ${plant.program}.0.0`,
    );
  }

  async #until(what: string, holds: () => boolean | Promise<boolean>, stood?: () => string): Promise<void> {
    const end = systemClock.now() + QUIET_MS;
    while (!(await holds())) {
      if (systemClock.now() > end) {
        const { plant, hub, violations } = this.#o;
        const status =
          stood?.() ??
          JSON.stringify({
            ...plant.status,
            acknowledged: plant.acknowledged,
            gateway: plant.running,
            hub: hub.running,
          });
        return violations.add(`Waited ${QUIET_MS} ms in vain: ${what}. It stood at ${status}.`);
      }
      await pause(LOOK_MS);
    }
  }
}

export function roundFolder(folder: string, n: number | string): string {
  return join(folder, `round-${n}`);
}
