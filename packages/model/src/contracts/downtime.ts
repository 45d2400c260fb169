import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aDowntime } from "../examples.ts";
import { spanRules } from "../shared-rules.ts";

import { choice, closed, identifier, text, time } from "../primitives.ts";
import { fact, more, note, operation, operator, shift, site } from "./common.ts";
import { timeToMs } from "../times.ts";

const schema = closed({
  ...fact,
  ...site,
  workCenter: identifier("Work center that stood still"),
  equipment: Type.Optional(identifier("Machine or work unit within the work center")),
  category: choice(["planned", "unplanned"], "Whether it was meant to stand still"),
  reason: identifier("Reason code"),
  description: Type.Optional(text("What happened")),
  alarm: Type.Optional(identifier("Alarm that told of it")),
  start: time("When it stopped"),
  end: Type.Optional(time("When it ran again; left out while it stands")),
  productionOrder: Type.Optional(identifier("Production order that was running")),
  operation,
  maintenanceNeeded: Type.Optional(Type.Boolean({ description: "Maintenance has to look at it" })),
  operator,
  shift,
  note,
  ...more,
});

/** A work center stood still, or stands still. */
export type Downtime = Static<typeof schema>;

export const downtime = defineContract({
  name: "downtime",
  version: 1,
  title: "Downtime",
  purpose: "A work center stood still, or still does. Sent by the MES or SCADA.",
  kind: "event",
  schema,
  describe: (it) => ({ id: it.id, object: it.workCenter, key: it.workCenter, eventTime: timeToMs(it.time) }),
  keys: { object: "workCenter", key: "workCenter" },
  rules: [...spanRules<Downtime>({ contract: "downtime", start: "start", end: "end", past: true })],
  examples: [aDowntime()],
});
