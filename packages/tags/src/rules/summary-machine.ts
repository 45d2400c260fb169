import { Counter, stepsToDecimal } from "../counter.ts";
import type { MeasureSpec, SummaryRule } from "../rule-specs.ts";
import type { CountTag, NumberTag, Reading, StateTag, TagSpecs } from "../tag-specs.ts";
import { given, iso, seconds, toDecimal, toNull } from "./rule-machine.ts";
import type { RuleHost, RuleMachine } from "./rule-machine.ts";
import { runsIn } from "./state-machine.ts";

const perMs = { second: 1_000, minute: 60_000, hour: 3_600_000 } as const;

/** What is summed up of one tag. Only good values and the time in which the value was good. */
class Measured {
  readonly name: string;
  readonly tag: string;
  readonly #spec: NumberTag | CountTag;
  readonly #integral: MeasureSpec<TagSpecs>["integral"];
  readonly #counter: Counter | undefined;
  #value: number | undefined;
  #since = 0;
  #count = 0;
  #min = 0;
  #max = 0;
  #sum = 0;
  #area = 0;
  #coveredMs = 0;

  constructor(name: string, { tag, integral }: MeasureSpec<TagSpecs>, specs: TagSpecs) {
    this.name = name;
    this.tag = tag;
    this.#spec = specs[tag] as NumberTag | CountTag;
    this.#integral = integral;
    this.#counter = this.#spec.kind === "count" ? new Counter(this.#spec) : undefined;
  }

