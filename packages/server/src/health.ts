import type { FastifyInstance } from "fastify";
import type { ServedHub } from "./serve-hub.ts";
import type { Telemetry } from "./telemetry.ts";

/**
 * `/healthz`: the process answers. `/readyz`: it takes and delivers facts; 503 with the problem as a sentence while it
 * does not. `/metrics`: Prometheus text.
 */
export function healthRoutes(app: FastifyInstance, hub: ServedHub, telemetry: Telemetry | undefined): void {
  app.get("/healthz", (_request, reply) => reply.header("cache-control", "no-store").send({ status: "alive" }));
  app.get("/readyz", (_request, reply) => {
    const { ready, problem } = hub.status();
    reply.header("cache-control", "no-store");
    if (ready) return reply.send({ status: "ready", ...(problem === undefined ? {} : { problem }) });
    return reply.code(503).send({ status: "not ready", problem: problem ?? "The hub is starting or stopping." });
  });
  if (telemetry)
    app.get("/metrics", async (_request, reply) =>
      reply.type("text/plain; version=0.0.4; charset=utf-8").send(await telemetry.metricsText()),
    );
}
