import { once } from "node:events";
import { type AddressInfo, type Socket, createServer } from "node:net";
import Modbus from "jsmodbus";
import { type Machine, machineStates } from "./machine.ts";

/** Holding registers of the device, by address. Numbers of two registers have the more significant one first. */
export const modbusRegisters = {
  /** UInt32 */
  good: 0,
  /** UInt32 */
  scrap: 2,
  /** UInt32, Wh */
  energy: 4,
  /** UInt16, W */
  power: 6,
  /** UInt16, number of the PackML state */
  state: 7,
  /** Text of 20 characters, padded with nought */
  reason: 8,
  /** Text of 20 characters */
  product: 18,
  /** Text of 20 characters */
  order: 28,
} as const;

const TEXT_BYTES = 20;
const REGISTERS = 128;

export interface ModbusDevice extends AsyncDisposable {
  readonly port: number;
  /** Shows what the machine is now. */
  show(): void;
}

/** A Modbus TCP device with one machine's counters and its energy meter, on 127.0.0.1, as any unit. */
export async function startModbusDevice(machine: Machine): Promise<ModbusDevice> {
  const holding = Buffer.alloc(REGISTERS * 2);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // Whoever goes without a word is gone all the same.
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  void new Modbus.server.TCP(server, { holding });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const show = () => writeRegisters(holding, machine);
  show();
  return {
    port: (server.address() as AddressInfo).port,
    show,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** All in one go: a request is answered before or after it. */
function writeRegisters(holding: Buffer, { memory, powerW, state, reason }: Machine): void {
  const { order } = memory;
  const at = modbusRegisters;
  holding.writeUInt32BE(memory.good, at.good * 2);
  holding.writeUInt32BE(memory.scrap, at.scrap * 2);
  holding.writeUInt32BE(memory.energyWh, at.energy * 2);
  holding.writeUInt16BE(powerW, at.power * 2);
  holding.writeUInt16BE(machineStates[state], at.state * 2);
  writeText(holding, at.reason, reason);
  writeText(holding, at.product, order?.product ?? "");
  writeText(holding, at.order, order?.productionOrder ?? "");
}

function writeText(holding: Buffer, register: number, text: string): void {
  holding.fill(0, register * 2, register * 2 + TEXT_BYTES);
  holding.write(text.slice(0, TEXT_BYTES), register * 2, "latin1");
}
