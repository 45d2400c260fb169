import { refuseDeepNesting } from "@lineshaft/core";
import type { Clock, Contract, Fact, Intake, Log } from "@lineshaft/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { answerError, answerReceipt } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { summarize } from "./batch-answer.ts";
import { Callers } from "./callers.ts";
import type { Caller } from "./callers.ts";
import { InFlight } from "./in-flight.ts";
import { splitArray, splitLines } from "./json-items.ts";
import { openApi } from "./openapi.ts";
import { HTTP_LIMITS, ID_CHARS } from "./options.ts";
import type { HttpCaller, HttpIntakeOptions, HttpLimits } from "./options.ts";
import { PROBLEM_TYPE, Problem } from "./problem.ts";
import {
  asProblem,
  unknownContract,
  notAllowed,
  rateLimited,
  crowded,
  typeUnsupported,
  batchMalformed,
  batchTooLarge,
  itemTooLarge,
} from "./request-problems.ts";

export interface FactRoutesOptions {
  /** Shown with the facts and in the OpenAPI document. */
  name: string;
  intake: Intake;
  contracts: readonly Contract[];
  callers?: readonly HttpCaller[];
  translate?: HttpIntakeOptions["translate"];
  limits?: Partial<HttpLimits>;
  clock: Clock;
  log: Log;
  /** Facts waiting for their answer; handed in by who must be able to answer them all at once. */
  inFlight?: InFlight;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Set for the routes that take facts. */
    facts?: boolean;
  }
  interface FastifyRequest {
    caller: Caller | null;
    contract: Contract | null;
  }
}

/**
 * The routes that take facts, as a Fastify plugin, for this source's own server or another one:
 * `POST /v1/facts/{contract}`, `POST /v1/facts/{contract}/batch`, `GET /v1/openapi.json`.
 * A fact is answered when it is on disk.
 */
