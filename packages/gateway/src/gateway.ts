import {
  type Clock,
  type Contract,
  type Log,
  type SystemDefinition,
  LineshaftError,
  explain,
  silentLog,
  systemClock,
} from "@lineshaft/core";
import type { SourceStatus } from "@lineshaft/engine";
import { FactBuffer } from "./buffer.ts";
import type { ConfigurationFiles } from "./configuration-file.ts";
import type { ConfigurationReader, Configured } from "./configuration.ts";
import { type ConfigurationStatus, Configurator, checkConfigured } from "./configurator.ts";
import { Downlink, type OrderConsumer } from "./downlink.ts";
import { GATEWAY_LIMITS, type GatewayLimits } from "./limits.ts";
import { Link, type LinkTls } from "./link.ts";
import { type At, nowhere } from "./points.ts";
import { keepRenewed } from "./renewal.ts";
import type { GatewayReport } from "./report.ts";
import { SourceSet } from "./source-set.ts";
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
  /** Whose sources bring facts in, whatever the configuration says. They are not sent to. */
  systems?: readonly SystemDefinition[];
  /** What the program makes of the configuration that the hub sends: a configuration type's `runs`. */
  configured?: ConfigurationReader;
  /** Where the configuration is kept, and the key that it is signed with; `enrolled` gives both. */
  configuration?: ConfigurationFiles;
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
  /** Version of the program, told to the hub. */
  program?: string;
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
    /** Since when sources are held back because it is full of what must not be shed. */
    holdingSince?: number;
    /** Where a damaged file was set aside at this start. */
    aside?: string;
    problem?: string;
  };
  /** Missing where the hub sends none. */
  configuration?: ConfigurationStatus;
  systems: { name: string; sources: SourceStatus[] }[];
}

/** The process in a plant that goes on when the line to the hub does not. */
export class Gateway implements AsyncDisposable {
  readonly definition: GatewayDefinition;
  readonly buffer: FactBuffer;
  readonly #o: Required<GatewayOptions>;
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #configurator: Configurator | undefined;
  readonly #link: Link;
  /** One object that all parts read, so that a configuration may change it. */
  readonly #limits: GatewayLimits;
  readonly #stop = new AbortController();
  #sources: SourceSet | undefined;
  #running: Promise<unknown> = Promise.resolve();
  readonly #startedAt: number;

