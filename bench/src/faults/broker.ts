import { once } from "node:events";
import net from "node:net";
import { freePort } from "@lineshaft/testing/free-port";
import { Mosquitto, findProgram } from "@lineshaft/testing/mosquitto";
import { Aedes } from "aedes";

/** A broker on a free port of 127.0.0.1. */
export interface Broker extends AsyncDisposable {
  readonly name: "mosquitto" | "aedes";
  readonly url: string;
  readonly protocolVersion: 4 | 5;
  /** Ends it and starts it again with the sessions and messages it had kept. */
  restart(): Promise<void>;
}

/** A real mosquitto where one is installed, otherwise aedes in this process. */
export async function startBroker(): Promise<Broker> {
  const program = findProgram("mosquitto");
  return program === undefined ? startAedes() : startMosquitto(program);
}

async function startMosquitto(program: string): Promise<Broker> {
  const broker = await Mosquitto.start(program);
  return {
    name: "mosquitto",
    url: broker.url,
    protocolVersion: 5,
    restart: () => broker.restart(),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
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
