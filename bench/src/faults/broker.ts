import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, writeFileSync } from "node:fs";
import net from "node:net";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { Aedes } from "aedes";
import { pause } from "../pause.ts";
import { freePort } from "@lineshaft/testing/free-port";

/** A broker on a free port of 127.0.0.1. */
export interface Broker extends AsyncDisposable {
  readonly name: "mosquitto" | "aedes";
  readonly url: string;
  readonly protocolVersion: 4 | 5;
  /** Ends it and starts it again with the sessions and messages it had kept. */
  restart(): Promise<void>;
}

/** Longest wait for a broker to listen, in ms. */
const LISTEN_MS = 10_000;

/** A real mosquitto where one is installed, otherwise aedes in this process. */
export async function startBroker(folder: string): Promise<Broker> {
  const program = findMosquitto();
  return program === undefined ? startAedes() : startMosquitto(program, folder);
}

function findMosquitto(): string | undefined {
  // Debian keeps it in a folder that only root has on its PATH.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, "mosquitto")).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function startMosquitto(program: string, folder: string): Promise<Broker> {
  const port = await freePort();
  const configuration = join(folder, "mosquitto.conf");
  const lines = [
    `user ${userInfo().username}`,
    "persistence true",
    `persistence_location ${folder}/`,
    "max_queued_messages 0",
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
  ];
  writeFileSync(configuration, `${lines.join("\n")}\n`);
  let broker = await launch(program, configuration, port);
  const stop = async () => {
    const ended = once(broker, "exit");
    broker.kill("SIGTERM");
    await ended;
  };
  return {
    name: "mosquitto",
    url: `mqtt://127.0.0.1:${port}`,
    protocolVersion: 5,
    async restart() {
      await stop();
      broker = await launch(program, configuration, port);
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function launch(program: string, configuration: string, port: number): Promise<ChildProcess> {
  const broker = spawn(program, ["-c", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  broker.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  const end = performance.now() + LISTEN_MS;
  while (!(await answers(port))) {
    if (broker.exitCode !== null || performance.now() > end)
      throw new Error(`${program} does not listen on port ${port}. It said: ${said}`);
    await pause(20);
  }
  return broker;
}

async function startAedes(): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<net.Socket>();
  const serve = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    aedes.handle(socket);
  };
  const port = await freePort();
  let server = await listen(serve, port);
  const stop = async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    name: "aedes",
    url: `mqtt://127.0.0.1:${port}`,
    protocolVersion: 4,
    async restart() {
      await stop();
      server = await listen(serve, port);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

async function listen(serve: (socket: net.Socket) => void, port: number): Promise<net.Server> {
  const server = net.createServer(serve).listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
