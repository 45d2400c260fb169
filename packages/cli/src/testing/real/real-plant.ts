import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { Secret } from "@lineshaft/core";
import { Plant, type RunningPlant } from "../plant.ts";
import { Mosquitto, findProgram } from "@lineshaft/testing/mosquitto";
import { OdooEyes, type RealOdoo, type Recipe, type Standing, enterRecipe } from "./odoo-eyes.ts";
import { type Moment, OdooGate } from "./odoo-gate.ts";

/** What the environment and this machine lack for a test against a real Odoo, as a sentence; or the Odoo. */
export function realOdoo(environment = process.env): RealOdoo | string {
  const wanted = ["URL", "DB", "LOGIN", "KEY", "ADMIN_LOGIN", "ADMIN_KEY"].map((name) => `LINESHAFT_ODOO_${name}`);
  const missing = wanted.filter((name) => !environment[name]);
  if (missing.length > 0) return `no real Odoo: ${missing.join(", ")} not set`;
  const programs = ["mosquitto", "mosquitto_pub", "curl"].filter((name) => findProgram(name) === undefined);
  if (programs.length > 0) return `not on this machine: ${programs.join(", ")}`;
  const value = (name: string) => environment[`LINESHAFT_ODOO_${name}`] ?? "";
  return {
    url: value("URL"),
    database: value("DB"),
    login: value("LOGIN"),
    key: Secret.env("LINESHAFT_ODOO_KEY"),
    adminLogin: value("ADMIN_LOGIN"),
    adminKey: Secret.env("LINESHAFT_ODOO_ADMIN_KEY"),
  };
}

/** What `lineshaft trace` tells of one message. */
export interface Traced {
  id: number;
  source: string;
  sourceId: string;
  contract: string;
  duplicates: number;
  deliveries: {
    id: number;
    operation: string;
    state: string;
    receipt: string | null;
    crashes: number;
    parking: { message: string } | null;
    attempts: { kind: string; outcome: string; startedAt: number; message?: string }[];
  }[];
}

/** A real mosquitto, the built hub as a process of its own, and a real Odoo behind a gate. */
export class RealPlant implements AsyncDisposable {
  readonly broker: Mosquitto;
  readonly gate: OdooGate;
  readonly project: Plant;
  readonly odoo: OdooEyes;
  readonly recipe: Recipe;
  #hub: RunningPlant | undefined;

  private constructor(broker: Mosquitto, gate: OdooGate, project: Plant, odoo: OdooEyes, recipe: Recipe) {
    this.broker = broker;
    this.gate = gate;
    this.project = project;
    this.odoo = odoo;
    this.recipe = recipe;
  }

  /** Provisions the Odoo by the command for it, enters master data, and starts the hub. */
  static async open(real: RealOdoo): Promise<RealPlant> {
    const admin = await OdooEyes.open(real, real.adminLogin, real.adminKey);
    const recipe = await enterRecipe(admin, fresh);
    const broker = await Mosquitto.start(program("mosquitto"));
    const gate = await OdooGate.open(real.url);
    const project = new Plant({
      withConfig: false,
      environment: { PLANT_ODOO_URL: gate.url, PLANT_BROKER_URL: broker.url },
    });
    project.write("lineshaft.config.ts", readFileSync(new URL("real-plant.config.ts", import.meta.url), "utf8"));
    const plant = new RealPlant(broker, gate, project, await OdooEyes.open(real, real.login, real.key), recipe);
    try {
      const by = ["--admin-login", real.adminLogin, "--admin-key", "env:LINESHAFT_ODOO_ADMIN_KEY"];
      const { code, err } = await project.run("odoo", "provision", "odoo", ...by);
      if (code !== 0) throw new Error(`Provisioning ended with ${code}: ${err}`);
      await plant.start();
      await broker.subscribed("lineshaft-plant", "plant/+/+/completion");
    } catch (error) {
      await plant[Symbol.asyncDispose]();
      throw error;
    }
    return plant;
  }

