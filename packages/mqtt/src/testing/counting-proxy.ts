import { once } from "node:events";
import net from "node:net";
import { parser } from "mqtt-packet";
import { portOf } from "./brokers.ts";

/** A wire between the source and a broker that counts what the source acknowledges, and can be cut. */
export interface CountingProxy extends AsyncDisposable {
  readonly port: number;
  readonly pubacks: number;
  /** Breaks all connections and refuses new ones until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export async function startCountingProxy(brokerPort: () => number, protocolVersion: 4 | 5): Promise<CountingProxy> {
  let pubacks = 0;
  const sockets = new Set<net.Socket>();
  const pass = (client: net.Socket) => {
    const broker = net.connect({ port: brokerPort(), host: "127.0.0.1", noDelay: true });
    const packets = parser({ protocolVersion });
    packets.on("packet", (packet) => {
      if (packet.cmd === "puback") pubacks++;
    });
    client.on("data", (chunk: Buffer) => packets.parse(chunk));
    client.pipe(broker).pipe(client);
    for (const socket of [client, broker]) {
      sockets.add(socket);
      // A broken end breaks the other one: that is what a wire does.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
  };
  let server = net.createServer({ noDelay: true }, pass).listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  const cut = async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port,
    get pubacks() {
      return pubacks;
    },
    cut,
    async mend() {
      server = net.createServer({ noDelay: true }, pass).listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await cut();
    },
  };
}
