import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import {
  type Clock,
  type Health,
  type Intake,
  type Ledger,
  type Log,
  type News,
  type Source,
  LineshaftError,
  type System,
  type SystemDefinition,
  explain,
  laneOf,
  silentLog,
  systemClock,
} from "@lineshaft/core";
import { BegunElsewhere } from "./begun-elsewhere.ts";
import { Committer } from "./committer.ts";
import { FlowFigures } from "./flow-figures.ts";
import { type HubDefinition, defineHub } from "./hub-definition.ts";
import { type Accepted, EngineIntake, type IntakeFigures, type IntakeLimits } from "./intake.ts";
import { KnownObjects } from "./known-objects.ts";
import { LEASE_MS, Lanes } from "./lanes.ts";
import { LedgerClock } from "./ledger-clock.ts";
import { Payloads } from "./payloads.ts";
import { PlantScopes } from "./plant-scopes.ts";
import { CAREFUL_FROM, CrashCount, recover } from "./recovery.ts";
import { Routing } from "./routing.ts";
import { SourceRunner } from "./source-runner.ts";
import type { HubStatus, SystemStatus } from "./status.ts";
import { Tracing } from "./tracing.ts";
import { SystemWorker } from "./system-worker.ts";

export const hubLimits = {
  intakeFacts: 20_000,
  intakeBytes: 64 * 1024 * 1024,
  bodyBytes: 1024 * 1024,
  refusedBytes: 64 * 1024,
  windowDeliveries: 10_000,
  drainMs: 30_000,
} as const;

/** How often a running hub looks for what people did elsewhere, and counts its backlog. */
const WATCH_MS = 500;
const WATCH_ENTRIES = 500;
/** Longest wait of a start for sources to connect; those that cannot are begun again and hold up nobody. */
const CONNECT_MS = 10_000;

/** After the time to drain: how long a stop waits for a ledger that does not store. */
const STORE_MS = 5_000;

const STARTING = "The hub's sources are connecting.";

export interface HubOptions {
  clock?: Clock;
  random?: () => number;
  log?: Log;
  /** Unique among the hub's processes, over restarts too; default host, process id and a random part. */
  worker?: string;
  /** How long other workers wait for this one when nothing is heard of it; default 10,000 ms. It is renewed twice a second. */
  leaseMs?: number;
}

export interface Hub extends AsyncDisposable {
  readonly definition: HubDefinition;
  readonly ledger: Ledger;
  /** Takes the lanes, deals with what a crash left, runs dispatch and sources, and resolves when these take facts. @throws LineshaftError `ledger-busy` */
  start(): Promise<void>;
  /** Stops the sources, finishes what is in hand within the drain limit, gives the lanes back. */
  stop(): Promise<void>;
  status(): HubStatus;
  /** The lanes that this worker works off now. */
  lanes(): readonly number[];
  check(system: string, signal: AbortSignal): Promise<Health>;
  /** To hand facts in directly, in the name of a source. */
  intake(source: string): Intake;
}

/** Opens ledger and systems. Nothing is taken in or sent before `start`. */
export async function openHub(definition: HubDefinition, options: HubOptions = {}): Promise<Hub> {
  defineHub(definition);
  const timer = options.clock ?? systemClock;
  const clock = new LedgerClock(timer);
  const random = options.random ?? Math.random;
  const log = options.log ?? silentLog;
  const ledger = await definition.ledger.open({ clock: timer });
  const systems = new Map<string, { definition: SystemDefinition; system: System }>();
  try {
    for (const system of definition.systems)
      systems.set(system.name, { definition: system, system: await system.open({ clock, random, log }) });
    await ledger.registerSystems(definition.systems.map(({ name, plant = null }) => ({ name, plant })));
    const routing = await Routing.register(definition, ledger);
    return new RunningHub({
      definition,
      ledger,
      systems,
      routing,
      clock,
      random,
      log,
      timer,
      worker: options.worker ?? `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`,
      leaseMs: options.leaseMs ?? LEASE_MS,
    });
  } catch (error) {
    for (const { system } of systems.values()) await system.close();
    await ledger.close();
    throw error;
  }
}

interface Parts {
  definition: HubDefinition;
  ledger: Ledger;
  systems: Map<string, { definition: SystemDefinition; system: System }>;
  routing: Routing;
  clock: LedgerClock;
  timer: Clock;
  random: () => number;
  log: Log;
  worker: string;
  leaseMs: number;
}

