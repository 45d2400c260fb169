import { UnavailableError, UncertainError } from "@lineshaft/core";
import { Agent, request } from "undici";

/** Longest answer taken from Odoo, in bytes; ten thousand orders with forty fields are about 8 MB. */
const ANSWER_BYTES = 64 * 1024 * 1024;
/** How long opening a connection may take. */
const CONNECT_MS = 10_000;
/** Most connections to one Odoo; its own workers set the pace. */
const CONNECTIONS = 16;

export interface HttpAnswer {
  status: number;
  contentType: string;
  retryAfterMs?: number;
  text: string;
}

/** One server over HTTP. Every failure is already told apart by whether the request may have left. */
export interface Http {
  get(path: string, signal: AbortSignal): Promise<HttpAnswer>;
  post(path: string, headers: Record<string, string>, body: unknown, signal: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/**
 * @param timeoutMs for a whole call; Odoo's own limit is 120 s, and giving up earlier leaves the call running there
 * @throws UnavailableError when no connection came about; UncertainError when the request left and no answer came
 */
export function openHttp(url: string, timeoutMs: number): Http {
  const base = new URL(url);
  const root = `${base.origin}${base.pathname.replace(/\/$/, "")}`;
  const dispatcher = new Agent({
    connect: { timeout: CONNECT_MS },
    connections: CONNECTIONS,
    // A connection for each call: Odoo closes it anyway, and one that is kept may be closed by the other side just when
    // it is used again, which would make a call uncertain that never arrived.
    pipelining: 0,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: ANSWER_BYTES,
  });
  async function exchange(
    method: "GET" | "POST",
    path: string,
    signal: AbortSignal,
    extra: object,
  ): Promise<HttpAnswer> {
    if (signal.aborted) throw notSent(root, signal.reason);
    try {
      const answer = await request(`${root}${path}`, { method, dispatcher, signal, ...extra });
      const retryAfterMs = retryAfter(answer.headers["retry-after"]);
      return {
        status: answer.statusCode,
        contentType: String(answer.headers["content-type"] ?? ""),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        text: await answer.body.text(),
      };
    } catch (error) {
      throw channelError(root, timeoutMs, signal, error);
    }
  }
  return {
    get: (path, signal) => exchange("GET", path, signal, {}),
    post: (path, headers, body, signal) =>
      exchange("POST", path, signal, {
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
    close: () => dispatcher.destroy(),
  };
}

function retryAfter(header: string | string[] | undefined): number | undefined {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** Errors that come before a byte of the request left. */
const NO_CONNECTION = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function channelError(root: string, timeoutMs: number, signal: AbortSignal, error: unknown): Error {
  const code = codeOf(error);
  if (NO_CONNECTION.has(code)) {
    return new UnavailableError(`Cannot reach Odoo at ${root}.`, {
      said: code,
      next: "Check that the server runs and that its address in the configuration is right.",
      cause: error,
    });
  }
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_/.test(code)) {
    return new UnavailableError(`The certificate of ${root} is not trusted.`, {
      said: code,
      next: "Install a valid certificate, or give Node your own authority in NODE_EXTRA_CA_CERTS.",
      cause: error,
    });
  }
  const why = signal.aborted
    ? "was given up while Odoo worked on it"
    : code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT"
      ? `had no answer after ${timeoutMs / 1000} s`
      : "lost its connection before the answer came";
  return new UncertainError(`A call to Odoo at ${root} ${why}.`, {
    ...(code !== "" && { said: code }),
    next: "It is looked up or sent again under the same token; Odoo applies it once.",
    cause: error,
  });
}

function notSent(root: string, cause: unknown): UnavailableError {
  return new UnavailableError(`A call to Odoo at ${root} was given up before it was sent.`, {
    next: "It is sent again when its turn comes.",
    cause,
  });
}

function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && at.code !== "ABORT_ERR") return at.code;
    if (at instanceof AggregateError && at.errors[0] !== undefined) return codeOf(at.errors[0]);
  }
  return "";
}
