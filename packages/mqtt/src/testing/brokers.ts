import { once } from "node:events";
import net from "node:net";
import { Aedes } from "aedes";
import { connectAsync } from "mqtt";
import type { IClientOptions } from "mqtt";

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

export function portOf(server: net.Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}
