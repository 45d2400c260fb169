import { type Flow, type Policy, flow } from "@lineshaft/engine";
import { type Downtime, downtime } from "@lineshaft/model";
import type { LogDowntime, Odoo, RequestMaintenance } from "@lineshaft/odoo";
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
    /** Asks for maintenance where the stop says so; needs Odoo's Maintenance app. Default true. */
    maintenance?: boolean;
  };
}

/** Stops of work centers are logged in Odoo; a stop that needs maintenance becomes a maintenance request. */
export function downtimeFlow({ odoo, ...options }: DowntimeFlowOptions): Flow<Downtime> {
  const { from, policy } = options;
  const made = flow(options.name ?? "downtime", downtime, {
    owner: options.owner ?? "maintenance",
    purpose: "Stops of work centers are logged in Odoo, and ask for maintenance where needed.",
    ...defined({ from, policy }),
  }).to(odoo.system.logDowntime, (stop) => toDowntime(stop, odoo.reasons));
  if (odoo.maintenance === false) return made;
  return made.to(odoo.system.requestMaintenance, { when: (stop) => stop.maintenanceNeeded === true, map: toRequest });
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

function toRequest(stop: Downtime): RequestMaintenance {
  const { workCenter, equipment, category, reason, description, alarm, start, productionOrder } = stop;
  const told = [
    description,
    alarm && `Alarm ${alarm}.`,
    `Stopped at ${start}.`,
    productionOrder && `Order ${productionOrder} was running.`,
  ].filter(Boolean);
  return {
    title: `${workCenter} stopped: ${reason}`.slice(0, 250),
    kind: category === "planned" ? "preventive" : "corrective",
    priority: category === "planned" ? "normal" : "high",
    description: told.join(" "),
    ...defined({ equipment }),
  };
}
