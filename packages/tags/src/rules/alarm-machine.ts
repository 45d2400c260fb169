import type { AlarmRule } from "../rule-specs.ts";
import type { Reading, TagSpecs } from "../tag-specs.ts";
import { iso, toNull } from "./rule-machine.ts";
import type { RuleHost, RuleMachine } from "./rule-machine.ts";

/** `rising` and `falling` wait for the flag to have stayed. */
type Phase = "off" | "rising" | "on" | "falling";
type Saved = [phase: Phase, since: number, raised: number | null];

/** An alarm that comes and goes, each told once. */
export class AlarmMachine implements RuleMachine {
  readonly tags: readonly string[];
  readonly everyValue = true;
  due = Infinity;
  readonly #name: string;
  readonly #rule: AlarmRule<TagSpecs>;
  readonly #host: RuleHost;
  #phase: Phase = "off";
  /** When the flag went to where it is. */
  #since = 0;
  #raised: number | undefined;

  constructor(name: string, rule: AlarmRule<TagSpecs>, host: RuleHost) {
    this.#name = name;
    this.#rule = rule;
    this.#host = host;
    this.tags = [rule.tag];
  }

  take(_tag: string, value: Reading, time: number): void {
    const there = value === (this.#rule.when ?? true);
    if (there && this.#phase === "off") this.#go("rising", time);
    else if (there && this.#phase === "falling") this.#go("on", this.#since);
    else if (!there && this.#phase === "rising") this.#go("off", time);
    else if (!there && this.#phase === "on") this.#go("falling", time);
  }

  /** What was only about to come or go is left as it was. */
  lose(): void {
    if (this.#phase === "rising") this.#go("off", this.#since);
    else if (this.#phase === "falling") this.#go("on", this.#since);
  }

  wake(): void {
    this.#settle();
  }

  save(): Saved {
    return [this.#phase, this.#since, toNull(this.#raised)];
  }

  restore(saved: unknown): void {
    const [phase, since, raised] = saved as Saved;
    this.#phase = phase;
    this.#since = since;
    this.#raised = raised ?? undefined;
    this.#setDue();
  }

  #go(phase: Phase, since: number): void {
    this.#phase = phase;
    this.#since = since;
    this.#setDue();
    if (this.due <= since) this.#settle();
  }

  #setDue(): void {
    const { debounceMs = 0, rearmMs = 0 } = this.#rule;
    if (this.#phase === "rising") this.due = this.#since + debounceMs;
    else this.due = this.#phase === "falling" ? this.#since + rearmMs : Infinity;
  }

  #settle(): void {
    const active = this.#phase === "rising";
    this.#phase = active ? "on" : "off";
    this.due = Infinity;
    if (active) this.#raised = this.#since;
    const { alarm = this.#name, severity } = this.#rule;
    this.#host.emit({
      contract: "equipment-event.v1",
      rule: this.#name,
      time: this.#since,
      mark: active ? "on" : "off",
      order: "wanted",
      body: {
        kind: "alarm",
        alarm,
        active,
        ...(severity === undefined ? {} : { severity }),
        tags: [this.#host.sourceTag(this.#rule.tag)],
        start: iso(this.#raised ?? this.#since),
        ...(active ? {} : { end: iso(this.#since) }),
      },
    });
  }
}
