import { type Flow, type Policy, flow } from "@lineshaft/engine";
import { type EquipmentEvent, equipmentEvent } from "@lineshaft/model";
import type { Odoo } from "@lineshaft/odoo";
import { type AlarmRule, alarmAsks, requestOfAlarm } from "./maintenance-rule.ts";
import { defined } from "./odoo-terms.ts";

export interface AlarmFlowOptions {
  /** Default `alarms`. */
  name?: string;
  /** Default `maintenance`. */
  owner?: string;
  from?: readonly string[];
  policy?: Policy;
  odoo: {
    system: Odoo;
    /** Which alarms ask for maintenance; default those of severity `high` and above. */
    maintenance?: AlarmRule;
  };
}

/** Alarms ask for maintenance in Odoo: one open request for one alarm of one machine, with a note when it goes. */
export function alarmFlow({ odoo, ...options }: AlarmFlowOptions): Flow<EquipmentEvent> {
  const { from, policy } = options;
  const { system, maintenance = {} } = odoo;
  return flow(options.name ?? "alarms", equipmentEvent, {
    owner: options.owner ?? "maintenance",
    purpose: "Alarms of machines ask for maintenance in Odoo.",
    ...defined({ from, policy }),
  }).to(system.requestMaintenance, {
    when: (event) => alarmAsks(event, maintenance),
    map: (event) => requestOfAlarm(event, maintenance),
  });
}