class RunningHub implements Hub {
  readonly definition: HubDefinition;
  readonly ledger: Ledger;
  readonly #p: Parts;
  readonly #limits: IntakeLimits & { windowDeliveries: number; drainMs: number };
  readonly #committer: Committer;
  readonly #lanes: Lanes;
  readonly #known: KnownObjects;
  readonly #payloads: Payloads;
  readonly #scopes: PlantScopes;
  readonly #tracing = new Tracing();
  readonly #crashes: CrashCount;
  readonly #workers = new Map<string, SystemWorker>();
  /** Intakes handed out by `intake`: one per source, because it keeps the order of what is handed over. */
  readonly #direct = new Map<string, Intake>();
  readonly #sources: { system: string; source: Source; runner: SourceRunner; lane: number }[] = [];
  readonly #intakeFigures: IntakeFigures = { accepted: 0, duplicates: 0, refused: 0, turnedAway: 0 };
  readonly #flowFigures: FlowFigures;
  readonly #elsewhere: BegunElsewhere;
  #backlog = new Map<string, SystemStatus["backlog"]>();
  #lastAct = 0;
  #startedAt = 0;
  #phase: "opened" | "starting" | "running" | "stopping" | "stopped" = "opened";
  #watching: Promise<void> = Promise.resolve();
  readonly #watch = new AbortController();
  /** Ends the watch's wait before its time. */
  #hurry: (() => void) | undefined;
  #unfollow: () => void = () => undefined;

