import { type Flow, type Policy, flow } from "@lineshaft/engine";
import { type Downtime, downtime } from "@lineshaft/model";
import type { LogDowntime, Odoo } from "@lineshaft/odoo";
import {
  type MaintenanceRule,
  type PlannerRule,
  alertOf,
  concernsPlanner,
  mayHaveAsked,
  requestOf,
} from "./maintenance-rule.ts";
import { defined } from "./odoo-terms.ts";

export interface DowntimeFlowOptions {
  /** Default `downtime`. */
  name?: string;
  /** Default `maintenance`. */
  owner?: string;
  from?: readonly string[];
  policy?: Policy;
  odoo: {
    system: Odoo;
    /** The plant's reasons to the names of Odoo's loss reasons; others become the first of their category. */
    reasons?: Readonly<Record<string, string>>;
    /**
     * Which stops ask for maintenance; one request for one stop, whatever is told of it. Needs Odoo's Maintenance app.
     * Default true: those that say so themselves, such as the runtime rule of a machine. False: none.
     */
    maintenance?: boolean | MaintenanceRule;
    /** Warns the planner of the order that was running, among the things to do in Odoo. Default: nobody is warned. */
    planner?: PlannerRule;
  };
}

/** Stops of work centers are logged in Odoo, ask for maintenance where needed, and warn the order's planner. */
export function downtimeFlow({ odoo, ...options }: DowntimeFlowOptions): Flow<Downtime> {
  const { from, policy } = options;
  const { system, maintenance = true, planner } = odoo;
  const rule = typeof maintenance === "object" ? maintenance : {};
  let made = flow(options.name ?? "downtime", downtime, {
    owner: options.owner ?? "maintenance",
    purpose:
      "Stops of work centers are logged in Odoo, ask for maintenance where needed, and warn the order's planner.",
    ...defined({ from, policy }),
  }).to(system.logDowntime, (stop) => toDowntime(stop, odoo.reasons));
  if (maintenance !== false)
    made = made.to(system.requestMaintenance, {
      when: (stop) => mayHaveAsked(stop, rule),
      map: (stop) => requestOf(stop, rule),
    });
  if (planner) made = made.to(system.alertPlanner, { when: concernsPlanner, map: (stop) => alertOf(stop, planner) });
  return made;
}

/** A stop counts against availability; Odoo keeps lost speed and lost quality apart, which a stop is neither. */
function toDowntime(stop: Downtime, reasons: Readonly<Record<string, string>> = {}): LogDowntime {
  const { workCenter, start, end, reason, description, note } = stop;
  const told = [reason, description, note].filter(Boolean).join(": ");
  return {
    workCenter,
    start,
    category: "availability",
    ...defined({ end, reason: reasons[reason], note: told || undefined }),
  };
}
