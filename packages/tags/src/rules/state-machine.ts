import type { StateRule } from "../rule-specs.ts";
import type { EquipmentState, Reading, StateTag, TagSpecs } from "../tag-specs.ts";
import { iso, toNull } from "./rule-machine.ts";
import type { RuleHost, RuleMachine } from "./rule-machine.ts";

interface Stop {
  start: number;
  /** It lasted for long enough to be reported. */
  reported: boolean;
  reason?: string;
  note?: string;
}

type Saved = [
  state: EquipmentState | null,
  told: EquipmentState | null,
  candidate: [EquipmentState, number] | null,
  lostAt: number | null,
  stop: Stop | null,
  stopDue: number | null,
  reason: string | null,
];

const runsByDefault: readonly EquipmentState[] = ["execute"];

/** Whether the machine runs in a state. */
export function runsIn(spec: StateTag, state: string): boolean {
  return (spec.running ?? runsByDefault).includes(state as EquipmentState);
}

/** State changes and stops. What a state was while its values were missing is left open, and said. */
export class StateMachine implements RuleMachine {
  readonly tags: readonly string[];
  readonly everyValue = true;
  readonly #name: string;
  readonly #rule: StateRule<TagSpecs>;
  readonly #spec: StateTag;
  readonly #host: RuleHost;
  #state: EquipmentState | undefined;
  /** The state last reported. */
  #told: EquipmentState | undefined;
  #candidate: [EquipmentState, number] | undefined;
  #lostAt: number | undefined;
  #stop: Stop | undefined;
  #stopDue = Infinity;
  #reason: string | undefined;

  constructor(name: string, rule: StateRule<TagSpecs>, specs: TagSpecs, host: RuleHost) {
    this.#name = name;
    this.#rule = rule;
    this.#spec = specs[rule.state] as StateTag;
    this.#host = host;
    this.tags = rule.reason === undefined ? [rule.state] : [rule.state, rule.reason];
  }

