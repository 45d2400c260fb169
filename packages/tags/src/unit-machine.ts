import type { TagChange, TagGap } from "@lineshaft/core";
import { composeFact, factId } from "./compose-fact.ts";
import type { TagFact } from "./compose-fact.ts";
import { HeldChanges } from "./held-changes.ts";
import { FUTURE_MS, LEAP_MS, OLD_VALUE_MS } from "./limits.ts";
import { makeMachine } from "./rules/make-machine.ts";
import { iso, toNull } from "./rules/rule-machine.ts";
import type { Draft, RuleHost, RuleMachine } from "./rules/rule-machine.ts";
import type { OrderKnown, RunningOrders } from "./running-order.ts";
import { OrderHistory, sameOrder } from "./running-order.ts";
import type { ShiftCalendar } from "./shift-calendar.ts";
import { Unreadable, readTag, showTag } from "./tag-specs.ts";
import type { Reading, TagSpec } from "./tag-specs.ts";
import type { Unit, UnitPlace } from "./unit-template.ts";
import { UnitGap } from "./unit-gap.ts";
import { WaitingFacts } from "./waiting-facts.ts";

export interface UnitContext {
  readonly place: UnitPlace;
  readonly calendar: ShiftCalendar | undefined;
  readonly orders: RunningOrders | undefined;
  readonly lateMs: number;
  readonly orderWaitMs: number;
  readonly gapAfterMs: number;
  /** Which of a change's times is the event time. */
  readonly time: "source" | "received";
  emit(fact: TagFact): void;
}

/** What is known of one tag. */
interface Slot {
  readonly name: string;
  readonly spec: TagSpec;
  readonly machines: readonly RuleMachine[];
  readonly isOrder: boolean;
  /** Time and reading of the newest good value. */
  time: number;
  reading: Reading | undefined;
  /** Since when the value is not known, and when that was received. */
  lostAt: number | undefined;
  lostReceived: number;
  /** Values are missing since the last good one. */
  missed: boolean;
  /** Last number that was beyond the deadband. */
  passed: number;
  /** The finding told last; told again only after a good value. */
  told: string | undefined;
  /** Restored, and no newer value came yet: older ones are what was taken before already, handed over again. */
  resumed: boolean;
}

type SavedSlot = [
  time: number | null,
  reading: Reading | null,
  passed?: number | null,
  lostAt?: number | null,
  lostReceived?: number,
  missed?: 0 | 1,
  told?: string | null,
];

/** Latest time that is still a time: the year 9999. */
const LAST_TIME = 253_402_300_799_999;

/**
 * One unit: its tags, its order, its rules, all on event time. What it emits follows from what it is given, in order, and
 * from nothing else. What falls due at a moment comes before a change of that moment; changes of one moment count in the
 * order in which they came.
 */
export class UnitMachine implements RuleHost {
  readonly #unit: Unit;
  readonly #o: UnitContext;
  readonly #slots: readonly Slot[];
  readonly #rules: readonly { name: string; machine: RuleMachine }[];
  readonly #orderSlots: Readonly<Partial<Record<string, Slot>>>;
  readonly #history = new OrderHistory();
  readonly #waiting: WaitingFacts;
  readonly #gap: UnitGap;
  readonly #held: HeldChanges;
  /** Event time up to which all is done. */
  #now = -Infinity;
  /** The newest time of receipt. */
  #received = -Infinity;
  /** The newest time of receipt when the state was restored. */
  #resumedAt = -Infinity;
  /** Until then nothing is known after a long silence. */
  #leapTo = -Infinity;
  #shiftEnd = Infinity;
  #due = Infinity;
  #revision = -1;
  /** Something has changed since the state was last saved. */
  dirty = false;

