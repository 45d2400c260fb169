import { appendFileSync, existsSync, truncateSync } from "node:fs";
import type { FaultProxy } from "@lineshaft/testing/fault-proxy";
import { pause } from "../../pause.ts";
import type { Place } from "../workers/network.ts";
import { BROKEN_LINE } from "./crew.ts";
import type { Ground } from "./ground.ts";
import { type HubSide, type Plant, drawKill } from "./sides.ts";

interface Sides {
  plant: Plant;
  hub: HubSide;
  line: FaultProxy;
  ground: Ground;
  /** Where the gateway has a network of its own. */
  place: Place | undefined;
  random: () => number;
}

/** One thing that goes wrong, and what is left of it when it resolves is a line and two processes that are well. */
type Fault = (sides: Sides) => Promise<void>;

const HOUR_MS = 3_600_000;
/** Several short cuts one after the other. */
const FLAPS = 12;
/** Bytes that a power cut leaves behind the last whole page of the log. */
const TORN_BYTES = 5_000;
/** Facts per second that fill the buffer within a cut. */
const BURST = 1_500;
export const PER_SECOND = 250;

/** What may go wrong, by name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  cut: async ({ line, random }) => {
    line.refusing = true;
    line.reset();
    await pause(100 + random() * 900);
    line.heal();
  },
  silence: async ({ line, random }) => {
    const directions = ["there", "back", "both"] as const;
    line.swallow(directions[Math.floor(random() * directions.length)] ?? "both");
    await pause(300 + random() * 2_500);
    line.heal();
  },
  flapping: async ({ line, random }) => {
    for (let n = 0; n < FLAPS; n++) {
      line.reset();
      await pause(5 + random() * 60);
    }
  },
  pulled: async ({ place, line, random }) => {
    if (place === undefined) {
      line.reset();
      return;
    }
    place.pull();
    await pause(300 + random() * 2_500);
    place.mend();
  },
  hubKilled: async ({ hub, random }) => {
    await hub.kill();
    await pause(random() * 500);
    await hub.start();
  },
  hubDies: async ({ hub, random }) => {
    await hub.kill();
    await hub.start({ point: random() < 0.5 ? "beforeCommit" : "afterCommit", hit: 1 + Math.floor(random() * 5) });
    await pause(1_000 + random() * 1_000);
    if (hub.running) hub.spare();
    else await hub.start();
  },
  hubRestarted: async ({ hub, random }) => {
    await hub.stop();
    await pause(random() * 800);
    await hub.start();
  },
  gatewayKilled: async ({ plant, random }) => {
    await plant.kill();
    await pause(random() * 200);
    plant.start();
  },
  gatewayDies: async ({ plant, ground, random }) => {
    await plant.kill();
    const kill = drawKill(random);
    plant.start(kill);
    // It passes these points only with a configuration that is new to it.
    if (kill.point.endsWith("Keep")) await ground.publish(drawLine(random));
    await pause(1_500 + random() * 1_000);
    if (plant.running) plant.spare();
    else plant.start();
  },
  /** What a power cut leaves of a commit that was not synced: a log with a torn end. */
  powerCut: async ({ plant, ground, random }) => {
    await plant.kill();
    const log = `${ground.buffer}-wal`;
    if (existsSync(log))
      appendFileSync(log, Buffer.alloc(1 + Math.floor(random() * TORN_BYTES), random() < 0.5 ? 0 : 0x5a));
    plant.start();
  },
  /** The configuration's file was torn; the one before it, or the hub, has it. */
  tornConfiguration: async ({ plant, ground, random }) => {
    await plant.kill();
    if (existsSync(ground.configuration)) truncateSync(ground.configuration, Math.floor(random() * 100));
    plant.start();
  },
  upgraded: async ({ plant, random }) => {
    if (random() < 0.5) await plant.stop();
    else await plant.kill();
    plant.program++;
    plant.start();
  },
  full: async ({ plant, line, random }) => {
    line.refusing = true;
    line.reset();
    plant.say({ perSecond: BURST });
    await pause(1_500 + random() * 2_000);
    plant.say({ perSecond: PER_SECOND });
    line.heal();
  },
  clockAhead: ({ plant, random }) => setClock(plant, random() * 12 * HOUR_MS),
  clockBack: ({ plant, random }) => setClock(plant, -random() * 12 * HOUR_MS),
  published: async ({ ground, random }) => {
    await ground.publish(drawLine(random));
  },
  brokenPublished: async ({ ground }) => {
    await ground.publish(BROKEN_LINE);
  },
};

function drawLine(random: () => number): string {
  return `line-${Math.floor(random() * 1_000)}`;
}

function setClock(plant: Plant, wrongMs: number): Promise<void> {
  plant.say({ wrongMs: Math.round(wrongMs) });
  return pause(300);
}

/** Every fault once, in an order that is drawn, then more of them until all was told; nothing goes wrong any more when it resolves. */
export async function harass(sides: Sides, until: () => boolean): Promise<string[]> {
  const done: string[] = [];
  const names = Object.keys(FAULTS);
  while (!until()) {
    const left = names.filter((name) => !done.slice(-names.length).includes(name));
    const pool = left.length === 0 ? names : left;
    const name = pool[Math.floor(sides.random() * pool.length)] ?? "cut";
    await FAULTS[name]?.(sides);
    done.push(name);
    await pause(100 + sides.random() * 300);
  }
  return done;
}