  /** A state about to settle that began before the stop was long enough decides first: it may be the stop's end. */
  get due(): number {
    if (this.#candidate === undefined) return this.#stopDue;
    const settles = this.#candidate[1] + (this.#rule.debounceMs ?? 0);
    return this.#candidate[1] < this.#stopDue ? settles : Math.min(settles, this.#stopDue);
  }

  take(tag: string, value: Reading, time: number): void {
    if (tag !== this.#rule.state) {
      this.#reason = value === "" ? undefined : String(value);
      if (this.#stop !== undefined && this.#reason !== undefined) this.#stop.reason = this.#reason;
      return;
    }
    const word = value as EquipmentState;
    if (this.#lostAt !== undefined) return this.#resume(word, time);
    if (word === this.#state) this.#candidate = undefined;
    else if ((this.#rule.debounceMs ?? 0) === 0) this.#settle(word, time);
    else if (this.#candidate?.[0] !== word) this.#candidate = [word, time];
  }

  lose(tag: string, time: number): void {
    if (tag !== this.#rule.state) this.#reason = undefined;
    else if (this.#lostAt === undefined) {
      this.#candidate = undefined;
      this.#lostAt = time;
      this.#stopDue = Infinity;
    }
  }

  wake(): void {
    const candidate = this.#candidate;
    if (candidate === undefined || this.due === this.#stopDue) return this.#reportStop();
    this.#candidate = undefined;
    this.#settle(...candidate);
  }

  save(): Saved {
    return [
      this.#state ?? null,
      this.#told ?? null,
      this.#candidate ?? null,
      toNull(this.#lostAt),
      this.#stop ?? null,
      toNull(this.#stopDue),
      this.#reason ?? null,
    ];
  }

  restore(saved: unknown): void {
    const [state, told, candidate, lostAt, stop, stopDue, reason] = saved as Saved;
    this.#state = state ?? undefined;
    this.#told = told ?? undefined;
    this.#candidate = candidate ?? undefined;
    this.#lostAt = lostAt ?? undefined;
    this.#stop = stop ?? undefined;
    this.#stopDue = stopDue ?? Infinity;
    this.#reason = reason ?? undefined;
  }

  #settle(word: EquipmentState, time: number): void {
    const first = this.#state === undefined;
    this.#state = word;
    const runs = runsIn(this.#spec, word);
    if (runs) {
      if (this.#stop !== undefined) this.#endStop(time);
      this.#tellState(time);
    } else if (this.#stop === undefined)
      this.#beginStop(time, first ? "It stood already when it was first seen." : undefined);
    else if (this.#stop.reported) this.#tellState(time);
  }

  /** A good value after a time without. What lies between is not known. */
  #resume(word: EquipmentState, time: number): void {
    const lostAt = this.#lostAt ?? time;
    this.#lostAt = undefined;
    const between = `some time between ${iso(lostAt)} and ${iso(time)}; its values were missing`;
    const { microStopMs = 0 } = this.#rule;
    this.#state = word;
    if (!runsIn(this.#spec, word)) {
      if (this.#stop === undefined) this.#beginStop(time, `It stopped at ${between}.`);
      else if (this.#stop.reported) this.#tellState(time);
      else this.#stopDue = time + microStopMs;
      return;
    }
    if (this.#stop !== undefined) {
      const lasted = lostAt - this.#stop.start >= microStopMs;
      if (lasted && !this.#stop.reported) this.#reportStop();
      this.#stop.note = [this.#stop.note, `It ran again at ${between}.`].filter(Boolean).join(" ");
      if (this.#stop.reported) this.#endStop(lostAt);
      else this.#stop = undefined;
    }
    this.#tellState(time);
  }

  #beginStop(start: number, note: string | undefined): void {
    this.#stop = {
      start,
      reported: false,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(note === undefined ? {} : { note }),
    };
    const { microStopMs = 0 } = this.#rule;
    if (microStopMs === 0) this.#reportStop();
    else this.#stopDue = start + microStopMs;
  }

  #reportStop(): void {
    this.#stopDue = Infinity;
    if (this.#stop === undefined || this.#stop.reported) return;
    this.#stop.reported = true;
    this.#tellState(this.#stop.start);
  }

  #endStop(end: number): void {
    const stop = this.#stop;
    this.#stop = undefined;
    this.#stopDue = Infinity;
    if (stop === undefined) return;
    this.#host.stopEnded(!stop.reported);
    if (!stop.reported) return;
    const reason = this.#plantReason(stop.reason);
    this.#host.emit({
      contract: "downtime.v1",
      rule: this.#name,
      time: Math.max(end, stop.start),
      mark: `stop-${stop.start.toString(36)}`,
      order: "wanted",
      orderTime: stop.start,
      body: {
        category: this.#rule.planned?.includes(reason) ? "planned" : "unplanned",
        reason,
        start: iso(stop.start),
        end: iso(Math.max(end, stop.start)),
        ...(stop.note === undefined ? {} : { note: stop.note }),
      },
    });
  }

  #plantReason(given: string | undefined): string {
    const { reasons = {}, noReason = "NOT-GIVEN" } = this.#rule;
    if (given === undefined) return noReason;
    return Object.hasOwn(reasons, given) ? (reasons[given] ?? given) : given;
  }

  #tellState(time: number): void {
    if (this.#state === undefined || this.#state === this.#told) return;
    const runs = runsIn(this.#spec, this.#state);
    const reason = runs || this.#stop?.reason === undefined ? undefined : this.#plantReason(this.#stop.reason);
    this.#host.emit({
      contract: "equipment-event.v1",
      rule: this.#name,
      time,
      mark: this.#state,
      order: "wanted",
      body: {
        kind: "state",
        state: this.#state,
        ...(this.#told === undefined ? {} : { previous: this.#told }),
        ...(reason === undefined ? {} : { reason }),
      },
    });
    this.#told = this.#state;
  }
}
