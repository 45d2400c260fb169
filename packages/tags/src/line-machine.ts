import type { TagChange, TagGap } from "@lineshaft/core";
import type { TagFact } from "./compose-fact.ts";
import type { LineDefinition } from "./line.ts";
import { UNKNOWN_TAGS } from "./limits.ts";
import { given, iso } from "./rules/rule-machine.ts";
import { showTag } from "./tag-specs.ts";
import { UnitMachine } from "./unit-machine.ts";

interface Entry {
  readonly name: string;
  readonly machine: UnitMachine;
  /** The state as last saved. */
  saved: string;
}

interface Binding {
  readonly machine: UnitMachine;
  readonly index: number;
}

interface SavedLine {
  v: 1;
  /** When the line was last known to run, ms since 1970. */
  alive: number;
  unknown: string[];
  units: Record<string, unknown>;
  /** Facts that may not have been recorded yet. */
  facts: TagFact[];
}

const unknownTagNext = "Bind it to a unit, or leave it out of the connector's subscription.";

/** All units of a line, in memory. Takes what a TagSource hands over, and gives facts. */
export class LineMachine {
  readonly #line: LineDefinition;
  readonly #entries: readonly Entry[];
  readonly #bindings = new Map<string, Binding[]>();
  #unknown: string[] = [];
  #facts: TagFact[] = [];
  #dirty = false;

  constructor(line: LineDefinition) {
    this.#line = line;
    this.#entries = line.units.map((unit) => {
      const { site, area, line: lineName } = line;
      const machine = new UnitMachine(unit, {
        place: given({ site, area, line: lineName, workCenter: unit.workCenter, unit: unit.unit }) as never,
        calendar: line.shifts,
        orders: line.orders,
        lateMs: line.lateMs,
        orderWaitMs: line.orderWaitMs,
        gapAfterMs: line.gapAfterMs,
        time: line.time,
        emit: (fact) => this.#facts.push(fact),
      });
      for (const [index, tag] of machine.tags.entries()) this.#bind(unit.bound[tag] ?? tag, { machine, index });
      return { name: unit.unit, machine, saved: "" };
    });
  }

  change(change: TagChange): void {
    const bindings = this.#bindings.get(change.tag);
    if (bindings === undefined) return this.#tellUnknown(change);
    for (const { machine, index } of bindings) machine.change(index, change);
  }

  /** By the source's name of each tag that ever had a good value, when that was. */
  newest(): Map<string, number> {
    const newest = new Map<string, number>();
    for (const [tag, bindings] of this.#bindings)
      for (const { machine, index } of bindings) {
        const time = machine.newest(index);
        if (time !== undefined) newest.set(tag, Math.max(time, newest.get(tag) ?? time));
      }
    return newest;
  }

  gap(gap: TagGap): void {
    for (const { machine } of this.#entries) machine.gap(gap);
  }

  /** All that happened before that time has been handed over. */
  tick(time: number): void {
    for (const { machine } of this.#entries) machine.tick(time);
  }

  /** Values are missing since a time, until each tag's next one. */
  lose(time: number, said: string): void {
    for (const { machine } of this.#entries) machine.lose(time, said);
  }

  /** Facts since the last call, in the order in which they came about. */
  takeFacts(): TagFact[] {
    const facts = this.#facts;
    this.#facts = [];
    return facts;
  }

  /** Whether there is anything to save. */
  get dirty(): boolean {
    return this.#dirty || this.#entries.some(({ machine }) => machine.dirty);
  }

  /** The state, with the facts that are about to be recorded. */
  save(facts: readonly TagFact[], alive: number): string {
    this.#dirty = false;
    const units: string[] = [];
    for (const entry of this.#entries) {
      if (entry.machine.dirty || entry.saved === "")
        entry.saved = `${JSON.stringify(entry.name)}:${JSON.stringify(entry.machine.save())}`;
      entry.machine.dirty = false;
      units.push(entry.saved);
    }
    const unknown = JSON.stringify(this.#unknown);
    return `{"v":1,"alive":${alive},"unknown":${unknown},"facts":${JSON.stringify(facts)},"units":{${units.join(",")}}}`;
  }

  /** @returns when it was saved, and the facts that may not have been recorded yet */
  restore(text: string): { alive: number; facts: readonly TagFact[] } {
    const { v, alive, unknown, units, facts } = JSON.parse(text) as SavedLine;
    if (v !== 1) throw new Error(`version ${String(v)} of the state is not known`);
    this.#unknown = unknown;
    for (const { name, machine } of this.#entries) if (name in units) machine.restore(units[name]);
    return { alive, facts };
  }

  #bind(tag: string, binding: Binding): void {
    const bindings = this.#bindings.get(tag);
    if (bindings === undefined) this.#bindings.set(tag, [binding]);
    else bindings.push(binding);
  }

  #tellUnknown({ tag, value, receivedTime }: TagChange): void {
    const shown = showTag(tag).slice(0, 200);
    if (this.#unknown.length >= UNKNOWN_TAGS || this.#unknown.includes(shown)) return;
    this.#dirty = true;
    this.#unknown.push(shown);
    const time = receivedTime >= 1 && receivedTime < 253_402_300_800_000 ? Math.floor(receivedTime) : 1;
    const { name, site, area, line } = this.#line;
    const id = `${name}.tag-unknown.${time.toString(36)}.${this.#unknown.length}`;
    this.#facts.push({
      contract: "equipment-event.v1",
      id,
      unit: name,
      rule: "tag-unknown",
      body: given({
        id,
        time: iso(time),
        kind: "finding",
        site,
        area,
        line,
        equipment: name,
        finding: "tag-unknown",
        tags: [shown],
        value: showTag(value),
        description: `No unit of line ${name} has the tag ${shown}.`,
        next: unknownTagNext,
      }),
    });
  }
}
