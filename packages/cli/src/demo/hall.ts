import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Clock, LineshaftError, type Log, UnavailableError, explain } from "@lineshaft/core";
import { Authority, type GatewayStatus, enrol } from "@lineshaft/gateway";
import type { PlantGateway, PlantView } from "@lineshaft/server";
import type { MachineView } from "@lineshaft/simulators/plant";
import type { FaultProxy } from "@lineshaft/testing/fault-proxy";
import type { FactoryAddresses } from "./demo-folder.ts";
import type { LineProcessOptions, LineWish, LineWord } from "./line-process.ts";
import type { OrderPlanner } from "./order-planner.ts";

export interface HallOptions {
  /** Folder of the gateway, its machines and their logs. */
  folder: string;
  addresses: FactoryAddresses;
  planner: OrderPlanner;
  /** Pieces of the line's orders that stand in the office's system, by work center. Not cheap. */
  booked: () => ReadonlyMap<string, number>;
  seed: number;
  /** Time that one piece takes, in ms. */
  cycleMs: number;
  clock: Clock;
  log: Log;
}

/** Name of the gateway, and of the system that goes down to it, in the factory's configuration. */
export const HALL = "hall-2";

/** How often gateway and machines are looked at, in ms. */
const LOOK_MS = 500;
/** Longest wait for the gateway's own page, in ms. */
const ANSWER_MS = 5_000;
/** Longest wait for the machines or the gateway to start, in ms. */
const START_MS = 120_000;
/** Pause before something that failed is tried again, in ms. */
const AGAIN_MS = 1_000;

const lineProgram = fileURLToPath(new URL("./line-process.js", import.meta.url));
const commandLine = fileURLToPath(new URL("../../bin/lineshaft.js", import.meta.url));
const gatewayConfig = fileURLToPath(new URL("../../../../examples/factory/lineshaft.gateway.ts", import.meta.url));

/**
 * Hall 2: a line of simulated machines in one process, a gateway of `lineshaft gateway start` in another, and the line from
 * there to the hub, which can be cut. It starts while the hub already runs, and says so on the page.
 */
export class Hall implements AsyncDisposable {
  readonly #o: HallOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #proxy: FaultProxy | undefined;
  #gateway: PlantGateway;
  #machines: MachineView[] = [];
  #booked: ReadonlyMap<string, number> = new Map();
  #cutSince: number | undefined;

  private constructor(options: HallOptions) {
    this.#o = options;
    this.#gateway = { state: "starting", since: options.clock.now() };
  }

  /** Makes the hub's authority, so that the hub has its certificate when it starts. Nothing runs before `begin`. */
  static prepare(options: HallOptions): Hall {
    mkdirSync(options.folder, { recursive: true });
    new Authority(options.addresses.FACTORY_AUTHORITY, options.clock).prepare(["127.0.0.1"]);
    return new Hall(options);
  }

  /** Starts everything, and returns at once. */
  begin(): void {
    const { log, clock } = this.#o;
    const { signal } = this.#stop;
    this.#running = this.#run(signal).catch((error: unknown) => {
      if (signal.aborted) return;
      log.error("hall 2 does not run", { why: explain(error) });
      this.#gateway = { ...this.#gateway, state: "stopped", since: clock.now(), problem: explain(error) };
    });
  }

  /** Cuts the link: silence, nobody is told. */
  cut(): void {
    if (this.#proxy === undefined) return;
    this.#cutSince ??= this.#o.clock.now();
    this.#proxy.swallow("both");
  }

  heal(): void {
    this.#cutSince = undefined;
    this.#proxy?.heal();
  }

  get cutSince(): number | undefined {
    return this.#cutSince;
  }

  view(): PlantView {
    return {
      name: "Hall 2",
      system: HALL,
      gateway: this.#gateway,
      ...(this.#cutSince !== undefined && { cutSince: this.#cutSince }),
      machines: this.#machines.map(({ name, protocol, state, reason, order, good, scrap }) => {
        const booked = this.#booked.get(name) ?? 0;
        return { name, protocol, state, reason, order, counted: good + scrap, booked };
      }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the demo stops"));
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { folder, addresses, clock } = this.#o;
    const { FaultProxy } = await import("@lineshaft/testing/fault-proxy");
    await using proxy = await FaultProxy.open({ port: Number(addresses.FACTORY_GATEWAY_PORT) });
    this.#proxy = proxy;
    await using line = startLine(this.#o, (machines) => (this.#machines = machines));
    const ready = await orStopped(line.ready, signal);
    trust(join(folder, "gateway"), ready.certificate);
    const hub = `https://127.0.0.1:${proxy.port}`;
    await this.#enrol(hub, signal);
    const environment = {
      FACTORY_GATEWAY: join(folder, "gateway"),
      FACTORY_HUB_URL: hub,
      FACTORY_PRESSES_URL: ready.endpoint,
      FACTORY_PACKER_PORT: String(ready.modbusPort),
      FACTORY_TERMINAL_URL: ready.terminalUrl,
    };
    while (line.alive) {
      const problem = await this.#runGateway(environment, line, signal).catch(explain);
      if (signal.aborted) return;
      this.#gateway = { state: "stopped", since: clock.now(), ...(problem !== undefined && { problem }) };
      await pause(clock, AGAIN_MS, signal);
    }
    throw new LineshaftError("not-found", "The machines of hall 2 do not run any more.", {
      next: `Look at ${join(folder, "machines.log")}, then start the demo again.`,
    });
  }

  /** Once, by a code and over the link, as `lineshaft gateway code` and `lineshaft gateway enrol` do it. */
  async #enrol(hub: string, signal: AbortSignal): Promise<void> {
    const { folder, addresses, clock } = this.#o;
    const gateway = join(folder, "gateway");
    while (!signal.aborted && !existsSync(join(gateway, "enrolled.json"))) {
      const { code } = new Authority(addresses.FACTORY_AUTHORITY, clock).newCode(HALL);
      try {
        await enrol({ hub, code, folder: gateway });
      } catch (error) {
        // The hub may take gateways a moment later.
        if (!(error instanceof UnavailableError)) throw error;
        await pause(clock, AGAIN_MS, signal);
      }
    }
  }

  /** One life of the gateway's process, and what is to be looked at meanwhile. */
  async #runGateway(environment: Record<string, string>, line: Line, signal: AbortSignal): Promise<undefined> {
    const { folder, addresses, clock } = this.#o;
    await using gateway = startGateway(folder, { ...addresses, ...environment });
    const page = await orStopped(gateway.page, signal);
    while (!signal.aborted && gateway.alive && line.alive) {
      const status = await readStatus(page);
      if (status !== undefined) {
        this.#gateway = gatewayOf(status, page);
        if (status.systems.every(({ sources }) => sources.every(({ state }) => state === "running"))) line.run();
      }
      if (line.running) this.#o.planner.look(this.#machines);
      this.#booked = this.#o.booked();
      await pause(clock, LOOK_MS, signal);
    }
  }
}

