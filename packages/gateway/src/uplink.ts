import { type Clock, type Log, UnavailableError, explain } from "@lineshaft/core";
import type { FactBuffer } from "./buffer.ts";
import type { BufferedFact } from "./buffered-fact.ts";
import type { GatewayLimits } from "./limits.ts";
import type { Link, LinkAnswer } from "./link.ts";
import type { At } from "./points.ts";
import { type GatewayReport, REPORT_HEADER, packReport } from "./report.ts";
import { type Answer, BATCH_PATH, PLACE_PATH, SIGNATURE_HEADER, packBatch, signBatch } from "./wire.ts";

export interface LinkState {
  /** `refused`: the hub answers, and takes nothing of this gateway. */
  state: "connecting" | "up" | "down" | "refused";
  since: number;
  message?: string;
  nextTryAt?: number;
  /** How far the hub's clock is ahead of the gateway's, in ms, measured at the last answer. */
  skewMs?: number;
  /** When the hub answered last. */
  heardAt?: number;
}

interface UplinkOptions {
  gateway: string;
  buffer: FactBuffer;
  link: Link;
  limits: GatewayLimits;
  clock: Clock;
  random: () => number;
  log: Log;
  at: At;
  /** What the hub is told with each request. */
  report: () => GatewayReport;
  /** The hub said which configuration it wants. */
  wanted: (serial: number | undefined) => void;
}

/** Takes facts up, strictly in order: the next batch leaves only after the answer to the one before. */
export class Uplink {
  readonly state: LinkState;
  readonly #o: UplinkOptions;
  /** The hub was asked where it stands, since the last failure. */
  #placed = false;
  /** Something changed since the last report. */
  #untold = false;
  #wake: (() => void) | undefined;

  constructor(options: UplinkOptions) {
    this.#o = options;
    this.state = { state: "connecting", since: options.clock.now() };
  }

  /** Something new is there to send. */
  wake(): void {
    this.#wake?.();
  }

  /** Something is to be told that no fact tells: the hub is asked, and so told, at once. */
  tell(): void {
    this.#untold = true;
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#step(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        await this.#pause(error, failures++, signal);
      }
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { buffer, limits } = this.#o;
    if (!this.#placed || this.#untold) return this.#ask(signal);
    if (buffer.facts === 0) {
      if (await this.#idle(limits.heartbeatMs, signal)) return this.#linger(signal);
      // Nothing new: whether the hub is still there shows only when it is asked.
      this.#placed = false;
      return;
    }
    await this.#sendNext(signal);
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { link, buffer, gateway, limits } = this.#o;
    const path = `${PLACE_PATH}?gateway=${encodeURIComponent(gateway)}&epoch=${encodeURIComponent(buffer.epoch)}`;
    const sentAt = this.#o.clock.now();
    this.#untold = false;
    const headers = { [REPORT_HEADER]: packReport(this.#o.report()) };
    const answer = await link.send({ method: "GET", path, headers, limitMs: limits.requestMs }, signal);
    this.#apply(answerOf(answer), sentAt);
    this.#placed = true;
    buffer.verified();
  }

  async #sendNext(signal: AbortSignal): Promise<void> {
    const { buffer, limits, gateway, link, clock } = this.#o;
    const facts = buffer.read(buffer.confirmed, { facts: limits.batchFacts, bytes: limits.batchBytes });
    const last = facts.at(-1);
    if (last === undefined) return;
    const sentAt = clock.now();
    const { body, headers } = this.#pack(facts, last, sentAt);
    this.#o.at("beforeSend");
    const answer = await link.send(
      {
        method: "POST",
        path: BATCH_PATH,
        headers: {
          ...headers,
          [SIGNATURE_HEADER]: signBatch(link.key, gateway, body),
          [REPORT_HEADER]: packReport(this.#o.report()),
        },
        body,
        limitMs: limits.requestMs,
      },
      signal,
    );
    this.#o.at("afterAnswer");
    this.#apply(answerOf(answer), sentAt);
    // A few facts wait for others to share their upload; a backlog does not.
    if (buffer.facts < limits.batchFacts) await this.#linger(signal);
  }

  async #linger(signal: AbortSignal): Promise<void> {
    const { limits, clock } = this.#o;
    if (limits.lingerMs > 0) await clock.sleep(limits.lingerMs, signal);
  }

  #pack(facts: readonly BufferedFact[], last: BufferedFact, sentAt: number) {
    const { buffer, gateway } = this.#o;
    const { base, epoch } = buffer;
    const head = {
      gateway,
      epoch,
      first: buffer.confirmed - base + 1,
      last: last.seq - base,
      facts: facts.length,
      sentAt,
    };
    const { body, gzip } = packBatch(head, facts, base);
    const headers = { "content-type": "application/x-ndjson", ...(gzip ? { "content-encoding": "gzip" } : {}) };
    return { body, headers };
  }

  #apply(answer: Answer, sentAt: number): void {
    const { clock } = this.#o;
    const now = clock.now();
    this.state.heardAt = now;
    this.state.skewMs = Math.round(answer.now - (sentAt + now) / 2);
    switch (answer.kind) {
      case "accepted":
        this.#moveTo(answer.through);
        this.#o.wanted(answer.configuration);
        return this.#become("up");
      case "need":
        this.#moveTo(answer.from - 1);
        this.#o.wanted(answer.configuration);
        return this.#become("up");
      case "later":
        throw new UnavailableError(answer.message, { next: "It is tried again.", retryAfterMs: answer.retryAfterMs });
      case "refused":
        throw new Refused(`The hub refuses this gateway (${answer.reason}): ${answer.message} ${answer.next}`);
    }
  }