  constructor(parts: Parts) {
    this.#p = parts;
    this.definition = parts.definition;
    this.ledger = parts.ledger;
    this.#limits = { ...hubLimits, ...parts.definition.limits };
    this.#committer = new Committer(parts.ledger, parts.clock, () => this.#lookAll());
    this.#known = new KnownObjects(parts.ledger, parts.clock);
    this.#payloads = new Payloads(parts.ledger);
    this.#scopes = new PlantScopes(parts.definition.systems);
    this.#crashes = new CrashCount(parts.ledger);
    this.#flowFigures = new FlowFigures(parts.routing);
    this.#elsewhere = new BegunElsewhere({
      ...parts,
      scopes: this.#scopes,
      isOurs: (lane) => this.#lanes.fence(lane) !== undefined,
    });
    this.#lanes = new Lanes({
      ...parts,
      recover: async (claims) => {
        await recover({ ...parts, claims, targetsOf: (s, o) => parts.systems.get(s)?.system.targets[o]?.repeat });
      },
      opened: () => this.#opened(),
      resumed: () => this.#lookAll(),
      leave: (lanes) => this.#leave(new Set(lanes)),
    });
    for (const { definition, system } of parts.systems.values()) this.#addWorker(definition, system);
  }

  async start(): Promise<void> {
    if (this.#phase !== "opened")
      throw new LineshaftError("usage", "This hub was started already.", { next: "Open another one." });
    const { clock, log } = this.#p;
    await this.#lanes.claim();
    // Others say who crashed where there are others: a start beside them is no sign of it.
    if (this.#lanes.alone) await this.#crashes.begin(clock, log);
    this.#startedAt = clock.now();
    this.#lastAct = await this.#newestAct();
    await this.#countBacklog();
    this.#phase = "starting";
    await this.#tellOrphans();
    for (const worker of this.#workers.values()) worker.start();
    for (const { definition, system } of this.#p.systems.values()) this.#addSources(definition, system);
    this.#placeSources();
    this.#unfollow = this.ledger.follow((news) => this.#hear(news));
    this.#watching = this.#watchActs();
    await this.#sourcesConnected();
    // A stop may have come in between.
    if (this.status().problem === STARTING) this.#phase = "running";
    log.info("the hub runs", {
      name: this.definition.name,
      ledger: this.definition.ledger.location,
      systems: [...this.#p.systems.keys()],
    });
  }

  async stop(): Promise<void> {
    if (this.#phase === "stopped" || this.#phase === "stopping") return;
    const ran = this.#phase === "running" || this.#phase === "starting";
    this.#phase = "stopping";
    this.#watch.abort();
    this.#unfollow();
    const { clock, log } = this.#p;
    const drain = new AbortController();
    const timer = clock.after(this.#limits.drainMs, () => drain.abort());
    const given = Promise.withResolvers<"late">();
    const end = clock.after(this.#limits.drainMs + STORE_MS, () => given.resolve("late"));
    try {
      if ((await Promise.race([this.#finish(drain.signal, ran), given.promise])) === "late")
        log.error(
          "the ledger did not store in time how deliveries in hand ended; they are looked up at the next start",
        );
    } catch (error) {
      log.error("the hub could not give its lanes back; others take them when the lease has run out", {
        error: explain(error),
      });
    }
    timer.cancel();
    for (const { system } of this.#p.systems.values()) await system.close();
    await Promise.race([this.ledger.close(), given.promise]);
    end.cancel();
    this.#phase = "stopped";
    log.info("the hub stopped", { name: this.definition.name });
  }

  /** Ends when all is stored, which may be never where the ledger is gone. */
  async #finish(drained: AbortSignal, ran: boolean): Promise<void> {
    await Promise.all(this.#sources.map(({ runner }) => runner.stop()));
    await Promise.all([...this.#workers.values()].map((worker) => worker.drain(drained)));
    await this.#watching;
    await this.#committer.idle();
    if (!ran) return;
    if (this.#lanes.alone) await this.#crashes.end();
    await this.#lanes.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async check(name: string, signal: AbortSignal): Promise<Health> {
    const found = this.#p.systems.get(name);
    if (found === undefined)
      throw new LineshaftError("not-found", `There is no system ${name}.`, {
        next: `Name one of ${[...this.#p.systems.keys()].join(", ")}.`,
      });
    return found.system.check(signal);
  }

  intake(source: string): Intake {
    let intake = this.#direct.get(source);
    if (intake === undefined) {
      intake = this.#intakeOf(source, () => undefined);
      this.#direct.set(source, intake);
    }
    return intake;
  }

  status(): HubStatus {
    const now = this.#p.clock.now();
    const problem = this.#problem();
    return {
      name: this.definition.name,
      startedAt: this.#startedAt,
      now,
      ready: problem === undefined,
      ...(problem === undefined ? {} : { problem }),
      worker: { name: this.#p.worker, lanes: this.#lanes.owned.length, workers: this.#lanes.workers },
      intake: { ...this.#intakeFigures, waiting: this.#committer.waiting.facts, commits: this.#committer.commits },
      systems: [...this.#workers].map(([name, worker]) => this.#systemStatus(name, worker)),
      flows: this.#flowFigures.status(),
    };
  }

  lanes(): readonly number[] {
    return this.#lanes.owned;
  }

  #problem(): string | undefined {
    if (this.#phase === "opened") return "The hub has not been started.";
    if (this.#phase === "starting") return STARTING;
    if (this.#phase !== "running") return "The hub is stopping.";
    return this.#committer.problem === undefined ? undefined : explain(this.#committer.problem);
  }

  #systemStatus(name: string, worker: SystemWorker): SystemStatus {
    const { breaker, figures } = worker;
    return {
      name,
      connector: this.#p.systems.get(name)?.definition.connector ?? "",
      plant: this.#p.systems.get(name)?.definition.plant ?? null,
      breaker: breaker.state,
      since: breaker.since,
      ...(breaker.message === undefined || breaker.state === "closed" ? {} : { message: breaker.message }),
      ...(breaker.nextProbeAt === undefined ? {} : { nextProbeAt: breaker.nextProbeAt }),
      inFlight: worker.inFlight,
      backlog: this.#backlog.get(name) ?? { pending: 0, sending: 0, checking: 0, parked: 0 },
      outcomes: { ...figures.outcomes },
      sources: this.#sources.filter((s) => s.system === name).map((s) => ({ ...s.runner.status })),
    };
  }

  #addWorker(definition: SystemDefinition, system: System): void {
    const { routing, ledger, clock, random, log } = this.#p;
    this.#workers.set(
      definition.name,
      new SystemWorker({
        definition,
        system,
        routing,
        ledger,
        scopes: this.#scopes,
        committer: this.#committer,
        payloads: this.#payloads,
        clock,
        random,
        log,
        tracing: this.#tracing,
        windowDeliveries: this.#limits.windowDeliveries,
        careful: () => this.#crashes.careful || this.#lanes.vanished >= CAREFUL_FROM,
        fence: (lane) => this.#lanes.fence(lane),
        lanes: () => this.#lanes.owned,
        leased: () => this.#lanes.leased,
        shared: () => this.#lanes.workers > 1,
        holds: (lane, fence) => this.#lanes.holds(lane, fence),
        settled: (task, step) => this.#flowFigures.settled(task, step),
      }),
    );
  }

  #addSources(definition: SystemDefinition, system: System): void {
    const { clock, random, log } = this.#p;
    for (const [name, source] of Object.entries(system.sources)) {
      const intake = this.#intakeOf(definition.name, () => runner.status.facts++);
      const runner = new SourceRunner({ name, source, intake, clock, random, log });
      this.#sources.push({ system: definition.name, source, runner, lane: laneOf(`${definition.name} ${name}`) });
    }
  }

  /** A source that must exist once runs where the lane of its name is, so that it moves as deliveries do. */
  #placeSources(): void {
    if (this.#phase !== "starting" && this.#phase !== "running") return;
    for (const { source, runner, lane } of this.#sources)
      if (source.everywhere === true || this.#lanes.fence(lane) !== undefined) runner.start();
      else void runner.stop("elsewhere");
  }

  #opened(): void {
    for (const worker of this.#workers.values()) worker.reopen();
    this.#placeSources();
  }

  async #leave(lanes: ReadonlySet<number>): Promise<void> {
    const moved = this.#sources.filter(({ source, lane }) => source.everywhere !== true && lanes.has(lane));
    await Promise.all([
      ...moved.map(({ runner }) => runner.stop("elsewhere")),
      ...[...this.#workers.values()].map((worker) => worker.leave(lanes)),
    ]);
  }

  #lookAll(): void {
    for (const worker of this.#workers.values()) worker.look();
  }

  #hear(news: News): void {
    switch (news.kind) {
      case "accepted":
        if (news.lanes.some((lane) => this.#lanes.fence(lane) !== undefined)) this.#lookAll();
        return;
      case "acts":
        this.#hurry?.();
        return;
      case "workers":
        this.#lanes.look();
    }
  }

  #intakeOf(source: string, counted: () => void): Intake {
    return new EngineIntake({
      source,
      routing: this.#p.routing,
      ledger: this.ledger,
      committer: this.#committer,
      clock: this.#p.clock,
      limits: this.#limits,
      known: this.#known,
      knownBy: this.#scopes.of(source),
      tracing: this.#tracing,
      figures: this.#intakeFigures,
      accepted: (deliveries, superseded, flows) => this.#accepted(deliveries, superseded, flows),
      counted,
      others: () => (this.#lanes.workers > 1 ? this.#elsewhere : undefined),
    });
  }

  #accepted(deliveries: readonly Accepted[], superseded: readonly number[], flows: readonly string[]): void {
    this.#flowFigures.accepted(flows);
    for (const delivery of deliveries) this.#workers.get(delivery.route.system)?.offer(delivery);
    // The same object has the same key, so the new deliveries say which lines hold the ones that became moot.
    if (superseded.length > 0)
      for (const { route, carried } of deliveries) this.#workers.get(route.system)?.reread(carried.key);
  }

  /** Notices within half a second what people did from another process, and keeps the backlog's numbers fresh. */
  async #watchActs(): Promise<void> {
    const { clock, log } = this.#p;
    const { signal } = this.#watch;
    while (!signal.aborted) {
      try {
        await this.#followActs();
        await this.#countBacklog();
        // A hint that somebody accepted something may have been missed.
        if (this.#lanes.workers > 1) this.#lookAll();
      } catch (error) {
        log.error("the ledger could not be read", { error: explain(error) });
      }
      const hurried = new AbortController();
      this.#hurry = () => hurried.abort();
      // Aborted means stopped, which the loop's condition sees, or that there is something to look at.
      await clock.sleep(WATCH_MS, AbortSignal.any([signal, hurried.signal])).catch(() => undefined);
    }
  }

  async #followActs(): Promise<void> {
    const entries = await this.ledger.audit({ after: this.#lastAct, limit: WATCH_ENTRIES });
    const deliveries = entries.map((entry) => entry.delivery).filter((id) => id !== null);
    if (deliveries.length > 0) {
      const found = await this.ledger.deliveries({ ids: deliveries, limit: deliveries.length });
      for (const delivery of found) this.#workers.get(delivery.system)?.reread(delivery.key);
    }
    this.#lastAct = entries.at(-1)?.id ?? this.#lastAct;
  }

  async #sourcesConnected(): Promise<void> {
    const enough = new AbortController();
    const here = this.#sources.filter(({ runner }) => runner.status.state !== "elsewhere");
    const connected = Promise.all(here.map(({ runner }) => runner.settled)).then(() => enough.abort());
    // Aborted means connected.
    await this.#p.clock.sleep(CONNECT_MS, AbortSignal.any([enough.signal, this.#watch.signal])).catch(() => connected);
  }

  /** Deliveries to a system that the configuration no longer has stay as they are; somebody should know. */
  async #tellOrphans(): Promise<void> {
    for (const { system, flow, state, count } of await this.ledger.counts({ open: true }))
      if (!this.#p.systems.has(system))
        this.#p.log.warn("deliveries wait for a system that is no longer configured; put it back or drop them", {
          system,
          flow,
          state,
          count,
        });
  }

  async #newestAct(): Promise<number> {
    let after = 0;
    for (;;) {
      const entries = await this.ledger.audit({ after, limit: WATCH_ENTRIES });
      if (entries.length === 0) return after;
      after = entries.at(-1)?.id ?? after;
    }
  }

  async #countBacklog(): Promise<void> {
    const backlog = new Map<string, SystemStatus["backlog"]>();
    for (const { system, state, count } of await this.ledger.counts({ open: true })) {
      const row = backlog.get(system) ?? { pending: 0, sending: 0, checking: 0, parked: 0 };
      if (state in row) row[state as keyof typeof row] += count;
      backlog.set(system, row);
    }
    this.#backlog = backlog;
  }
}
