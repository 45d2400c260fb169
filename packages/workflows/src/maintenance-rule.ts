import { type Downtime, type EquipmentEvent, timeToMs } from "@lineshaft/model";
import type { AlertPlanner, RequestMaintenance } from "@lineshaft/odoo";
import { defined, textOf } from "./odoo-terms.ts";

/** When a stop or an alarm asks for maintenance, and how its request is kept. */
export interface MaintenanceRule {
  /** Stops with these reasons ask for it, as soon as they are told. A stop that says so itself always does. */
  reasons?: readonly string[];
  /** Unplanned stops of at least this long ask for it, once they are over. */
  fromMinutes?: number;
  /** Unplanned stops shorter than this never ask for it by reason or length; default 60. */
  microStopSeconds?: number;
  /** The plant's equipment, or work center where none is named, to Odoo's serial number or name of its equipment. */
  equipment?: Readonly<Record<string, string>>;
  /** What becomes of the request when it runs again: a note (default), since what broke may have to be mended; or done. */
  whenItRuns?: "note" | "close";
}

/** Which alarms ask for maintenance. */
export interface AlarmRule extends Pick<MaintenanceRule, "equipment" | "whenItRuns"> {
  /** Alarms at least this bad; default `high`. */
  fromSeverity?: NonNullable<EquipmentEvent["severity"]>;
  /** These alarms, however bad. */
  alarms?: readonly string[];
}

/** When the planner of the order that was running is told of an unplanned stop: at once while it lasts. */
export interface PlannerRule {
  /** A stop that was shorter is of no concern any more when it is over; the alert of a longer one stays. Default 15. */
  fromMinutes?: number;
  /** Login of the planner in Odoo; default who is responsible for the order there. */
  planner?: string;
}

export function asksForMaintenance(stop: Downtime, rule: MaintenanceRule): boolean {
  if (stop.maintenanceNeeded === true) return true;
  if (isMicroStop(stop, rule)) return false;
  if (rule.reasons?.includes(stop.reason)) return true;
  const minutes = minutesOf(stop);
  return stop.category === "unplanned" && minutes !== undefined && minutes >= (rule.fromMinutes ?? Infinity);
}

/** A stop whose beginning may have asked already, so that its end has to be told. */
export function mayHaveAsked(stop: Downtime, rule: MaintenanceRule): boolean {
  return asksForMaintenance(stop, rule) || (stop.end !== undefined && rule.reasons?.includes(stop.reason) === true);
}

export function requestOf(stop: Downtime, rule: MaintenanceRule): RequestMaintenance {
  const { workCenter, equipment, category, reason, description, alarm, start, end, productionOrder } = stop;
  const minutes = minutesOf(stop);
  const ran = end !== undefined && minutes !== undefined && minutes > 0;
  const told = [
    description,
    alarm && `Alarm ${alarm}.`,
    minutes === 0 ? `Asked for at ${start}.` : `Stopped at ${start}.`,
    ran && `Ran again at ${end}, after ${minutes} minutes.`,
    productionOrder && `Order ${productionOrder} was running.`,
  ];
  return {
    title: `${workCenter} stopped: ${reason}`.slice(0, 250),
    kind: category === "planned" ? "preventive" : "corrective",
    priority: category === "planned" ? "normal" : "high",
    description: textOf(...told),
    about: aboutStop(stop),
    ...defined({
      equipment: mapped(rule, equipment ?? workCenter) ?? equipment,
      hours: ran ? (minutes / 60).toFixed(2) : undefined,
      create: asksForMaintenance(stop, rule) ? undefined : false,
      close: ran && rule.whenItRuns === "close" ? true : undefined,
    }),
  };
}

const severities = ["low", "medium", "high", "urgent"] as const;

export function alarmAsks({ kind, alarm = "", severity }: EquipmentEvent, rule: AlarmRule): boolean {
  if (kind !== "alarm") return false;
  if (rule.alarms?.includes(alarm)) return true;
  return severity !== undefined && severities.indexOf(severity) >= severities.indexOf(rule.fromSeverity ?? "high");
}

export function requestOfAlarm(event: EquipmentEvent, rule: AlarmRule): RequestMaintenance {
  const { equipment, alarm = "", active, time, description, severity, measured, unit, productionOrder } = event;
  const told = [
    description,
    active === true ? `Alarm ${alarm} came at ${time}.` : `Alarm ${alarm} went at ${time}.`,
    measured && `Measured: ${measured} ${unit ?? ""}.`,
    productionOrder && `Order ${productionOrder} was running.`,
  ];
  return {
    title: `${equipment}: alarm ${alarm}`.slice(0, 250),
    kind: "corrective",
    priority: severity === "urgent" ? "urgent" : "high",
    description: textOf(...told),
    about: `alarm ${alarm} of ${equipment}`,
    recurring: true,
    equipment: mapped(rule, equipment) ?? equipment,
    ...defined({
      create: active === true ? undefined : false,
      close: active !== true && rule.whenItRuns === "close" ? true : undefined,
    }),
  };
}

/** Every unplanned stop of an order: a short one ends the alert that its beginning may have raised. */
export function concernsPlanner({ productionOrder, category }: Downtime): boolean {
  return productionOrder !== undefined && category === "unplanned";
}

export function alertOf(stop: Downtime, { planner, fromMinutes = 15 }: PlannerRule): AlertPlanner {
  const { workCenter, equipment, reason, start, end, productionOrder = "", description } = stop;
  const at = `${workCenter}${equipment === undefined ? "" : ` (${equipment})`}`;
  const since =
    end === undefined
      ? `stands still since ${start}`
      : `stood still from ${start} to ${end}, ${minutesOf(stop)} minutes`;
  return {
    order: productionOrder,
    about: aboutStop(stop),
    title: `${workCenter} ${end === undefined ? "stands" : "stood"} still: ${reason}`.slice(0, 250),
    text: textOf(`${at} ${since}: ${reason}.`, description),
    ...defined({ planner, over: (minutesOf(stop) ?? Infinity) < fromMinutes ? true : undefined }),
  };
}

/** The same for each fact about one stop. */
function aboutStop({ workCenter, equipment, start }: Downtime): string {
  return `stop of ${[workCenter, equipment].filter(Boolean).join(" ")} at ${new Date(timeToMs(start)).toISOString()}`;
}

function isMicroStop(stop: Downtime, { microStopSeconds = 60 }: MaintenanceRule): boolean {
  if (stop.end === undefined || stop.category === "planned") return false;
  return timeToMs(stop.end) - timeToMs(stop.start) < microStopSeconds * 1_000;
}

function minutesOf({ start, end }: Downtime): number | undefined {
  return end === undefined ? undefined : Math.round((timeToMs(end) - timeToMs(start)) / 6_000) / 10;
}

function mapped({ equipment = {} }: Pick<MaintenanceRule, "equipment">, name: string): string | undefined {
  return equipment[name];
}