  /** The hub has everything up to number `through` of the epoch, and nothing after. */
  #moveTo(through: number): void {
    const { buffer, log } = this.#o;
    const seq = through + buffer.base;
    const known = buffer.fork ?? buffer.last;
    if (seq > known) {
      log.warn("the hub has newer facts than this gateway's file, which lost its end; facts are numbered anew", {
        hub: seq,
        file: known,
      });
      buffer.renew(known);
    } else if (seq > buffer.confirmed) buffer.confirm(seq);
    else if (seq < buffer.confirmed) {
      log.warn("the hub lost facts that it had confirmed", { from: through + 1, to: buffer.confirmed - buffer.base });
      buffer.rewind(seq);
    }
  }

  async #pause(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    const { clock, random, limits, log, link } = this.#o;
    this.#placed = false;
    const refused = error instanceof Refused;
    // What was read of keys and certificates may have been replaced.
    link.reset();
    const asked = error instanceof UnavailableError ? error.retryAfterMs : undefined;
    const most = refused ? limits.retryCapMs : limits.retryFirstMs * 2 ** Math.min(failures, 20);
    const wait = Math.round(asked ?? Math.min(limits.retryCapMs, most) * (0.5 + random() / 2));
    this.#become(refused ? "refused" : "down", explain(error), clock.now() + wait);
    if (failures === 0) log.warn("the link to the hub is down; facts are kept", { why: explain(error), waitMs: wait });
    // Aborted means stopped, which the loop's condition sees.
    await clock.sleep(wait, signal).catch(() => undefined);
  }

  /** True when something came to send, false when `ms` went by. */
  async #idle(ms: number, signal: AbortSignal): Promise<boolean> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (this.#o.buffer.facts > 0 || this.#untold) return true;
    await this.#o.clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    this.#wake = undefined;
    return woken.signal.aborted;
  }

  #become(state: LinkState["state"], message?: string, nextTryAt?: number): void {
    if (this.state.state !== state) {
      this.state.since = this.#o.clock.now();
      if (state === "up") this.#o.log.info("the link to the hub is up", { hub: this.#o.link.hub });
    }
    this.state.state = state;
    for (const name of ["message", "nextTryAt"] as const) delete this.state[name];
    if (message !== undefined) this.state.message = message;
    if (nextTryAt !== undefined) this.state.nextTryAt = nextTryAt;
  }
}

class Refused extends Error {}

/** Only what a hub says counts; a proxy in between that answers for it does not. */
export function answerOf({ status, body }: LinkAnswer): Answer {
  if (typeof body === "object" && body !== null && "kind" in body && "now" in body && Number.isFinite(body.now))
    return body as Answer;
  throw new UnavailableError(`What answered is no Lineshaft hub, or one that failed (HTTP ${status}).`, {
    next: "Facts are kept, and it is tried again.",
  });
}
