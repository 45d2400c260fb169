import { type Found, type Item, type Outcome, type Target, UnavailableError, explain } from "@lineshaft/core";
import type { Breaker } from "./breaker.ts";
import type { SystemFigures } from "./figures.ts";
import type { Task } from "./key-lines.ts";
import { outcomesOfError, waitAtMost } from "./outcomes.ts";
import { type Standing, type Step, type Times, afterCheck, afterFailedCheck, afterSend } from "./settle.ts";
import type { WorkerOptions } from "./system-worker.ts";

const SEND_MS = 180_000;

export interface CallsOptions extends Pick<WorkerOptions, "definition" | "clock" | "random" | "tracing"> {
  breaker: Breaker;
  figures: SystemFigures;
}

/** A delivery that is ready to leave. */
export interface Ready {
  task: Task;
  item: Item<never>;
}

/** Calls a system, within its time, and says for each delivery which step follows from how the call ended. */
export class Calls {
  readonly #o: CallsOptions;
  readonly #abort = new AbortController();

  constructor(options: CallsOptions) {
    this.#o = options;
  }

  /** Ends what is under way: what left is uncertain then. */
  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** One call for all. Never throws. */
  async send(ready: readonly Ready[], target: Target<never>): Promise<Step[]> {
    const { clock, definition, tracing } = this.#o;
    const startedAt = clock.now();
    const spans = ready.map(({ task }) =>
      tracing.deliver(task.carried?.trace ?? null, {
        "lineshaft.flow": task.target.flow,
        "lineshaft.system": definition.name,
        "lineshaft.delivery": task.id,
      }),
    );
    const items = ready.map(({ item }) => item);
    let outcomes: Outcome[];
    try {
      const sendMs = definition.limits?.sendMs ?? SEND_MS;
      const call = () => waitAtMost(clock, sendMs, this.#abort.signal, (signal) => target.send(items, signal));
      outcomes = await tracing.call(
        spans,
        { "lineshaft.system": definition.name, "lineshaft.items": items.length },
        call,
      );
    } catch (error) {
      outcomes = outcomesOfError(error, items.length, definition.name);
    }
    const times = { startedAt, endedAt: clock.now() };
    return ready.map(({ task }, at) => {
      const outcome = outcomes[at] ?? {
        kind: "uncertain",
        message: `${definition.name} gave no outcome for this item.`,
      };
      this.#judge(outcome);
      const step = this.stepAfter(task, target, outcome, times);
      if (outcome.kind === "uncertain") task.uncertain++;
      spans[at]?.setAttribute("lineshaft.outcome", outcome.kind).end();
      return step;
    });
  }

  /** Looks whether it stands. Never throws. */
  async check({ task, item }: Ready, target: Target<never>): Promise<Step> {
    const { clock, random, breaker, figures } = this.#o;
    const find = target.repeat.find?.bind(target.repeat);
    const startedAt = clock.now();
    figures.lookedUp++;
    if (find === undefined) return { from: "checking", to: "pending", at: startedAt, dueAt: 0, tries: 0 };
    let found: Found;
    try {
      found = await waitAtMost(clock, SEND_MS, this.#abort.signal, (signal) => find(item, signal));
      breaker.succeeded();
    } catch (error) {
      const retryAfterMs = error instanceof UnavailableError ? error.retryAfterMs : undefined;
      task.uncertain++;
      const message = explain(error);
      this.#judge({ kind: "unavailable", message });
      const times = { startedAt, endedAt: clock.now() };
      return afterFailedCheck(this.#standing(task, target), message, times, retryAfterMs, random);
    }
    return afterCheck(this.#standing(task, target), found, { startedAt, endedAt: clock.now() }, random);
  }

  /** The step after an outcome; by itself it says nothing of the system's health. */
  stepAfter(task: Task, target: Target<never>, outcome: Outcome, times: Times): Step {
    return afterSend(this.#standing(task, target), outcome, times, task.mapped, this.#o.random);
  }

  #judge(outcome: Outcome): void {
    const { breaker, figures } = this.#o;
    figures.outcomes[outcome.kind]++;
    if (outcome.kind === "unavailable" || outcome.kind === "uncertain") breaker.failed(outcome.message);
    else breaker.succeeded();
  }

  #standing(task: Task, target: Target<never>): Standing {
    return {
      repeat: target.repeat,
      policy: task.target.policy,
      owner: task.target.owner,
      system: this.#o.definition.name,
      receivedTime: task.carried?.receivedTime ?? task.since,
      tries: task.tries,
      uncertain: task.uncertain,
    };
  }
}
