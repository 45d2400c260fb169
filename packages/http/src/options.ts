import { isIP } from "node:net";
import { LineshaftError } from "@lineshaft/core";
import type { Contract, Fact, Secret } from "@lineshaft/core";

/** How facts are taken over HTTP. See docs/connectors/http.md. */
export interface HttpIntakeOptions {
  /** Unique within the hub; becomes the source of the messages. */
  name: string;
  /** 0 takes a free one; `onListening` tells which. */
  port: number;
  /** Default 127.0.0.1. Any other than this machine's own needs `tls` and `callers`. */
  host?: string;
  tls?: HttpTls;
  /** Who may send. Without any, everybody on this machine may. */
  callers?: readonly HttpCaller[];
  /** What is taken. */
  contracts: readonly Contract[];
  /** By contract: from the senders' form to the canonical one. What it throws becomes a finding. */
  translate?: Readonly<Record<string, NonNullable<Fact["translate"]>>>;
  limits?: Partial<HttpLimits>;
  onListening?(url: string): void;
}

export interface HttpCaller {
  /** Scopes the ids given by header, and shows in logs. Letters, digits, `.`, `_`, `-`. */
  name: string;
  /** Sent as `Authorization: Bearer …`. A changed file is taken up within `KEY_REFRESH_MS`. */
  key: Secret;
  /** The contracts it may send; default all. */
  contracts?: readonly string[];
  /** Facts per second in the long run; default unlimited. */
  perSecond?: number;
}

/** PEM, as a path or a secret. Read when the source starts. */
export interface HttpTls {
  cert: string | Secret;
  key: Secret;
  /** Callers must show a certificate of this authority, besides their key. */
  clientCa?: string | Secret;
}

export interface HttpLimits {
  /** Longest single fact, in bytes, alone or in a batch. */
  bodyBytes: number;
  /** Longest batch, in bytes. */
  batchBytes: number;
  /** Most facts in a batch. */
  batchFacts: number;
  /** Bodies of all requests under way together, in bytes. Further ones are told to come back. */
  inFlightBytes: number;
  /** Most connections at once; further ones are refused by the operating system's means. */
  connections: number;
  /** A request must have arrived in full within this, in ms. */
  requestMs: number;
  /** How long a stopping source waits for requests in flight, in ms. Then they are told to come again. */
  drainMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  bodyBytes: 1_048_576,
  batchBytes: 8_388_608,
  batchFacts: 1_000,
  inFlightBytes: 67_108_864,
  connections: 1_024,
  requestMs: 30_000,
  drainMs: 5_000,
};

/** All headers of a request together, in bytes. */
export const HEADER_BYTES = 16_384;

/** Longest Idempotency-Key, in characters. */
export const ID_CHARS = 200;

/** How long a caller's key is kept before its secret is read again, in ms. */
export const KEY_REFRESH_MS = 10_000;

/** When the ledger can't take more just now, callers are asked to come back after this, in seconds. */
export const RETRY_AFTER_S = 2;

/** @throws LineshaftError `config-invalid`, naming the option */
export function checkHttpOptions(options: HttpIntakeOptions): void {
  const { host = "127.0.0.1", port, callers = [], contracts, translate = {} } = options;
  const wrong = (message: string, next: string): never => {
    throw new LineshaftError("config-invalid", `HTTP intake ${options.name} ${message}.`, { next });
  };
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    wrong(`has port ${port}`, "Take 1 to 65535, or 0 for a free one.");
  if (contracts.length === 0) wrong("takes no contract", "List the contracts that may be sent.");
  if (!isLoopback(host)) {
    if (!options.tls)
      wrong(`listens on ${host} without TLS`, "Give `tls`, or listen on 127.0.0.1 behind a proxy that has it.");
    if (callers.length === 0) wrong(`listens on ${host} for everybody`, "List `callers` with a key each.");
  }
  const known = new Set(contracts.map((contract) => contract.id));
  checkCallers(callers, known, wrong);
  for (const id of Object.keys(translate)) {
    if (!known.has(id)) wrong(`translates ${id}, which it does not take`, "Add it to `contracts`.");
  }
}

function checkCallers(
  callers: readonly HttpCaller[],
  contracts: ReadonlySet<string>,
  wrong: (message: string, next: string) => never,
): void {
  const names = new Set<string>();
  for (const caller of callers) {
    if (!/^[\w.-]{1,64}$/.test(caller.name))
      wrong(`has a caller "${caller.name}"`, "Use letters, digits, `.`, `_` and `-`.");
    if (names.has(caller.name)) wrong(`has two callers ${caller.name}`, "Rename one.");
    names.add(caller.name);
    const { perSecond = 1 } = caller;
    if (!(perSecond > 0))
      wrong(`lets ${caller.name} send ${perSecond} facts per second`, "Take more than 0, or leave it out.");
    const unknown = caller.contracts?.find((contract) => !contracts.has(contract));
    if (unknown !== undefined)
      wrong(`lets ${caller.name} send ${unknown}, which it does not take`, "Add it to `contracts`.");
  }
}

/** Whether only this machine can reach it. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
