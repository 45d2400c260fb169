import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { LineshaftError, Secret, UnavailableError, explain } from "@lineshaft/core";
import type { Health, Intake, Source, SystemContext } from "@lineshaft/core";
import Fastify from "fastify";
import type { ConnectionError, FastifyInstance } from "fastify";
import { InFlight } from "./in-flight.ts";
import { HEADER_BYTES, HTTP_LIMITS } from "./options.ts";
import type { HttpIntakeOptions, HttpLimits, HttpTls } from "./options.ts";
import { PROBLEM_TYPE, Problem, problemBody } from "./problem.ts";
import { factRoutes } from "./routes.ts";

/** A server of its own that takes facts until it is told to stop. */
export class HttpSource implements Source {
  /** Each worker has a port of its own, and takes what a load balancer gives it. */
  readonly everywhere = true;
  readonly #options: HttpIntakeOptions;
  readonly #context: SystemContext;
  readonly #limits: HttpLimits;
  readonly #inFlight = new InFlight();
  #url: string | undefined;

  constructor(options: HttpIntakeOptions, context: SystemContext) {
    this.#options = options;
    this.#context = context;
    this.#limits = { ...HTTP_LIMITS, ...options.limits };
  }

  /** Facts handed over and not yet answered. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const server = await this.#buildServer(intake);
    try {
      await this.#listen(server);
      intake.listening();
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      this.#url = undefined;
      await this.#drain(server);
    }
  }

  /** Whether it listens, or could: the port is free and the callers' keys are there. */
  async check(): Promise<Health> {
    if (this.#url !== undefined) return { ok: true, detail: `listens on ${this.#url}, ${this.inFlight} facts in hand` };
    try {
      for (const caller of this.#options.callers ?? []) caller.key.read();
      const { port, host = "127.0.0.1" } = this.#options;
      const probe = createServer().listen(port, host);
      await once(probe, "listening");
      probe.close();
      await once(probe, "close");
      return { ok: true, detail: "does not listen yet; the port is free" };
    } catch (cause) {
      const error = cause instanceof LineshaftError ? cause : this.#cannotListen(cause);
      return { ok: false, message: explain(error), next: error.next };
    }
  }

  async #buildServer(intake: Intake): Promise<FastifyInstance> {
    const { tls, contracts, callers = [], translate = {}, name } = this.#options;
    const { requestMs, connections } = this.#limits;
    const shared = {
      requestTimeout: requestMs,
      forceCloseConnections: "idle" as const,
      routerOptions: { maxParamLength: 200 },
      clientErrorHandler: answerBrokenRequest,
    };
    const http = { maxHeaderSize: HEADER_BYTES };
    const server: FastifyInstance = tls
      ? Fastify({ ...shared, https: { ...http, ...readTls(tls) } })
      : Fastify({ ...shared, http });
    server.server.maxConnections = connections;
    server.setNotFoundHandler((_request, reply) =>
      reply
        .code(404)
        .type(PROBLEM_TYPE)
        .send(JSON.stringify(problemBody("not-found", nothingHere))),
    );
    const { clock, log } = this.#context;
    await server.register(factRoutes, {
      name,
      intake,
      contracts,
      callers,
      translate,
      clock,
      log,
      limits: this.#limits,
      inFlight: this.#inFlight,
    });
    return server;
  }

  async #listen(server: FastifyInstance): Promise<void> {
    const { host = "127.0.0.1", port, tls } = this.#options;
    try {
      await server.listen({ host, port });
    } catch (cause) {
      throw this.#cannotListen(cause);
    }
    const address = server.server.address();
    if (address === null || typeof address === "string") throw this.#cannotListen("it has no address");
    const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
    this.#url = `${tls ? "https" : "http"}://${shown}:${address.port}`;
    this.#context.log.info(`Takes facts on ${this.#url}.`);
    this.#options.onListening?.(this.#url);
  }

  /** Takes no new requests, lets those in flight finish, and after `drainMs` tells the rest to come again. */
  async #drain(server: FastifyInstance): Promise<void> {
    const { clock } = this.#context;
    const late = clock.after(this.#limits.drainMs, () => {
      this.#inFlight.cut(
        new Problem(
          "stopping",
          { detail: "The hub stops before the fact is on disk.", next: "Send it again, with the same id." },
          { connection: "close", "retry-after": "5" },
        ),
      );
      // One turn for the answers to leave.
      setImmediate(() => server.server.closeIdleConnections());
      clock.after(this.#limits.drainMs, () => server.server.closeAllConnections());
    });
    await server.close();
    late.cancel();
  }

  #cannotListen(cause: unknown): LineshaftError {
    const { host = "127.0.0.1", port, name } = this.#options;
    const said = cause instanceof Error ? cause.message : String(cause);
    return new UnavailableError(`HTTP intake ${name} cannot listen on ${host}:${port}.`, {
      said,
      next: said.includes("EADDRINUSE")
        ? "Stop the program that has the port, or take another."
        : "Correct host and port.",
      cause,
    });
  }
}

const nothingHere = {
  detail: "No such path.",
  next: "POST facts to /v1/facts/{contract}; GET /v1/openapi.json describes it all.",
};

/** What is not even HTTP is answered by hand: there is no request to answer. */
function answerBrokenRequest(error: ConnectionError, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const large = error.code === "HPE_HEADER_OVERFLOW";
  const body = problemBody(large ? "headers-too-large" : "request-malformed", {
    detail: large ? "The headers have more bytes than are taken here." : "The request could not be read.",
    next: "Send plain HTTP/1.1 with fewer and shorter headers.",
    ...(large && { limit: HEADER_BYTES }),
  });
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${body.status} ${large ? "Request Header Fields Too Large" : "Bad Request"}`;
  const length = Buffer.byteLength(text);
  socket.end(
    `${head}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${text}`,
  );
}

function readTls({ cert, key, clientCa }: HttpTls) {
  return {
    cert: readPem(cert),
    key: key.read(),
    minVersion: "TLSv1.2" as const,
    ...(clientCa !== undefined && { ca: readPem(clientCa), requestCert: true, rejectUnauthorized: true }),
  };
}

function readPem(source: string | Secret): string {
  if (source instanceof Secret) return source.read();
  try {
    return readFileSync(source, "utf8");
  } catch (cause) {
    throw new UnavailableError(`Cannot read the certificate ${source}.`, {
      next: "Correct the path in `tls`, or let the hub's user read the file.",
      cause,
    });
  }
}
