import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { Aedes } from "aedes";
import { connectAsync } from "mqtt";
import type { IClientOptions } from "mqtt";
import { freePort } from "@lineshaft/testing/free-port";

/** A broker on a free port of 127.0.0.1. */
export interface Broker extends AsyncDisposable {
  readonly port: number;
  /** Ends it and starts it again with what it had kept. */
  restart(): Promise<void>;
}

export interface AedesBroker extends Broker {
  readonly aedes: Aedes;
}

/** MQTT 3.1.1 in this process. Its sessions survive `restart`, as those of a broker with a disk do. */
export async function startAedes(): Promise<AedesBroker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<net.Socket>();
  const serve = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    aedes.handle(socket);
  };
  let server = net.createServer(serve).listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  const stop = async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    aedes,
    port,
    async restart() {
      await stop();
      server = net.createServer(serve).listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

/** A foreign client that publishes with QoS 1, through restarts of the broker. */
export interface Publisher extends AsyncDisposable {
  publish(topic: string, raw: string | Uint8Array): Promise<void>;
}

export async function connectPublisher(url: string, options: IClientOptions = {}): Promise<Publisher> {
  const client = await connectAsync(url, { reconnectPeriod: 20, ...options });
  // While the broker is away each try fails; the client goes on trying by itself.
  client.on("error", () => {});
  return {
    publish: async (topic, raw) => {
      await client.publishAsync(topic, Buffer.from(raw), { qos: 1 });
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}

/** Where mosquitto is, or undefined. Debian keeps it in a folder only root has on its PATH. */
export function findMosquitto(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, "mosquitto")).find(isExecutable);
}

export interface MosquittoOptions {
  program: string;
  /** Lines of its configuration that belong to the listener. */
  listener?: readonly string[];
}

/** A real mosquitto in a folder of its own, which keeps its sessions there. */
export async function startMosquitto({ program, listener = [] }: MosquittoOptions): Promise<Broker> {
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-mosquitto-"));
  const port = await freePort();
  const configuration = [
    `user ${userInfo().username}`,
    "persistence true",
    `persistence_location ${folder}/`,
    "max_queued_messages 0",
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    ...listener,
  ];
  const path = join(folder, "mosquitto.conf");
  writeFileSync(path, `${configuration.join("\n")}\n`);
  let broker = await launch(program, path, port);
  const stop = async () => {
    const ended = once(broker, "exit");
    broker.kill("SIGTERM");
    await ended;
  };
  return {
    port,
    async restart() {
      await stop();
      broker = await launch(program, path, port);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(program: string, configuration: string, port: number): Promise<ChildProcess> {
  const broker = spawn(program, ["-c", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  // A test that runs into its time limit disposes of nothing.
  const end = () => broker.kill();
  process.once("exit", end);
  broker.once("exit", () => process.off("exit", end));
  let said = "";
  broker.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  while (!(await answers(port))) {
    if (broker.exitCode !== null) throw new Error(`mosquitto ended with ${broker.exitCode}: ${said}`);
  }
  return broker;
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

export function portOf(server: net.Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
