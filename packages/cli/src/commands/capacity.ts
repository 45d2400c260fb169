import { LineshaftError } from "@lineshaft/core";
import { Command, InvalidArgumentError } from "commander";
import { loadCalibration } from "../capacity-constants.ts";
import { type CapacityPlan, EXAMPLE, checkPlan, planDefaults, readPlan } from "../capacity-plan.ts";
import { capacityText } from "../capacity-text.ts";
import { planCapacity } from "../capacity.ts";
import type { Terminal } from "../terminal.ts";

interface CapacityOptions {
  init?: boolean;
  calibration?: string;
  perHour?: number;
  peakFactor?: number;
  payloadBytes?: number;
  requestBytes?: number;
  targets?: number;
  outageHours?: number;
  payloadDays?: number;
  duplicateDays?: number;
}

export function capacityCommand(terminal: Terminal): Command {
  return new Command("capacity")
    .description("what so many messages take: storage, workers, writes, and the time to catch up after an outage")
    .argument("[plan]", "a plan: JSON with comments, or a module that exports it; or give --per-hour")
    .option("--init", "print a plan to begin with, and do nothing else")
    .option(
      "--calibration <file>",
      "constants of a machine; default .lineshaft/calibration.json, else the shipped ones",
    )
    .option("--per-hour <n>", "without a plan: messages per hour", amount)
    .option(
      "--peak-factor <n>",
      `without a plan: busiest second by the average; default ${planDefaults.peakFactor}`,
      amount,
    )
    .option("--payload-bytes <n>", "without a plan: bytes of a payload; default 1000", amount)
    .option("--request-bytes <n>", "without a plan: bytes sent to a target; default as the payload", amount)
    .option("--targets <n>", "without a plan: systems that each message goes to; default 1", amount)
    .option("--outage-hours <n>", `without a plan: default ${planDefaults.outageHours}`, amount)
    .option("--payload-days <n>", "without a plan: days that payloads are kept", amount)
    .option("--duplicate-days <n>", "without a plan: days that ids are remembered", amount)
    .action(async (file: string | undefined, options: CapacityOptions) => {
      if (options.init) return terminal.result({ example: EXAMPLE }, (it) => it.example);
      const plan = file === undefined ? planOf(options) : await readPlan(file);
      const calibration = loadCalibration(options.calibration);
      const capacity = planCapacity(plan, calibration);
      const { from, machine, engine, measuredOn } = calibration;
      const constants = { engine, machine, measuredOn, from: from ?? "shipped" };
      terminal.result({ ...capacity, constants }, () => capacityText(capacity, calibration));
    });
}

/** @throws LineshaftError `usage` */
function planOf(options: CapacityOptions): CapacityPlan {
  const { perHour, peakFactor, payloadBytes = 1_000, requestBytes, targets = 1 } = options;
  if (perHour === undefined)
    throw new LineshaftError("usage", "There is no plan.", {
      next: "Name one, give --per-hour, or begin with lineshaft capacity --init > plan.json.",
    });
  const { outageHours, payloadDays: payloads, duplicateDays: duplicates } = options;
  const traffic = given({ contract: "any", perHour, payloadBytes, targets, peakFactor, requestBytes });
  return checkPlan(
    given({ messages: [traffic], outageHours, retentionDays: given({ payloads, duplicates }) }),
    "The command line",
  );
}

/** Without what was not given. */
function given(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function amount(text: string): number {
  const value = Number(text);
  if (!(value >= 0) || !Number.isFinite(value)) throw new InvalidArgumentError("A number is needed.");
  return value;
}