  constructor(unit: Unit, context: UnitContext) {
    this.#unit = unit;
    this.#o = context;
    this.#rules = Object.entries(unit.rules).map(([name, rule]) => ({
      name,
      machine: makeMachine(name, rule, unit.tags, this),
    }));
    const orderTags = Object.entries(unit.order ?? {}) as [string, string][];
    this.#slots = Object.entries(unit.tags).map(([name, spec]) => ({
      name,
      spec,
      machines: this.#rules.map(({ machine }) => machine).filter(({ tags }) => tags.includes(name)),
      isOrder: orderTags.some(([, tag]) => tag === name),
      time: -Infinity,
      reading: undefined,
      lostAt: undefined,
      lostReceived: -Infinity,
      missed: false,
      passed: NaN,
      told: undefined,
      resumed: false,
    }));
    this.#orderSlots = Object.fromEntries(
      orderTags.map(([part, tag]) => [part, this.#slots.find(({ name }) => name === tag)]),
    );
    this.#waiting = new WaitingFacts(context.orderWaitMs);
    this.#gap = new UnitGap(context.gapAfterMs);
    this.#held = new HeldChanges(context.lateMs);
  }

  /** Names of the template's tags; a change is given with the index of its tag in here. */
  get tags(): readonly string[] {
    return this.#slots.map(({ name }) => name);
  }

  /** A change of a tag, as it came. */
  change(index: number, change: TagChange): void {
    const slot = this.#slots[index];
    if (slot === undefined) return;
    const received = this.#receipt(change);
    const time = change.historical !== true && this.#o.time === "received" ? received : Math.floor(change.sourceTime);
    if (!(time > 0 && time <= LAST_TIME)) return this.#tellTime(slot, change, received, "time-unreadable");
    if (time > received + FUTURE_MS) return this.#tellTime(slot, change, received, "time-ahead");
    const reading = change.quality === "good" ? readTag(slot.spec, change.value) : undefined;
    if (reading === undefined && this.#isOldLoss(slot, time, received)) return;
    const historical = change.historical === true;
    if (this.#o.lateMs === 0) {
      const wrong = reading instanceof Unreadable ? showTag(change.value) : undefined;
      return this.#apply(slot, time, reading, received, historical, change.said, wrong);
    }
    this.dirty = true;
    this.#held.add({
      slot: index,
      time,
      received,
      historical,
      ...(reading instanceof Unreadable
        ? { unreadable: reading.plain(), shown: showTag(change.value) }
        : reading === undefined
          ? {}
          : { reading }),
      ...(change.said === undefined ? {} : { said: change.said.slice(0, 200) }),
    });
    this.#release();
  }

  /** When a tag's newest good value was. */
  newest(index: number): number | undefined {
    const time = this.#slots[index]?.time;
    return time === -Infinity ? undefined : time;
  }

  /** Values may be missing between two times. */
  gap({ tags, reason, filled, ...times }: TagGap): void {
    const [from, to] = [Math.floor(times.from), Math.floor(times.to)];
    if (!(from > 0 && to >= from && to <= LAST_TIME)) return;
    const concerned = this.#slots.filter(({ name }) => tags.length === 0 || tags.includes(this.sourceTag(name)));
    if (concerned.length === 0) return;
    this.dirty = true;
    this.#emitGap({ tags: concerned.map(({ name }) => name), start: from, end: to, told: false, filled, reason });
    if (filled) return;
    for (const slot of concerned) this.#interrupt(slot);
  }

  /** Values are missing since a time, until each tag's next one. */
  lose(time: number, said: string): void {
    if (this.#now === -Infinity) return;
    for (const slot of this.#slots) this.#lost(slot, time, time, said);
  }

  /** The clock says that all that happened before a time has been handed over. */
  tick(time: number): void {
    if (this.#o.lateMs > 0) {
      this.#received = Math.max(this.#received, time);
      if (this.#held.due <= this.#received - this.#o.lateMs) this.dirty = true;
      this.#release();
    }
    if (this.#now === -Infinity) return;
    const done = time - this.#o.lateMs;
    if (this.#o.orders !== undefined && this.#unit.order === undefined && done > this.#now) this.#askOrder(done);
    if (this.#due <= done) {
      this.dirty = true;
      this.#fireDue(done);
    }
  }

  emit(draft: Draft): void {
    const known = this.#orderAt(draft.orderTime ?? draft.time);
    if (known === "unknown" && draft.order !== "wanted") {
      const givenUp = this.#waiting.add(draft, Math.max(this.#now, draft.time));
      if (givenUp !== undefined) this.#giveUp(givenUp);
      return;
    }
    this.#complete(draft, known);
  }

  shiftAt(time: number) {
    return this.#o.calendar?.at(time).shift;
  }

  orderNow(): OrderKnown {
    return this.#history.current;
  }

  stopEnded(micro: boolean): void {
    for (const { machine } of this.#rules) machine.stopEnded?.(micro);
  }

  factId(draft: Pick<Draft, "rule" | "time" | "mark">): string {
    return factId(draft, this.#o.place);
  }

  sourceTag(tag: string): string {
    return this.#unit.bound[tag] ?? tag;
  }

  /** Plain data from which `restore` makes the same unit again. */
  save(): unknown {
    return {
      now: this.#now === -Infinity ? null : this.#now,
      received: this.#received === -Infinity ? null : this.#received,
      shiftEnd: toNull(this.#shiftEnd),
      slots: Object.fromEntries(this.#slots.map((slot) => [slot.name, saveSlot(slot)])),
      rules: Object.fromEntries(this.#rules.map(({ name, machine }) => [name, machine.save()])),
      order: this.#history.save(),
      ...this.#waiting.save(),
      ...this.#gap.save(),
      ...this.#held.save(),
    };
  }

  restore(saved: unknown): void {
    const state = saved as {
      now: number | null;
      received: number | null;
      shiftEnd: number | null;
      slots: Record<string, SavedSlot>;
      rules: Record<string, unknown>;
      order: unknown;
    };
    this.#now = state.now ?? -Infinity;
    this.#received = this.#resumedAt = state.received ?? -Infinity;
    this.#shiftEnd = state.shiftEnd ?? Infinity;
    for (const slot of this.#slots) restoreSlot(slot, state.slots[slot.name]);
    for (const { name, machine } of this.#rules) if (name in state.rules) machine.restore(state.rules[name]);
    this.#history.restore(state.order);
    this.#waiting.restore(saved);
    this.#gap.restore(saved);
    this.#held.restore(saved);
    if (this.#now !== -Infinity && this.#shiftEnd === Infinity) this.#shiftEnd = this.#nextShiftEnd(this.#now);
    this.#setDue();
  }

  #receipt({ receivedTime }: TagChange): number {
    const given = Math.floor(receivedTime);
    const received = given > 0 && given <= LAST_TIME ? given : Math.max(this.#received, 1);
    if (received > this.#received) this.#received = received;
    return received;
  }

  #release(): void {
    for (let next = this.#held.next(this.#received); next !== undefined; next = this.#held.next(this.#received)) {
      const { slot: index, time, reading, unreadable, received, historical, said, shown } = next;
      const slot = this.#slots[index];
      const found = unreadable && new Unreadable(unreadable.code, unreadable.description, unreadable.next);
      if (slot !== undefined) this.#apply(slot, time, found ?? reading, received, historical, said, shown);
    }
    // No change can come any more before what falls due by then.
    if (this.#now !== -Infinity && this.#due <= this.#received - this.#o.lateMs)
      this.#fireDue(this.#received - this.#o.lateMs);
  }

  #apply(
    slot: Slot,
    time: number,
    reading: Reading | Unreadable | undefined,
    received: number,
    historical: boolean,
    said: string | undefined,
    shown: string | undefined,
  ): void {
    if (reading === undefined) {
      if (!historical) this.#lost(slot, time, received, said);
      return;
    }
    if (time < slot.time || (slot.resumed && time <= slot.time && reading !== slot.reading))
      return this.#late(slot, time, reading, received, historical);
    if (reading instanceof Unreadable) this.#unreadable(slot, reading, time, received, shown);
    else if (
      time > slot.time ||
      reading !== slot.reading ||
      (slot.lostAt !== undefined && received > slot.lostReceived)
    )
      this.#good(slot, time, reading, received, historical);
  }

  /** A loss that was taken before the restart, and handed over again. */
  #isOldLoss(slot: Slot, time: number, received: number): boolean {
    if (!slot.resumed || received > this.#resumedAt) return false;
    return received < this.#resumedAt || time < slot.time;
  }

  /** The effective time: never before what is done already, and not far in the past for what is merely seen first. */
  #reach(slot: Slot, time: number, received: number, historical: boolean): number {
    let at = time;
    if (this.#now === -Infinity || (slot.time === -Infinity && !historical)) at = Math.max(at, received - OLD_VALUE_MS);
    at = Math.max(at, this.#now, slot.lostAt ?? -Infinity);
    this.#advance(at);
    return at;
  }

  #good(slot: Slot, time: number, reading: Reading, received: number, historical: boolean): void {
    const at = this.#reach(slot, time, received, historical);
    const overGap = slot.missed;
    slot.time = time;
    slot.reading = reading;
    slot.missed = false;
    slot.told = undefined;
    slot.resumed = false;
    if (slot.lostAt !== undefined && !historical) {
      slot.lostAt = undefined;
      this.#gapEnds(slot, at);
    }
    if (slot.isOrder) this.#orderChanges(at, time);
    else if (this.#o.orders !== undefined && this.#unit.order === undefined) this.#askOrder(at);
    const small = this.#withinDeadband(slot, reading) && !overGap;
    for (const machine of slot.machines)
      if (!small || machine.everyValue) machine.take(slot.name, reading, at, overGap);
    // What a history says was so then; it is not what is so now.
    if (historical && slot.lostAt === undefined) this.#lost(slot, at, received, "Only its history is known.");
    this.#setDue();
  }

  #withinDeadband(slot: Slot, reading: Reading): boolean {
    if (slot.spec.kind !== "number" || slot.spec.deadband === undefined) return false;
    if (Math.abs((reading as number) - slot.passed) < slot.spec.deadband) return true;
    slot.passed = reading as number;
    return false;
  }

  #lost(slot: Slot, time: number, received: number, said: string | undefined): void {
    if (slot.lostAt !== undefined && this.#gap.has(slot.name)) return;
    const at = this.#reach(slot, time, received, false);
    this.#setLost(slot, at, received);
    this.#gap.add(slot.name, at, said);
    this.#setDue();
  }

  #setLost(slot: Slot, at: number, received: number): void {
    this.dirty = true;
    slot.lostAt = at;
    slot.lostReceived = received;
    slot.missed = true;
    for (const machine of slot.machines) machine.lose(slot.name, at);
    if (slot.isOrder) this.#orderChanges(at, at);
  }

  #unreadable(slot: Slot, reading: Unreadable, time: number, received: number, shown: string | undefined): void {
    const at = this.#reach(slot, time, received, false);
    this.#tell(slot, reading.code, at, shown, `Tag ${this.sourceTag(slot.name)}: ${reading.description}`, reading.next);
    if (slot.lostAt === undefined) this.#setLost(slot, at, received);
    this.#setDue();
  }

  /** Older than what is known of the tag: not applied. */
  #late(slot: Slot, time: number, reading: Reading | Unreadable, received: number, historical: boolean): void {
    if (slot.resumed) return;
    const tag = this.sourceTag(slot.name);
    const [code, next] = historical
      ? ["history-late", "Raise the line's lateMs where histories matter; counters went on by their difference."]
      : ["time-backwards", "Look at the device's clock, or let the line take the time of receipt."];
    this.#tell(
      slot,
      code,
      received,
      reading instanceof Unreadable ? undefined : String(reading),
      `Tag ${tag} gave a value of ${iso(time)} after one of ${iso(slot.time)}; it was left out.`,
      next,
    );
  }

  #tellTime(slot: Slot, { sourceTime, value }: TagChange, received: number, code: string): void {
    const shown = sourceTime > 0 && sourceTime <= LAST_TIME ? iso(sourceTime) : String(sourceTime);
    this.#tell(
      slot,
      code,
      received,
      showTag(value),
      `Tag ${this.sourceTag(slot.name)} gave a value of the time ${shown}, received ${iso(received)}; it was left out.`,
      "Set the device's clock, or let the line take the time of receipt.",
    );
  }

  #tell(slot: Slot, code: string, time: number, value: string | undefined, description: string, next: string): void {
    if (slot.told === code) return;
    this.dirty = true;
    slot.told = code;
    this.emit({
      contract: "equipment-event.v1",
      rule: code,
      time,
      mark: slot.name,
      order: "wanted",
      body: {
        kind: "finding",
        finding: code,
        tags: [this.sourceTag(slot.name)],
        ...(value === undefined ? {} : { value }),
        description: description.slice(0, 900),
        next,
      },
    });
  }

  /** A gap that is over already: what has to hold without a break begins anew. */
  #interrupt(slot: Slot): void {
    slot.missed = true;
    if (slot.lostAt !== undefined || slot.reading === undefined) return;
    if (slot.spec.kind === "count") return;
    for (const machine of slot.machines) {
      machine.lose(slot.name, this.#now);
      machine.take(slot.name, slot.reading, this.#now, true);
    }
    this.#setDue();
  }

  #advance(time: number): void {
    this.dirty = true;
    if (this.#now === -Infinity) this.#begin(time);
    if (this.#due <= time) this.#fireDue(time);
    if (time > this.#now) this.#now = time;
  }

  #begin(time: number): void {
    this.#now = time;
    this.#shiftEnd = this.#nextShiftEnd(time);
    if (this.#o.calendar !== undefined) for (const { machine } of this.#rules) machine.shiftBegins?.(time);
  }

  #nextShiftEnd(time: number): number {
    return this.#o.calendar?.at(time).until ?? Infinity;
  }

  /** All that falls due until then, in order of time; at one moment rules in their order, then gaps, orders, the shift. */
  #fireDue(until: number): void {
    if (until - this.#now > LEAP_MS) this.#leap(until);
    this.#setDue();
    while (this.#due <= until) {
      const at = this.#due;
      if (at > this.#now) this.#now = at;
      for (const { machine } of this.#rules) if (machine.due <= at) machine.wake(machine.due);
      const gap = this.#gap.takeDue(at);
      if (gap !== undefined) this.#emitGap(gap);
      for (const draft of this.#waiting.expired(at)) this.#giveUp(draft);
      if (this.#shiftEnd <= at) this.#changeShift(this.#shiftEnd);
      this.#setDue();
    }
  }

  /** After so long nothing is known of the time between: values are missing, and shifts in it are nobody's. */
  #leap(until: number): void {
    const at = this.#now;
    this.#leapTo = until;
    for (const slot of this.#slots) {
      if (slot.lostAt !== undefined || slot.reading === undefined) continue;
      this.#setLost(slot, at, this.#received);
      this.#gap.add(slot.name, at, "Nothing was heard for more than a month.");
    }
  }

  #changeShift(time: number): void {
    const begin = Math.max(time, this.#leapTo);
    for (const { machine } of this.#rules) machine.shiftEnds?.(time);
    this.#shiftEnd = this.#nextShiftEnd(begin);
    for (const { machine } of this.#rules) machine.shiftBegins?.(begin);
  }

  #setDue(): void {
    let due = Math.min(this.#shiftEnd, this.#gap.due, this.#waiting.due);
    for (const { machine } of this.#rules) if (machine.due < due) due = machine.due;
    this.#due = due;
  }

  #gapEnds(slot: Slot, at: number): void {
    const gap = this.#gap.remove(slot.name, at);
    if (gap !== undefined) this.#emitGap(gap);
  }

  #emitGap(gap: {
    tags: readonly string[];
    start: number;
    end?: number;
    told: boolean;
    filled?: boolean;
    reason?: string;
  }): void {
    const { tags, start, end, told, filled, reason } = gap;
    this.emit({
      contract: "equipment-event.v1",
      rule: "gap",
      time: end ?? start,
      mark: `${start.toString(36)}-${end === undefined ? "open" : told ? "end" : "all"}${filled === undefined ? "" : `-${tags.length}-${tags[0]}`}`,
      order: "wanted",
      body: {
        kind: "gap",
        tags: tags.map((tag) => this.sourceTag(tag)),
        start: iso(start),
        ...(end === undefined ? {} : { end: iso(end) }),
        ...(filled === undefined ? {} : { filled }),
        ...(reason === undefined ? {} : { description: reason.slice(0, 900) }),
      },
    });
  }

  #orderChanges(at: number, since: number): void {
    const known = this.#orderOfTags();
    const before = this.#history.current;
    if (sameOrder(before, known)) return;
    this.#changeOrder(known, at, before === "unknown" ? since : at);
  }

  /** Unknown while any of its tags is lost: without its lot it would be another order. What never had a value is left out. */
  #orderOfTags(): OrderKnown {
    const parts: Partial<Record<string, string>> = {};
    for (const [part, slot] of Object.entries(this.#orderSlots)) {
      if (slot === undefined) continue;
      if (slot.lostAt !== undefined) return "unknown";
      if (slot.reading !== undefined) parts[part] = slot.reading as string;
    }
    const { productionOrder, operation, product, lot } = parts;
    if (productionOrder === undefined) return "unknown";
    if (productionOrder === "") return "none";
    return {
      productionOrder,
      ...(operation ? { operation } : {}),
      ...(product ? { product } : {}),
      ...(lot ? { lot } : {}),
    };
  }

  #askOrder(at: number): void {
    const { orders, place } = this.#o;
    if (orders === undefined) return;
    const known = orders.at(place, at);
    if (!sameOrder(this.#history.current, known)) {
      this.#advance(at);
      this.#changeOrder(known, at, at);
    } else if (orders.revision !== this.#revision && this.#waiting.some) this.#resolveWaiting();
    this.#revision = orders.revision;
  }

  #changeOrder(known: OrderKnown, at: number, since: number): void {
    this.dirty = true;
    for (const { machine } of this.#rules) machine.orderEnds?.(at);
    this.#history.set(known, since);
    for (const { machine } of this.#rules) machine.orderBegins?.(at);
    this.#resolveWaiting();
    this.#setDue();
  }

  #orderAt(time: number): OrderKnown {
    if (this.#unit.order !== undefined) return this.#history.at(time);
    return this.#o.orders?.at(this.#o.place, time) ?? "unknown";
  }

  #resolveWaiting(): void {
    if (!this.#waiting.some) return;
    this.dirty = true;
    const known = this.#waiting.takeWhere((draft) => this.#orderAt(draft.orderTime ?? draft.time) !== "unknown");
    for (const draft of known) this.#complete(draft, this.#orderAt(draft.orderTime ?? draft.time));
  }

  #complete(draft: Draft, known: OrderKnown): void {
    const lacksOrder = draft.order !== "wanted" && typeof known === "string";
    const lacksProduct = draft.order === "product" && typeof known !== "string" && known.product === undefined;
    if (lacksOrder || lacksProduct) return this.#giveUp(draft);
    this.#o.emit(composeFact(draft, this.#o.place, known, this.shiftAt(draft.time)?.name));
  }

  #giveUp(draft: Draft): void {
    if (draft.instead === undefined) return;
    const { rule, time, mark = "", instead, orderTime } = draft;
    this.emit({
      contract: "equipment-event.v1",
      rule,
      time,
      mark: `${mark}x`,
      order: "wanted",
      body: instead,
      ...(orderTime === undefined ? {} : { orderTime }),
    });
  }
}

/** Most tags are good and were never anything else: time and reading say all. */
function saveSlot(slot: Slot): SavedSlot {
  const time = slot.time === -Infinity ? null : slot.time;
  const reading = slot.reading ?? null;
  const passed = Number.isNaN(slot.passed) ? null : slot.passed;
  const { lostAt, lostReceived, missed, told } = slot;
  if (lostAt !== undefined || missed || told !== undefined) {
    const received = lostReceived === -Infinity ? 0 : lostReceived;
    return [time, reading, passed, lostAt ?? null, received, missed ? 1 : 0, told ?? null];
  }
  return passed === null || passed === reading ? [time, reading] : [time, reading, passed];
}

function restoreSlot(slot: Slot, saved: SavedSlot | undefined): void {
  if (saved === undefined) return;
  const [time, reading, passed, lostAt, lostReceived = 0, missed, told] = saved;
  slot.time = time ?? -Infinity;
  slot.reading = reading ?? undefined;
  slot.lostAt = lostAt ?? undefined;
  slot.lostReceived = lostReceived === 0 ? -Infinity : lostReceived;
  slot.missed = missed === 1;
  // Left out where it is the reading itself.
  slot.passed = passed ?? (typeof reading === "number" ? reading : NaN);
  slot.told = told ?? undefined;
  slot.resumed = true;
}
