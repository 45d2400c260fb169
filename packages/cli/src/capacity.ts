import { type Calibration, msOf, stored } from "./capacity-constants.ts";
import { type CapacityPlan, type Traffic, planDefaults } from "./capacity-plan.ts";

export interface Capacity {
  storage: {
    perMonth: number;
    /** Once as much is deleted as comes in; null where something is kept for good. */
    steady: number | null;
    afterYear: number;
    perMessage: number;
  };
  rates: { averagePerSecond: number; peakPerSecond: number };
  workers: {
    needed: number;
    /** Messages of this mix per second that one worker brings to its targets. */
    ceilingPerSecond: number;
    averageShare: number;
    peakShare: number;
  };
  /** At most, per second, in the average and in the busiest second. */
  writes: { commits: number; rows: number; peakCommits: number; peakRows: number };
  outage: {
    hours: number;
    messages: number;
    deliveries: number;
    bytes: number;
    /** With normal traffic going on; null: never. */
    catchUpSeconds: number | null;
    /** What it waits for: `the hub`, or a system. */
    limitedBy: string;
  };
  systems: {
    system: string;
    averagePerSecond: number;
    peakPerSecond: number;
    takesPerSecond: number | null;
    catchUpSeconds: number | null;
  }[];
  warnings: string[];
  assumptions: string[];
}

const DAYS_PER_MONTH = 365 / 12;
const SECONDS_PER_HOUR = 3_600;
const MS = 1_000;

/** What a plan takes on a machine that was measured. A worker's time adds up: so much per message and per delivery. */
export function planCapacity(plan: CapacityPlan, calibration: Calibration): Capacity {
  const flows = plan.messages.map((traffic) => new Flow(traffic, calibration));
  const workers = workersOf(flows, plan, calibration);
  const capacity = {
    storage: storageOf(flows, plan),
    rates: { averagePerSecond: sum(flows, (f) => f.perSecond), peakPerSecond: sum(flows, (f) => f.peakPerSecond) },
    workers,
    writes: writesOf(flows, calibration),
    ...outageOf(flows, plan, workers.needed),
  };
  return {
    ...capacity,
    warnings: warningsOf(capacity, plan, calibration),
    assumptions: assumptionsOf(plan, calibration),
  };
}

/** One entry of a plan with what follows from it. */
class Flow {
  readonly perSecond: number;
  readonly peakPerSecond: number;
  readonly perDay: number;
  readonly targets: number;
  readonly systems: readonly string[];
  readonly payloadBytes: number;
  readonly attempts: number;
  /** A worker's time for each, ms. */
  readonly acceptMs: number;
  readonly deliverMs: number;
  /** Bytes of each message that go when payloads are emptied, and those that stay. */
  readonly payloadStored: number;
  readonly otherStored: number;

  constructor(traffic: Traffic, { storage, times }: Calibration) {
    const { perHour, payloadBytes, requestBytes = payloadBytes, attempts = planDefaults.attempts } = traffic;
    const { hoursPerDay = planDefaults.hoursPerDay, daysPerWeek = planDefaults.daysPerWeek } = traffic;
    this.perSecond = perHour / SECONDS_PER_HOUR;
    this.peakPerSecond = traffic.peakPerSecond ?? this.perSecond * (traffic.peakFactor ?? planDefaults.peakFactor);
    this.perDay = (perHour * hoursPerDay * daysPerWeek) / 7;
    this.targets = typeof traffic.targets === "number" ? traffic.targets : traffic.targets.length;
    this.systems = typeof traffic.targets === "number" ? [] : traffic.targets;
    this.payloadBytes = payloadBytes;
    this.attempts = attempts;
    this.acceptMs = msOf(times.accept, payloadBytes);
    this.deliverMs = msOf(times.deliver, payloadBytes) * attempts;
    const tries = this.targets * attempts;
    const bareMessage = stored(storage.messageByPayload, 0);
    const bareAttempt = stored(storage.attemptByRequest, 0);
    this.payloadStored =
      stored(storage.messageByPayload, payloadBytes) -
      bareMessage +
      tries * (stored(storage.attemptByRequest, requestBytes) - bareAttempt);
    this.otherStored =
      bareMessage +
      this.targets * storage.delivery +
      tries * bareAttempt +
      this.commits(this.perSecond, times.commit) * storage.commit;
  }

