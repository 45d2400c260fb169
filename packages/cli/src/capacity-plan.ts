import { existsSync, readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LineshaftError } from "@lineshaft/core";

/** Messages of one contract from one plant. */
export interface Traffic {
  contract: string;
  plant?: string;
  /** Average while the plant works. */
  perHour: number;
  /** The busiest second, as a multiple of the average. Default 3; or `peakPerSecond`. */
  peakFactor?: number;
  peakPerSecond?: number;
  payloadBytes: number;
  /** Systems that each message goes to, by name, or only how many. */
  targets: number | readonly string[];
  /** What is sent to a target and kept with the attempt. Default as much as the payload. */
  requestBytes?: number;
  /** Tries of each delivery, retries and look-ups counted. Default 1.05. */
  attempts?: number;
  /** Default 24. */
  hoursPerDay?: number;
  /** Default 7. */
  daysPerWeek?: number;
}

/** What is asked of a hub; what `lineshaft capacity` reads. */
export interface CapacityPlan {
  messages: readonly Traffic[];
  retentionDays?: {
    /** After these, payloads and requests are emptied. Absent: kept for good. */
    payloads?: number;
    /** After these, nothing is left and the same id would be a new fact. Absent: kept for good. */
    duplicates?: number;
  };
  /** How long all targets are away. Default 8. */
  outageHours?: number;
  /** Share of the ceiling that the peak may take. Default 0.6. */
  peakShare?: number;
  /** What the systems themselves take, in messages per second. */
  systems?: Readonly<Record<string, { perSecond: number }>>;
}

export const planDefaults = {
  peakFactor: 3,
  attempts: 1.05,
  hoursPerDay: 24,
  daysPerWeek: 7,
  outageHours: 8,
  peakShare: 0.6,
} as const;

/** What `--init` prints. */
export const EXAMPLE = `{
  // One entry per contract and plant. Rates are averages while the plant works.
  "messages": [
    {
      "contract": "completion.v1",
      "plant": "1010",
      "perHour": 6000,
      "peakFactor": 4, // the busiest second by the average; or "peakPerSecond": 12
      "payloadBytes": 1200,
      "targets": ["odoo-hamburg", "s4"], // or only how many: 2
      "requestBytes": 600, // what is sent and kept with each attempt; default the payload's size
      "attempts": 1.05, // tries of each delivery, retries and look-ups counted
      "hoursPerDay": 16,
      "daysPerWeek": 5
    },
    { "contract": "material-consumption.v1", "plant": "1010", "perHour": 9000, "payloadBytes": 700, "targets": 1 }
  ],
  // Left away: kept for good, and the ledger grows for good.
  "retentionDays": { "payloads": 90, "duplicates": 400 },
  // All targets are away for so long, while the plants go on.
  "outageHours": 8,
  // Share of the ceiling that the busiest second may take.
  "peakShare": 0.6,
  // What the systems themselves take. For most hubs this is what counts.
  "systems": { "odoo-hamburg": { "perSecond": 20 }, "s4": { "perSecond": 40 } }
}`;

/**
 * Reads a plan: JSON that may have comments, or a module (.ts, .js, .mjs) whose default export it is.
 * @throws LineshaftError `not-found`, `usage` naming what is wrong
 */
export async function readPlan(file: string): Promise<CapacityPlan> {
  const path = resolve(file);
  if (!existsSync(path))
    throw new LineshaftError("not-found", `There is no plan at ${path}.`, {
      next: "Correct the name, or write one: lineshaft capacity --init > plan.json.",
    });
  const module = [".ts", ".mts", ".js", ".mjs"].includes(extname(path));
  return checkPlan(module ? await fromModule(path) : fromJson(readFileSync(path, "utf8"), file), file);
}

async function fromModule(path: string): Promise<unknown> {
  const { default: plan } = (await import(pathToFileURL(path).href)) as { default?: unknown };
  return plan;
}

/** Strings are taken whole, so that what looks like a comment within one stays. */
const COMMENTS = /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

function fromJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replaceAll(COMMENTS, (_, kept: string | undefined) => kept ?? "")) as unknown;
  } catch (cause) {
    throw new LineshaftError("usage", `${file} is no JSON: ${(cause as Error).message}`, {
      next: "Correct the file; comments are allowed.",
      cause,
    });
  }
}

/** @throws LineshaftError `usage` with the first thing that is wrong */
export function checkPlan(plan: unknown, file: string): CapacityPlan {
  const problem = planProblem(plan);
  if (problem === undefined) return plan as CapacityPlan;
  throw new LineshaftError("usage", `${file}: ${problem}`, {
    next: "Correct it; lineshaft capacity --init prints an example with all fields.",
  });
}

type Check = (value: unknown, at: string) => string | undefined;

const above: Check = (value, at) =>
  typeof value === "number" && value > 0 && Number.isFinite(value) ? undefined : `${at} must be a number above 0.`;
const notBelow: (least: number) => Check = (least) => (value, at) =>
  typeof value === "number" && value >= least && Number.isFinite(value)
    ? undefined
    : `${at} must be a number from ${least} on.`;
const atMost: (most: number) => Check = (most) => (value, at) =>
  above(value, at) ?? ((value as number) <= most ? undefined : `${at} must be at most ${most}.`);
const text: Check = (value, at) => (typeof value === "string" && value !== "" ? undefined : `${at} must be a text.`);
const targets: Check = (value, at) =>
  (typeof value === "number" && Number.isInteger(value) && value >= 0) ||
  (Array.isArray(value) && value.every((name) => typeof name === "string"))
    ? undefined
    : `${at} must be a list of systems, or how many.`;

const traffic: Record<string, Check> = {
  contract: text,
  plant: text,
  perHour: above,
  peakFactor: notBelow(1),
  peakPerSecond: above,
  payloadBytes: above,
  targets,
  requestBytes: notBelow(0),
  attempts: notBelow(1),
  hoursPerDay: atMost(24),
  daysPerWeek: atMost(7),
};
const needed = ["contract", "perHour", "payloadBytes", "targets"];
const wholePlan: Record<string, Check> = {
  messages: (value) => listProblem(value),
  retentionDays: (value, at) => fieldsProblem(value, at, { payloads: above, duplicates: above }),
  outageHours: notBelow(0),
  peakShare: atMost(1),
  systems: (value, at) =>
    Object.entries(Object(value) as object)
      .map(([name, system]) => fieldsProblem(system, `${at}.${name}`, { perSecond: above }, ["perSecond"]))
      .find((problem) => problem !== undefined),
};

function planProblem(plan: unknown): string | undefined {
  return fieldsProblem(plan, "the plan", wholePlan, ["messages"]) ?? retentionProblem(plan as CapacityPlan);
}

function listProblem(list: unknown): string | undefined {
  if (!Array.isArray(list) || list.length === 0) return "messages must be a list with at least one entry.";
  return list
    .map((entry, at) => fieldsProblem(entry, `messages[${at}]`, traffic, needed))
    .find((problem) => problem !== undefined);
}

function retentionProblem({ retentionDays: days }: CapacityPlan): string | undefined {
  if (days?.duplicates === undefined || days.payloads === undefined || days.payloads <= days.duplicates) return;
  return "retentionDays.payloads must not be above retentionDays.duplicates: with the message its payload goes too.";
}

function fieldsProblem(
  value: unknown,
  at: string,
  known: Record<string, Check>,
  required: readonly string[] = [],
): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return `${at} must be an object.`;
  const missing = required.find((name) => !(name in value));
  if (missing !== undefined) return `${at} lacks ${missing}.`;
  for (const [name, field] of Object.entries(value)) {
    const place = at === "the plan" ? name : `${at}.${name}`;
    const check = known[name];
    if (check === undefined) return `${place} is no field; there are ${Object.keys(known).join(", ")}.`;
    const problem = check(field, place);
    if (problem !== undefined) return problem;
  }
}
