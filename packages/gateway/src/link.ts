import { type KeyObject, createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { type Clock, LineshaftError, Secret, UnavailableError } from "@lineshaft/core";
import { ANSWER_BYTES } from "./limits.ts";

/** PEM, as a path or a secret. Read for each connection, so that a renewed one is taken up. */
export interface LinkTls {
  /** The authority that signed the hub's certificate. */
  ca: string | Secret;
  cert: string | Secret;
  /** Never leaves the gateway. It also signs what is sent. */
  key: Secret;
}

export interface LinkRequest {
  method: "GET" | "POST";
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array;
  limitMs: number;
}

export interface LinkAnswer {
  status: number;
  body: unknown;
}

/** Connections to the hub: one for facts and one that waits for orders. Both go out from the gateway, to one port. */
const CONNECTIONS = 2;

/** Requests to the hub over connections that are kept. What has no answer within its limit takes its connection with it. */
export class Link {
  readonly #hub: URL;
  readonly #tls: LinkTls;
  readonly #clock: Clock;
  #agent: Agent | undefined;
  #key: KeyObject | undefined;

  constructor({ hub, tls, clock }: { hub: string; tls: LinkTls; clock: Clock }) {
    this.#hub = new URL(hub);
    this.#tls = tls;
    this.#clock = clock;
  }

  /** Where the hub is, for people. */
  get hub(): string {
    return this.#hub.origin;
  }

  /** @throws LineshaftError `secret-missing` */
  get key(): KeyObject {
    this.#key ??= createPrivateKey(this.#tls.key.read());
    return this.#key;
  }

  /** @throws UnavailableError when there is no answer, for whatever reason */
  async send(options: LinkRequest, signal: AbortSignal): Promise<LinkAnswer> {
    const limit = new AbortController();
    const timer = this.#clock.after(options.limitMs, () => limit.abort());
    try {
      return await this.#exchange(options, AbortSignal.any([signal, limit.signal]));
    } catch (cause) {
      if (cause instanceof LineshaftError) throw cause;
      const said = limit.signal.aborted ? `No answer within ${options.limitMs / 1_000} s.` : messageOf(cause);
      throw new UnavailableError(`Cannot reach the hub at ${this.hub}.`, {
        said,
        next: "Facts are kept meanwhile, and it is tried again. If it lasts, check the line, the address and the certificates.",
        cause,
      });
    } finally {
      timer.cancel();
    }
  }

  /** Ends all connections; the next request makes new ones, with certificates read anew. */
  reset(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
    this.#key = undefined;
  }

  async #exchange({ method, path, headers, body }: LinkRequest, signal: AbortSignal): Promise<LinkAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const url = new URL(path, this.#hub);
    const length = body === undefined ? {} : { "content-length": String(body.byteLength) };
    const out = request(
      url,
      { method, agent: this.#connections(), signal, headers: { ...headers, ...length } },
      resolve,
    );
    out.on("error", reject);
    out.end(body);
    const response = await promise;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response) {
      bytes += (chunk as Uint8Array).byteLength;
      if (bytes > ANSWER_BYTES) throw new Error(`The answer has more than ${ANSWER_BYTES} bytes.`);
      chunks.push(chunk as Uint8Array);
    }
    return { status: response.statusCode ?? 0, body: parseAnswer(Buffer.concat(chunks).toString("utf8")) };
  }

  #connections(): Agent {
    const { ca, cert } = this.#tls;
    this.#agent ??= new Agent({
      keepAlive: true,
      maxSockets: CONNECTIONS,
      ca: readPem(ca),
      cert: readPem(cert),
      key: this.#tls.key.read(),
      minVersion: "TLSv1.2",
    });
    return this.#agent;
  }
}

export function readPem(source: string | Secret): string {
  if (source instanceof Secret) return source.read();
  try {
    return readFileSync(source, "utf8");
  } catch (cause) {
    throw new LineshaftError("config-invalid", `Cannot read the certificate ${source}.`, {
      next: "Correct its path, or let the process's user read the file.",
      cause,
    });
  }
}

function parseAnswer(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`It is no Lineshaft hub: it answered ${JSON.stringify(text.slice(0, 80))}.`);
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
