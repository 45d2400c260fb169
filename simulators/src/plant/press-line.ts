import type { Clock } from "@lineshaft/core";
import { ORDERS_KNOWN } from "./limits.ts";
import { type OrderTaken, startLineTerminal } from "./line-terminal.ts";
import { type LineOrder, Machine, type MachineMemory, type MachineState } from "./machine.ts";
import { startModbusDevice } from "./modbus-device.ts";
import { startOpcUaMachines } from "./opcua-machines.ts";
import { startSparkplugDevice } from "./sparkplug-device.ts";

/** The line's machines, and what reads them. */
export const pressLineMachines = [
  { name: "PRESS-11", protocol: "OPC UA" },
  { name: "PRESS-12", protocol: "OPC UA" },
  { name: "TESTER-3", protocol: "Sparkplug B" },
  { name: "PACKER-4", protocol: "Modbus TCP" },
] as const;

export type PressLineMachine = (typeof pressLineMachines)[number]["name"];

/** Where the Sparkplug device is, and the host application that it waits for. */
export const SPARKPLUG = { group: "Hall-2", edgeNode: "line-1", primaryHost: "hall-2" } as const;

export interface PressLineOptions {
  /** The same seed and clock give the same pieces. */
  seed: number;
  clock: Clock;
  /** Where the Sparkplug device connects. */
  brokerUrl: string;
  /** Keeps the OPC UA server's key and certificate. */
  folder: string;
  /** Time that one piece takes, in ms. */
  cycleMs: number;
  /** Of all pieces, those that are scrap, jam or get too hot; see `Machine`. */
  scrapShare?: number;
  troubleShare?: number;
  memory?: PressLineMemory | undefined;
  /** Keeps what the machines know again after a power cut. Called before a change can be read by anybody. */
  remember?: (memory: PressLineMemory) => void;
  /** Called after a change of any machine. */
  onChange?: () => void;
}

export interface PressLineMemory {
  machines: Partial<Record<string, MachineMemory>>;
  /** The newest orders that came, so that one that comes again is known. */
  orders: string[];
}

/** A machine as its own screen shows it. */
export interface MachineView {
  name: PressLineMachine;
  protocol: string;
  state: MachineState;
  /** Why it stands; empty while it runs. */
  reason: string;
  order: string;
  good: number;
  scrap: number;
  /** Orders that wait at it, the next one first. */
  waiting: string[];
}

export interface PressLine extends AsyncDisposable {
  readonly opcua: { endpoint: string; certificate: string };
  readonly modbusPort: number;
  /** `POST /orders`. */
  readonly terminalUrl: string;
  /** The machines begin to work; until then they stand, so that whoever reads them sees their counters first. */
  run(): void;
  machines(): MachineView[];
}

/**
 * A production line on 127.0.0.1: two presses behind an OPC UA server, a tester behind a Sparkplug B edge node, a packer
 * with an energy meter on Modbus TCP, and the terminal that takes orders for them.
 */
export async function startPressLine(options: PressLineOptions): Promise<PressLine> {
  const { clock, brokerUrl, folder, memory, remember = () => {}, onChange = () => {} } = options;
  const machines = pressLineMachines.map(({ name }, at) => machineOf(name, at, options));
  const known = [...(memory?.orders ?? [])];
  const keep = () =>
    remember({
      machines: Object.fromEntries(machines.map((machine) => [machine.name, machine.memory])),
      orders: known,
    });
  const [press11, press12, tester, packer] = machines;
  if (press11 === undefined || press12 === undefined || tester === undefined || packer === undefined)
    throw new Error("the line has four machines");
  await using open = new AsyncDisposableStack();
  const opcua = open.use(await startOpcUaMachines({ machines: [press11, press12], folder, clock }));
  const sparkplug = open.use(startSparkplugDevice({ machine: tester, brokerUrl, clock, ...SPARKPLUG }));
  const modbus = open.use(await startModbusDevice(packer));
  const show = (machine: Machine, shown: () => void) => {
    machine.changed = () => {
      keep();
      shown();
      onChange();
    };
    open.defer(() => machine.stop());
  };
  show(press11, () => opcua.show(press11));
  show(press12, () => opcua.show(press12));
  show(tester, () => sparkplug.show());
  show(packer, () => modbus.show());
  const terminal = open.use(await startLineTerminal((order) => takeOrder(order, machines, known)));
  const stack = open.move();
  return {
    opcua: { endpoint: opcua.endpoint, certificate: opcua.certificate },
    modbusPort: modbus.port,
    terminalUrl: terminal.url,
    run: () => machines.forEach((machine) => machine.run()),
    machines: () => machines.map((machine, at) => viewOf(machine, at)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function machineOf(name: PressLineMachine, at: number, options: PressLineOptions): Machine {
  const { seed, clock, cycleMs, scrapShare, troubleShare, memory } = options;
  const kept = memory?.machines[name];
  return new Machine({
    name,
    seed: seed + at,
    clock,
    cycleMs,
    ...(scrapShare !== undefined && { scrapShare }),
    ...(troubleShare !== undefined && { troubleShare }),
    ...(kept !== undefined && { memory: kept }),
  });
}

function takeOrder(order: LineOrder, machines: readonly Machine[], known: string[]): OrderTaken {
  const machine = machines.find(({ name }) => name === order.workCenter);
  if (machine === undefined) return "unknown-work-center";
  if (known.includes(order.productionOrder)) return "known";
  known.push(order.productionOrder);
  if (!machine.take(order)) {
    known.pop();
    return "too-many";
  }
  if (known.length > ORDERS_KNOWN) known.shift();
  return "taken";
}

function viewOf({ name, state, reason, memory }: Machine, at: number): MachineView {
  const { good, scrap, order, waiting } = memory;
  return {
    name: name as PressLineMachine,
    protocol: pressLineMachines[at]?.protocol ?? "",
    state,
    reason,
    order: order?.productionOrder ?? "",
    good,
    scrap,
    waiting: waiting.map(({ productionOrder }) => productionOrder),
  };
}
