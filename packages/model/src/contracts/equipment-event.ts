import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aGapEvent, aFindingEvent, anAlarmEvent, anEquipmentEvent } from "../examples.ts";
import { equipmentEventRules } from "./equipment-event-rules.ts";

import { choice, closed, decimal, identifier, listOf, text, time, unit } from "../primitives.ts";
import { fact, more, note, operation, shift, site, workCenter } from "./common.ts";
import { timeToMs } from "../times.ts";

/** States of PackML (ANSI/ISA-TR88.00.02). */
export const equipmentStates = [
  "execute",
  "idle",
  "starting",
  "completing",
  "complete",
  "resetting",
  "holding",
  "held",
  "unholding",
  "suspending",
  "suspended",
  "unsuspending",
  "stopping",
  "stopped",
  "aborting",
  "aborted",
  "clearing",
] as const;

const schema = closed({
  ...fact,
  kind: choice(["state", "alarm", "gap", "finding"], "What it tells of: state, alarm, missing values, or a finding"),
  ...site,
  area: Type.Optional(identifier("Area within the site")),
  line: Type.Optional(identifier("Production line")),
  workCenter,
  equipment: identifier("Machine or work unit (ISA-95 equipment)"),
  state: Type.Optional(choice(equipmentStates, "State from now on; required for a state")),
  previous: Type.Optional(choice(equipmentStates, "State before, when it is known")),
  reason: Type.Optional(identifier("Reason code")),
  alarm: Type.Optional(identifier("Alarm or condition; required for an alarm")),
  active: Type.Optional(Type.Boolean({ description: "true: the alarm came; false: it went; required for an alarm" })),
  severity: Type.Optional(choice(["low", "medium", "high", "urgent"], "How bad the alarm is")),
  finding: Type.Optional(identifier("Stable code of the finding; required for a finding")),
  next: Type.Optional(text("What a person should do; required for a finding")),
  tags: Type.Optional(listOf(text("Tag of the equipment", 400), "Tags concerned")),
  value: Type.Optional(text("Value that led to it, shortened", 200)),
  measured: Type.Optional(decimal("Value measured")),
  unit: Type.Optional(unit("Unit of the value measured")),
  start: Type.Optional(time("When it began; required for a gap")),
  end: Type.Optional(time("When it ended; left out while it lasts")),
  filled: Type.Optional(Type.Boolean({ description: "The missing values were read from a history" })),
  description: Type.Optional(text("What happened")),
  productionOrder: Type.Optional(identifier("Production order that was running")),
  operation,
  product: Type.Optional(identifier("Product that was being made")),
  lot: Type.Optional(identifier("Lot that was being made")),
  shift,
  note,
  ...more,
});

/** Something happened to a machine, or to what is known of it. */
export type EquipmentEvent = Static<typeof schema>;

export const equipmentEvent = defineContract({
  name: "equipment-event",
  version: 1,
  title: "Equipment event",
  purpose:
    "A machine came into another state, an alarm came or went, values of it are missing, or its values cannot be right. Made of its tags, or sent by SCADA.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.equipment, key: it.equipment, eventTime: timeToMs(it.time) }),
  keys: { object: "equipment", key: "equipment" },
  rules: equipmentEventRules,
  examples: [anEquipmentEvent(), anAlarmEvent(), aGapEvent(), aFindingEvent()],
});
