import { pause } from "../../pause.ts";
import type { Broker } from "../broker.ts";
import { CRASH_POINTS } from "../crash-plan.ts";
import type { TargetSide } from "../target-side.ts";
import type { Database } from "./database.ts";
import { leaveAlone, meddlings } from "./meddling.ts";
import { LEASE_MS, type Worker } from "./worker.ts";

/** Passes of a named point before a worker dies there, at most. */
const LATEST_CRASH = 40;
const DIRECTIONS = ["there", "back", "both"] as const;

export interface WorkersHarassment {
  workers: readonly Worker[];
  database: Database;
  side: TargetSide;
  broker: Broker | undefined;
  /** A stream of drawings of its own for each that harasses. */
  randoms: (name: string) => () => number;
  signal: AbortSignal;
  while: Promise<void>;
  /** Only workers are suspended, and for longer than their lease. */
  onlySuspend: boolean;
  /** Workers are not suspended beyond their lease. */
  awake: boolean;
  told: (what: string) => void;
}

type Steps = Record<string, () => Promise<unknown>>;

/** Lets things go wrong at each worker, at the database and at the other side, all at the same time, until the load is through. */
export async function harassWorkers(options: WorkersHarassment): Promise<void> {
  const { workers, database, side, broker, randoms, signal, onlySuspend, awake, told } = options;
  const over = new AbortController();
  const end = () => over.abort();
  options.while.then(end, end);
  const goesOn = () => !over.signal.aborted && !signal.aborted;
  const keepOn = async (name: string, steps: Steps, random: () => number, mostMs: number) => {
    const names = Object.keys(steps);
    while (goesOn()) {
      await pause(100 + random() * mostMs);
      const step = names[Math.floor(random() * names.length)] ?? "";
      if (!goesOn()) return;
      told(`${name}: ${step}`);
      await steps[step]?.();
    }
  };
  const each = workers.map((worker, n) => {
    const random = randoms(`worker ${n}`);
    const steps = onlySuspend ? { suspend: suspended(worker, random) } : workerSteps(worker, random, awake);
    return keepOn(`worker ${n + 1}`, steps, random, 1_500);
  });
  const [ofDatabase, ofNeighbour, ofSide] = [randoms("database"), randoms("neighbour"), randoms("side")];
  const others = onlySuspend
    ? []
    : [
        keepOn("database", databaseSteps(database, ofDatabase), ofDatabase, 6_000),
        keepOn("neighbour", neighbourSteps(database, ofNeighbour), ofNeighbour, 2_500),
        keepOn("other side", sideSteps(side, broker, ofSide), ofSide, 1_500),
      ];
  await Promise.all([...each, ...others]);
}

/** All is well again, but that workers may be down. */
export async function makeWell({ workers, database, side }: Pick<WorkersHarassment, "workers" | "database" | "side">) {
  for (const worker of workers) worker.heal();
  await side.behave();
  await leaveAlone(database);
}

const between = (random: () => number, least: number, most: number) => least + random() * (most - least);

function suspended(worker: Worker, random: () => number): () => Promise<void> {
  return () => worker.hub.freeze(between(random, LEASE_MS + 300, LEASE_MS + 5_000));
}

function workerSteps(worker: Worker, random: () => number, awake: boolean): Steps {
  const { hub, line, place } = worker;
  const alive = (step: () => Promise<unknown>) => async () => {
    if (!hub.running) await hub.start();
    else await step();
  };
  const forAWhile = (most: number) => pause(between(random, 300, most));
  const broken = (how: () => void) =>
    alive(async () => {
      how();
      await forAWhile(6_000);
      line.heal();
    });
  const steps: Steps = {
    kill: alive(async () => {
      await hub.kill();
      await forAWhile(2_000);
      await hub.start();
    }),
    "die at a named point": alive(async () => {
      const point = CRASH_POINTS[Math.floor(random() * CRASH_POINTS.length)] ?? "after-commit";
      await hub.dieAt(`${point}:${1 + Math.floor(random() * LATEST_CRASH)}`);
      await hub.start();
    }),
    "leave and come back": alive(async () => {
      await hub.stop();
      await forAWhile(1_500);
      await hub.start();
    }),
    "freeze shortly": alive(() => hub.freeze(between(random, 100, 1_800))),
    reset: alive(() => Promise.resolve(line.reset())),
    swallow: broken(() => line.swallow(DIRECTIONS[Math.floor(random() * DIRECTIONS.length)] ?? "both")),
    refuse: broken(() => {
      line.refusing = true;
      line.reset();
    }),
    slow: broken(() => (line.delayMs = between(random, 20, 400))),
    nothing: alive(() => forAWhile(2_000)),
  };
  if (!awake) {
    steps["suspend"] = alive(suspended(worker, random));
    steps["suspend and kill"] = alive(async () => {
      await suspended(worker, random)();
      await pause(between(random, 0, 60));
      await hub.kill();
      await hub.start();
    });
  }
  if (place === undefined) return steps;
  const unplugged = alive(async () => {
    place.pull();
    await forAWhile(6_000);
    place.mend();
  });
  return { ...steps, unplug: unplugged, "unplug again": unplugged };
}

function databaseSteps(database: Database, random: () => number): Steps {
  // A primary with a standby dies once; from then on it is a server like any other.
  const orFailOver = (step: () => Promise<void>) => () =>
    database.hasStandby ? database.failOver(between(random, 0, 2_500)) : step();
  return {
    restart: orFailOver(() => database.restart()),
    crash: orFailOver(() => database.crash(between(random, 0, 2_500))),
    nothing: orFailOver(() => Promise.resolve()),
  };
}

function neighbourSteps(database: Database, random: () => number): Steps {
  // The server may be away just then, or the neighbour itself a deadlock's victim.
  return Object.fromEntries(
    Object.entries(meddlings).map(([name, meddle]) => [name, () => meddle(database, random).catch(() => undefined)]),
  );
}

function sideSteps(side: TargetSide, broker: Broker | undefined, random: () => number): Steps {
  const misbehave = () => side.misbehave(random);
  return {
    misbehave,
    "misbehave otherwise": misbehave,
    "go away": () => side.goAway(between(random, 200, 2_500)),
    "restart the broker": async () => broker?.restart(),
  };
}
