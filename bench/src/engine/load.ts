import type { Fact, Intake } from "@lineshaft/core";
import type { CommitWatch } from "./commit-watch.ts";
import type { Facts } from "./completion-facts.ts";

/** Facts handed over whose receipt is awaited, at most. */
export const UNANSWERED = 2_000;
/** Messages accepted whose deliveries are not all done, at most: it fits in the hub's window, as a source's own pace would. */
export const UNSETTLED = 4_000;
/** Answers after which more is handed over. */
const LOT = 100;
/** Deliveries of each message. */
export const TARGETS = 2;

/** Hands facts over as fast as they are answered. @throws Error at the first one that is not accepted */
export async function acceptAll(intake: Intake, facts: Facts): Promise<void> {
  await new HandOver(intake, facts, () => true).run();
}

/** Hands facts over as fast as both targets settle them, and waits for the last one. */
export async function settleAll(intake: Intake, facts: Facts, watch: CommitWatch): Promise<void> {
  const before = watch.finished;
  const mayGoOn = (handed: number) => handed - (watch.finished - before) / TARGETS < UNSETTLED;
  const handOver = new HandOver(intake, facts, mayGoOn);
  watch.onCommit = () => handOver.pump();
  await handOver.run();
  await watch.until(before + facts.length * TARGETS);
}

/** Hands over whenever something has moved, and spins in no loop: the cores belong to the hub. */
export class HandOver {
  readonly #intake: Intake;
  readonly #facts: Facts;
  readonly #mayGoOn: (handed: number) => boolean;
  readonly #limit: number;
  readonly #all = Promise.withResolvers<void>();
  #next = 0;
  #unanswered = 0;

  constructor(intake: Intake, facts: Facts, mayGoOn: (handed: number) => boolean, unanswered = UNANSWERED) {
    this.#intake = intake;
    this.#facts = facts;
    this.#mayGoOn = mayGoOn;
    this.#limit = unanswered;
  }

  /** Resolves when every fact is accepted. */
  run(): Promise<void> {
    this.pump();
    return this.#all.promise;
  }

  pump(): void {
    while (this.#next < this.#facts.length && this.#unanswered < this.#limit && this.#mayGoOn(this.#next)) {
      this.#unanswered++;
      recordOne(this.#intake, this.#facts.at(this.#next++) as Fact).then(
        () => this.#answered(),
        (error: unknown) => this.#all.reject(error instanceof Error ? error : new Error(String(error))),
      );
    }
  }

  #answered(): void {
    this.#unanswered--;
    if (this.#unanswered === 0 && this.#next === this.#facts.length) this.#all.resolve();
    // In lots, as a socket brings them.
    else if (this.#unanswered % LOT === 0) this.pump();
  }
}

/** @returns the message's id */
export async function recordOne(intake: Intake, fact: Fact): Promise<number> {
  const receipt = await intake.record(fact);
  if (receipt.kind !== "accepted")
    throw new Error(`A fact of the bench was not accepted: ${JSON.stringify(receipt).slice(0, 500)}`);
  return receipt.message;
}
