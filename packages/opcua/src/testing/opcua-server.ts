import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readOnlyServices } from "./read-only-services.ts";
import type { Answer, NewValue, Order, ServerOptions } from "./server-protocol.ts";
import { freePort } from "@lineshaft/testing/free-port";

type Wish = Order extends infer O ? (O extends Order ? Omit<O, "order"> : never) : never;

/** A server of node-opcua in a process of its own. It fails its test when it was asked for anything but reading. */
export class OpcUaServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #options: Partial<ServerOptions>;
  #process: ChildProcess | undefined;
  #orders = 0;
  readonly #others = new Set<string>();
  #forgiving = false;

  private constructor(port: number, options: Partial<ServerOptions>) {
    this.port = port;
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "lineshaft-opcua-server-"));
  }

  static async open(options: Partial<ServerOptions> = {}): Promise<OpcUaServer> {
    const server = new OpcUaServer(await freePort(), options);
    await server.start();
    return server;
  }

  get endpoint(): string {
    return `opc.tcp://127.0.0.1:${this.port}`;
  }

  async start(changed: Partial<ServerOptions> = {}): Promise<void> {
    const options: ServerOptions = {
      port: this.port,
      pki: join(this.#folder, "pki"),
      startedAt: Date.now(),
      ...this.#options,
      ...changed,
    };
    const script = fileURLToPath(new URL("server-process.ts", import.meta.url));
    this.#process = fork(script, [JSON.stringify(options)], {
      // NaN arrives as it is.
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    await this.#hear((answer) => "ready" in answer);
  }

  set(...values: NewValue[]): Promise<void> {
    return this.#order({ kind: "set", values });
  }

  cycle(count: number, everyMs: number): Promise<void> {
    return this.#order({ kind: "cycle", count, everyMs });
  }

  /** Services that are not for reading. */
  async others(): Promise<string[]> {
    await this.#order({ kind: "services" });
    return [...this.#others];
  }

  /** The others were the test's own. */
  forgive(): void {
    this.#forgiving = true;
  }

  /** As a power cut. */
  async kill(): Promise<void> {
    if (this.#process !== undefined) await this.#order({ kind: "services" });
    await this.#end();
  }

  async #end(): Promise<void> {
    if (this.#process === undefined) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
    this.#process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process !== undefined) await this.#order({ kind: "services" });
    const others = [...this.#others];
    await this.#end();
    rmSync(this.#folder, { recursive: true, force: true });
    if (others.length > 0 && !this.#forgiving)
      throw new Error(`The server was asked for more than reading: ${others.join(", ")}.`);
  }

  async #order(wish: Wish): Promise<void> {
    const order = ++this.#orders;
    this.#process?.send({ ...wish, order });
    const answer = await this.#hear((one) => "done" in one && one.done === order);
    if (!("services" in answer)) return;
    for (const name of Object.keys(answer.services)) if (!readOnlyServices.includes(name)) this.#others.add(name);
  }

  #hear(wanted: (answer: Answer) => boolean): Promise<Answer> {
    const server = this.#process as ChildProcess;
    return new Promise((resolve, reject) => {
      const listen = (answer: Answer) => {
        if (!wanted(answer)) return;
        server.off("message", listen);
        server.off("exit", ended);
        resolve(answer);
      };
      const ended = (code: number | null) => reject(new Error(`The OPC UA server ended (${String(code)}).`));
      server.on("message", listen);
      server.once("exit", ended);
    });
  }
}
