import { type Calibration, type CapacityPlan, planCapacity } from "lineshaft";
import { type Load, RealRun, type RunOptions, requestBytesOf } from "./real-run.ts";
import type { Store } from "./stores.ts";

export interface Compared {
  predicted: number;
  measured: number;
}

const SECONDS_PER_HOUR = 3_600;
/** Normal traffic while a backlog is caught up, as a share of what one worker does. */
const NORMAL_SHARE = 0.3;

/** Bytes of a ledger that a hub really fills, beside what is predicted for them. */
export async function compareStorage(
  store: Store,
  calibration: Calibration,
  load: Load,
  folder?: string,
): Promise<Compared> {
  const [used, empty] = [await bytesOf(store, load, folder), await bytesOf(store, { ...load, messages: 0 }, folder)];
  const { storage } = planCapacity(planOf(load, ceiling(load, calibration)), calibration);
  return { predicted: storage.perMessage * load.messages, measured: used - empty };
}

/** Seconds until a backlog is gone while normal traffic goes on. */
export async function compareCatchUp(
  store: Store,
  calibration: Calibration,
  load: Load,
  options: Pick<RunOptions, "folder" | "now"> = {},
): Promise<Compared> {
  const perSecond = ceiling(load, calibration) * NORMAL_SHARE;
  const outageHours = load.messages / perSecond / SECONDS_PER_HOUR;
  const { outage } = planCapacity({ ...planOf(load, perSecond), outageHours }, calibration);
  await using run = await RealRun.open(store, options);
  await run.accept(load);
  const ms = await run.catchUp(load.messages, perSecond, load.payloadBytes);
  return { predicted: outage.catchUpSeconds ?? Number.NaN, measured: ms / 1_000 };
}

export function errorOf({ predicted, measured }: Compared): number {
  return predicted / measured - 1;
}

async function bytesOf(store: Store, load: Load, folder?: string): Promise<number> {
  let bytes = 0;
  {
    await using run = await RealRun.open(store, { folder, bytes: (found) => (bytes = found) });
    if (load.messages > 0) {
      await run.accept(load);
      await run.deliver(load.messages);
    }
  }
  return bytes;
}

/** As much as one worker does, so that commits are shared as they are in the run. */
function ceiling(load: Load, calibration: Calibration): number {
  return planCapacity(planOf(load, 1), calibration).workers.ceilingPerSecond;
}

function planOf({ payloadBytes }: Load, perSecond: number): CapacityPlan {
  const perHour = perSecond * SECONDS_PER_HOUR;
  const requestBytes = requestBytesOf(payloadBytes);
  return { messages: [{ contract: "completion.v1", perHour, payloadBytes, requestBytes, targets: 1, attempts: 1 }] };
}
