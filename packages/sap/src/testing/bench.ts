import { Secret, silentLog, systemClock } from "@lineshaft/core";
import type { Clock, Item, Outcome, Source, System, Target } from "@lineshaft/core";
import { startSapSimulator } from "@lineshaft/simulators";
import { eventually, settled } from "@lineshaft/testing";
import type { FakeClock } from "@lineshaft/testing";
import type { SapSimulator, SapSimulatorOptions } from "@lineshaft/simulators";
import type { GoodsMovement } from "../operations/goods-movement.ts";
import type { OperationConfirmation } from "../operations/operation-confirmation.ts";
import { s4 } from "../s4.ts";
import type { S4Options } from "../s4.ts";

/** A simulated SAP with the connector opened towards it. */
export interface Bench extends AsyncDisposable {
  sim: SapSimulator;
  system: System;
  confirm: Target<OperationConfirmation>;
  move: Target<GoodsMovement>;
  orders: Source;
}

export interface BenchOptions {
  sim?: SapSimulatorOptions;
  s4?: Partial<S4Options>;
  clock?: Clock;
}

/** Orders 1 to 9 of 100 PUMP-100, operation 0010 with a backflushed ROTOR-100 each, in plant 1010; stock of ROTOR-100. */
export async function openBench({
  sim: simOptions,
  s4: options,
  clock = systemClock,
}: BenchOptions = {}): Promise<Bench> {
  const sim = await startSapSimulator({ clock, ...simOptions });
  for (let n = 1; n <= 9; n++) addPumpOrder(sim, String(n));
  sim.plant.setStock({ material: "ROTOR-100", plant: "1010", storageLocation: "0001", quantity: "100000" });
  const definition = s4({
    name: "s4",
    url: sim.url,
    client: "100",
    username: sim.username,
    password: Secret.generated("test", sim.password),
    zone: "Europe/Berlin",
    settleMs: 0,
    timeoutMs: 20_000,
    ...options,
  });
  const system = await definition.open({ clock, random: () => 0.5, log: silentLog });
  const { confirmOperation, goodsMovement } = system.targets;
  const { productionOrders } = system.sources;
  if (!confirmOperation || !goodsMovement || !productionOrders) throw new Error("The system lacks an operation.");
  const close = async () => {
    await system.close();
    await sim.close();
  };
  return {
    sim,
    system,
    confirm: confirmOperation as unknown as Target<OperationConfirmation>,
    move: goodsMovement as unknown as Target<GoodsMovement>,
    orders: productionOrders,
    [Symbol.asyncDispose]: close,
  };
}

/** Takes the simulator away, and lets the connector see that its idle connections are gone. */
export async function takeAway({ sim }: Bench): Promise<void> {
  await sim.goOffline();
  await settled();
}

export function addPumpOrder(sim: SapSimulator, order: string): void {
  sim.plant.addOrder({
    order,
    material: "PUMP-100",
    plant: "1010",
    quantity: "100",
    unit: "PCE",
    operations: [{ operation: "0010", workCenter: "ASSEMBLY" }, { operation: "0020" }],
    components: [{ material: "ROTOR-100", quantity: "100", unit: "PCE", operation: "0010", backflush: true }],
    start: { date: "2026-01-05", time: "06:00:00" },
    end: { date: "2026-01-05", time: "14:00:00" },
  });
}

export function aConfirmation(more: Partial<OperationConfirmation> = {}): OperationConfirmation {
  return { order: "1", operation: "0010", yield: "5", unit: "H87", ...more };
}

export function aTransfer(more: { material?: string; quantity?: string } = {}): GoodsMovement {
  const stock = { material: "ROTOR-100", plant: "1010", storageLocation: "0001", quantity: "2", unit: "H87", ...more };
  return { kind: "transfer", postedAt: "2026-01-05T08:00:00+01:00", items: [{ ...stock, toStorageLocation: "0002" }] };
}

export function anItem<T>(value: T, token = "t-1"): Item<T> {
  return { token, key: "k", value, attempt: 1, receivedTime: Date.now() };
}

/** Sends one item as the engine does; what is thrown comes back as the error. */
export async function sendOne<T>(target: Target<T>, item: Item<T>, signal = running()): Promise<Outcome> {
  const [outcome] = await target.send([item], signal);
  if (!outcome) throw new Error("The target gave no outcome.");
  return outcome;
}

export async function find<T>(target: Target<T>, item: Item<T>) {
  if (target.repeat.kind !== "lookup") throw new Error("The target is not one that looks up.");
  return target.repeat.find(item, running());
}

export function running(): AbortSignal {
  return new AbortController().signal;
}

/** Moves the clock on until a promise has settled, for what waits between its tries. */
export async function untilSettled<T>(promise: Promise<T>, clock: FakeClock): Promise<T> {
  const state = { settled: false };
  const settle = () => {
    state.settled = true;
  };
  promise.then(settle, settle);
  for (;;) {
    await eventually("it waits or has settled", () => state.settled || clock.timers > 0);
    if (state.settled) return promise;
    await clock.advance(1_000);
  }
}
