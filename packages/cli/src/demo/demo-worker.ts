import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LineshaftError } from "@lineshaft/core";
import type { FactoryAddresses } from "./demo-folder.ts";

export interface DemoWorkerOptions {
  /** Its number among the hub's workers. */
  n: number;
  data: string;
  addresses: FactoryAddresses;
  version: string;
}

/** What a worker's process says once it runs. */
export interface DemoWorkerWord {
  url: string;
}

const START_MS = 60_000;
const program = fileURLToPath(new URL("./worker-process.js", import.meta.url));

/** Another process of the demo's hub, on the same ledger and the same systems. */
export class DemoWorker implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    this.pid = child.pid ?? 0;
  }

  static async start({ n, data, addresses, version }: DemoWorkerOptions): Promise<DemoWorker> {
    const log = join(data, `worker-${n}.log`);
    const out = openSync(log, "a");
    const child = fork(program, [JSON.stringify({ version })], {
      // Ports of its own for facts and gateways, beside the first worker's.
      env: { ...process.env, ...addresses, FACTORY_HTTP_PORT: "0", FACTORY_GATEWAY_PORT: "0" },
      execArgv: ["--max-semi-space-size=8"],
      stdio: ["ignore", out, out, "ipc"],
    });
    const ended = once(child, "exit").then(() => undefined);
    const told = once(child, "message", { signal: AbortSignal.timeout(START_MS) }).then(
      ([word]) => word as DemoWorkerWord,
    );
    const word = await Promise.race([told, ended]);
    told.catch(() => undefined);
    if (word === undefined)
      throw new LineshaftError("not-found", `Worker ${n} of the demo did not start.`, { next: `Look at ${log}.` });
    return new DemoWorker(child, word.url);
  }

  /** Lets it finish what it has in hand and hand over its lanes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}