  /** Time of a worker for one message and all its deliveries, ms. */
  get messageMs(): number {
    return this.acceptMs + this.targets * this.deliverMs;
  }

  /** Commits that one message causes, at most: with more traffic more of them share one. */
  commits(perSecond: number, commitMs: number): number {
    return Math.min(1 + 2 * this.targets * this.attempts, MS / commitMs / perSecond);
  }

  /** A row for message and delivery each; for a try two steps of the delivery and its attempt. */
  get rows(): number {
    return 1 + this.targets * (1 + 3 * this.attempts);
  }
}

function storageOf(flows: readonly Flow[], { retentionDays: days = {} }: CapacityPlan): Capacity["storage"] {
  const payload = sum(flows, (f) => f.perDay * f.payloadStored);
  const other = sum(flows, (f) => f.perDay * f.otherStored);
  const payloadDays = Math.min(days.payloads ?? Number.POSITIVE_INFINITY, days.duplicates ?? Number.POSITIVE_INFINITY);
  const otherDays = days.duplicates ?? Number.POSITIVE_INFINITY;
  const after = (limit: number) => payload * Math.min(limit, payloadDays) + other * Math.min(limit, otherDays);
  return {
    perMonth: (payload + other) * DAYS_PER_MONTH,
    steady: Number.isFinite(otherDays) ? after(otherDays) : null,
    afterYear: after(365),
    perMessage: (payload + other) / sum(flows, (f) => f.perDay),
  };
}

function workersOf(flows: readonly Flow[], plan: CapacityPlan, { engine }: Calibration): Capacity["workers"] {
  const averageShare = sum(flows, (f) => f.perSecond * f.messageMs) / MS;
  const peakShare = sum(flows, (f) => f.peakPerSecond * f.messageMs) / MS;
  const perSecond = sum(flows, (f) => f.perSecond);
  const wanted = Math.max(1, Math.ceil(peakShare / (plan.peakShare ?? planDefaults.peakShare)));
  return {
    needed: engine === "sqlite" ? 1 : wanted,
    ceilingPerSecond: perSecond / averageShare,
    averageShare,
    peakShare: engine === "sqlite" ? peakShare : peakShare / wanted,
  };
}

function writesOf(flows: readonly Flow[], { times }: Calibration): Capacity["writes"] {
  const most = MS / times.commit;
  const commits = (rate: (f: Flow) => number) =>
    Math.min(
      most,
      sum(flows, (f) => rate(f) * f.commits(rate(f), times.commit)),
    );
  const rows = (rate: (f: Flow) => number) => sum(flows, (f) => rate(f) * f.rows);
  return {
    commits: commits((f) => f.perSecond),
    rows: rows((f) => f.perSecond),
    peakCommits: commits((f) => f.peakPerSecond),
    peakRows: rows((f) => f.peakPerSecond),
  };
}

function outageOf(flows: readonly Flow[], plan: CapacityPlan, workers: number): Pick<Capacity, "outage" | "systems"> {
  const hours = plan.outageHours ?? planDefaults.outageHours;
  const seconds = hours * SECONDS_PER_HOUR;
  const busy = sum(flows, (f) => f.perSecond * f.messageMs) / MS;
  const work = sum(flows, (f) => f.perSecond * seconds * f.targets * f.deliverMs) / MS;
  const hub = { limitedBy: "the hub", catchUpSeconds: catchUp(work, workers - busy) };
  const systems = systemsOf(flows, plan, seconds);
  const limits = [hub, ...systems.map(({ system, catchUpSeconds }) => ({ limitedBy: system, catchUpSeconds }))];
  const longest = limits.reduce((a, b) => ((b.catchUpSeconds ?? Infinity) > (a.catchUpSeconds ?? Infinity) ? b : a));
  return {
    systems,
    outage: {
      hours,
      messages: sum(flows, (f) => f.perSecond * seconds),
      deliveries: sum(flows, (f) => f.perSecond * seconds * f.targets),
      bytes: sum(flows, (f) => f.perSecond * seconds * (f.payloadStored + f.otherStored)),
      ...longest,
    },
  };
}

