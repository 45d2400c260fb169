import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";

/** Characters kept of what it says. */
const KEPT_CHARS = 1_000_000;

/** Where a program is, or undefined. Debian keeps mosquitto in a folder only root has on its PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether anything listens on a port of 127.0.0.1. */
export async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A real mosquitto on a free port of 127.0.0.1, which keeps sessions and messages in a folder of its own. */
export class Mosquitto implements AsyncDisposable {
  readonly #program: string;
  readonly #folder: string;
  readonly port: number;
  #child: ChildProcess | undefined;
  #said = "";

  private constructor(program: string, folder: string, port: number) {
    this.#program = program;
    this.#folder = folder;
    this.port = port;
  }

  /** `listener`: lines of its configuration that belong to the listener. */
  static async start(program: string, listener: readonly string[] = []): Promise<Mosquitto> {
    const folder = mkdtempSync(join(tmpdir(), "lineshaft-mosquitto-"));
    const broker = new Mosquitto(program, folder, await freePort());
    const configuration = [
      `user ${userInfo().username}`,
      "persistence true",
      `persistence_location ${folder}/`,
      "max_queued_messages 0",
      "log_dest stderr",
      "log_type subscribe",
      "log_type error",
      `listener ${broker.port} 127.0.0.1`,
      "allow_anonymous true",
      ...listener,
    ];
    writeFileSync(join(folder, "mosquitto.conf"), `${configuration.join("\n")}\n`);
    await broker.#launch();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Waits until a client has subscribed: to a session that was never made, a broker keeps nothing. */
  async subscribed(clientId: string, topic: string): Promise<void> {
    const told = `${clientId} 1 ${topic}\n`;
    while (!this.#said.includes(told)) {
      if (!this.#child?.stderr) throw new Error("mosquitto does not run.");
      await once(this.#child.stderr, "data");
    }
  }

  /** Ends it and starts it again with what it had kept. */
  async restart(): Promise<void> {
    await this.#stop();
    await this.#launch();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  async #launch(): Promise<void> {
    const child = spawn(this.#program, ["-c", join(this.#folder, "mosquitto.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    // A test that runs into its time limit disposes of nothing.
    const end = () => child.kill();
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    child.stderr.on("data", (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-KEPT_CHARS)));
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}: ${this.#said}`);
    }
    this.#child = child;
  }
}
