import { RejectedError, UnavailableError, UncertainError } from "@lineshaft/core";
import { REQUEST_MS } from "./influx-options.ts";
import type { InfluxOptions } from "./influx-options.ts";

/** Longest text of an answer that is passed on, in characters. */
const SAID_CHARS = 500;

/** Codes of a connection that never came to be: nothing was sent. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Talks to one InfluxDB over HTTP, and says by its errors what an answer means. */
export class InfluxClient {
  readonly #options: InfluxOptions;

  constructor(options: InfluxOptions) {
    this.#options = options;
  }

  /** @throws RejectedError `line-refused` when InfluxDB takes one of the lines as they are never; others of them may stand */
  async write(lines: readonly string[], signal: AbortSignal): Promise<void> {
    const { options, query } = this.#place();
    const path = options.version === 1 ? "/write" : "/api/v2/write";
    await this.#ask(`${path}?${query({ precision: "ns" })}`, { method: "POST", body: lines.join("\n") }, signal);
  }

  /** Rows of an InfluxQL query; 1.x only. */
  async queryInfluxQl(text: string, signal: AbortSignal): Promise<unknown> {
    const { query } = this.#place();
    const answer = await this.#ask(`/query?${query({})}`, form({ q: text }), signal);
    return answer.json();
  }

  /** Annotated CSV of a Flux query; 2 only. */
  async queryFlux(text: string, signal: AbortSignal): Promise<string> {
    const { query } = this.#place();
    const body = JSON.stringify({
      query: text,
      dialect: { annotations: ["datatype", "group", "default"], header: true },
    });
    const headers = { "content-type": "application/json", accept: "application/csv" };
    const answer = await this.#ask(`/api/v2/query?${query({})}`, { method: "POST", body, headers }, signal);
    return answer.text();
  }

  /** @returns the server's version */
  async ping(signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#ask("/ping", { method: "GET" }, signal);
    return answer.headers.get("x-influxdb-version") ?? undefined;
  }

  #place() {
    const options = this.#options;
    const place: Record<string, string> =
      options.version === 1
        ? { db: options.database, ...(options.retentionPolicy !== undefined && { rp: options.retentionPolicy }) }
        : { org: options.organisation, bucket: options.bucket };
    return { options, query: (more: Record<string, string>) => new URLSearchParams({ ...place, ...more }).toString() };
  }

  async #ask(path: string, request: RequestInit, signal: AbortSignal): Promise<Response> {
    const { url, fetch: send = fetch, requestMs = REQUEST_MS } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(requestMs)]);
    const headers = { ...this.#authorization(), ...(request.headers as Record<string, string> | undefined) };
    let answer: Response;
    try {
      answer = await send(`${url.replace(/\/+$/, "")}${path}`, { ...request, headers, signal: limit });
    } catch (cause) {
      throw this.#noAnswer(cause);
    }
    if (answer.ok) return answer;
    throw this.#refusal(answer, await answer.text().catch(() => ""));
  }

  #authorization(): Record<string, string> {
    const options = this.#options;
    if (options.version === 2) return { authorization: `Token ${options.token.read()}` };
    if (options.username === undefined) return {};
    const credentials = Buffer.from(`${options.username}:${options.password?.read() ?? ""}`).toString("base64");
    return { authorization: `Basic ${credentials}` };
  }

  #noAnswer(cause: unknown): Error {
    const { name, url } = this.#options;
    const inner = cause instanceof Error ? (cause.cause ?? cause) : cause;
    const code = typeof inner === "object" && inner !== null && "code" in inner ? String(inner.code) : "";
    const said = inner instanceof Error ? inner.message : String(inner);
    if (neverSent.has(code))
      return new UnavailableError(`Cannot reach InfluxDB ${name} at ${url}.`, {
        said: said || code,
        next: "Start InfluxDB, or correct `url`.",
        cause,
      });
    return new UncertainError(`InfluxDB ${name} at ${url} gave no answer.`, {
      said,
      next: "It is written again: the same points overwrite themselves.",
      cause,
    });
  }

  #refusal(answer: Response, text: string): Error {
    const { name } = this.#options;
    const said = saidOf(text) || answer.headers.get("x-influxdb-error") || `${answer.status} ${answer.statusText}`;
    const seconds = Number(answer.headers.get("retry-after") ?? NaN);
    const unavailable = (message: string, next: string) =>
      new UnavailableError(message, { said, next, ...(seconds > 0 && { retryAfterMs: seconds * 1_000 }) });
    if (answer.status === 401 || answer.status === 403)
      return unavailable(`InfluxDB ${name} does not let us in.`, "Correct user and password, or token and its rights.");
    if (answer.status === 404)
      return unavailable(
        `InfluxDB ${name} has no such place.`,
        "Create the database or bucket, or correct its name and `version`.",
      );
    if (answer.status === 429 || answer.status === 503)
      return unavailable(`InfluxDB ${name} has no time.`, "It is tried again.");
    if (answer.status >= 500)
      return new UncertainError(`InfluxDB ${name} failed with ${answer.status}.`, {
        said,
        next: "It is written again.",
      });
    return new RejectedError(`InfluxDB ${name} refused it with ${answer.status}.`, {
      reason: "line-refused",
      said,
      next: "Give the field the type that it has in the series, or write it under another name; then resend.",
    });
  }
}

function form(values: Record<string, string>): RequestInit {
  return { method: "POST", body: new URLSearchParams(values) };
}

function saidOf(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: string; message?: string };
    return (body.error ?? body.message ?? "").slice(0, SAID_CHARS);
  } catch {
    return text.slice(0, SAID_CHARS).trim();
  }
}
