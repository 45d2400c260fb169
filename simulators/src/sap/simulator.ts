import { systemClock } from "@lineshaft/core";
import type { Clock } from "@lineshaft/core";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { answerControl } from "./control.ts";
import { Faults } from "./faults.ts";
import type { Fault, FaultKind } from "./faults.ts";
import { Gateway } from "./gateway.ts";
import type { GatewayAnswer, RepeatabilityMode } from "./gateway.ts";
import { inspectionOf } from "./inspection.ts";
import type { SapInspection } from "./inspection.ts";
import { DEFAULT_PAGE_ROWS, MAX_BODY_BYTES, MAX_WAITING } from "./limits.ts";
import { Plant } from "./plant.ts";

export interface SapSimulatorOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  clock?: Clock;
  /** For session ids and seeded orders; default 1. */
  seed?: number;
  /** IANA zone of the plant; default Europe/Berlin. */
  zone?: string;
  username?: string;
  password?: string;
  /** Whether a RequestID is honoured; off as in most systems. `unconfigured`: refused, because its framework is not set up. */
  repeatability?: RepeatabilityMode;
  /** Posted at once, seen by readers only after so long, in ms; default 0. */
  updateDelayMs?: number;
  /** What each request takes, and each write within it, in ms; default nothing. Requests do not wait for one another. */
  latency?: { requestMs: number; writeMs: number };
  /** Rows on a page of the server's own making; default 1,000. */
  pageRows?: number;
  /** Whether the answer to a deep insert shows its items; default true. */
  answerItems?: boolean;
}

/** A running simulated SAP. Everything is in memory. */
export interface SapSimulator extends SapInspection, AsyncDisposable {
  /** `http://127.0.0.1:54321` */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** What it knows; orders, materials and stock are added here. */
  readonly plant: Plant;
  fault(fault: Fault): void;
  clearFaults(kind?: FaultKind): void;
  /** Changes how it behaves from now on. */
  configure(
    change: Partial<
      Pick<SapSimulatorOptions, "repeatability" | "updateDelayMs" | "pageRows" | "answerItems" | "password">
    >,
  ): void;
  /** Cuts all connections and refuses new ones. */
  goOffline(): Promise<void>;
  /** Takes connections again, at the same port. */
  goOnline(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a simulated SAP S/4HANA on 127.0.0.1. */
export async function startSapSimulator(options: SapSimulatorOptions = {}): Promise<SapSimulator> {
  const { port = 0, clock = systemClock, seed = 1, zone = "Europe/Berlin" } = options;
  const { username = "LINESHAFT", password = "lineshaft" } = options;
  const plant = new Plant(clock, zone);
  plant.updateDelayMs = options.updateDelayMs ?? 0;
  const faults = new Faults();
  const gateway = new Gateway({
    plant,
    faults,
    seed,
    username,
    password,
    repeatability: options.repeatability ?? "off",
    pageRows: options.pageRows ?? DEFAULT_PAGE_ROWS,
    answerItems: options.answerItems ?? true,
  });
  const inspection = inspectionOf(plant, gateway);
  const latency = options.latency ?? { requestMs: 0, writeMs: 0 };
  const parts = { gateway, plant, faults, inspection, clock, latency, waiting: 0 };
  const web = new Web((request, response) => serve(request, response, parts));
  await web.listen(port);
  return {
    ...inspection,
    get url() {
      return web.url;
    },
    username,
    password,
    plant,
    fault: (fault) => faults.add(fault),
    clearFaults: (kind) => faults.clear(kind),
    configure: ({ updateDelayMs, ...change }) => {
      if (updateDelayMs !== undefined) plant.updateDelayMs = updateDelayMs;
      gateway.configure(change);
    },
    goOffline: () => web.close(),
    goOnline: () => web.listen(),
    close: () => web.close(),
    [Symbol.asyncDispose]: () => web.close(),
  };
}

interface Parts {
  gateway: Gateway;
  plant: Plant;
  faults: Faults;
  inspection: SapInspection;
  clock: Clock;
  latency: { requestMs: number; writeMs: number };
  /** Answers held back. */
  waiting: number;
}

async function serve(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) return end(response, { status: 413, headers: {}, body: "" });
  const path = request.url ?? "/";
  if (path.startsWith("/_")) {
    const { status, body: content } = answerControl(request.method ?? "GET", path, body, parts);
    return end(response, { status, headers: { "content-type": "application/json" }, body: JSON.stringify(content) });
  }
  const host = request.headers.host ?? "127.0.0.1";
  const answer = parts.gateway.answer({ method: request.method ?? "GET", path, headers: request.headers, body, host });
  const { requestMs, writeMs } = parts.latency;
  const delayMs = (answer.delayMs ?? 0) + requestMs + (answer.writes ?? 0) * writeMs;
  if (delayMs > 0 && parts.waiting < MAX_WAITING) {
    parts.waiting++;
    await parts.clock.sleep(delayMs).finally(() => parts.waiting--);
  }
  if (answer.cut === true) request.socket.destroy();
  else end(response, answer);
}

function end(response: ServerResponse, { status, headers, body }: GatewayAnswer): void {
  response.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers });
  response.end(body);
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer: Buffer = chunk;
    bytes += buffer.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(buffer);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString("utf8");
}

/** The listening side; closing it cuts what is open, as a crash does. */
class Web {
  readonly #serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>) {
    this.#serve = serve;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(port = this.#port): Promise<void> {
    if (this.#server) return;
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    });
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    this.#server = server;
    const address = server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
