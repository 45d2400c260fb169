import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import Modbus from "jsmodbus";

/** Tables of a device, as bytes. */
export interface Tables {
  holding: Buffer;
  input: Buffer;
  coils: Buffer;
  discrete: Buffer;
}

export interface Device extends AsyncDisposable, Tables {
  readonly port: number;
  /** Connections are cut and refused. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Registers of each table of a device. */
const TABLE_REGISTERS = 512;

/** A device of jsmodbus, with 512 registers of each kind and 8,192 bits. */
export async function startJsmodbus(): Promise<Device> {
  const tables: Tables = {
    holding: Buffer.alloc(TABLE_REGISTERS * 2),
    input: Buffer.alloc(TABLE_REGISTERS * 2),
    coils: Buffer.alloc(TABLE_REGISTERS * 2),
    discrete: Buffer.alloc(TABLE_REGISTERS * 2),
  };
  const listener = await listen((server) => void new Modbus.server.TCP(server, tables));
  return Object.assign(listener, tables);
}

/** A device that answers each request frame by hand, and records them all. */
export interface RawDevice extends AsyncDisposable {
  readonly port: number;
  readonly requests: Buffer[];
  /** Connections taken so far. */
  readonly connections: number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startRaw(answer: (request: Buffer, socket: Socket, nth: number) => void): Promise<RawDevice> {
  const requests: Buffer[] = [];
  let connections = 0;
  const listener = await listen((server) =>
    server.on("connection", (socket) => {
      connections++;
      let received = Buffer.alloc(0);
      socket.on("error", () => undefined);
      socket.on("data", (data) => {
        received = Buffer.concat([received, data]);
        for (; received.length >= 12; received = received.subarray(12)) {
          const request = Buffer.from(received.subarray(0, 12));
          requests.push(request);
          answer(request, socket, requests.length);
        }
      });
    }),
  );
  return Object.defineProperty(Object.assign(listener, { requests, connections }), "connections", {
    get: () => connections,
  });
}

/** A right answer to a request: registers or bits that hold their own address's low byte. */
export function answerTo(request: Buffer): Buffer {
  const code = request.readUInt8(7);
  const [address, count] = [request.readUInt16BE(8), request.readUInt16BE(10)];
  const values = Buffer.alloc(code <= 2 ? Math.ceil(count / 8) : count * 2);
  if (code > 2) for (let at = 0; at < count; at++) values.writeUInt16BE((address + at) & 0xffff, at * 2);
  return frame(request, Buffer.concat([Buffer.from([code, values.length]), values]));
}

/** As jsmodbus answers beyond the end of a table. */
export function emptyAnswerTo(request: Buffer): Buffer {
  return frame(request, Buffer.from([request.readUInt8(7), 0]));
}

export function exceptionTo(request: Buffer, exception: number): Buffer {
  return frame(request, Buffer.from([request.readUInt8(7) | 0x80, exception]));
}

function frame(request: Buffer, body: Buffer): Buffer {
  const header = Buffer.from(request.subarray(0, 7));
  header.writeUInt16BE(body.length + 1, 4);
  return Buffer.concat([header, body]);
}

async function listen(attach: (server: Server) => void) {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const sockets = new Set<Socket>();
  attach(server);
  let port = 0;
  const start = async () => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  };
  const stop = async () => {
    if (!server.listening) return;
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, "close");
  };
  await start();
  return { port, start, stop, [Symbol.asyncDispose]: stop };
}

const pymodbus = `
import sys
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusSlaveContext, ModbusServerContext
from pymodbus.server import StartTcpServer
block = lambda: ModbusSequentialDataBlock(0, [n * 257 % 65536 for n in range(100)])
bits = lambda: ModbusSequentialDataBlock(0, [n % 3 == 0 for n in range(100)])
unit = ModbusSlaveContext(hr=block(), ir=block(), co=bits(), di=bits(), zero_mode=True)
print("ready", flush=True)
StartTcpServer(context=ModbusServerContext(slaves={7: unit}, single=False), address=("127.0.0.1", int(sys.argv[1])))
`;

/** A device of pymodbus, unit 7, whose register n holds n × 257 and whose every third bit is set; undefined where Debian's package is missing. */
export async function startPymodbus(): Promise<({ port: number } & AsyncDisposable) | undefined> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  // Debian's own Python has Debian's packages.
  const python = spawn("/usr/bin/python3", ["-c", pymodbus, String(port)], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(python, "exit").catch(() => undefined);
  const ready = await Promise.race([once(python.stdout, "data"), ended.then(() => undefined)]);
  if (ready !== undefined) await answering(port);
  const dispose = async () => {
    python.kill("SIGKILL");
    await ended;
  };
  if (ready === undefined) return undefined;
  return { port, [Symbol.asyncDispose]: dispose };
}

/** It says that it is ready a moment before it listens. */
async function answering(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const there = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (there) return;
  }
}
