import type { OutOfSpecRule } from "../rule-specs.ts";
import type { NumberTag, Reading, TagSpecs } from "../tag-specs.ts";
import { iso, given, toDecimal, toNull } from "./rule-machine.ts";
import type { RuleHost, RuleMachine } from "./rule-machine.ts";

type Saved = [since: number | null, worst: number, fired: boolean, window: string];

/** A value beyond its limits for too long, or too often, holds the lot, or the order's output where no lot is known. It holds once, until the value was back within. */
export class OutOfSpecMachine implements RuleMachine {
  readonly tags: readonly string[];
  readonly everyValue = true;
  due = Infinity;
  readonly #name: string;
  readonly #rule: OutOfSpecRule<TagSpecs>;
  readonly #unit: string | undefined;
  readonly #host: RuleHost;
  #since: number | undefined;
  #worst = 0;
  #fired = false;
  /** The last samples, `1` for one beyond. */
  #window = "";

  constructor(name: string, rule: OutOfSpecRule<TagSpecs>, specs: TagSpecs, host: RuleHost) {
    this.#name = name;
    this.#rule = rule;
    this.#unit = (specs[rule.tag] as NumberTag).unit;
    this.#host = host;
    this.tags = [rule.tag];
  }

  take(_tag: string, reading: Reading, time: number): void {
    const value = reading as number;
    const beyond = this.#beyond(value);
    if (beyond > 0) {
      if (this.#since === undefined || beyond > this.#beyond(this.#worst)) this.#worst = value;
      this.#since ??= time;
    }
    if (this.#rule.samples) this.#sample(this.#rule.samples, beyond > 0, time);
    else if (beyond > 0) this.#setDue();
    else this.#forget();
  }

  /** Nothing is known of the time until it is back, so that it begins anew. */
  lose(): void {
    this.#since = undefined;
    this.#window = "";
    this.due = Infinity;
  }

  wake(time: number): void {
    this.#fire(time);
  }

  save(): Saved {
    return [toNull(this.#since), this.#worst, this.#fired, this.#window];
  }

  restore(saved: unknown): void {
    const [since, worst, fired, window] = saved as Saved;
    this.#since = since ?? undefined;
    this.#worst = worst;
    this.#fired = fired;
    this.#window = window;
    this.#setDue();
  }

  #beyond(value: number): number {
    const { low = -Infinity, high = Infinity } = this.#rule;
    return Math.max(low - value, value - high);
  }

  #sample({ beyond, of }: { beyond: number; of: number }, isBeyond: boolean, time: number): void {
    this.#window = (this.#window + (isBeyond ? "1" : "0")).slice(-of);
    const count = this.#window.split("1").length - 1;
    if (count === 0) this.#forget();
    else if (count >= beyond && !this.#fired) this.#fire(time);
  }

  #forget(): void {
    this.#since = undefined;
    this.#fired = false;
    this.due = Infinity;
  }

  #setDue(): void {
    const { forMs } = this.#rule;
    if (forMs === undefined || this.#since === undefined || this.#fired) this.due = Infinity;
    else this.due = this.#since + forMs;
  }

  #fire(time: number): void {
    this.#fired = true;
    this.due = Infinity;
    const { low, high, tag } = this.#rule;
    const since = this.#since ?? time;
    const measured = toDecimal(this.#worst);
    const allowed = [low === undefined ? "" : `at least ${low}`, high === undefined ? "" : `at most ${high}`];
    const description = `${tag} was ${measured ?? String(this.#worst)} where ${allowed.filter(Boolean).join(" and ")} is allowed, since ${iso(since)}.`;
    this.#host.emit({
      contract: "quality-hold.v1",
      rule: this.#name,
      time,
      order: "product",
      body: { action: "place", reason: description },
      instead: {
        kind: "alarm",
        alarm: this.#name,
        active: true,
        tags: [this.#host.sourceTag(tag)],
        ...given({ measured, unit: this.#unit }),
        start: iso(since),
        description: `${description} No product is known to hold.`,
      },
    });
  }
}
