import { type Clock, type Ledger, LineshaftError, type Log, silentLog, systemClock } from "@lineshaft/core";
import type { HubStatus } from "@lineshaft/engine";
import Fastify, { type FastifyInstance } from "fastify";
import { eventStream } from "./event-stream.ts";
import type { FaultSwitchboard } from "./faults.ts";
import { faultRoutes } from "./faults.ts";
import { type ReadFleet, fleetRoutes } from "./fleet.ts";
import { healthRoutes } from "./health.ts";
import { type LiveStatus, readLiveStatus } from "./live-status.ts";
import { guardRequests, refuseOpenHost } from "./loopback.ts";
import { pageRoutes } from "./page.ts";
import type { Telemetry } from "./telemetry.ts";

/** What the server needs of a hub; what `openHub` returns fits. */
export interface ServedHub {
  readonly ledger: Ledger;
  status(): HubStatus;
}

export interface ServeOptions {
  hub: ServedHub;
  /** Default 127.0.0.1. Only loopback addresses: there is no sign-in yet. */
  host?: string;
  /** Default 7070; 0 takes any free one. */
  port?: number;
  /** Adds `GET /metrics`. */
  telemetry?: Telemetry;
  /** Only in a demo: faults that the page may inject into simulators. Without it the route does not exist. */
  faults?: FaultSwitchboard;
  /** Where the hub has gateways: adds `/gateways`, and their metrics. */
  fleet?: ReadFleet;
  clock?: Clock;
  log?: Log;
}

export interface HubServer extends AsyncDisposable {
  /** `http://127.0.0.1:7070` */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export const DEFAULT_PORT = 7070;
/** Longest body of a request, in bytes; only the fault route takes one. */
export const REQUEST_BODY_BYTES = 16 * 1024;
/** Longest wait for a request to arrive in full, in ms. */
export const REQUEST_MS = 30_000;

/**
 * Serves a hub's health, metrics and live page on this machine.
 * @throws LineshaftError `config-invalid` for an address that is not loopback, `port-taken`
 */
export async function serveHub(options: ServeOptions): Promise<HubServer> {
  const { hub, host = "127.0.0.1", port = DEFAULT_PORT, clock = systemClock, log = silentLog, faults } = options;
  refuseOpenHost(host);
  const app = Fastify({ bodyLimit: REQUEST_BODY_BYTES, requestTimeout: REQUEST_MS, forceCloseConnections: true });
  const live = (): Promise<LiveStatus> => readLiveStatus(hub, faults);
  // JSON only: what a form of a foreign page could send is not even read.
  app.removeContentTypeParser("text/plain");
  guardRequests(app);
  answerErrors(app, log);
  healthRoutes(app, hub, options.telemetry);
  pageRoutes(app);
  app.get("/api/status", async (_request, reply) => reply.header("cache-control", "no-store").send(await live()));
  const events = eventStream(app, { read: live, clock, log });
  if (faults) faultRoutes(app, faults, log);
  options.telemetry?.observe(() => hub.status());
  if (options.fleet) {
    fleetRoutes(app, options.fleet, clock);
    options.telemetry?.observeFleet(options.fleet);
  }
  await listen(app, host, port);
  const address = app.server.address();
  const bound = typeof address === "object" && address ? address.port : port;
  const close = async (): Promise<void> => {
    events.close();
    await app.close();
  };
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function answerErrors(app: FastifyInstance, log: Log): void {
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({ code: "not-found", message: `There is nothing at ${request.url.slice(0, 200)}.`, next: "Look at /." }),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof LineshaftError)
      return reply
        .code(error.code === "usage" ? 400 : 503)
        .send({ code: error.code, message: error.message, next: error.next });
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error("A request failed.", { url: request.url, error: error.message });
    return reply.code(status).send({
      code: status === 413 ? "body-too-large" : "usage",
      message: status >= 500 ? "The server could not answer." : error.message,
      next: status >= 500 ? "Look at the hub's log." : "Correct the request.",
    });
  });
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    if ((cause as NodeJS.ErrnoException).code === "EADDRINUSE")
      throw new LineshaftError("port-taken", `Port ${port} on ${host} is in use by another process.`, {
        next: `Stop that process, or choose another port: --port ${port + 1}.`,
        cause,
      });
    if ((cause as NodeJS.ErrnoException).code === "EACCES")
      throw new LineshaftError("config-invalid", `This user may not listen on port ${port}.`, {
        next: "Choose a port above 1023 with --port.",
        cause,
      });
    throw cause;
  }
}
