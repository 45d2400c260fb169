import { once } from "node:events";
import { type Child, startChild } from "../child.ts";
import { extname } from "node:path";
import { atMost, pause } from "../pause.ts";
import type { HubBeat, HubProcessOptions, HubWord } from "./hub-options.ts";
import type { Violations } from "./violations.ts";

/** Longest time for a start (recovery included) and for a clean stop, in ms, on a busy machine. */
const START_MS = 40_000;
const STOP_MS = 45_000;
/** How long a stop may take while what the hub needs may be missing, in ms. */
const PATIENCE_MS = 5_000;
/** How long a hub that is to die at a named point may take to get there, in ms. */
const POINT_MS = 4_000;
/** Starts in a row that may die at a named point before they are ready. */
const STARTS = 3;

export interface HubRunnerOptions {
  environment?: Readonly<Record<string, string>>;
  /** A command that runs the process: `["ip", "netns", "exec", "plant"]`. */
  within?: readonly string[];
  /** While true, a start or a stop may fail: what the hub needs is not there. */
  forgiving?: () => boolean;
}

/** Runs the hub's process through its deaths. */
export class HubRunner {
  readonly #options: HubProcessOptions;
  readonly #violations: Violations;
  readonly #more: HubRunnerOptions;
  #child: Child<HubWord> | undefined;
  #beat: HubBeat = { mqttFacts: 0, ready: false, problem: "", systems: "" };
  /** While stopped by SIGSTOP it may hold the ledger's lock. */
  frozen = false;
  crashes = 0;
  /** The process that is being ended; another one that ends does so by itself. */
  #ending: Child<HubWord> | undefined;
  /** The process that got to run. */
  #started: Child<HubWord> | undefined;

  constructor(options: HubProcessOptions, violations: Violations, more: HubRunnerOptions = {}) {
    this.#options = options;
    this.#violations = violations;
    this.#more = more;
  }

  get beat(): HubBeat {
    return this.#beat;
  }

  get running(): boolean {
    return (
      this.#child !== undefined && this.#child.process.exitCode === null && this.#child.process.signalCode === null
    );
  }

  /** Starts it and waits until it runs; with a crash point it may be dead when this resolves. */
  async start(crash = ""): Promise<void> {
    for (let tried = 0; tried < STARTS; tried++) {
      const { within, forgiving } = this.#more;
      const environment = { ...this.#more.environment, LINESHAFT_TEST_CRASH: crash };
      const child = startChild<HubWord>(hubScript(), this.#options, { environment, ...(within && { within }) });
      this.#child = child;
      if (crash === "") this.#mustLive(child);
      this.#beat = { mqttFacts: 0, ready: false, problem: "", systems: "" };
      child.listen("status", (beat) => (this.#beat = beat));
      const why = await Promise.race([
        child.hear("ready", START_MS).then(
          () => undefined,
          (error: Error) => error.message,
        ),
        child.hear("failed", START_MS).catch(() => "it said nothing"),
      ]);
      if (why === undefined) {
        this.#started = child;
        return;
      }
      const died = child.process.signalCode === "SIGKILL" && crash !== "";
      await this.#end(child);
      if (!died && forgiving?.() === true) return;
      if (!died) this.#violations.add(`The hub did not start: ${why}`);
      else this.crashes++;
      crash = "";
    }
  }

  async kill(): Promise<void> {
    this.frozen = false;
    if (!this.running) return;
    this.crashes++;
    await this.#end(this.#child);
  }

  /** Starts it to die at a named point, waits for that, and ends it if it does not get there. */
  async dieAt(crash: string): Promise<void> {
    await this.kill();
    await this.start(crash);
    const child = this.#child;
    if (child === undefined || !this.running) return;
    await atMost(POINT_MS, once(child.process, "exit"));
    if (this.running) await this.kill();
    else this.crashes++;
  }

  /** Freezes it as a suspended machine does. */
  async freeze(ms: number): Promise<void> {
    if (!this.running) return;
    this.frozen = true;
    this.#child?.process.kill("SIGSTOP");
    await pause(ms);
    this.#child?.process.kill("SIGCONT");
    this.frozen = false;
  }

  /** Asks it to stop, and expects that it does. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running) return;
    this.#ending = child;
    const exited = once(child.process, "exit");
    child.process.kill("SIGTERM");
    const forgiving = this.#more.forgiving?.() === true;
    const ended = await atMost(forgiving ? PATIENCE_MS : STOP_MS, exited);
    if (ended === undefined) await child.kill();
    if (forgiving) return;
    if (ended === undefined) this.#violations.add(`The hub did not stop within ${STOP_MS} ms of SIGTERM.`);
    else if (ended[0] !== 0)
      this.#violations.add(`The hub ended with ${String(ended[0] ?? ended[1])} when it was told to stop.`);
  }

  async #end(child: Child<HubWord> | undefined): Promise<void> {
    this.#ending = child;
    await child?.kill();
  }

  /** Once it runs, only this runner ends it. */
  #mustLive(child: Child<HubWord>): void {
    child.process.once("exit", (code, signal) => {
      if (this.#ending !== child && child === this.#started)
        this.#violations.add(`The hub ended by itself with ${String(signal ?? code)}; it said: ${this.#beat.problem}`);
    });
  }
}

function hubScript(): URL {
  return new URL(`../hub-process${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
}
