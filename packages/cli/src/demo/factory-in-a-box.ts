import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Clock, type Ledger, type Log, Secret, systemClock } from "@lineshaft/core";
import type { HubDefinition } from "@lineshaft/engine";
import { provision } from "@lineshaft/odoo";
import {
  type MesDay,
  type MesOrder,
  type OdooSimulator,
  type SapSimulator,
  startMesSimulator,
  startOdooSimulator,
  startSapSimulator,
} from "@lineshaft/simulators";
import { type RunningHub, runHub } from "../run-hub.ts";
import { DemoBroker } from "./broker.ts";
import { type DemoState, type FactoryAddresses, loadFactory, readDemoState, writeDemoState } from "./demo-folder.ts";
import { type DemoStore, type DemoStoreKind, openDemoStore } from "./demo-store.ts";
import { DemoWorker } from "./demo-worker.ts";
import { HALL, Hall } from "./hall.ts";
import { OrderPlanner } from "./order-planner.ts";
import { seedMasterData, seedOrders } from "./plant-seeding.ts";
import { rebuildSimulators } from "./rebuild.ts";
import { SimulatorFaults } from "./simulator-faults.ts";

export interface FactoryOptions {
  /** Folder of the demo's state. */
  data: string;
  port: number;
  mqttPort: number;
  httpPort: number;
  ledger: DemoStoreKind;
  /** Hub processes, this one among them. */
  workers: number;
  /** How many times faster than real time the plant's day passes. */
  speed: number;
  version: string;
  log: Log;
  clock?: Clock;
  random?: () => number;
  progress: (line: string) => void;
}

export interface Factory {
  readonly running: RunningHub;
  readonly addresses: FactoryAddresses;
  /** Deliveries of earlier starts that stand again in the simulators. */
  readonly rebuilt: number;
  readonly odoo: OdooSimulator;
  readonly sap: SapSimulator;
  /** Behind its gateway; it may still be starting. */
  readonly hall: Hall;
  /** The hub's other processes. */
  readonly workers: readonly { url: string; pid: number }[];
  stop(): Promise<void>;
}

/** Orders that the plant works off in a day; with the default speed something happens every second or so. */
export const ORDERS_A_DAY = 90;

/** Holds the ledger while the simulators are brought back. */
const REBUILDER = "demo";
/** Odoo's version that is simulated. */
const ODOO_VERSION = 19;

/**
 * Starts broker, simulators, hub and plant, in this order, and then lets hall 2 start by itself. The plant begins a new day
 * with new orders at each start; the ledger, and with it what stands in the simulators, goes on, and so do the machines.
 *
 * @throws LineshaftError `ledger-busy` when a demo runs on this folder already, `port-taken`
 */
