import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { UnavailableError } from "@lineshaft/core";
import type { Log } from "@lineshaft/core";
import type { Failure, FromChild, Task, ToChild } from "./protocol.ts";

/** How long a process that was asked to stop may say good-bye to its server, ms. */
const STOP_MS = 3_000;
/** Longest wait for the answer to a short task, ms. */
const TASK_MS = 60_000;

const source = new URL("./child/main.ts", import.meta.url);
const compiled = new URL("./child/main.js", import.meta.url);

/** A process of its own that speaks OPC UA: its memory, its crashes and its 120 MB are not the hub's. */
export class Worker {
  readonly process: ChildProcess;
  /** The other end's last word, when it gave up by itself. */
  failure: Failure | undefined;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;

  constructor(task: Task, memoryMb: number, log: Log, hear: (message: FromChild) => void) {
    const script = fileURLToPath(extname(import.meta.url) === ".ts" ? source : compiled);
    // The child must not listen on the parent's debugger's port.
    const inherited = process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
    this.process = fork(script, [], {
      // 64-bit integers, bytes and NaN arrive as they are.
      serialization: "advanced",
      execArgv: [...inherited, `--max-old-space-size=${memoryMb}`],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.ended = once(this.process, "exit").then(([code, signal]: unknown[]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }));
    this.process.on("error", () => {});
    this.process.stderr?.on("data", (text: Buffer) =>
      log.debug("The OPC UA process wrote to its standard error.", { text: text.toString("utf8").slice(0, 1_000) }),
    );
    this.process.on("message", (message: FromChild) => {
      if (message.kind === "failed") this.failure = message.failure;
      else if (message.kind === "log") log[message.level](message.message, message.fields);
      else hear(message);
    });
    this.say(task);
  }

  say(message: ToChild): void {
    // An ended process takes nothing any more; that it ended is told by `ended`.
    if (this.process.connected) this.process.send(message, () => {});
  }

  /** Ends it: asked first, so that the server learns of it, then without asking. */
  async stop(): Promise<void> {
    this.say({ kind: "stop" });
    const timer = setTimeout(() => this.kill(), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.process.kill("SIGKILL");
  }
}

/** Has a process do one short task. @throws UnavailableError with what the process said */
export async function perform<K extends "checked" | "browsed">(
  task: Task,
  answer: K,
  { log, memoryMb, signal }: { log: Log; memoryMb: number; signal?: AbortSignal },
): Promise<Extract<FromChild, { kind: K }>> {
  let answered: Extract<FromChild, { kind: K }> | undefined;
  const worker = new Worker(task, memoryMb, log, (message) => {
    if (message.kind === answer) answered = message as Extract<FromChild, { kind: K }>;
  });
  const kill = () => worker.kill();
  const timer = setTimeout(kill, TASK_MS);
  signal?.addEventListener("abort", kill, { once: true });
  try {
    await worker.ended;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
  }
  if (answered !== undefined) return answered;
  throw failed(task.connection.endpoint, worker.failure);
}

export function failed(endpoint: string, failure: Failure | undefined): UnavailableError {
  const { message, next, said }: Failure = failure ?? {
    message: `The process that reads ${endpoint} ended without a word.`,
    next: "It is started anew; look at the log at debug level when it happens again.",
  };
  return new UnavailableError(message, { next, ...(said !== undefined && { said }) });
}
