import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A moment in the life of one call that completes orders: Odoo has the whole request, or has answered and nobody heard it yet. */
export type Moment = "asked" | "answered";

/** The way between a hub and an Odoo, where calls can be met at a known moment, held back, or refused. */
export class OdooGate implements AsyncDisposable {
  readonly #target: URL;
  #server: Server | undefined;
  #port = 0;
  #met: { moment: Moment; act: () => Promise<void> } | undefined;
  #opened: { promise: Promise<void>; resolve: () => void } | undefined;
  /** Calls that completed orders and reached Odoo. */
  completions = 0;
  /** Calls that are held back now. */
  held = 0;

  private constructor(target: string) {
    this.#target = new URL(target);
  }

  static async open(target: string): Promise<OdooGate> {
    const gate = new OdooGate(target);
    await gate.#listen(0);
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Does something once, at this moment of the next call that completes orders; resolves when it is done. */
  meet(moment: Moment, act: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#met = { moment, act: () => act().then(resolve, reject) };
    });
  }

  /** Calls are taken and nothing more happens to them, as with a frozen server, until `release`. */
  hold(): void {
    this.#opened = Promise.withResolvers<void>();
  }

  release(): void {
    this.#opened?.resolve();
    this.#opened = undefined;
  }

  /** Connections are refused, and those that stand are cut. */
  async outage(on: boolean): Promise<void> {
    if (!on) return this.#server ? undefined : this.#listen(this.#port);
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await this.outage(true);
  }

  async #listen(port: number): Promise<void> {
    const server = createServer((incoming, outgoing) => {
      this.#carry(incoming, outgoing).catch(() => outgoing.destroy());
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async #carry(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming);
    if (this.#opened) {
      this.held += 1;
      await this.#opened.promise;
      this.held -= 1;
    }
    const completes = body.includes('"operation":"completeOrder"');
    if (completes) this.completions += 1;
    const { hostname, port } = this.#target;
    const headers = { ...incoming.headers, host: this.#target.host, connection: "close" };
    const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers });
    // Whoever asks and dies hangs up on Odoo too, as without a gate.
    outgoing.once("close", () => onward.destroy());
    const responded = once(onward, "response") as Promise<[IncomingMessage]>;
    const sent = new Promise<void>((resolve) => void onward.end(body, () => resolve()));
    if (completes) await Promise.all([sent.then(() => this.#reach("asked")), responded]);
    const [answer] = await responded;
    const answered = await bytesOf(answer);
    if (completes) await this.#reach("answered");
    const type = answer.headers["content-type"];
    outgoing.writeHead(answer.statusCode ?? 502, type === undefined ? {} : { "content-type": type });
    outgoing.end(answered);
  }

  async #reach(moment: Moment): Promise<void> {
    const met = this.#met;
    if (met?.moment !== moment) return;
    this.#met = undefined;
    await met.act();
  }
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