export async function startFactory(options: FactoryOptions): Promise<Factory> {
  const { data, clock = systemClock, random = Math.random, log, progress } = options;
  const open = new AsyncDisposableStack();
  try {
    mkdirSync(resolve(data), { recursive: true });
    const store = open.use(await openDemoStore(options.ledger, data));
    const ledger = open.use(await openAlone(store, clock));
    progress("Starting broker and simulators …");
    const broker = open.use(await DemoBroker.start(options.mqttPort));
    const pace = { real: false };
    const odoo = open.use(
      await startOdooSimulator({ version: ODOO_VERSION, clock: paced(clock, pace), latency: "real" }),
    );
    const sap = open.use(await startSapSimulator({ clock, password: randomBytes(12).toString("hex") }));
    seedMasterData(odoo, sap);
    const { orders = [], lineOrders = [] } = readDemoState(data) ?? {};
    seedOrders([...orders, ...lineOrders], odoo, sap);
    const addresses = await addressesOf({ ...options, ledgerAt: store.location, broker, odoo, sap });
    await provisionOdoo(odoo);
    const definition = await loadFactory(addresses);
    const rebuilt = await rebuild(definition, ledger, options);
    pace.real = true;
    // The hub takes the ledger over.
    await ledger.releaseLanes({ worker: REBUILDER });
    await ledger.close();
    const state: DemoState = { addresses, orders, lineOrders };
    const books = { odoo, sap, keep: () => writeDemoState(data, state), state };
    const hall = prepareHall({ ...options, clock, random, ...books });
    const faults = open.use(new SimulatorFaults({ odoo, sap, broker, hall, clock }));
    const running = await runHub({ definition, port: options.port, log, version: options.version, clock, faults });
    open.defer(() => running.stop());
    const workers = [];
    for (let n = 2; n <= options.workers; n++)
      workers.push(open.use(await DemoWorker.start({ n, data, addresses, version: options.version })));
    books.keep();
    const mes = await startPlant({ ...options, clock, random, ...books });
    open.defer(() => mes.stop());
    hall.begin();
    // Before the hub: what the machines still say is taken.
    open.defer(() => hall[Symbol.asyncDispose]());
    const stack = open.move();
    return { running, addresses, rebuilt, odoo, sap, hall, workers, stop: () => stack.disposeAsync() };
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}

/** Opens the ledger and takes its lanes, so that nobody works on it meanwhile. */
async function openAlone(store: DemoStore, clock: Clock): Promise<Ledger> {
  const ledger = await store.open(clock);
  try {
    await ledger.claimLanes({ worker: REBUILDER, leaseMs: 1_000 });
    return ledger;
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

/** Odoo takes its time as a real one does, but not while it is brought back to where it was. */
function paced(clock: Clock, pace: { real: boolean }): Clock {
  return { ...clock, sleep: (ms, signal) => clock.sleep(pace.real ? ms : 0, signal) };
}

async function addressesOf({
  data,
  ledgerAt,
  httpPort,
  broker,
  odoo,
  sap,
}: FactoryOptions & {
  ledgerAt: string;
  broker: DemoBroker;
  odoo: OdooSimulator;
  sap: SapSimulator;
}): Promise<FactoryAddresses> {
  const { freePort } = await import("@lineshaft/testing/free-port");
  const hub = odoo.users.find(({ login }) => login === "hub");
  return {
    FACTORY_LEDGER: ledgerAt,
    FACTORY_MQTT_URL: broker.url,
    FACTORY_MQTT_VERSION: "4",
    FACTORY_HTTP_PORT: String(httpPort),
    FACTORY_GATEWAY_HOST: "127.0.0.1",
    FACTORY_GATEWAY_PORT: String(await freePort()),
    FACTORY_AUTHORITY: join(resolve(data), "gateways"),
    FACTORY_ODOO_URL: odoo.url,
    FACTORY_ODOO_DATABASE: odoo.database,
    FACTORY_ODOO_LOGIN: hub?.login ?? "",
    FACTORY_ODOO_KEY: hub?.key ?? "",
    FACTORY_S4_URL: sap.url,
    FACTORY_S4_USER: sap.username,
    FACTORY_S4_PASSWORD: sap.password,
    // The simulator has posted when it loses an answer.
    FACTORY_S4_SETTLE_MS: "2000",
    FACTORY_S4_POLL_MS: "2000",
  };
}

/** As an administrator of a real one would, by `lineshaft odoo provision`. */
async function provisionOdoo({ url, database, users }: OdooSimulator): Promise<void> {
  const admin = users.find(({ login }) => login === "admin");
  await provision({
    url,
    database,
    adminLogin: "admin",
    adminKey: Secret.generated("demo administrator", admin?.key ?? ""),
    hubLogin: "hub",
  });
}

async function rebuild(definition: HubDefinition, ledger: Ledger, { log, progress }: FactoryOptions): Promise<number> {
  const { done, refused } = await rebuildSimulators({
    definition,
    ledger,
    log,
    progress: (count) => progress(`Bringing the simulators back to what the ledger says: ${count} deliveries …`),
  });
  if (refused > 0) log.warn("the simulators did not take back everything that the ledger holds", { refused });
  return done;
}

/** What the office has of the plant, and where that is kept. */
interface Books {
  odoo: OdooSimulator;
  sap: SapSimulator;
  state: DemoState;
  keep: () => void;
}

interface PlantOptions extends FactoryOptions, Books {
  clock: Clock;
  random: () => number;
}

function startPlant(options: PlantOptions): ReturnType<typeof startMesSimulator> {
  const { speed, clock, random, odoo, sap, state, keep } = options;
  const numbers = state.orders.map(({ productionOrder }) => Number(productionOrder));
  const firstOrder = Math.max(1_000_000, ...numbers) + 1;
  return startMesSimulator({
    brokerUrl: state.addresses.FACTORY_MQTT_URL,
    speed,
    clock,
    random,
    plan: { seed: Math.floor(random() * 2 ** 31), orders: ORDERS_A_DAY, firstOrder },
    onDay: (day: MesDay) => {
      seedOrders(day.orders, odoo, sap);
      state.orders = [...state.orders, ...day.orders];
      keep();
    },
  });
}

/** The line's machines are as much faster than real ones as the plant's day is, within what can be watched and counted. */
const CYCLE_MS = { real: 120_000, least: 200, most: 60_000 };

function prepareHall(options: PlantOptions): Hall {
  const { data, speed, clock, random, log, odoo, sap, state, keep } = options;
  const planner = new OrderPlanner({
    orders: state.lineOrders,
    random,
    release: (order) => {
      seedOrders([order], odoo, sap);
      state.lineOrders = [...planner.orders];
      keep();
    },
  });
  return Hall.prepare({
    folder: join(resolve(data), HALL),
    addresses: state.addresses,
    planner,
    booked: () => bookedIn(odoo, planner.orders),
    seed: Math.floor(random() * 2 ** 31),
    cycleMs: Math.min(CYCLE_MS.most, Math.max(CYCLE_MS.least, CYCLE_MS.real / speed)),
    clock,
    log,
  });
}

/** Pieces of these orders that stand in Odoo, by work center. */
function bookedIn(odoo: OdooSimulator, orders: readonly MesOrder[]): Map<string, number> {
  const machines = new Map(orders.map(({ productionOrder, workCenter }) => [productionOrder, workCenter]));
  const booked = new Map<string, number>();
  for (const { origin, produced } of odoo.state().orders) {
    const machine = machines.get(origin);
    if (machine !== undefined) booked.set(machine, (booked.get(machine) ?? 0) + produced);
  }
  return booked;
}
