import { LineshaftError } from "@lineshaft/core";
import type { FastifyInstance, FastifyRequest } from "fastify";

const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "::1"]);

/** @throws LineshaftError `config-invalid` for an address that others could reach */
export function refuseOpenHost(host: string): void {
  if (loopback.has(host)) return;
  throw new LineshaftError(
    "config-invalid",
    `The live page would listen on ${host}, where others could reach it without signing in.`,
    {
      next: "Leave --host away, so that it listens on 127.0.0.1; reach it from elsewhere through an SSH tunnel or a reverse proxy that signs people in.",
    },
  );
}

/**
 * Answers only who asks for this machine by a loopback name. A web page elsewhere whose own name was made to point here
 * (DNS rebinding) sends its own name as Host and is turned away.
 */
export function guardRequests(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    if (!isLoopback(request.headers.host ?? ""))
      await reply.code(421).send({
        code: "usage",
        message: "This server answers only to localhost and 127.0.0.1.",
        next: "Open it by one of those names.",
      });
  });
}

/**
 * True for a request that can only come from this server's own page or from a program: JSON, which another origin's page
 * cannot send unasked, and an Origin, where there is one, equal to Host.
 */
export function isOwnWrite(request: FastifyRequest): boolean {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  const site = request.headers["sec-fetch-site"];
  const origin = request.headers.origin;
  return (
    type === "application/json" &&
    (site === undefined || site === "same-origin" || site === "none") &&
    (origin === undefined || origin === `http://${request.headers.host ?? ""}`)
  );
}

function isLoopback(host: string): boolean {
  const name = host
    .replace(/:\d{1,5}$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  return loopback.has(name);
}
