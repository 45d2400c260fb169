import { systemClock } from "@lineshaft/core";
import { GATEWAY_POINTS, type GatewayLimits } from "@lineshaft/gateway";
import { type Child, beside, startChild } from "../../child.ts";
import { pause } from "../../pause.ts";
import type { Violations } from "../violations.ts";
import { GATEWAY, type Ground } from "./ground.ts";
import type { HubOptions, HubWord } from "./hub-process.ts";
import type { PlantOptions, PlantWord } from "./plant-process.ts";

/** Small, so that a campaign meets every bound within seconds. */
const LIMITS: Partial<GatewayLimits> = {
  bufferBytes: 1_500_000,
  batchFacts: 40,
  lingerMs: 5,
  requestMs: 1_500,
  heartbeatMs: 500,
  retryFirstMs: 20,
  retryCapMs: 200,
};
/** Longest wait for an orderly stop, in ms. */
const STOP_MS = 60_000;

interface PlantSettings {
  ground: Ground;
  hub: string;
  to: number;
  perSecond: number;
  violations: Violations;
  /** A command that runs it: `["ip", "netns", "exec", "plant"]`. */
  within: readonly string[] | undefined;
  broken: boolean;
}

/** The gateway's process, and what the campaign knows of it. */
export class Plant {
  acknowledged = 0;
  crashes = 0;
  held = 0;
  status: PlantWord["status"] | undefined;
  wrongMs = 0;
  program = 1;
  readonly #o: PlantSettings;
  #child: Child<PlantWord> | undefined;

  constructor(settings: PlantSettings) {
    this.#o = settings;
  }

  get running(): boolean {
    const child = this.#child?.process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  start(kill?: PlantOptions["kill"]): void {
    const { ground, hub, to, perSecond, within, broken } = this.#o;
    const options: PlantOptions = {
      name: GATEWAY,
      hub,
      folder: ground.plant,
      program: `${this.program}.0.0`,
      from: this.acknowledged + 1,
      to,
      perSecond,
      wrongMs: this.wrongMs,
      limits: LIMITS,
      ...(kill !== undefined && { kill }),
      ...(broken && { broken }),
    };
    this.status = undefined;
    const child = startChild<PlantWord>(beside(import.meta.url, "plant-process"), options, within && { within });
    child.listen("acknowledged", (n) => (this.acknowledged = Math.max(this.acknowledged, n)));
    child.listen("status", (status) => {
      if (this.#child === child) this.status = status;
    });
    child.listen("held", () => this.held++);
    this.#child = child;
    child.process.on("exit", (code, signal) => {
      if (this.#child === child) this.status = undefined;
      if (signal === "SIGKILL") this.crashes++;
      else if (code !== 0) this.#o.violations.add(`The gateway ended by itself with ${code ?? signal}.`);
    });
  }

  /** From now on it passes the point that it was started to die at. */
  spare(): void {
    this.#child?.say({ spare: true });
  }

  say(message: { wrongMs?: number; perSecond?: number }): void {
    this.wrongMs = message.wrongMs ?? this.wrongMs;
    this.#child?.say(message);
  }

  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  async stop(): Promise<void> {
    if (this.running) await stopChild(this.#child, "The gateway", this.#o.violations);
  }
}

/** A named point, drawn, and at which pass of it the process dies. */
export function drawKill(random: () => number): NonNullable<PlantOptions["kill"]> {
  const point = GATEWAY_POINTS[Math.floor(random() * GATEWAY_POINTS.length)] ?? "afterCommit";
  const once = point.endsWith("Apply") || point.endsWith("Keep");
  return { point, hit: once ? 1 : 1 + Math.floor(random() * 30) };
}

/** The hub's process. */
export class HubSide {
  crashes = 0;
  readonly #options: HubOptions;
  readonly #violations: Violations;
  #child: Child<HubWord> | undefined;

  constructor(options: HubOptions, violations: Violations) {
    this.#options = options;
    this.#violations = violations;
  }

  get running(): boolean {
    const child = this.#child?.process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Resolves when it takes gateways, or died before. */
  async start(kill?: HubOptions["kill"]): Promise<void> {
    const options = { ...this.#options, ...(kill !== undefined && { kill }) };
    const child = startChild<HubWord>(beside(import.meta.url, "hub-process"), options);
    this.#child = child;
    child.process.on("exit", (code, signal) => {
      if (signal === "SIGKILL") this.crashes++;
      else if (code !== 0) this.#violations.add(`The hub ended by itself with ${code ?? signal}.`);
    });
    await child.hear("running").catch((error: unknown) => {
      if (this.running) throw error;
    });
  }

  /** From now on it passes the point that it was started to die at. */
  spare(): void {
    this.#child?.say({ spare: true });
  }

  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  async stop(): Promise<void> {
    if (this.running) await stopChild(this.#child, "The hub", this.#violations);
  }
}

async function stopChild<W extends { stopped: true }>(
  child: Child<W> | undefined,
  name: string,
  violations: Violations,
): Promise<void> {
  if (child === undefined) return;
  child.say({ stop: true });
  const end = systemClock.now() + STOP_MS;
  while (child.process.exitCode === null && child.process.signalCode === null) {
    if (systemClock.now() > end) {
      violations.add(`${name} did not stop within ${STOP_MS} ms.`);
      return child.kill();
    }
    await pause(20);
  }
}
