import type { Clock, Contract, Log, System } from "@lineshaft/core";
import { SourceRunner, type SourceStatus } from "@lineshaft/engine";
import type { FactBuffer } from "./buffer.ts";
import type { Configured } from "./configuration.ts";
import { GatewayIntake } from "./gateway-intake.ts";

interface SourceSetOptions {
  buffer: FactBuffer;
  clock: Clock;
  random: () => number;
  log: Log;
}

/** The systems of one configuration, open, with their sources running. */
export class SourceSet {
  readonly #systems: { name: string; system: System; runners: SourceRunner[] }[] = [];

  /** Opens all systems, then starts their sources. Closes what it opened when one fails, and throws what that one threw. */
  static async start(configured: Configured, options: SourceSetOptions): Promise<SourceSet> {
    const set = new SourceSet();
    try {
      await set.#open(configured, options);
    } catch (error) {
      await set.stop();
      throw error;
    }
    for (const { runners } of set.#systems) for (const runner of runners) runner.start();
    return set;
  }

  get status(): { name: string; sources: SourceStatus[] }[] {
    return this.#systems.map(({ name, runners }) => ({ name, sources: runners.map(({ status }) => ({ ...status })) }));
  }

  /** Resolves when nothing of it hands facts over any more and its systems are closed. */
  async stop(): Promise<void> {
    await this.stopSources();
    for (const { system } of this.#systems.splice(0)) await system.close();
  }

  async stopSources(): Promise<void> {
    await Promise.all(this.#systems.flatMap(({ runners }) => runners.map((runner) => runner.stop())));
  }

  async #open({ systems, telemetry = [], contracts = [] }: Configured, options: SourceSetOptions): Promise<void> {
    const { buffer, clock, random, log } = options;
    const known = new Map(contracts.map((contract): [string, Contract] => [contract.id, contract]));
    for (const definition of systems) {
      const system = await definition.open({ clock, random, log });
      const shared = { source: definition.name, buffer, clock, telemetry: new Set(telemetry), contracts: known };
      const runners = Object.entries(system.sources).map(([name, source]) => {
        const intake = new GatewayIntake({ ...shared, counted: () => runner.status.facts++ });
        const runner: SourceRunner = new SourceRunner({ name, source, intake, clock, random, log });
        return runner;
      });
      this.#systems.push({ name: definition.name, system, runners });
    }
  }
}