  private constructor(definition: GatewayDefinition, options: Required<GatewayOptions>) {
    this.definition = definition;
    this.#o = options;
    const { name, hub, tls, buffer: path, consumers = [], configured: reader, configuration: files } = definition;
    const { clock, random, log, at, program } = options;
    this.#startedAt = clock.now();
    this.#limits = { ...GATEWAY_LIMITS, ...definition.limits };
    const limits = this.#limits;
    const recorded = () => this.#uplink.wake();
    this.buffer = new FactBuffer({ path, gateway: name, maxBytes: limits.bufferBytes, clock, recorded, at });
    const { buffer } = this;
    this.#link = new Link({ hub, tls, clock });
    const shared = { buffer, link: this.#link, limits, clock, random, log, gateway: name, at };
    if (reader !== undefined && files !== undefined)
      this.#configurator = new Configurator({
        ...shared,
        program,
        files,
        reader,
        apply: (configured) => this.#apply(configured),
        changed: () => this.#uplink.tell(),
      });
    const wanted = (serial: number | undefined) => this.#configurator?.want(serial);
    this.#uplink = new Uplink({ ...shared, report: () => this.#report(), wanted });
    this.#downlink = new Downlink({ ...shared, consumers });
  }

  /**
   * Opens the buffer, starts the sources of the definition and of the last good configuration, then the link.
   * @throws LineshaftError `config-invalid`, and as the buffer does
   */
  static async start(definition: GatewayDefinition, options: GatewayOptions = {}): Promise<Gateway> {
    checkDefinition(definition);
    const defaults = { clock: systemClock, random: Math.random, log: silentLog, at: nowhere, program: "unknown" };
    const gateway = new Gateway(definition, { ...defaults, ...options });
    try {
      await gateway.#start();
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  status(): GatewayStatus {
    const { buffer } = this;
    const { oldest, aside, problem, holdingSince } = buffer;
    return {
      name: this.definition.name,
      hub: this.#link.hub,
      startedAt: this.#startedAt,
      now: this.#o.clock.now(),
      link: { ...this.#uplink.state },
      buffer: {
        facts: buffer.facts,
        bytes: buffer.bytes,
        maxBytes: buffer.maxBytes,
        ...(oldest === undefined ? {} : { oldest }),
        shed: buffer.shed,
        ...(holdingSince === undefined ? {} : { holdingSince }),
        ...(aside === undefined ? {} : { aside: aside.path }),
        ...(problem === undefined ? {} : { problem: explain(problem) }),
      },
      ...(this.#configurator === undefined ? {} : { configuration: { ...this.#configurator.status } }),
      systems: this.#sources?.status ?? [],
    };
  }

  /** Stops the sources, then the link, then closes the buffer. What has not gone up goes up after the next start. */
  async stop(): Promise<void> {
    await this.#sources?.stopSources();
    this.#stop.abort(new Error("the gateway is stopped"));
    await this.#running;
    this.#link.reset();
    await this.#sources?.stop();
    this.buffer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    const { clock, log } = this.#o;
    const { aside } = this.buffer;
    if (aside !== undefined)
      log.error("the buffer was damaged and set aside; facts in it may be missing", { ...aside });
    await this.#configurator?.startLastGood();
    // What is of no configuration runs also where there is none yet.
    if (this.#sources === undefined) await this.#apply({ systems: [] });
    const { signal } = this.#stop;
    const { name: gateway, renewal: path } = this.definition;
    const link = this.#link;
    this.#running = Promise.all([
      this.#uplink.run(signal),
      this.#downlink.run(signal),
      ...(this.#configurator === undefined ? [] : [this.#configurator.run(signal)]),
      ...(path === undefined ? [] : [keepRenewed({ path, gateway, link, clock, log }, signal)]),
    ]);
  }

  /** Runs this instead of what runs. Ports and sessions are taken once, so the old sources end first. */
  async #apply(configured: Configured): Promise<void> {
    const { systems = [], telemetry = [], contracts = [], limits } = this.definition;
    const all: Configured = {
      systems: [...systems, ...configured.systems],
      telemetry: [...telemetry, ...(configured.telemetry ?? [])],
      contracts: [...contracts, ...(configured.contracts ?? [])],
    };
    checkConfigured(all);
    await this.#sources?.stop();
    this.#sources = undefined;
    Object.assign(this.#limits, GATEWAY_LIMITS, limits, configured.limits);
    this.buffer.maxBytes = this.#limits.bufferBytes;
    this.#sources = await SourceSet.start(all, { ...this.#o, buffer: this.buffer });
    // A stop that came meanwhile did not see them.
    if (this.#stop.signal.aborted) await this.#sources.stop();
  }

  #report(): GatewayReport {
    const { now, startedAt, buffer, configuration = {} } = this.status();
    const { facts, bytes, maxBytes, oldest, shed, holdingSince, aside, problem = configuration.problem } = buffer;
    const { runs, refused } = configuration;
    return {
      now,
      program: this.#o.program,
      startedAt,
      facts,
      bytes,
      maxBytes,
      shed,
      ...(oldest === undefined ? {} : { oldest }),
      ...(holdingSince === undefined ? {} : { holdingSince }),
      ...(aside === undefined ? {} : { aside }),
      ...(problem === undefined ? {} : { problem }),
      ...(runs === undefined ? {} : { configuration: runs }),
      ...(refused === undefined ? {} : { refusedConfiguration: refused }),
    };
  }
}

function checkDefinition(definition: GatewayDefinition): void {
  const { name, hub, systems = [], consumers = [], configured, configuration } = definition;
  const wrong = (message: string, next: string): never => {
    throw new LineshaftError("config-invalid", `Gateway ${name} ${message}.`, { next });
  };
  if (!/^[\w.-]{1,64}$/.test(name)) wrong("has a name that cannot be used", "Use letters, digits, `.`, `_` and `-`.");
  if (!URL.canParse(hub) || new URL(hub).protocol !== "https:")
    wrong(`has the hub ${hub}`, "Give its address as https://host:port.");
  const names = systems.map((system) => system.name);
  const twice = names.find((other, at) => names.indexOf(other) !== at);
  if (twice !== undefined) wrong(`has two systems ${twice}`, "Rename one.");
  if (configured === undefined && systems.length === 0)
    wrong("has nothing that brings facts in", "Give it `systems`, or `configured` where the hub says what it runs.");
  if (configured !== undefined && configuration === undefined)
    wrong("does not know where to keep its configuration", "Give it `configuration`, as `enrolled` does.");
  const taking = consumers.map((consumer) => consumer.name);
  const again = taking.find((other, at) => taking.indexOf(other) !== at);
  if (again !== undefined) wrong(`has two consumers ${again}`, "Rename one.");
}
