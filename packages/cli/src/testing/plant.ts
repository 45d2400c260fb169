import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/lineshaft.js", import.meta.url));
const modules = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

/** A plant with an HTTP intake and an ERP that keeps a file and refuses every order whose name begins with BAD. */
const config = `
import { existsSync, readFileSync, appendFileSync } from "node:fs";
import { Secret } from "@lineshaft/core";
import { defineHub, flow } from "@lineshaft/engine";
import { httpIntake } from "@lineshaft/http";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { completion } from "@lineshaft/model";

const key = Secret.env("ERP_KEY");
const lines = () => (existsSync("erp.jsonl") ? readFileSync("erp.jsonl", "utf8").split("\\n").filter(Boolean) : []);
const erp = {
  name: "erp",
  connector: "file",
  open: async ({ log }) => ({
    sources: {},
    targets: {
      book: {
        maxBatch: 10,
        repeat: { kind: "lookup", settleMs: 0, find: async ({ token }) => (lines().some((l) => l.includes(token)) ? { kind: "found", receipt: "found" } : { kind: "absent" }) },
        send: async (items) =>
          items.map(({ token, value }) => {
            log.info("booking", { token: key.read(), headers: { authorization: "Bearer " + key.read() }, text: "login with " + key.read() });
            if (value.order.startsWith("BAD"))
              return { kind: "rejected", reason: "unknown-order", message: "The ERP knows no order " + value.order + ".", next: "Correct the order, then resend.", said: "key " + key.read() };
            appendFileSync("erp.jsonl", JSON.stringify({ ...value, token }) + "\\n");
            return { kind: "done", receipt: "B-" + lines().length };
          }),
      },
    },
    check: async () => (existsSync("erp.down") ? { ok: false, message: "The ERP refused " + key.read() + ".", next: "Ask for another key." } : { ok: true, version: "1.0" }),
    close: async () => {},
  }),
};
const book = { system: erp, name: "book", schema: {}, check: () => [] };
const terminals = httpIntake({ name: "terminals", port: 0, contracts: [completion], onListening: (url) => console.error("TAKES FACTS ON " + url) });

export default defineHub({
  name: "test plant",
  ledger: sqlite({ path: ".lineshaft/ledger.db" }),
  systems: [terminals, erp],
  flows: [flow("completions", completion, { owner: "production control" }).to(book, (c) => ({ order: c.productionOrder, made: c.yield.value }))],
});
`;

export const ERP_KEY = "erp-key-5f1c0e77";

export interface Ran {
  code: number;
  out: string;
  err: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A project in a folder of its own, and the built command line run in it. */
export class Plant {
  readonly folder = mkdtempSync(join(tmpdir(), "lineshaft-cli-"));
  readonly #children = new Set<Child>();
  readonly #environment: NodeJS.ProcessEnv;

