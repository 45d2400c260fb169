import { LineshaftError, UnavailableError, UncertainError } from "@lineshaft/core";
import type { Secret } from "@lineshaft/core";
import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import { Agent, buildConnector, request } from "undici";
import type { Dispatcher } from "undici";

/** Longest answer that is read, in bytes. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** How long making a connection may take, in ms. */
const CONNECT_MS = 10_000;
/** Most connections to one system. */
const MAX_CONNECTIONS = 16;
/** SAP's web dispatcher and ICM close idle connections after 30 s or more; ours are closed first. */
const IDLE_MS = 15_000;

export interface HttpSessionOptions {
  /** Name of the system, for sentences. */
  system: string;
  /** Origin, and a path when one comes before `/sap/opu/odata`. */
  url: string;
  client?: string;
  language: string;
  username: string;
  password: Secret;
  timeoutMs: number;
  /** File of certificates (PEM) to trust besides the usual ones. */
  caFile?: string;
}

export interface HttpRequest {
  method: "GET" | "POST";
  /** From `/sap/opu/odata/…` on. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Whether SAP may do something lasting: what breaks off midway is then uncertain. */
  effect: boolean;
}

export interface HttpAnswer {
  status: number;
  /** Names in lower case; several of one name joined by a comma. */
  headers: Record<string, string>;
  setCookies: string[];
  body: Buffer;
}

/**
 * Connections to one SAP with its credentials: one request in, one answer out, and never a second try.
 * @throws UnavailableError when the request did not leave (or had no effect to leave behind); UncertainError otherwise
 */
export class HttpSession {
  readonly options: HttpSessionOptions;
  readonly #agent: Agent;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #notConnected = new WeakSet<Error>();

  constructor(options: HttpSessionOptions) {
    this.options = options;
    const url = new URL(options.url);
    this.#origin = url.origin;
    this.#basePath = url.pathname.replace(/\/+$/, "");
    const ca = options.caFile === undefined ? undefined : trusted(options.caFile);
    this.#agent = new Agent({
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: this.#connector(ca),
    });
  }

  async request(call: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { client, language } = this.options;
    const headers = {
      authorization: `Basic ${this.#credentials()}`,
      accept: "application/json",
      ...(client !== undefined && { "sap-client": client }),
      "sap-language": language,
      ...call.headers,
    };
    // Before anything has left, stopping is no mystery.
    if (signal.aborted) throw this.#unavailable(call, signal.reason);
    try {
      const answer = await request(`${this.#origin}${this.#basePath}${call.path}`, {
        dispatcher: this.#agent,
        method: call.method,
        headers,
        body: call.body ?? null,
        signal,
      });
      return await readAnswer(answer);
    } catch (cause) {
      throw this.#broken(call, cause);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** Read anew for each request, so that a rotated password is taken up. */
  #credentials(): string {
    const { username, password } = this.options;
    try {
      return Buffer.from(`${username}:${password.read()}`).toString("base64");
    } catch (cause) {
      if (!(cause instanceof LineshaftError)) throw cause;
      throw new UnavailableError(cause.message, { next: cause.next, cause });
    }
  }

  /** Marks errors of connecting, including those of TLS: with them, no byte of a request has left. */
  #connector(ca: string[] | undefined): buildConnector.connector {
    const connect = buildConnector({ timeout: CONNECT_MS, ...(ca !== undefined && { ca }) });
    return (options, done) =>
      connect(options, (...result) => {
        if (result[0]) this.#notConnected.add(result[0]);
        done(...result);
      });
  }

  #broken(call: HttpRequest, cause: unknown): Error {
    const notSent = cause instanceof Error && this.#notConnected.has(cause);
    return notSent || !call.effect ? this.#unavailable(call, cause) : this.#uncertain(call, cause);
  }

  #unavailable(call: HttpRequest, cause: unknown): UnavailableError {
    const { system } = this.options;
    return new UnavailableError(
      `Cannot reach ${system}: ${call.method} ${this.#origin}${pathOnly(call.path)} broke off.`,
      {
        said: reasonOf(cause),
        next: `Check that ${this.#origin} answers from this machine and that its certificate is trusted.`,
        cause,
      },
    );
  }

  #uncertain(call: HttpRequest, cause: unknown): UncertainError {
    const { system } = this.options;
    return new UncertainError(`${system} gave no complete answer to ${call.method} ${pathOnly(call.path)}.`, {
      said: reasonOf(cause),
      next: "The hub looks up whether SAP has posted it.",
      cause,
    });
  }
}

/** @throws LineshaftError `config-invalid` when the file can't be read */
function trusted(caFile: string): string[] {
  try {
    return [...getCACertificates("default"), readFileSync(caFile, "utf8")];
  } catch (cause) {
    throw new LineshaftError("config-invalid", `Cannot read the certificates in ${caFile}.`, {
      next: "Give the path of a PEM file that the hub's user may read.",
      cause,
    });
  }
}

async function readAnswer(answer: Dispatcher.ResponseData): Promise<HttpAnswer> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const cookies = answer.headers["set-cookie"];
  const setCookies = cookies === undefined ? [] : [cookies].flat();
  return { status: answer.statusCode, headers, setCookies, body: Buffer.from(await answer.body.arrayBuffer()) };
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code: unknown = "code" in cause ? cause.code : undefined;
  // A failed connection to several addresses says nothing in its own message.
  const message = cause.message === "" && cause instanceof AggregateError ? String(cause.errors[0]) : cause.message;
  return typeof code === "string" && !message.includes(code) ? `${code}: ${message}` : message;
}

/** Queries hold business values and make sentences long. */
function pathOnly(path: string): string {
  return path.split("?")[0] ?? path;
}
