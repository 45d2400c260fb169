import { pause } from "../pause.ts";
import type { Broker } from "./broker.ts";
import { CRASH_POINTS } from "./crash-plan.ts";
import type { HubRunner } from "./hub-runner.ts";
import type { TargetSide } from "./target-side.ts";

/** Passes of a named point before the hub dies there, at most. */
const LATEST_CRASH = 60;

export interface Harassment {
  side: TargetSide;
  broker: Broker | undefined;
  signal: AbortSignal;
  random: () => number;
  hub: HubRunner;
  while: Promise<void>;
}

/** Lets one thing after another go wrong until the load is through. */
export async function harass({ random, hub, side, broker, signal, while: loading }: Harassment): Promise<void> {
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
