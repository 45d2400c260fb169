import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** `there`: towards the server. */
export type Direction = "there" | "back" | "both";

export interface Destination {
  host?: string;
  port: number;
}

/**
 * A line to a server that fails in the ways that networks do, for all of its connections at once. What a server or a client
 * does by itself passes through: data, the end of a stream, a reset.
 */
export class FaultProxy implements AsyncDisposable {
  /** Where new connections lead. Those that are open stay where they are. */
  to: Destination;
  /** New connections are reset. */
  refusing = false;
  /** How much later everything arrives, in order, ms. */
  delayMs = 0;
  readonly host: string;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #swallowing: Direction | undefined;

  private constructor(server: Server, to: Destination, host: string) {
    this.#server = server;
    this.to = to;
    this.host = host;
    server.on("connection", (client) => this.#join(client));
  }

  /** Listens on `port` of `host`; default a free one. */
  static async open(to: Destination, host = "127.0.0.1", port = 0): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true }).listen(port, host);
    await once(server, "listening");
    return new FaultProxy(server, to, host);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Both ends of each connection are told that it broke. */
  reset(): void {
    for (const pair of this.#pairs) pair.reset();
  }

  /**
   * Connections stay open, and what goes in this direction is lost, their end too: nobody is told. Those that are open now
   * remain so for good, because bytes are missing; those that come are whole again after `heal`.
   */
  swallow(direction: Direction): void {
    this.#swallowing = direction;
    for (const pair of this.#pairs) pair.swallow(direction);
  }

  /** New connections are well. */
  heal(): void {
    this.#swallowing = undefined;
    this.refusing = false;
    this.delayMs = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.reset();
    await closed;
  }

  #join(client: Socket): void {
    if (this.refusing) return void client.resetAndDestroy();
    const server = connect({ host: "127.0.0.1", ...this.to, allowHalfOpen: true });
    const pair = new Pair(client, server, () => this.delayMs);
    if (this.#swallowing !== undefined) pair.swallow(this.#swallowing);
    this.#pairs.add(pair);
    for (const socket of [client, server])
      socket.on("close", () => {
        if (client.destroyed && server.destroyed) this.#pairs.delete(pair);
      });
  }
}

/** A client's connection and the one that it leads to. */
class Pair {
  readonly #ends: readonly [Socket, Socket];
  readonly #lost = { there: false, back: false };

  constructor(client: Socket, server: Socket, delayMs: () => number) {
    this.#ends = [client, server];
    this.#carry(client, server, "there", delayMs);
    this.#carry(server, client, "back", delayMs);
  }

  swallow(direction: Direction): void {
    if (direction !== "back") this.#lost.there = true;
    if (direction !== "there") this.#lost.back = true;
  }

  reset(): void {
    for (const socket of this.#ends) socket.resetAndDestroy();
  }

  #carry(from: Socket, to: Socket, direction: "there" | "back", delayMs: () => number): void {
    // Timers of different lengths may fire in another order than they are due: what waits does so in one row, and one timer takes its head.
    const row: { dueAt: number; step: () => void }[] = [];
    const passDue = () => {
      for (let head = row[0]; head !== undefined; head = row[0]) {
        const waitMs = head.dueAt - performance.now();
        if (waitMs > 0) return void setTimeout(passDue, waitMs);
        row.shift();
        if (!this.#lost[direction]) head.step();
      }
    };
    const pass = (step: () => void) => {
      row.push({ dueAt: performance.now() + delayMs(), step });
      if (row.length === 1) passDue();
    };
    from.setNoDelay(true);
    from.on("data", (data) => pass(() => void to.write(data)));
    from.on("end", () => pass(() => void to.end()));
    // An error is followed by `close`, which carries it on.
    from.on("error", () => undefined);
    from.on("close", (broken) => {
      if (broken) pass(() => void to.resetAndDestroy());
    });
  }
}
