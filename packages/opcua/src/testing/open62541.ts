import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "@lineshaft/testing/free-port";
import { VENDOR } from "./server-protocol.ts";
import type { NewValue } from "./server-protocol.ts";

/** The program of open62541-server.c beside this file, where it was built. */
export const open62541Program = process.env["LINESHAFT_OPEN62541"];

/** A server on open62541, with the doubles `temperature` and `kept`; of the latter it has a history. */
export class Open62541Server implements AsyncDisposable {
  readonly port: number;
  readonly #program: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;
  /** Who waits for the next line. */
  readonly #waiting: (() => void)[] = [];

  private constructor(program: string, folder: string, port: number) {
    this.#program = program;
    this.#folder = folder;
    this.port = port;
  }

  static async open(program: string): Promise<Open62541Server> {
    const folder = mkdtempSync(join(tmpdir(), "lineshaft-open62541-"));
    const server = new Open62541Server(program, folder, await freePort());
    server.#makeCertificate();
    await server.start();
    return server;
  }

  get endpoint(): string {
    return `opc.tcp://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const files = ["certificate.der", "key.der"].map((name) => join(this.#folder, name));
    const variables = ["temperature:double", "kept:kept"];
    const child = spawn(this.#program, [String(this.port), ...files, VENDOR, ...variables], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    createInterface(child.stdout).on("line", (line) => {
      // Its log goes the same way.
      if (line === "ready" || line === "done") this.#waiting.shift()?.();
    });
    this.#process = child;
    await this.#answer();
  }

  /** One after the other, so that each is seen. */
  async set(...values: readonly NewValue[]): Promise<void> {
    for (const { node, value, at = Date.now() } of values) {
      this.#process?.stdin?.write(`set ${node} ${String(value)} ${at}\n`);
      await this.#answer();
    }
  }

  /** As a power cut; its history is gone with it. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #answer(): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error("The open62541 server ended."));
      this.#process?.once("exit", ended);
      this.#waiting.push(() => {
        this.#process?.off("exit", ended);
        resolve();
      });
    });
  }

  #makeCertificate(): void {
    const [certificate, key] = [join(this.#folder, "certificate.pem"), join(this.#folder, "key.pem")];
    const names = "subjectAltName=URI:urn:vendor.example:press,IP:127.0.0.1";
    const usage = "keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyCertSign";
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=press"];
    const run = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
    run(...made, "-addext", names, "-addext", usage, "-keyout", key, "-out", certificate);
    run("x509", "-in", certificate, "-outform", "der", "-out", join(this.#folder, "certificate.der"));
    run("rsa", "-in", key, "-outform", "der", "-out", join(this.#folder, "key.der"));
  }
}
