import { pause } from "../pause.ts";
import type { FactPlan, PlannedFact } from "./fact-plan.ts";
import type { Acknowledged, HttpSender, MqttSender } from "./senders.ts";

/** Facts on their way to the hub at once. */
const UNDER_WAY = 24;
const DUPLICATE = 0.12;
/** Of the duplicates, those that say something else under the same id. */
const CHANGED = 0.25;
const LATE = 0.06;
const LATEST_MS = 2_500;

export interface LoadOptions {
  plan: FactPlan;
  http: HttpSender;
  mqtt: MqttSender | undefined;
  told: Acknowledged;
  random: () => number;
  /** Facts per second, about. */
  rate: number;
  signal: AbortSignal;
}

/** Sends a round's facts: most in turn, some late, some twice, some twice and changed. */
export class Load {
  readonly #o: LoadOptions;
  readonly #failures: unknown[] = [];
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: LoadOptions) {
    this.#o = options;
  }

  async run(facts: number): Promise<void> {
    const { plan, random, rate, signal } = this.#o;
    for (let sent = 0; sent < facts && !signal.aborted; sent++) {
      const late = random() < LATE ? random() * LATEST_MS : 0;
      this.#begin(this.#send(plan.next(), late));
      if (random() < DUPLICATE) this.#again();
      await pause((1_000 / rate) * 2 * random());
      while (this.#underWay.size >= UNDER_WAY && !signal.aborted) await Promise.race(this.#underWay);
    }
  }

  /** Resolves when everything is answered. @throws AggregateError when a sender broke down */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, "Senders failed.");
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  #again(): void {
    const { plan, random, told } = this.#o;
    const fact = plan.facts[Math.floor(random() * plan.facts.length)];
    if (fact === undefined) return;
    // Only what was acknowledged may come again with other content: otherwise nobody knows which one was first.
    const changed = random() < CHANGED && fact.kind !== "invalid" && told.accepted.has(fact.id);
    this.#begin(this.#send(fact, random() * LATEST_MS, changed ? { quantity: "77" } : undefined));
  }

  async #send(fact: PlannedFact, afterMs: number, changed?: { quantity: string }): Promise<void> {
    const { http, mqtt, signal } = this.#o;
    if (afterMs > 0) await pause(afterMs);
    if (fact.channel === "mqtt" && mqtt !== undefined) await mqtt.send(fact, signal, changed);
    else await http.send(fact, signal, changed);
  }

  #begin(work: Promise<void>): void {
    const tracked = work.then(
      () => void this.#underWay.delete(tracked),
      (error: unknown) => {
        this.#underWay.delete(tracked);
        // A sender that was closed with the round gives up; that is no finding.
        if (!this.#o.signal.aborted) this.#failures.push(error);
      },
    );
    this.#underWay.add(tracked);
  }
}