  take(value: number, time: number): void {
    this.settle(time);
    this.#value = value;
    if (this.#counter === undefined) this.#sample(value);
    else {
      const step = this.#counter.take(value, time);
      this.#count++;
      if (step.kind === "counted") this.#sum += step.steps;
    }
  }

  /** Takes the time up to now with the value that held. */
  settle(time: number): void {
    if (this.#value !== undefined) {
      this.#area += this.#value * (time - this.#since);
      this.#coveredMs += time - this.#since;
    }
    this.#since = time;
  }

  lose(time: number): void {
    this.settle(time);
    this.#value = undefined;
  }

  clear(): void {
    this.#count = this.#min = this.#max = this.#sum = this.#area = this.#coveredMs = 0;
  }

  /** As the contract has it; undefined when nothing was good. */
  tell(): object | undefined {
    if (this.#count === 0 && this.#coveredMs === 0) return undefined;
    const common = { measure: this.name, unit: this.#spec.unit, count: this.#count, covered: seconds(this.#coveredMs) };
    if (this.#spec.kind === "count") {
      const unit = this.#spec.unit ?? "C62";
      return given({ ...common, unit, total: stepsToDecimal(this.#sum, this.#spec.decimals), totalUnit: unit });
    }
    const some = this.#count > 0;
    const integral = this.#integral;
    return given({
      ...common,
      min: some ? toDecimal(this.#min) : undefined,
      max: some ? toDecimal(this.#max) : undefined,
      mean: some ? toDecimal(this.#sum / this.#count) : undefined,
      sum: some ? toDecimal(this.#sum) : undefined,
      total: integral && toDecimal(this.#area / perMs[integral.per]),
      totalUnit: integral?.unit,
    });
  }

  save(): unknown[] {
    const numbers = [this.#since, this.#count, this.#min, this.#max, this.#sum, this.#area, this.#coveredMs];
    return [this.name, this.#value ?? null, numbers, this.#counter?.save() ?? null];
  }

  restore([, value, numbers, counter]: unknown[]): void {
    const [since = 0, count = 0, min = 0, max = 0, sum = 0, area = 0, coveredMs = 0] = numbers as number[];
    this.#value = (value as number | null) ?? undefined;
    this.#since = since;
    this.#count = count;
    this.#min = min;
    this.#max = max;
    this.#sum = sum;
    this.#area = area;
    this.#coveredMs = coveredMs;
    if (counter !== null) this.#counter?.restore(counter as number[]);
  }

  #sample(value: number): void {
    this.#min = this.#count === 0 ? value : Math.min(this.#min, value);
    this.#max = this.#count === 0 ? value : Math.max(this.#max, value);
    this.#count++;
    this.#sum += value;
  }
}

type Saved = [
  start: number | null,
  measured: unknown[][],
  runs: boolean | null,
  since: number,
  times: [runMs: number, standMs: number, stops: number, microStops: number],
];

/** Sums up over shifts or orders. A value that holds goes over from one into the next. */
export class SummaryMachine implements RuleMachine {
  readonly tags: readonly string[];
  readonly everyValue = false;
  readonly due = Infinity;
  readonly #name: string;
  readonly #rule: SummaryRule<TagSpecs>;
  readonly #spec: StateTag | undefined;
  readonly #host: RuleHost;
  readonly #measured: readonly Measured[];
  /** Since when it sums up; undefined while no shift or order is on. */
  #start: number | undefined;
  #runs: boolean | undefined;
  #since = 0;
  #runMs = 0;
  #standMs = 0;
  #stops = 0;
  #microStops = 0;

  constructor(name: string, rule: SummaryRule<TagSpecs>, specs: TagSpecs, host: RuleHost) {
    this.#name = name;
    this.#rule = rule;
    this.#spec = rule.state === undefined ? undefined : (specs[rule.state] as StateTag);
    this.#host = host;
    this.#measured = Object.entries(rule.measures).map(([measure, spec]) => new Measured(measure, spec, specs));
    const tags = this.#measured.map(({ tag }) => tag);
    this.tags = [...new Set(rule.state === undefined ? tags : [...tags, rule.state])];
  }

  take(tag: string, value: Reading, time: number): void {
    for (const measured of this.#measured) if (measured.tag === tag) measured.take(value as number, time);
    if (tag !== this.#rule.state || this.#spec === undefined) return;
    this.#settleTimes(time);
    this.#runs = runsIn(this.#spec, value as string);
  }

  lose(tag: string, time: number): void {
    for (const measured of this.#measured) if (measured.tag === tag) measured.lose(time);
    if (tag !== this.#rule.state) return;
    this.#settleTimes(time);
    this.#runs = undefined;
  }

  wake(): void {}

  shiftEnds(time: number): void {
    if (this.#rule.per === "shift") this.#close(time);
  }

  shiftBegins(time: number): void {
    if (this.#rule.per === "shift") this.#open(time, this.#host.shiftAt(time) !== undefined);
  }

  orderEnds(time: number): void {
    if (this.#rule.per === "order") this.#close(time);
  }

  orderBegins(time: number): void {
    if (this.#rule.per === "order") this.#open(time, typeof this.#host.orderNow() !== "string");
  }

  stopEnded(micro: boolean): void {
    if (micro) this.#microStops++;
    else this.#stops++;
  }

  save(): Saved {
    return [
      toNull(this.#start),
      this.#measured.map((measured) => measured.save()),
      this.#runs ?? null,
      this.#since,
      [this.#runMs, this.#standMs, this.#stops, this.#microStops],
    ];
  }

  restore(saved: unknown): void {
    const [start, measured, runs, since, times] = saved as Saved;
    this.#start = start ?? undefined;
    for (const each of measured) this.#measured.find(({ name }) => name === each[0])?.restore(each);
    this.#runs = runs ?? undefined;
    this.#since = since;
    [this.#runMs, this.#standMs, this.#stops, this.#microStops] = times;
  }

  #settleTimes(time: number): void {
    if (this.#runs === true) this.#runMs += time - this.#since;
    if (this.#runs === false) this.#standMs += time - this.#since;
    this.#since = time;
  }

  #settle(time: number): void {
    for (const measured of this.#measured) measured.settle(time);
    this.#settleTimes(time);
  }

  /** What came before belongs to nothing that is summed up. */
  #open(time: number, on: boolean): void {
    this.#settle(time);
    this.#clear();
    this.#start = on ? time : undefined;
  }

  #close(time: number): void {
    this.#settle(time);
    const start = this.#start;
    this.#start = undefined;
    if (start !== undefined) this.#tell(start, time);
    this.#clear();
  }

  #clear(): void {
    for (const measured of this.#measured) measured.clear();
    this.#runMs = this.#standMs = this.#stops = this.#microStops = 0;
  }

  #tell(start: number, end: number): void {
    const measures = this.#measured.flatMap((measured) => measured.tell() ?? []);
    const times = this.#runMs + this.#standMs;
    if (measures.length === 0 && times === 0) return;
    const order = this.#host.orderNow();
    this.#host.emit({
      contract: "equipment-summary.v1",
      rule: this.#name,
      time: end,
      mark: start.toString(36),
      order: this.#rule.per === "order" && typeof order !== "string" ? "required" : "wanted",
      orderTime: start,
      body: {
        summary: this.#name,
        per: this.#rule.per,
        ...(this.#rule.per === "shift" ? given({ shift: this.#host.shiftAt(start)?.name }) : {}),
        start: iso(start),
        end: iso(end),
        ...(measures.length > 0 ? { measures } : {}),
        ...(this.#spec === undefined ? {} : this.#times()),
      },
    });
  }

  #times(): object {
    return {
      running: seconds(this.#runMs),
      standing: seconds(this.#standMs),
      stops: this.#stops,
      microStops: this.#microStops,
    };
  }
}
