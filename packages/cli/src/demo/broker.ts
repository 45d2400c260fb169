import { once } from "node:events";
import { type Server, type Socket, createServer } from "node:net";
import { LineshaftError } from "@lineshaft/core";
import { Aedes } from "aedes";

/** An MQTT 3.1.1 broker in this process, on 127.0.0.1, that can go away for a while. */
export class DemoBroker implements AsyncDisposable {
  readonly #aedes: Aedes;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #port: number;

  private constructor(aedes: Aedes, port: number) {
    this.#aedes = aedes;
    this.#port = port;
    this.#server = this.#createServer();
  }

  /** @throws LineshaftError `port-taken` */
  static async start(port: number): Promise<DemoBroker> {
    const broker = new DemoBroker(await Aedes.createBroker(), port);
    await broker.comeBack();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  /** Listens, at the same port as before. */
  async comeBack(): Promise<void> {
    if (this.#server.listening) return;
    this.#server = this.#createServer();
    try {
      await once(this.#server.listen(this.#port, "127.0.0.1"), "listening");
    } catch (cause) {
      throw new LineshaftError("port-taken", `Port ${this.#port} for the MQTT broker is in use by another process.`, {
        next: "Stop that process, or choose another port with --mqtt-port.",
        cause,
      });
    }
    this.#port = (this.#server.address() as { port: number }).port;
  }

  /** Cuts every connection and takes no new ones. Sessions and what waits in them are kept. */
  async goAway(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goAway();
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
  }

  #createServer(): Server {
    return createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      this.#aedes.handle(socket);
    });
  }
}
