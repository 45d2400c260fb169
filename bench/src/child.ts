import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** Longest wait for a child's word, in ms: a busy machine is no failure, a silent child is one. */
const ANSWER_MS = 60_000;

/** A process of ours that was told its options and tells us things. */
export interface Child<M extends object> {
  readonly process: ChildProcess;
  /** The first message that has this field, also one that came before. @throws Error when the child ends or stays silent */
  hear<K extends keyof M>(field: K, withinMs?: number): Promise<M[K]>;
  /** Calls this for every message with this field from now on, instead of whoever was called before. */
  listen<K extends keyof M>(field: K, run: (value: M[K]) => void): void;
  say(message: object): void;
  /** Ends it at once, as a power cut would, and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface ChildOptions {
  environment?: Readonly<Record<string, string>>;
  nodeOptions?: readonly string[];
  /** A command that runs the process in its own stead: `["ip", "netns", "exec", "plant"]`. */
  within?: readonly string[];
}

/**
 * Starts a script that stands beside the module `base`: `beside(import.meta.url, "hub-process")`, as source or compiled,
 * whichever the caller is. The options arrive there by `childOptions`.
 */
export function startChild<M extends object>(script: URL, options: object, more: ChildOptions = {}): Child<M> {
  const [command, ...before] = [...(more.within ?? []), process.execPath];
  const child = fork(fileURLToPath(script), [JSON.stringify(options)], {
    execPath: command,
    execArgv: [...before, ...process.execArgv, ...(more.nodeOptions ?? [])],
    env: { ...process.env, ...more.environment },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const heard: Partial<M>[] = [];
  const listeners = new Map<keyof M, (value: never) => void>();
  child.on("message", (message: Partial<M>) => {
    const [field] = Object.keys(message) as (keyof M)[];
    const run = field === undefined ? undefined : listeners.get(field);
    if (field === undefined || run === undefined) heard.push(message);
    else run(message[field] as never);
  });
  return {
    process: child,
    listen: (field, run) => listeners.set(field, run),
    hear: (field, withinMs = ANSWER_MS) => hear(child, heard, field, withinMs),
    say: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    kill: async (signal = "SIGKILL") => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    },
  };
}

export function beside(base: string, name: string): URL {
  return new URL(`./${name}${extname(new URL(base).pathname)}`, base);
}

/** In the child: what `startChild` was given. */
export function childOptions(): unknown {
  return JSON.parse(process.argv[2] ?? "{}");
}

/** In the child: tells the parent. */
export function tell(message: object): void {
  if (process.connected) process.send?.(message);
}

function hear<M extends object, K extends keyof M>(
  child: ChildProcess,
  heard: Partial<M>[],
  field: K,
  withinMs: number,
): Promise<M[K]> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      child.off("message", look);
      child.off("exit", ended);
    };
    const look = () => {
      const at = heard.findIndex((message) => field in message);
      if (at < 0) return;
      const [message] = heard.splice(at, 1);
      done();
      resolve(message?.[field] as M[K]);
    };
    const ended = (code: number | null, signal: string | null) => {
      done();
      reject(new Error(`${child.spawnfile} ended (${String(signal ?? code)}) before it said ${String(field)}.`));
    };
    const timer = setTimeout(() => {
      done();
      reject(new Error(`A child process did not say ${String(field)} within ${withinMs} ms.`));
    }, withinMs);
    child.on("message", look);
    child.on("exit", ended);
    if (child.exitCode !== null || child.signalCode !== null) ended(child.exitCode, child.signalCode);
    look();
  });
}