  get hub(): RunningPlant {
    if (!this.#hub) throw new Error("The hub does not run.");
    return this.#hub;
  }

  async start(): Promise<void> {
    this.#hub = await this.project.start();
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const hub = this.hub;
    this.#hub = undefined;
    await hub.end(signal);
  }

  /** Kills the hub at this moment of its next call that completes orders; resolves when it is dead. */
  killAt(moment: Moment): Promise<void> {
    return this.gate.meet(moment, () => this.end("SIGKILL"));
  }

  /** By `mosquitto_pub`, one after the other; resolves when the broker has acknowledged them all. */
  async publish(topic: string, ...facts: object[]): Promise<void> {
    const to = ["-h", "127.0.0.1", "-p", String(this.broker.port), "-q", "1", "-t", topic, "-l"];
    const child = spawn(program("mosquitto_pub"), to, { stdio: ["pipe", "inherit", "inherit"] });
    const ended = once(child, "exit");
    child.stdin.end(facts.map((fact) => `${JSON.stringify(fact)}\n`).join(""));
    const [code] = (await ended) as [number];
    if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}.`);
  }

  release(fact: object): Promise<void> {
    return this.publish("plant/HAM/release", fact);
  }

  report(...facts: object[]): Promise<void> {
    return this.publish(`plant/HAM/${this.recipe.workCenter}/completion`, ...facts);
  }

  /** By `curl`; the status and what the hub said. */
  async post(contract: string, fact: object): Promise<{ status: number; said: Record<string, unknown> }> {
    const how = ["-sS", "--max-time", "30", "-w", "\n%{http_code}", "-H", "content-type: application/json"];
    const to = ["--data-binary", JSON.stringify(fact), `${this.hub.intake}/v1/facts/${contract}`];
    const { stdout } = await promisify(execFile)(program("curl"), [...how, ...to]);
    const cut = stdout.lastIndexOf("\n");
    return {
      status: Number(stdout.slice(cut + 1)),
      said: JSON.parse(stdout.slice(0, cut)) as Record<string, unknown>,
    };
  }

  async trace(order: string): Promise<Traced[]> {
    const { code, out } = await this.project.run("trace", order, "--json");
    if (code !== 0) return [];
    return out
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Traced);
  }

  /** Waits until so many facts of an order are on disk in the hub. */
  received(order: string, facts: number): Promise<Traced[]> {
    return this.#until(order, (traced) => traced.length >= facts);
  }

  /** Waits until so many facts of an order are on disk in the hub and all that follows from them is settled in Odoo. */
  settled(order: string, facts: number): Promise<Traced[]> {
    return this.#until(order, (traced) => {
      const deliveries = traced.flatMap((message) => message.deliveries);
      const parked = deliveries.find((delivery) => delivery.state === "parked");
      if (parked) throw new Error(`Parked: ${parked.parking?.message}`);
      return traced.length >= facts && deliveries.every((delivery) => delivery.state === "done");
    });
  }

  /** What stands in Odoo for an order, as the hub's own user reads it. */
  standing(order: string): Promise<Standing> {
    return this.odoo.standing(order);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.project[Symbol.asyncDispose]();
    await this.gate[Symbol.asyncDispose]();
    await this.broker[Symbol.asyncDispose]();
  }

  /** Asks until it is so; each question is a process of its own, which takes its time. */
  async #until(order: string, enough: (traced: Traced[]) => boolean, withinMs = 120_000): Promise<Traced[]> {
    for (const end = performance.now() + withinMs; ;) {
      const traced = await this.trace(order);
      if (enough(traced)) return traced;
      if (performance.now() > end) {
        const log = this.#hub?.log().slice(-3_000) ?? "The hub does not run.";
        throw new Error(`Waited ${withinMs} ms in vain for ${order}: ${JSON.stringify(traced)}\n${log}`);
      }
    }
  }
}

let counter = 0;

/** A name that no run before has used: a real Odoo remembers all of them. */
export function fresh(prefix: string): string {
  counter += 1;
  return `${prefix}-${Date.now().toString(36)}-${process.pid.toString(36)}-${counter.toString(36)}`.toUpperCase();
}

function program(name: string): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(`There is no ${name} on this machine.`);
  return found;
}
