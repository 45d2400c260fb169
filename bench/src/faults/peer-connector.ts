import {
  type Found,
  type Item,
  type Operation,
  type Outcome,
  type SystemDefinition,
  type Target,
  UnavailableError,
  UncertainError,
  laneOf,
} from "@lineshaft/core";
import { type Dispatcher, Pool } from "undici";
import { CALL_MS, type PeerCall, type PeerItem, type PeerResult, type PeerSystem, SETTLE_MS } from "./peer-protocol.ts";

export type PeerValue = Omit<PeerItem, "token" | "key">;

export interface PeerConnection {
  definition: SystemDefinition;
  apply: Operation<PeerValue>;
}

const BATCH: Record<PeerSystem, number> = { recognising: 10, forgetful: 4 };
/** Orders share so many places in the forgetful system; no two calls about one place are under way at once. */
const PLACES = 8;

/** Speaks to one of the counting peer's two systems, as a connector would: it tells apart what surely was not applied. */
export function peerConnector(system: PeerSystem, url: string, sentAt: () => number): PeerConnection {
  const client = new PeerClient(system, url, sentAt);
  const definition: SystemDefinition = {
    name: system,
    connector: "peer",
    open: () =>
      Promise.resolve({
        targets: { apply: client.target() },
        sources: {},
        check: (signal) => client.check(signal),
        close: () => client.close(),
      }),
  };
  return { definition, apply: { system: definition, name: "apply", schema: {}, check: () => [] } };
}

class PeerClient {
  readonly #system: PeerSystem;
  readonly #pool: Pool;
  readonly #sentAt: () => number;

  constructor(system: PeerSystem, url: string, sentAt: () => number) {
    this.#system = system;
    this.#sentAt = sentAt;
    this.#pool = new Pool(url, { connections: 8, pipelining: 1 });
  }

  target(): Target<PeerValue> {
    const send = (items: Item<PeerValue>[], signal: AbortSignal) => this.#send(items, signal);
    const maxBatch = BATCH[this.#system];
    if (this.#system === "recognising") return { repeat: { kind: "repeatable" }, maxBatch, send };
    const find = (item: Item<PeerValue>, signal: AbortSignal) => this.#find(item, signal);
    const conflicts = ({ key }: Item<PeerValue>) => [`place-${laneOf(key) % PLACES}`];
    return { repeat: { kind: "lookup", settleMs: SETTLE_MS, find }, maxBatch, conflicts, send };
  }

  async check(signal: AbortSignal) {
    try {
      await this.#ask("GET", `/${this.#system}/health`, undefined, signal);
      return { ok: true as const };
    } catch {
      return { ok: false as const, message: `${this.#system} does not answer.`, next: "It is asked again." };
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #send(items: Item<PeerValue>[], signal: AbortSignal): Promise<Outcome[]> {
    const call: PeerCall = {
      sentAt: this.#sentAt(),
      items: items.map(({ token, key, value }) => ({ token, key, ...value })),
    };
    const answer = (await this.#ask("POST", `/${this.#system}/apply`, call, signal)) as { results: PeerResult[] };
    return answer.results.map((result) => outcomeOf(result, this.#system));
  }

  async #find(item: Item<PeerValue>, signal: AbortSignal): Promise<Found> {
    const { receipt } = (await this.#ask("GET", `/${this.#system}/find/${item.token}`, undefined, signal)) as {
      receipt?: string;
    };
    return receipt === undefined ? { kind: "absent" } : { kind: "found", receipt };
  }

  async #ask(method: "GET" | "POST", path: string, body: object | undefined, signal: AbortSignal): Promise<unknown> {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
    let response: Dispatcher.ResponseData;
    let text: string;
    try {
      response = await this.#pool.request({
        method,
        path,
        signal: patience,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
      text = await response.body.text();
    } catch (cause) {
      throw failed(this.#system, cause);
    }
    const { statusCode, headers } = response;
    if (statusCode === 200) return JSON.parse(text);
    if (statusCode === 429 || statusCode === 503)
      throw new UnavailableError(`${this.#system} answered ${statusCode}.`, {
        next: "It is tried again.",
        retryAfterMs: Number(headers["retry-after"] ?? 0) * 1_000,
      });
    throw new UncertainError(`${this.#system} answered ${statusCode}.`, { next: "It is looked up." });
  }
}

function failed(system: PeerSystem, cause: unknown): Error {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ECONNREFUSED")
    return new UnavailableError(`${system} takes no connection.`, { next: "It is tried again.", cause });
  return new UncertainError(`${system} gave no answer (${code === "" ? String(cause) : code}).`, {
    next: "It is looked up.",
    cause,
  });
}

function outcomeOf(result: PeerResult, system: PeerSystem): Outcome {
  switch (result.kind) {
    case "done":
      return { kind: "done", receipt: result.receipt, already: result.already };
    case "rejected":
      return {
        kind: "rejected",
        reason: "peer-refused",
        message: result.message,
        next: "Correct the quantity, then resend.",
      };
    case "busy":
      return { kind: "unavailable", message: `${system} has the order open.` };
  }
}
