import { systemClock } from "@lineshaft/core";
import type { Clock, FactsFromTags } from "@lineshaft/core";
import { GAP_AFTER_MS, LATE_MS, NAME_CHARS, ORDER_WAIT_MS } from "./limits.ts";
import type { RunningOrders } from "./running-order.ts";
import { shiftCalendar } from "./shift-calendar.ts";
import type { ShiftCalendar, ShiftPlan } from "./shift-calendar.ts";
import { tagFactSource } from "./tag-fact-source.ts";
import { invalid } from "./unit-template.ts";
import type { Unit } from "./unit-template.ts";

export interface LineOptions {
  /** Name under which its state is kept; unique within a system. */
  name: string;
  site?: string;
  area?: string;
  /** The production line of ISA-95, where it is one. */
  line?: string;
  units: readonly Unit[];
  shifts?: ShiftPlan;
  /** Which order runs where, for units whose template has no order tags. */
  orders?: RunningOrders;
  /** How long each change waits for earlier ones that come late, histories included; default 0. At most ten minutes. */
  lateMs?: number;
  /** How long a fact that needs its order waits for it to become known; default 15 minutes. */
  orderWaitMs?: number;
  /** A gap that lasts for longer is told while it lasts; default 10 s. */
  gapAfterMs?: number;
  /** Which time counts: that of the device (default), or that of receipt, where devices have no clock to rely on. */
  time?: "source" | "received";
  clock?: Clock;
}

/** A line as it runs: everything decided. */
export interface LineDefinition extends Omit<LineOptions, "shifts"> {
  readonly shifts: ShiftCalendar | undefined;
  readonly orders: RunningOrders | undefined;
  readonly lateMs: number;
  readonly orderWaitMs: number;
  readonly gapAfterMs: number;
  readonly time: "source" | "received";
  readonly clock: Clock;
}

/** Some machines of a plant, with what is made of their tags. */
export interface Line {
  readonly definition: LineDefinition;
  /** The source's names of all tags, for a connector to subscribe to. */
  readonly tags: readonly string[];
  /** What a connector for devices is given: `opcua({ …, facts: line.facts })`. */
  readonly facts: FactsFromTags;
}

/** Puts units together. Starts nothing. */
export function defineLine(options: LineOptions): Line {
  const { name, units, shifts, orders, lateMs = 0 } = options;
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name) || name.length > NAME_CHARS)
    throw invalid(`The line ${name} has no fit name.`, `Use letters, digits, - and _, at most ${NAME_CHARS} of them.`);
  if (!(lateMs >= 0 && lateMs <= LATE_MS))
    throw invalid(`Line ${name} waits ${lateMs} ms for late changes.`, `Give 0 to ${LATE_MS}.`);
  const names = units.map(({ unit }) => unit);
  const twice = names.find((unit, i) => names.indexOf(unit) !== i);
  if (twice !== undefined) throw invalid(`Line ${name} has the unit ${twice} twice.`, "Give each unit its own name.");
  const definition: LineDefinition = {
    ...options,
    shifts: shifts === undefined ? undefined : shiftCalendar(shifts),
    orders,
    lateMs,
    orderWaitMs: options.orderWaitMs ?? ORDER_WAIT_MS,
    gapAfterMs: options.gapAfterMs ?? GAP_AFTER_MS,
    time: options.time ?? "source",
    clock: options.clock ?? systemClock,
  };
  return {
    definition,
    tags: [...new Set(units.flatMap(({ bound }) => Object.values(bound)))],
    facts: (tags) => tagFactSource(definition, tags),
  };
}
