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
  reported?: Reported | null,
];

/** The report made last, which rejected pieces beyond those that wait are taken from. */
interface Reported {
  readonly id: string;
  /** When its first piece was counted, which says its order. */
  readonly first: number;
  /** Good steps of it that were not rejected. */
  left: number;
}

/** Counts pieces by the differences of counters, and reports them together. */
export class CompletionMachine implements RuleMachine {
  readonly tags: readonly string[];
  readonly everyValue = true;
  due = Infinity;
  readonly #name: string;
  readonly #rule: CompletionRule<TagSpecs>;
  readonly #host: RuleHost;
  readonly #counted: readonly Counted[];
  readonly #rejected: readonly Counted[];
  #reported: Reported | undefined;
  #first: number | undefined;
  #last = 0;
  /** Steps since the last report that were made while values were missing. */
  #overGap = 0;
  /** All steps ever; it tells reports of one moment apart. */
  #total = 0;

  constructor(name: string, rule: CompletionRule<TagSpecs>, specs: TagSpecs, host: RuleHost) {
    this.#name = name;
    this.#rule = rule;
    this.#host = host;
    const counted = ({ tag, reason }: { tag: string; reason: string | undefined }): Counted => {
      const spec = specs[tag] as CountTag;
      return { tag, spec, reason, counter: new Counter(spec), steps: 0 };
    };
    this.#counted = [{ tag: rule.good, reason: undefined }, ...(rule.scrap ?? [])].map(counted);
    this.#rejected = (rule.rejected ?? []).map(counted);
    this.tags = [...this.#counted, ...this.#rejected].map(({ tag }) => tag);
  }

  take(tag: string, value: Reading, time: number, overGap: boolean): void {
    const counted = [...this.#counted, ...this.#rejected].find((it) => it.tag === tag);
    if (counted === undefined) return;
    const step = counted.counter.take(value as number, time);
    if (step.kind === "jumped") {
      if (!step.told) this.#tellJump(counted, value as number, step, time);
      return;
    }
    if (step.steps === 0) return;
    counted.steps += step.steps;
    this.#total += step.steps;
    if (this.#rejected.includes(counted)) {
      // Nothing waits, so that they are of what was reported before.
      if (this.#first === undefined) this.#correct(time);
      return;
    }
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
      [...this.#counted, ...this.#rejected].map(({ tag, steps, counter }) => [tag, steps, counter.save()]),
      this.#reported === undefined ? null : { ...this.#reported },
    ];
  }

  restore(saved: unknown): void {
    const [first, last, overGap, total, counted, reported] = saved as Saved;
    this.#reported = reported ?? undefined;
    this.#first = first ?? undefined;
    this.#last = last;
    this.#overGap = overGap;
    this.#total = total;
    for (const [tag, steps, counter] of counted) {
      const found = [...this.#counted, ...this.#rejected].find((it) => it.tag === tag);
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
    const before = this.#reported;
    const rejected = this.#takeRejected(good.steps, (steps) => (good.steps -= steps));
    const scrapped = scrap
      .filter(({ steps }) => steps > 0)
      .map((it) => ({ quantity: quantityOf(it), reason: it.reason }))
      .concat(rejected);
    const made = quantityOf(good);
    const named = { rule: this.#name, time: this.#last, mark: this.#total.toString(36) };
    this.#reported = { id: this.#host.factId(named), first, left: good.steps };
    this.#host.emit({
      contract: "completion.v1",
      ...named,
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
    // More was rejected than waited: the rest is of the report before.
    if (this.#rejected.some(({ steps }) => steps > 0)) this.#correct(named.time, before);
  }

  /** Rejected pieces by reason, at most so many steps; what is taken is told. */
  #takeRejected(most: number, take: (steps: number) => void): { quantity: Quantity; reason: string | undefined }[] {
    const taken: { quantity: Quantity; reason: string | undefined }[] = [];
    let open = most;
    for (const it of this.#rejected) {
      const steps = Math.min(it.steps, open);
      if (steps === 0) continue;
      open -= steps;
      it.steps -= steps;
      take(steps);
      taken.push({ quantity: quantityOf({ ...it, steps }), reason: it.reason });
    }
    return taken;
  }

  /** Rejected pieces that were reported as good already: a correction of that report, as far as it had so many. */
  #correct(time: number, reported = this.#reported): void {
    const total = this.#total.toString(36);
    const taken = this.#takeRejected(reported?.left ?? 0, (steps) => {
      if (reported) reported.left -= steps;
    });
    if (reported !== undefined && taken.length > 0)
      this.#host.emit({
        contract: "completion-correction.v1",
        rule: this.#name,
        time,
        mark: `rejected-${total}`,
        order: "required",
        orderTime: reported.first,
        body: {
          completion: reported.id,
          changes: taken.map(({ quantity, reason }) => ({ from: "yield", to: "scrap", quantity, reason })),
          reason: "Rejected at the machine after it was counted and reported.",
        },
        instead: this.#notTaken("order-unknown", "Rejected without a known order", taken, time),
      });
    const beyond = this.#takeRejected(Infinity, () => {});
    if (beyond.length > 0)
      this.#host.emit({
        contract: "equipment-event.v1",
        rule: this.#name,
        time,
        mark: `beyond-${total}`,
        order: "wanted",
        body: this.#notTaken("rejected-exceeds", "More was rejected than the last report counted", beyond, time),
      });
  }

  #notTaken(
    finding: string,
    what: string,
    rejected: readonly { quantity: Quantity; reason: string | undefined }[],
    time: number,
  ): Record<string, unknown> {
    const told = rejected.map(({ quantity, reason }) => `${quantity.value} ${quantity.unit} (${reason})`).join(", ");
    return {
      kind: "finding",
      finding,
      tags: this.#rejected.map(({ tag }) => this.#host.sourceTag(tag)),
      start: iso(time),
      description: `${what}: ${told}.`,
      next: "Correct the completions concerned by hand.",
    };
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

function quantityOf({ steps, spec }: Pick<Counted, "steps" | "spec">): Quantity {
  return { value: stepsToDecimal(steps, spec.decimals), unit: spec.unit ?? "C62" };
}
