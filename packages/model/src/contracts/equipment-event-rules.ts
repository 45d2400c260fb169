import { isBlank, neededRule, spanRules } from "../shared-rules.ts";
import type { Rule } from "../rules.ts";
import type { EquipmentEvent } from "./equipment-event.ts";

export const equipmentEventRules: readonly Rule<EquipmentEvent>[] = [
  neededRule({
    code: "equipment-event.state-given",
    promise: "An event of kind state says the state.",
    fix: "Give in state the PackML state that the machine came into.",
    field: "/state",
    missing: (it) => it.kind === "state" && it.state === undefined,
  }),
  neededRule({
    code: "equipment-event.alarm-given",
    promise: "An event of kind alarm names the alarm, and says in active whether it came or went.",
    fix: "Give alarm, and active: true when it came, false when it went.",
    field: "/alarm",
    missing: (it) => it.kind === "alarm" && (it.alarm === undefined || it.active === undefined),
  }),
  neededRule({
    code: "equipment-event.gap-given",
    promise: "An event of kind gap says since when values are missing.",
    fix: "Give start, and end when the values are back.",
    field: "/start",
    missing: (it) => it.kind === "gap" && it.start === undefined,
  }),
  neededRule({
    code: "equipment-event.finding-given",
    promise: "An event of kind finding has a code, and says what to do.",
    fix: "Give finding and next.",
    field: "/finding",
    missing: (it) => it.kind === "finding" && (it.finding === undefined || isBlank(it.next)),
  }),
  ...spanRules<EquipmentEvent>({ contract: "equipment-event", start: "start", end: "end", past: true }),
];
