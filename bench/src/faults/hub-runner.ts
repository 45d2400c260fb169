import { once } from "node:events";
import { type Child, startChild } from "../child.ts";
import { extname } from "node:path";
import { atMost, pause } from "../pause.ts";
import type { HubBeat, HubProcessOptions, HubWord } from "./hub-options.ts";
import type { Violations } from "./violations.ts";

/** Longest time for a start (recovery included) and for a clean stop, in ms, on a busy machine. */
const START_MS = 40_000;
const STOP_MS = 45_000;
/** How long a hub that is to die at a named point may take to get there, in ms. */
const POINT_MS = 4_000;
/** Starts in a row that may die at a named point before they are ready. */
const STARTS = 3;

/** Runs the hub's process through its deaths. */
export class HubRunner {
  readonly #options: HubProcessOptions;
  readonly #violations: Violations;
  readonly #environment: Readonly<Record<string, string>>;
  #child: Child<HubWord> | undefined;
  #beat: HubBeat = { mqttFacts: 0, ready: false, problem: "", systems: "" };
  /** While stopped by SIGSTOP it may hold the ledger's lock. */
  frozen = false;
  crashes = 0;

  constructor(options: HubProcessOptions, violations: Violations, environment: Readonly<Record<string, string>> = {}) {
    this.#options = options;
    this.#violations = violations;
    this.#environment = environment;
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
      const environment = { ...this.#environment, LINESHAFT_TEST_CRASH: crash };
      const child = startChild<HubWord>(hubScript(), this.#options, { environment });
      this.#child = child;
      this.#beat = { mqttFacts: 0, ready: false, problem: "", systems: "" };
      child.listen("status", (beat) => (this.#beat = beat));
      const why = await Promise.race([
        child.hear("ready", START_MS).then(
          () => undefined,
          (error: Error) => error.message,
        ),
        child.hear("failed", START_MS).catch(() => "it said nothing"),
      ]);
      if (why === undefined) return;
      const died = child.process.signalCode === "SIGKILL" && crash !== "";
      await child.kill();
      if (!died) this.#violations.add(`The hub did not start: ${why}`);
      else this.crashes++;
      crash = "";
    }
  }

  async kill(): Promise<void> {
    this.frozen = false;
    if (!this.running) return;
    this.crashes++;
    await this.#child?.kill("SIGKILL");
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
    const exited = once(child.process, "exit");
    child.process.kill("SIGTERM");
    const ended = await atMost(STOP_MS, exited);
    if (ended === undefined) {
      this.#violations.add(`The hub did not stop within ${STOP_MS} ms of SIGTERM.`);
      await child.kill();
    } else if (ended[0] !== 0)
      this.#violations.add(`The hub ended with ${String(ended[0] ?? ended[1])} when it was told to stop.`);
  }
}

function hubScript(): URL {
  return new URL(`../hub-process${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
}
