import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** The largest request Odoo itself takes, 128 MiB. */
export const MAX_BODY_BYTES = 128 * 1024 * 1024;

export interface HttpAnswer {
  status: number;
  body: unknown;
  headers?: Readonly<Record<string, string>>;
  /** JSON unless said otherwise. */
  type?: "html" | "json";
}

export interface HttpRequest {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** `undefined` for an answer that never comes: the connection is reset. */
export type Answering = (request: HttpRequest) => Promise<HttpAnswer | undefined>;

/** An HTTP server that can stop listening and come back on the same port. */
export class HttpFront {
  #server: Server | undefined;
  #port: number;
  readonly #answer: Answering;

  constructor(port: number, answer: Answering) {
    this.#port = port;
    this.#answer = answer;
  }

  get port(): number {
    return this.#port;
  }

  get listening(): boolean {
    return this.#server !== undefined;
  }

  async open(): Promise<void> {
    if (this.#server) return;
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Refuses new connections and resets the open ones. */
  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request);
      if (body === undefined) return send(response, { status: 413, body: "Request entity too large", type: "html" });
      const path = (request.url ?? "/").split("?")[0]!;
      const answer = await this.#answer({ method: request.method ?? "GET", path, headers: request.headers, body });
      if (answer) send(response, answer);
      else request.socket.destroy();
    } catch (error) {
      if (request.socket.destroyed) return;
      send(response, { status: 500, body: String(error), type: "html" });
    }
  }
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Odoo closes the connection after every answer. */
function send(response: ServerResponse, { status, body, headers, type = "json" }: HttpAnswer): void {
  response.writeHead(status, {
    server: "Werkzeug/2.2.2 Python/3.11.2",
    "content-type": type === "json" ? "application/json; charset=utf-8" : "text/html; charset=utf-8",
    connection: "close",
    ...headers,
  });
  response.end(type === "json" ? JSON.stringify(body) : String(body));
}