function gatewayOf({ link, buffer }: GatewayStatus, page: string): PlantGateway {
  const { facts: waiting, oldest } = buffer;
  const told = { since: link.since, page, waiting, ...(oldest !== undefined && { oldest }) };
  if (link.state === "connecting") return { state: "starting", ...told };
  if (link.state !== "refused") return { state: link.state, ...told };
  return { state: "down", ...told, problem: link.message ?? "The hub refuses the gateway." };
}

/** Undefined when it does not answer. */
async function readStatus(page: string): Promise<GatewayStatus | undefined> {
  try {
    const answer = await fetch(`${page}/status`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return (await answer.json()) as GatewayStatus;
  } catch {
    // Its process ends, or is busy: what it said last stands until it says something else.
    return undefined;
  }
}

/** A person would compare its fingerprint first. */
function trust(gateway: string, certificate: string): void {
  const trusted = join(gateway, "pki", "presses", "trusted");
  mkdirSync(trusted, { recursive: true, mode: 0o755 });
  writeFileSync(join(trusted, "presses.pem"), certificate);
}

interface Line extends AsyncDisposable {
  readonly ready: Promise<Extract<LineWord, { kind: "ready" }>>;
  readonly alive: boolean;
  /** The machines were told to work. */
  readonly running: boolean;
  run(): void;
}

function startLine(options: HallOptions, hear: (machines: MachineView[]) => void): Line {
  const { folder, addresses, seed, cycleMs } = options;
  const data: LineProcessOptions = { data: folder, brokerUrl: addresses.FACTORY_MQTT_URL, seed, cycleMs };
  const log = join(folder, "machines.log");
  const out = openSync(log, "a");
  const child = fork(lineProgram, [JSON.stringify(data)], { execArgv: [], stdio: ["ignore", out, out, "ipc"] });
  closeSync(out);
  const ready = Promise.withResolvers<Extract<LineWord, { kind: "ready" }>>();
  const failed = (): void => ready.reject(notStarted("The machines of hall 2", log));
  ready.promise.catch(() => undefined);
  child.on("message", (word: LineWord) => {
    if (word.kind === "ready") ready.resolve(word);
    else if (word.kind === "machines") hear(word.machines);
    else failed();
  });
  child.once("exit", failed);
  const late = setTimeout(failed, START_MS);
  late.unref();
  let running = false;
  return {
    ready: ready.promise,
    get alive() {
      return isAlive(child);
    },
    get running() {
      return running;
    },
    run: () => {
      if (!running) child.send({ kind: "run" } satisfies LineWish, () => undefined);
      running = true;
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

interface GatewayProcess extends AsyncDisposable {
  /** Address of its own page. */
  readonly page: Promise<string>;
  readonly alive: boolean;
}

/** Out of the terminal's process group, so that Ctrl-C comes to it once: from the demo. It ends by itself when the demo is gone. */
function startGateway(folder: string, environment: object): GatewayProcess {
  const log = join(folder, "gateway.log");
  const out = openSync(log, "a");
  const child = fork(commandLine, ["gateway", "start", "--json", "--port", "0", "--config", gatewayConfig], {
    env: { ...process.env, ...environment },
    // As the command line gives it itself where it takes its own process's place; here it is this process's child.
    execArgv: ["--max-semi-space-size=8"],
    detached: true,
    stdio: ["ignore", "pipe", out, "ipc"],
  });
  closeSync(out);
  const page = Promise.withResolvers<string>();
  page.promise.catch(() => undefined);
  const failed = (): void => page.reject(notStarted("The gateway of hall 2", log));
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on("line", (text) => {
      if (text.startsWith("{")) page.resolve((JSON.parse(text) as { url: string }).url);
    });
  child.once("exit", failed);
  const late = setTimeout(failed, START_MS);
  late.unref();
  return {
    page: page.promise,
    get alive() {
      return isAlive(child);
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

function notStarted(what: string, log: string): LineshaftError {
  return new LineshaftError("not-found", `${what} did not start.`, { next: `Look at ${log}.` });
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** How long a process that was asked to end may take, in ms. */
const END_MS = 15_000;

async function end(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), END_MS);
  await ended;
  clearTimeout(late);
}

/** Aborted means stopped, which the caller's condition sees. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => undefined);
}

async function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
