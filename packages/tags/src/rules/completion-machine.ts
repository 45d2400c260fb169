import { Counter, stepsToDecimal } from "../counter.ts";
import type { CompletionRule } from "../rule-specs.ts";
import type { CountTag, Reading, TagSpecs } from "../tag-specs.ts";
import { iso, toNull } from "./rule-machine.ts";
import type { RuleHost, RuleMachine } from "./rule-machine.ts";

interface Counted {
  readonly tag: string;
  readonly spec: CountTag;
  readonly reason: string | undefined;
  readonly counter: Counter;
  /** Steps since the last report. */
  steps: number;
}

type Saved = [
  first: number | null,
  last: number,
  overGap: number,
  total: number,
  counted: [string, number, readonly (number | null)[]][],
];

/** Counts pieces by the differences of counters, and reports them together. */
export class CompletionMachine implements RuleMachine {
  readonly tags: readonly string[];
  readonly everyValue = true;
  due = Infinity;
  readonly #name: string;
  readonly #rule: CompletionRule<TagSpecs>;
  readonly #host: RuleHost;
  readonly #counted: readonly Counted[];
  #first: number | undefined;
  #last = 0;
  /** Steps since the last report that were made while values were missing. */
  #overGap = 0;
  /** All steps ever; it tells reports of one moment apart. */
  #total = 0;

  constructor(name: string, rule: CompletionRule<TagSpecs>, specs: TagSpecs, host: RuleHost) {
    const tags = [{ tag: rule.good, reason: undefined }, ...(rule.scrap ?? [])];
    this.#name = name;
    this.#rule = rule;
    this.#host = host;
    this.#counted = tags.map(({ tag, reason }) => {
      const spec = specs[tag] as CountTag;
      return { tag, spec, reason, counter: new Counter(spec), steps: 0 };
    });
    this.tags = tags.map(({ tag }) => tag);
  }

  take(tag: string, value: Reading, time: number, overGap: boolean): void {
    const counted = this.#counted.find((it) => it.tag === tag);
    if (counted === undefined) return;
    const step = counted.counter.take(value as number, time);
    if (step.kind === "jumped") {
      if (!step.told) this.#tellJump(counted, value as number, step, time);
      return;
    }
    if (step.steps === 0) return;
    counted.steps += step.steps;
    this.#total += step.steps;
    if (overGap) this.#overGap += step.steps;
    this.#first ??= time;
    this.#last = time;
    this.#reportIfDue(time);
  }

  /** A counter goes on counting while nobody sees it; the difference says how much when it is back. */
  lose(): void {}

  wake(): void {
    this.#report();
  }

  orderEnds(): void {
    this.#report();
  }

  shiftEnds(): void {
    this.#report();
  }

  save(): Saved {
    return [
      toNull(this.#first),
      this.#last,
      this.#overGap,
      this.#total,
      this.#counted.map(({ tag, steps, counter }) => [tag, steps, counter.save()]),
    ];
  }

  restore(saved: unknown): void {
    const [first, last, overGap, total, counted] = saved as Saved;
    this.#first = first ?? undefined;
    this.#last = last;
    this.#overGap = overGap;
    this.#total = total;
    for (const [tag, steps, counter] of counted) {
      const found = this.#counted.find((it) => it.tag === tag);
      if (found === undefined) continue;
      found.steps = steps;
      found.counter.restore(counter);
    }
    this.#setDue();
  }

  #reportIfDue(time: number): void {
    const { pieces, seconds } = this.#rule.every ?? {};
    const all = this.#counted.reduce((sum, { steps, spec }) => sum + steps / 10 ** (spec.decimals ?? 0), 0);
    const each = pieces === undefined && seconds === undefined;
    if (each || (pieces !== undefined && all >= pieces)) this.#report();
    else if (this.#first === time) this.#setDue();
  }

  #setDue(): void {
    const seconds = this.#rule.every?.seconds;
    this.due = seconds === undefined || this.#first === undefined ? Infinity : this.#first + seconds * 1_000;
  }

  #report(): void {
    const first = this.#first;
    this.due = Infinity;
    if (first === undefined) return;
    const [good, ...scrap] = this.#counted;
    if (good === undefined) return;
    const scrapped = scrap
      .filter(({ steps }) => steps > 0)
      .map((it) => ({ quantity: quantityOf(it), reason: it.reason }));
    const made = quantityOf(good);
    this.#host.emit({
      contract: "completion.v1",
      rule: this.#name,
      time: this.#last,
      mark: this.#total.toString(36),
      order: "required",
      orderTime: first,
      body: {
        yield: made,
        ...(scrapped.length > 0 ? { scrap: scrapped } : {}),
        final: false,
        start: iso(first),
        end: iso(this.#last),
        ...this.#gapNote(),
      },
      instead: this.#unassigned(made, scrapped, first),
    });
    this.#first = undefined;
    this.#overGap = 0;
    for (const it of this.#counted) it.steps = 0;
  }

  #gapNote(): object {
    if (this.#overGap === 0) return {};
    return {
      note: "Some were counted by the difference over a time in which values were missing.",
      extensions: { countedOverGap: String(this.#overGap) },
    };
  }

  #unassigned(made: Quantity, scrapped: readonly { quantity: Quantity }[], first: number): Record<string, unknown> {
    const scrap = scrapped.map(({ quantity }) => `${quantity.value} ${quantity.unit}`).join(" and ");
    return {
      kind: "finding",
      finding: "order-unknown",
      tags: this.tags.map((tag) => this.#host.sourceTag(tag)),
      value: made.value,
      measured: made.value,
      unit: made.unit,
      start: iso(first),
      end: iso(this.#last),
      description: `Made without a known order: ${made.value} ${made.unit} good${scrap ? `, ${scrap} scrapped` : ""}.`,
      next: "Report this quantity by hand on the order that was running.",
    };
  }

  #tellJump({ tag, spec }: Counted, value: number, step: { from: number; most: number }, time: number): void {
    const shown = (steps: number) => stepsToDecimal(steps, spec.decimals);
    this.#host.emit({
      contract: "equipment-event.v1",
      rule: this.#name,
      time,
      mark: `jump-${tag}`,
      order: "wanted",
      body: {
        kind: "finding",
        finding: "counter-jumped",
        tags: [this.#host.sourceTag(tag)],
        value: shown(value),
        description: `The counter went from ${shown(step.from)} to ${shown(value)}, where at most ${shown(step.most)} were possible in this time. Nothing was counted.`,
        next: "Look at the counter. If it is right, report the difference by hand, and raise the tag's maxPerSecond.",
      },
    });
  }
}

interface Quantity {
  value: string;
  unit: string;
}

function quantityOf({ steps, spec }: Counted): Quantity {
  return { value: stepsToDecimal(steps, spec.decimals), unit: spec.unit ?? "C62" };
}
