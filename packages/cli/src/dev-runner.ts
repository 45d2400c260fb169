import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FSWatcher, watch } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

export interface DevOptions {
  config: string;
  /** Arguments of the command that runs the hub. */
  args: readonly string[];
  say(line: string): void;
}

/** Changes that come within this of each other are one: an editor writes a file in several steps. */
const QUIET_MS = 150;
/** Longest list of changed files that is told. */
const TOLD_FILES = 5;

const ignored = new Set(["node_modules", ".lineshaft", ".git", "dist", "coverage"]);
const bin = fileURLToPath(new URL("../bin/lineshaft.js", import.meta.url));

/**
 * Runs the hub as a process of its own, because a module once imported stays as it was, and runs it anew after a change.
 * The old one has drained before the new one begins; while the new configuration does not hold, none runs.
 */
export class DevRunner {
  readonly #options: DevOptions;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #changed = new Set<string>();
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: DevOptions) {
    this.#options = options;
    this.#folder = dirname(resolve(options.config));
  }

  start(): void {
    this.#watcher = watch(this.#folder, { recursive: true }, (_event, file) => this.#noteChange(file));
    this.#spawn();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    await this.#turn;
    await this.#end();
  }

  #noteChange(file: string | null): void {
    if (file === null || !isProjectFile(file)) return;
    this.#changed.add(file);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#turn = this.#turn.then(() => this.#restart());
    }, QUIET_MS);
  }

  async #restart(): Promise<void> {
    if (this.#stopped) return;
    const files = [...this.#changed];
    this.#changed = new Set();
    const more = files.length > TOLD_FILES ? ` and ${files.length - TOLD_FILES} more` : "";
    this.#options.say(`Changed: ${files.slice(0, TOLD_FILES).join(", ")}${more}. Draining, then starting again.`);
    await this.#end();
    if (!this.#stopped) this.#spawn();
  }

  #spawn(): void {
    // In a group of its own, so that Ctrl-C reaches this process alone and it ends the other in order.
    const child = spawn(process.execPath, [bin, ...this.#options.args], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      detached: true,
    });
    this.#child = child;
    child.on("exit", (code) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (code !== 0 && !this.#stopped)
        this.#options.say("The hub does not run. It is started again after the next change.");
    });
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    this.#child = undefined;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
}

function isProjectFile(file: string): boolean {
  const parts = file.split(sep);
  const name = parts.at(-1) ?? "";
  return (
    !parts.some((part) => ignored.has(part)) &&
    (/\.(m?[jt]s|json)$/.test(name) || name === ".env") &&
    !/\.test\.m?[jt]s$/.test(name)
  );
}