export async function factRoutes(server: FastifyInstance, options: FactRoutesOptions): Promise<void> {
  const door = new Door(options);
  const document = JSON.stringify(openApi(options.name, options.contracts, options));
  const { bodyBytes, batchBytes } = door.limits;
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(JSON_BODY, { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  server.addContentTypeParser(LINES_BODY, { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  server.decorateRequest("caller", null);
  server.decorateRequest("contract", null);
  server.addHook("onRequest", async (request, reply) => door.admit(request, reply));
  server.setErrorHandler(async (error, _request, reply) => send(reply, answerError(asProblem(error), options.log)));
  const config = { facts: true };
  server.post("/v1/facts/:contract", { bodyLimit: bodyBytes, config }, (request, reply) =>
    door.takeOne(request, reply),
  );
  server.post("/v1/facts/:contract/batch", { bodyLimit: batchBytes, config }, (request, reply) =>
    door.takeBatch(request, reply),
  );
  server.get("/v1/openapi.json", (_request, reply) => reply.type("application/json").send(document));
}

const JSON_BODY = /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i;
const LINES_BODY = /^application\/(?:x-ndjson|ndjson|jsonl)(?:\s*;|$)/i;

/** W3C Trace Context, §3.2. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

class Door {
  readonly limits: HttpLimits;
  readonly #options: FactRoutesOptions;
  readonly #contracts: Map<string, Contract>;
  readonly #callers: Callers;
  readonly #inFlight: InFlight;
  /** Bytes that the bodies of requests under way take, or may take. */
  #bytes = 0;

  constructor(options: FactRoutesOptions) {
    this.#options = options;
    this.limits = { ...HTTP_LIMITS, ...options.limits };
    this.#contracts = new Map(options.contracts.map((contract) => [contract.id, contract]));
    this.#callers = new Callers(options.callers ?? [], options.clock, options.log);
    this.#inFlight = options.inFlight ?? new InFlight();
    for (const name of this.#callers.weak) {
      options.log.warn(
        `The key of caller ${name} is short enough to be guessed. Give it 20 random characters or more.`,
      );
    }
  }

  /** Turns away, before the body is read, who may not send or sends too much. */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    if (!request.routeOptions.config.facts) return;
    const caller = this.#callers.identify(request.headers.authorization);
    if (caller === undefined) throw this.#notSignedIn(request);
    const id = contractIn(request.params);
    const contract = this.#contracts.get(id);
    if (contract === undefined) throw unknownContract(id, [...this.#contracts.keys()]);
    if (!caller.maySend(id)) throw notAllowed(caller, id);
    const waitMs = caller.bucket?.waitMs() ?? 0;
    if (waitMs > 0) throw rateLimited(caller, waitMs);
    const encoding = request.headers["content-encoding"] ?? "identity";
    if (encoding !== "identity") throw typeUnsupported(`The body is encoded as ${encoding}.`, "Send it unencoded.");
    this.#reserve(request, reply);
    request.caller = caller;
    request.contract = contract;
  }

  /** Makes room for the body until the request is over. One of unknown length may be as long as its route allows. */
  #reserve(request: FastifyRequest, reply: FastifyReply): void {
    const told = Number(request.headers["content-length"]);
    const most = request.routeOptions.bodyLimit;
    const bytes = Number.isSafeInteger(told) ? Math.min(told, most) : most;
    if (this.#bytes + bytes > this.limits.inFlightBytes) throw crowded();
    this.#bytes += bytes;
    reply.raw.once("close", () => (this.#bytes -= bytes));
  }

  async takeOne(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (LINES_BODY.test(request.headers["content-type"] ?? "")) {
      throw typeUnsupported("Lines of JSON are a batch.", "Send them to the same path with /batch behind it.");
    }
    request.caller?.bucket?.take(1);
    return send(reply, await this.#record(this.#fact(request, bodyOf(request), idOf(request))));
  }

  async takeBatch(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const items = this.#itemsOf(request);
    request.caller?.bucket?.take(items.length);
    const id = idOf(request);
    // All at once, in order: the intake stores them in few commits.
    const answers = await Promise.all(
      items.map((item, at) => this.#record(this.#fact(request, item, id === undefined ? undefined : `${id}#${at}`))),
    );
    return send(reply, summarize(answers));
  }

  #itemsOf(request: FastifyRequest): Buffer[] {
    const { batchFacts } = this.limits;
    const body = bodyOf(request);
    const lines = LINES_BODY.test(request.headers["content-type"] ?? "");
    const split = lines ? splitLines(body, batchFacts) : splitArray(body, batchFacts);
    if ("problem" in split) throw batchMalformed(split.problem);
    if (split.items.length === 0) throw batchMalformed("It has no facts.");
    if (split.items.length > batchFacts) throw batchTooLarge(batchFacts);
    return split.items;
  }

  #fact(request: FastifyRequest, raw: Buffer, id: string | undefined): Fact {
    const contract = request.contract?.id ?? "";
    const caller = request.caller?.name;
    const trace = request.headers["traceparent"];
    const translate = this.#options.translate?.[contract];
    return refuseDeepNesting({
      contract,
      raw,
      origin: caller ?? request.ip,
      ...(id !== undefined && { id }),
      ...(caller !== undefined && { scope: caller }),
      ...(typeof trace === "string" && TRACEPARENT.test(trace) && { trace }),
      ...(translate && { translate }),
    });
  }

  async #record(fact: Fact): Promise<Answer> {
    const { bodyBytes } = this.limits;
    try {
      if (fact.raw.length > bodyBytes) throw itemTooLarge(fact.raw.length, bodyBytes);
      return answerReceipt(await this.#inFlight.wait(this.#options.intake.record(fact)));
    } catch (error) {
      return answerError(error, this.#options.log);
    }
  }

  #notSignedIn(request: FastifyRequest): Problem {
    const given = request.headers.authorization !== undefined;
    this.#options.log.warn(`Turned away a request ${given ? "with an unknown key" : "without a key"}.`, {
      from: request.ip,
    });
    const challenge = given ? 'Bearer realm="lineshaft", error="invalid_token"' : 'Bearer realm="lineshaft"';
    return new Problem(
      "not-signed-in",
      {
        detail: given ? "No caller has this key." : "The request has no key.",
        next: "Send the caller's key as `Authorization: Bearer …`.",
      },
      { "www-authenticate": challenge },
    );
  }
}

function contractIn(params: unknown): string {
  const given = typeof params === "object" && params !== null && "contract" in params ? params.contract : undefined;
  return typeof given === "string" ? given : "";
}

function send(reply: FastifyReply, { status, body, headers }: Omit<Answer, "body"> & { body: object }): FastifyReply {
  const type = "type" in body ? PROBLEM_TYPE : "application/json";
  // A string, so that no serializer guesses by the content type.
  return reply.code(status).headers(headers).type(type).send(JSON.stringify(body));
}

/** The bytes as they came; none when the request has no body. */
function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** The id by header; quoted, as its specification has it, or bare. */
function idOf(request: FastifyRequest): string | undefined {
  const header = request.headers["idempotency-key"];
  if (header === undefined) return undefined;
  const id = (Array.isArray(header) ? header.join(",") : header).replace(/^"(.*)"$/, "$1");
  if (id.length > 0 && id.length <= ID_CHARS && /^[\x21-\x7e]+$/.test(id)) return id;
  throw new Problem("id-invalid", {
    detail: `The Idempotency-Key has ${id.length} characters, or such that are not printable.`,
    next: `Use 1 to ${ID_CHARS} printable ASCII characters without spaces, the same at each try.`,
    limit: ID_CHARS,
  });
}
