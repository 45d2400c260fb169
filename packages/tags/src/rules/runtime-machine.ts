import type { RuntimeRule } from "../rule-specs.ts";
import type { Reading, StateTag, TagSpecs } from "../tag-specs.ts";
import { iso, toNull } from "./rule-machine.ts";
import type { RuleHost, RuleMachine } from "./rule-machine.ts";
import { runsIn } from "./state-machine.ts";

type Saved = [ranMs: number, since: number | null, asked: boolean, done: boolean | null];

/** Adds up the time in which the machine surely ran, and asks for maintenance once when it is due. */
export class RuntimeMachine implements RuleMachine {
  readonly tags: readonly string[];
  readonly everyValue = true;
  readonly #name: string;
  readonly #rule: RuntimeRule<TagSpecs>;
  readonly #spec: StateTag;
  readonly #host: RuleHost;
  #ranMs = 0;
  /** Since when it runs. */
  #since: number | undefined;
  #asked = false;
  #done: boolean | undefined;

  constructor(name: string, rule: RuntimeRule<TagSpecs>, specs: TagSpecs, host: RuleHost) {
    this.#name = name;
    this.#rule = rule;
    this.#spec = specs[rule.state] as StateTag;
    this.#host = host;
    this.tags = [rule.state, rule.done];
  }

  get due(): number {
    if (this.#asked || this.#since === undefined) return Infinity;
    return this.#since + Math.max(0, this.#rule.hours * 3_600_000 - this.#ranMs);
  }

  take(tag: string, value: Reading, time: number): void {
    if (tag === this.#rule.done) return this.#take(value as boolean, time);
    this.#stop(time);
    this.#since = runsIn(this.#spec, value as string) ? time : undefined;
  }

  lose(tag: string, time: number): void {
    if (tag === this.#rule.state) this.#stop(time);
  }

  wake(time: number): void {
    this.#asked = true;
    const { hours, reason = "MAINTENANCE-DUE" } = this.#rule;
    this.#host.emit({
      contract: "downtime.v1",
      rule: this.#name,
      time,
      order: "wanted",
      body: {
        category: "planned",
        reason,
        description: `It ran for ${hours} hours since the last maintenance.`,
        maintenanceNeeded: true,
        start: iso(time),
        end: iso(time),
      },
    });
  }

  save(): Saved {
    return [this.#ranMs, toNull(this.#since), this.#asked, this.#done ?? null];
  }

  restore(saved: unknown): void {
    const [ranMs, since, asked, done] = saved as Saved;
    this.#ranMs = ranMs;
    this.#since = since ?? undefined;
    this.#asked = asked;
    this.#done = done ?? undefined;
  }

  #take(done: boolean, time: number): void {
    if (done && this.#done === false) {
      this.#ranMs = 0;
      this.#asked = false;
      if (this.#since !== undefined) this.#since = time;
    }
    this.#done = done;
  }

  #stop(time: number): void {
    if (this.#since !== undefined) this.#ranMs += time - this.#since;
    this.#since = undefined;
  }
}
