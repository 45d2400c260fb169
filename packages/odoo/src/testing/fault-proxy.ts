import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands between the hub and an Odoo, real or not, and loses answers or everything on demand. */
export class FaultProxy implements AsyncDisposable {
  readonly #target: URL;
  #server: Server | undefined;
  #port = 0;
  #dropAt = 0;
  #arrival: (() => void) | undefined;
  /** Calls that changed something or may have: all but version and sign-in. */
  calls = 0;

  private constructor(target: string) {
    this.#target = new URL(target);
  }

  static async open(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await proxy.#listen(0);
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The next call that changes something, or the one after `skipping` of them, is carried through and its answer lost. */
  dropNextAnswer(skipping = 0): void {
    this.#dropAt = this.calls + skipping + 1;
  }

  /** Resolves when the next call that changes something is on its way to Odoo. */
  nextArrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrival = resolve;
    });
  }

  /** Nobody listens any more: connections are refused. */
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
    const { hostname, port } = this.#target;
    const { method, url: path } = incoming;
    const headers = { ...incoming.headers, host: this.#target.host, connection: "close" };
    const onward = request({ hostname, port, path, method, headers });
    onward.end(body);
    if (isEffect(path ?? "", body)) this.#arrival?.();
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    const answered = await bytesOf(answer);
    if (isEffect(path ?? "", body)) {
      this.calls += 1;
      if (this.calls === this.#dropAt) {
        outgoing.destroy();
        return;
      }
    }
    const type = answer.headers["content-type"];
    outgoing.writeHead(answer.statusCode ?? 502, type === undefined ? {} : { "content-type": type });
    outgoing.end(answered);
  }
}

const READS = ["search_read", "search", "read", "search_count", "fields_get", "authenticate", "version"];

function isEffect(path: string, body: Buffer): boolean {
  if (!path.startsWith("/json")) return false;
  if (path.startsWith("/json/2/")) return !READS.includes(path.split("/").at(-1) ?? "");
  const { params } = JSON.parse(body.toString()) as { params: { method: string; args: unknown[] } };
  return params.method === "execute_kw" && !READS.includes(String(params.args[4]));
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
