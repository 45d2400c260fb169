import { LineshaftError } from "@lineshaft/core";
import type { Intake, Source, TagChange, TagObserver, TagSource, Timer } from "@lineshaft/core";
import type { TagFact } from "./compose-fact.ts";
import { LineMachine } from "./line-machine.ts";
import type { LineDefinition } from "./line.ts";
import { ALIVE_MS, RESTART_GAP_MS, STEP_CHANGES, TICK_LAG_MS, TICK_MS } from "./limits.ts";

/**
 * A source of facts made of tags. For each step it first saves the line's new state together with the facts that the step
 * came to, then records these, and only then takes the next step, whose save leaves them out. So a state is replaced only
 * after the facts before it were recorded, and a fact that may have left is never made anew from other values: after a
 * crash the facts in the saved state are recorded again as they were, and recognised by their ids.
 */
export function tagFactSource(line: LineDefinition, tags: TagSource): Source {
  return {
    async run(intake, signal) {
      const failed = new AbortController();
      const run = new LineRun(line, intake, failed);
      await run.resume();
      using _ticking = run.startTicking();
      try {
        await tags.run(run, AbortSignal.any([signal, failed.signal]));
      } catch (error) {
        throw run.failure ?? error;
      }
      await run.end();
      if (run.failure !== undefined) throw run.failure;
    },
  };
}

/** One run: whatever fails ends it, and the next one begins from what is saved. */
class LineRun implements TagObserver {
  readonly #line: LineDefinition;
  readonly #intake: Intake;
  readonly #failed: AbortController;
  readonly #machine: LineMachine;
  readonly #cursor: string;
  #steps: Promise<void> = Promise.resolve();
  #savedAt = 0;
  failure: Error | undefined;

  constructor(line: LineDefinition, intake: Intake, failed: AbortController) {
    this.#line = line;
    this.#intake = intake;
    this.#failed = failed;
    this.#machine = new LineMachine(line);
    this.#cursor = `tags:${line.name}`;
  }

  /** Takes up the saved state, and records what may not have been recorded. */
  async resume(): Promise<void> {
    const saved = await this.#intake.loadCursor(this.#cursor);
    if (saved === undefined) return;
    const { alive, facts } = this.#restore(saved);
    await this.#record(facts);
    const now = this.#line.clock.now();
    if (now - alive > RESTART_GAP_MS)
      await this.#step(() => this.#machine.lose(alive, "The hub did not run, or had no connection."));
  }

  changes(changes: readonly TagChange[]): Promise<void> {
    return this.#queue(async () => {
      for (let from = 0; from < changes.length; from += STEP_CHANGES) {
        const to = Math.min(from + STEP_CHANGES, changes.length);
        await this.#step(() => {
          for (let i = from; i < to; i++) this.#machine.change(changes[i] as TagChange);
        });
      }
    });
  }

  gap(gap: Parameters<TagObserver["gap"]>[0]): Promise<void> {
    return this.#queue(() => this.#step(() => this.#machine.gap(gap)));
  }

  newest(): ReadonlyMap<string, number> {
    // By the time of receipt it is not known what the device had told.
    return this.#line.time === "source" ? this.#machine.newest() : new Map();
  }

  listening(): void {
    this.#intake.listening();
  }

  /** Waits for the step under way, and saves until when the line ran. */
  async end(): Promise<void> {
    await this.#steps;
    if (this.failure === undefined && this.#savedAt > 0) await this.#queue(() => this.#step(() => undefined, true));
  }

  startTicking(): Disposable {
    let timer: Timer | undefined;
    let stopped = false;
    const tick = () => {
      if (stopped) return;
      this.#tick().then(
        () => again(),
        () => {},
      );
    };
    const again = () => {
      if (!stopped) timer = this.#line.clock.after(TICK_MS, tick);
    };
    again();
    return {
      [Symbol.dispose]() {
        stopped = true;
        timer?.cancel();
      },
    };
  }

  #tick(): Promise<void> {
    return this.#queue(async () => {
      const now = this.#line.clock.now();
      await this.#step(() => this.#machine.tick(now - TICK_LAG_MS), now - this.#savedAt >= ALIVE_MS);
    });
  }

  /** One after the other; after a failure none any more, because what is in memory is no longer what is saved. */
  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#steps.then(async () => {
      if (this.failure !== undefined) throw this.failure;
      try {
        await work();
      } catch (error) {
        this.failure = error instanceof Error ? error : new Error(String(error));
        this.#failed.abort(this.failure);
        throw this.failure;
      }
    });
    this.#steps = done.catch(() => {});
    return done;
  }

  async #step(work: () => void, save = false): Promise<void> {
    work();
    const facts = this.#machine.takeFacts();
    if (!save && facts.length === 0 && !this.#machine.dirty) return;
    const now = this.#line.clock.now();
    await this.#intake.saveCursor(this.#cursor, this.#machine.save(facts, now));
    this.#savedAt = now;
    await this.#record(facts);
  }

  /** Facts of one unit one after the other, those of several units at once. */
  async #record(facts: readonly TagFact[]): Promise<void> {
    if (facts.length === 0) return;
    const units = Map.groupBy(facts, ({ unit }) => unit);
    const results = await Promise.allSettled(
      [...units.values()].map(async (own) => {
        for (const { contract, body, unit, rule } of own)
          await this.#intake.record({ contract, raw: JSON.stringify(body), origin: `${unit}.${rule}` });
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  #restore(saved: string) {
    try {
      return this.#machine.restore(saved);
    } catch (cause) {
      throw new LineshaftError("config-invalid", `The saved state of line ${this.#line.name} cannot be read.`, {
        next: "Give the line another name to begin anew; counters then go on from their next value.",
        cause,
      });
    }
  }
}
