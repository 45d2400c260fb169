import { type Clock, type Intake, type Log, type Source, explain } from "@lineshaft/core";
import type { SourceStatus } from "./status.ts";

const RETRY_FIRST_MS = 1_000;
const RETRY_CAP_MS = 60_000;
/** A source that ran this long starts its back-off anew. */
const STEADY_MS = 60_000;

/** Keeps a source running: again after each failure, with back-off and jitter, until it is stopped. */
export class SourceRunner {
  readonly status: SourceStatus;
  readonly #source: Source;
  readonly #intake: Intake;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #log: Log;
  #stop = new AbortController();
  readonly #settled = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(options: { name: string; source: Source; intake: Intake; clock: Clock; random: () => number; log: Log }) {
    this.#source = options.source;
    const { intake } = options;
    this.#intake = {
      record: (fact) => intake.record(fact),
      loadCursor: (name) => intake.loadCursor(name),
      saveCursor: (name, value) => intake.saveCursor(name, value),
      get others() {
        return intake.others;
      },
      listening: () => this.#become("running"),
    };
    this.#clock = options.clock;
    this.#random = options.random;
    this.#log = options.log;
    this.status = { name: options.name, state: "stopped", since: options.clock.now(), facts: 0 };
  }

  /** Resolves when the source takes facts, or failed to for the first time. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  start(): void {
    if (this.#running !== undefined && !this.#stop.signal.aborted) return;
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    // One that is being stopped ends first.
    this.#running = Promise.resolve(this.#running).then(() => this.#run(signal));
  }

  /** Resolves when it has ended. It may be started again. */
  async stop(state: "stopped" | "elsewhere" = "stopped"): Promise<void> {
    this.#stop.abort(new Error("the source is stopped"));
    const running = this.#running;
    await running;
    // Unless it was started again meanwhile.
    if (this.#running === running) {
      this.#running = undefined;
      this.#become(state);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      const startedAt = this.#clock.now();
      this.#become("connecting");
      try {
        await this.#source.run(this.#intake, signal);
        if (signal.aborted) break;
        this.status.message = "It ended by itself.";
      } catch (error) {
        if (signal.aborted) break;
        this.status.message = explain(error);
      }
      if (this.#clock.now() - startedAt >= STEADY_MS) failures = 0;
      const wait = Math.round(Math.min(RETRY_CAP_MS, RETRY_FIRST_MS * 2 ** failures) * (0.5 + this.#random() / 2));
      this.#log.warn("a source stopped; it is started again", {
        source: this.status.name,
        why: this.status.message,
        waitMs: wait,
      });
      this.#become("waiting", this.#clock.now() + wait);
      // Aborted means stopped, which the loop's condition sees.
      await this.#clock.sleep(wait, signal).catch(() => undefined);
    }
  }

  #become(state: SourceStatus["state"], nextTryAt?: number): void {
    this.status.state = state;
    if (state !== "connecting") this.#settled.resolve();
    this.status.since = this.#clock.now();
    if (nextTryAt === undefined) delete this.status.nextTryAt;
    else this.status.nextTryAt = nextTryAt;
  }
}