function systemsOf(flows: readonly Flow[], { systems = {} }: CapacityPlan, outageSeconds: number): Capacity["systems"] {
  const names = new Set([...Object.keys(systems), ...flows.flatMap((f) => f.systems)]);
  return [...names].map((system) => {
    const its = flows.filter((f) => f.systems.includes(system));
    const averagePerSecond = sum(its, (f) => f.perSecond * f.attempts);
    const takesPerSecond = systems[system]?.perSecond ?? null;
    const catchUpSeconds =
      takesPerSecond === null ? 0 : catchUp(averagePerSecond * outageSeconds, takesPerSecond - averagePerSecond);
    return {
      system,
      averagePerSecond,
      peakPerSecond: sum(its, (f) => f.peakPerSecond * f.attempts),
      takesPerSecond,
      catchUpSeconds,
    };
  });
}

/** Seconds until so much work is done with so much to spare each second; null: never. */
function catchUp(work: number, spare: number): number | null {
  if (work === 0) return 0;
  return spare > 0 ? work / spare : null;
}

type Figures = Omit<Capacity, "warnings" | "assumptions">;

function warningsOf(
  { workers, outage, systems, storage }: Figures,
  plan: CapacityPlan,
  { engine }: Calibration,
): string[] {
  const share = plan.peakShare ?? planDefaults.peakShare;
  const warnings: string[] = [];
  if (workers.peakShare > share)
    warnings.push(
      `The busiest second takes ${percent(workers.peakShare)} of what ${engine} and one worker do, more than ${percent(share)}.${engine === "sqlite" ? " A SQLite ledger has one worker: split the plants over several hubs, or take PostgreSQL." : ""}`,
    );
  for (const { system, takesPerSecond, averagePerSecond, peakPerSecond } of systems) {
    if (takesPerSecond === null) continue;
    if (averagePerSecond >= takesPerSecond)
      warnings.push(
        `${system} takes ${round(takesPerSecond)} per second and is sent ${round(averagePerSecond)}: its backlog only grows.`,
      );
    else if (peakPerSecond > takesPerSecond * share)
      warnings.push(
        `The busiest second sends ${round(peakPerSecond)} to ${system}, ${percent(peakPerSecond / takesPerSecond)} of the ${round(takesPerSecond)} that it takes: what is over waits in the hub.`,
      );
  }
  if (outage.catchUpSeconds !== null && outage.catchUpSeconds > outage.hours * SECONDS_PER_HOUR)
    warnings.push(`Catching up takes longer than the outage itself; ${outage.limitedBy} is what it waits for.`);
  if (storage.steady === null)
    warnings.push("Something is kept for good, so the ledger grows for good: see retentionDays.duplicates.");
  return warnings;
}

function assumptionsOf(plan: CapacityPlan, { machine, engine, measuredOn }: Calibration): string[] {
  const share = plan.peakShare ?? planDefaults.peakShare;
  return [
    `Constants: ${engine} on ${machine}, measured on ${measuredOn}.`,
    "A worker's time adds up: so much for each message, so much for each delivery, both by the bytes of the payload.",
    "Targets answer at once, but for the rates given under systems; real ones cost the hub waiting, not work.",
    "All entries of the plan are busiest in the same second.",
    `Where the plan is silent: peak ${planDefaults.peakFactor} times the average, ${planDefaults.attempts} tries of each delivery, a request as large as its payload, ${planDefaults.hoursPerDay} hours a day, ${planDefaults.daysPerWeek} days a week.`,
    `Workers are counted so that the busiest second takes at most ${percent(share)} of them.`,
    "Payloads are stored once: what a source's translation makes of them, where it changes them, comes on top and belongs into payloadBytes.",
    "An id takes 36 characters. Commits are counted at most; under load many rows share one, which makes the ledger smaller.",
    "What is older than retentionDays is deleted, and its room is used again. A database file does not get smaller by itself.",
    "SQLite's log beside the ledger (up to 64 MB), backups and the free room that a disk needs come on top.",
    "In the outage all targets are away, sources and hub are not; afterwards they come at their average rate.",
    "Several workers do as much as their sum; where the store itself is full was not measured.",
  ].filter((line) => !line.startsWith(engine === "sqlite" ? "Several workers" : "SQLite"));
}

function sum<T>(list: readonly T[], of: (it: T) => number): number {
  return list.reduce((total, it) => total + of(it), 0);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function round(value: number): string {
  return String(value >= 10 ? Math.round(value) : Number(value.toPrecision(2)));
}
