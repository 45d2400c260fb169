import {
  type Clock,
  type Contract,
  type Log,
  type System,
  type SystemDefinition,
  LineshaftError,
  explain,
  silentLog,
  systemClock,
} from "@lineshaft/core";
import { SourceRunner, type SourceStatus } from "@lineshaft/engine";
import { FactBuffer } from "./buffer.ts";
import { Downlink, type OrderConsumer } from "./downlink.ts";
import { GatewayIntake } from "./gateway-intake.ts";
import { GATEWAY_LIMITS, type GatewayLimits } from "./limits.ts";
import { Link, type LinkTls } from "./link.ts";
import { type At, nowhere } from "./points.ts";
import { keepRenewed } from "./renewal.ts";
import { type LinkState, Uplink } from "./uplink.ts";

/** What a plant's gateway is made of: what `lineshaft.gateway.ts` exports by default. */
export interface GatewayDefinition {
  /** As in its certificate and in the hub's configuration. */
  name: string;
  /** `https://hub.example.com:7443`. */
  hub: string;
  tls: LinkTls;
  /** The certificate's file, when the hub's authority made it: it is then renewed over the link in time. */
  renewal?: string;
  /** The buffer's file; its folder is made when it is missing. */
  buffer: string;
  /** Whose sources bring facts in. They are not sent to. */
  systems: readonly SystemDefinition[];
  /** Contracts whose facts may be shed when the buffer is full, oldest first. All others never are. */
  telemetry?: readonly string[];
  /** Where given, what breaks one of these is told to its source at once; it goes up all the same, as evidence. */
  contracts?: readonly Contract[];
  consumers?: readonly OrderConsumer[];
  limits?: Partial<GatewayLimits>;
}

export interface GatewayOptions {
  clock?: Clock;
  random?: () => number;
  log?: Log;
  /** For tests that end the process at a named point. */
  at?: At;
}

export interface GatewayStatus {
  name: string;
  hub: string;
  startedAt: number;
  now: number;
  link: LinkState;
  buffer: {
    facts: number;
    bytes: number;
    maxBytes: number;
    /** When the oldest fact in it was recorded. */
    oldest?: number;
    /** Telemetry that was shed since the file was made. */
    shed: number;
    /** Where a damaged file was set aside at this start. */
    aside?: string;
    problem?: string;
  };
  systems: { name: string; sources: SourceStatus[] }[];
}

/** The process in a plant that goes on when the line to the hub does not. */
export class Gateway implements AsyncDisposable {
  readonly definition: GatewayDefinition;
  readonly buffer: FactBuffer;
  readonly #clock: Clock;
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #link: Link;
  readonly #limits: GatewayLimits;
  readonly #stop = new AbortController();
  readonly #systems: { name: string; system: System; runners: SourceRunner[] }[] = [];
  #running: Promise<unknown> = Promise.resolve();
  readonly #startedAt: number;

  private constructor(definition: GatewayDefinition, options: Required<GatewayOptions>) {
    this.definition = definition;
    const { name, hub, tls, buffer: path, consumers = [] } = definition;
    const { clock, random, log, at } = options;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#limits = { ...GATEWAY_LIMITS, ...definition.limits };
    const limits = this.#limits;
    const recorded = () => this.#uplink.wake();
    this.buffer = new FactBuffer({ path, gateway: name, maxBytes: limits.bufferBytes, clock, recorded, at });
    const { buffer } = this;
    this.#link = new Link({ hub, tls, clock });
    const shared = { buffer, link: this.#link, limits, clock, random, log };
    this.#uplink = new Uplink({ ...shared, gateway: name, at });
    this.#downlink = new Downlink({ ...shared, consumers });
  }

  /** Opens the buffer, starts the sources, then the link. @throws LineshaftError `config-invalid`, and as the buffer does */
  static async start(definition: GatewayDefinition, options: GatewayOptions = {}): Promise<Gateway> {
    checkDefinition(definition);
    const all = { clock: systemClock, random: Math.random, log: silentLog, at: nowhere, ...options };
    const gateway = new Gateway(definition, all);
    const { aside } = gateway.buffer;
    if (aside !== undefined)
      all.log.error("the buffer was damaged and set aside; facts in it may be missing", { ...aside });
    try {
      await gateway.#startSources(all);
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    const { signal } = gateway.#stop;
    const { name, renewal: path } = definition;
    const link = gateway.#link;
    gateway.#running = Promise.all([
      gateway.#uplink.run(signal),
      gateway.#downlink.run(signal),
      ...(path === undefined
        ? []
        : [keepRenewed({ path, gateway: name, link, clock: all.clock, log: all.log }, signal)]),
    ]);
    return gateway;
  }

  status(): GatewayStatus {
    const { buffer } = this;
    const { oldest, aside, problem } = buffer;
    return {
      name: this.definition.name,
      hub: this.#link.hub,
      startedAt: this.#startedAt,
      now: this.#clock.now(),
      link: { ...this.#uplink.state },
      buffer: {
        facts: buffer.facts,
        bytes: buffer.bytes,
        maxBytes: this.#limits.bufferBytes,
        ...(oldest === undefined ? {} : { oldest }),
        shed: buffer.shed,
        ...(aside === undefined ? {} : { aside: aside.path }),
        ...(problem === undefined ? {} : { problem: explain(problem) }),
      },
      systems: this.#systems.map(({ name, runners }) => ({
        name,
        sources: runners.map(({ status }) => ({ ...status })),
      })),
    };
  }

  /** Stops the sources, then the link, then closes the buffer. What has not gone up goes up after the next start. */
  async stop(): Promise<void> {
    await Promise.all(this.#systems.flatMap(({ runners }) => runners.map((runner) => runner.stop())));
    this.#stop.abort(new Error("the gateway is stopped"));
    await this.#running;
    this.#link.reset();
    for (const { system } of this.#systems) await system.close();
    this.buffer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #startSources({ clock, random, log }: Required<GatewayOptions>): Promise<void> {
    const { systems, telemetry = [], contracts = [] } = this.definition;
    const known = new Map(contracts.map((contract) => [contract.id, contract]));
    for (const definition of systems) {
      const system = await definition.open({ clock, random, log });
      const { buffer } = this;
      const shared = { source: definition.name, buffer, clock, telemetry: new Set(telemetry), contracts: known };
      const runners = Object.entries(system.sources).map(([name, source]) => {
        const intake = new GatewayIntake({ ...shared, counted: () => runner.status.facts++ });
        const runner: SourceRunner = new SourceRunner({ name, source, intake, clock, random, log });
        return runner;
      });
      this.#systems.push({ name: definition.name, system, runners });
      for (const runner of runners) runner.start();
    }
  }
}

function checkDefinition({ name, hub, systems, consumers = [] }: GatewayDefinition): void {
  const wrong = (message: string, next: string): never => {
    throw new LineshaftError("config-invalid", `Gateway ${name} ${message}.`, { next });
  };
  if (!/^[\w.-]{1,64}$/.test(name)) wrong("has a name that cannot be used", "Use letters, digits, `.`, `_` and `-`.");
  if (!URL.canParse(hub) || new URL(hub).protocol !== "https:")
    wrong(`has the hub ${hub}`, "Give its address as https://host:port.");
  const names = systems.map((system) => system.name);
  const twice = names.find((other, at) => names.indexOf(other) !== at);
  if (twice !== undefined) wrong(`has two systems ${twice}`, "Rename one.");
  const taking = consumers.map((consumer) => consumer.name);
  const again = taking.find((other, at) => taking.indexOf(other) !== at);
  if (again !== undefined) wrong(`has two consumers ${again}`, "Rename one.");
}