  constructor({ withConfig = true, environment = {} }: { withConfig?: boolean; environment?: NodeJS.ProcessEnv } = {}) {
    this.#environment = { ...process.env, ERP_KEY, NO_COLOR: "1", ...environment };
    symlinkSync(modules, join(this.folder, "node_modules"));
    this.write("package.json", JSON.stringify({ type: "module" }));
    if (withConfig) this.write("lineshaft.config.ts", config);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), text);
  }

  /** Runs a command to its end. */
  async run(...args: string[]): Promise<Ran> {
    const child = this.#spawn(args);
    const [out, err] = [collect(child.stdout), collect(child.stderr)];
    const [code] = (await once(child, "close")) as [number];
    return { code, out: out(), err: err() };
  }

  /** The documents that a command with --json prints. */
  async json<T>(...args: string[]): Promise<T[]> {
    const { out, err, code } = await this.run(...args, "--json");
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${err}`);
    return out
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T);
  }

  /** Starts the hub; resolves when it runs. */
  async start(...args: string[]): Promise<RunningPlant> {
    const child = this.#spawn(["start", "--json", "--port", "0", ...args]);
    const log = collect(child.stderr);
    const intake = lineWith(child.stderr, "TAKES FACTS ON ");
    const first = await lineWith(child.stdout, "{");
    const { url } = JSON.parse(`{${first}`) as { url: string };
    return new RunningPlant(child, url, (await intake).trim(), log);
  }

  /** Starts the gateway; resolves when it runs. */
  async gateway(): Promise<RunningGateway> {
    const child = this.#spawn(["gateway", "start", "--json", "--port", "0"]);
    const log = collect(child.stderr);
    const first = await lineWith(child.stdout, "{");
    return { ...(JSON.parse(`{${first}`) as { url: string }), log };
  }

  /** Runs the demo on free ports; resolves when it runs. */
  async demo(...args: string[]): Promise<RunningDemo> {
    const child = this.#spawn(["demo", "--json", "--port", "0", "--no-open", ...args]);
    child.stderr.resume();
    const first = await lineWith(child.stdout, "{");
    return new RunningDemo(child, JSON.parse(`{${first}`) as RunningDemo);
  }

  /** Runs `dev`; what it says can be waited for. */
  dev(): RunningDev {
    return new RunningDev(this.#spawn(["dev", "--port", "0"]));
  }

  #spawn(args: readonly string[]): Child {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: this.folder,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    child.on("close", () => this.#children.delete(child));
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface RunningGateway {
  /** Of its own page. */
  url: string;
  log: () => string;
}

export class RunningPlant {
  readonly child: Child;
  readonly url: string;
  readonly intake: string;
  readonly log: () => string;

  constructor(child: Child, url: string, intake: string, log: () => string) {
    this.child = child;
    this.url = url;
    this.intake = intake;
    this.log = log;
  }

  async report(completion: object): Promise<Response> {
    return fetch(`${this.intake}/v1/facts/completion.v1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(completion),
    });
  }

  async end(signal: NodeJS.Signals): Promise<number> {
    const closed = once(this.child, "close") as Promise<[number]>;
    this.child.kill(signal);
    return (await closed)[0];
  }
}

export class RunningDemo {
  readonly url: string;
  /** Of the simulated Odoo. */
  readonly odoo: string;
  readonly rebuilt: number;
  /** The hub's other processes. */
  readonly workers: readonly { url: string; pid: number }[];
  readonly #child: Child;

  constructor(child: Child, told: Pick<RunningDemo, "url" | "odoo" | "rebuilt" | "workers">) {
    this.#child = child;
    this.url = told.url;
    this.odoo = told.odoo;
    this.rebuilt = told.rebuilt;
    this.workers = told.workers;
  }

  /** Ends it by a signal; its exit code, or null where the signal ended it. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    const closed = once(this.#child, "close") as Promise<[number | null]>;
    this.#child.kill(signal);
    return (await closed)[0];
  }
}

export class RunningDev {
  readonly #child: Child;
  #text = "";
  #heard: () => void = () => {};

  constructor(child: Child) {
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString();
      this.#heard();
    });
  }

  /** Resolves once it has said so, so many times. */
  says(words: string, times = 1): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#heard = () => {
        if (this.#text.split(words).length > times) resolve();
      };
      this.#child.on("close", () => reject(new Error(`It ended without saying ${words}; it said: ${this.#text}`)));
      this.#heard();
    });
  }

  async end(signal: NodeJS.Signals): Promise<number> {
    const closed = once(this.#child, "close") as Promise<[number]>;
    this.#child.kill(signal);
    return (await closed)[0];
  }
}

function collect(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

/** What follows `mark` on the first line that has it. */
function lineWith(stream: Readable, mark: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const look = (chunk: Buffer): void => {
      text += chunk.toString();
      const found = text
        .split("\n")
        .slice(0, -1)
        .find((line) => line.includes(mark));
      if (found === undefined) return;
      stream.off("data", look);
      resolve(found.slice(found.indexOf(mark) + mark.length));
    };
    stream.on("data", look);
    stream.on("end", () => reject(new Error(`It ended without saying ${mark}; it said: ${text}`)));
  });
}
