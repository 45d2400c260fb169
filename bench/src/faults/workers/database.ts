import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { pause } from "../../pause.ts";

/** Deadlocks are told apart this soon, in ms: a campaign has no second for each. */
const SETTINGS = { deadlock_timeout: 100, max_connections: 100 };

/** The PostgreSQL of a round, and for a failover its standby, which has everything that was acknowledged. */
export class Database implements AsyncDisposable {
  /** For the campaign itself: always leads to the server that writes. */
  readonly #front: FaultProxy;
  /** Of workers: led to the new server when one takes over. */
  readonly #lines: FaultProxy[] = [];
  /** Of both servers. */
  readonly #folder: string | undefined;
  #server: PostgresServer;
  #standby: PostgresServer | undefined;
  #url = "";
  restarts = 0;
  failovers = 0;

  private constructor(server: PostgresServer, front: FaultProxy, pair: { standby?: PostgresServer; folder?: string }) {
    this.#server = server;
    this.#front = front;
    this.#standby = pair.standby;
    this.#folder = pair.folder;
  }

  static async alone(): Promise<Database> {
    const server = await startPostgres({ settings: SETTINGS });
    return new Database(server, await FaultProxy.open({ port: server.port }), {});
  }

  /** A primary that acknowledges what its standby has on disk too. */
  static async withStandby(): Promise<Database> {
    const parent = mkdtempSync(join(tmpdir(), "lineshaft-pair-"));
    // A server that does not run as root has to get there.
    chmodSync(parent, 0o755);
    const [folder, copy] = [join(parent, "primary"), join(parent, "standby")];
    const password = randomBytes(18).toString("base64url");
    const fresh = await startPostgres({ folder, password });
    await fresh.stop();
    // A server that was stopped in good order is its own base backup.
    const copied = spawnSync("cp", ["-a", folder, copy], { encoding: "utf8" });
    if (copied.status !== 0) throw new Error(`The primary could not be copied: ${copied.stderr}`);
    const server = await startPostgres({ folder, password, settings: { ...SETTINGS, synchronous_standby_names: "*" } });
    writeFileSync(join(copy, "standby.signal"), "");
    const from = `host=127.0.0.1 port=${server.port} user=postgres password=${password} application_name=standby`;
    const standby = await startPostgres({ folder: copy, password, settings: { ...SETTINGS, primary_conninfo: from } });
    return new Database(server, await FaultProxy.open({ port: server.port }), { standby, folder: parent });
  }

  /** A fresh database for a round. */
  async newLedger(): Promise<void> {
    this.#url = await this.#server.newDatabase();
  }

  /** The URL for the campaign itself. */
  get url(): string {
    return this.through(this.#front);
  }

  /** A worker's own line to the database. */
  async newLine(host?: string): Promise<FaultProxy> {
    const line = await FaultProxy.open(this.#front.to, host);
    this.#lines.push(line);
    return line;
  }

  through({ host, port }: FaultProxy): string {
    const url = new URL(this.#url);
    url.host = `${host}:${port}`;
    return url.href;
  }

  async closeLines(): Promise<void> {
    await Promise.all(this.#lines.splice(0).map((line) => line[Symbol.asyncDispose]()));
  }

  async restart(): Promise<void> {
    this.restarts++;
    await this.#server.restart();
  }

  /** kill -9, and started again after a while. */
  async crash(awayMs: number): Promise<void> {
    this.restarts++;
    await this.#server.kill();
    await pause(awayMs);
    await this.#server.start();
  }

  get hasStandby(): boolean {
    return this.#standby !== undefined;
  }

  /** The primary dies for good, and the standby takes over after a while. */
  async failOver(awayMs: number): Promise<void> {
    const standby = this.#standby;
    if (standby === undefined) return;
    await this.#server.kill();
    await pause(awayMs);
    await standby.sql("select pg_promote()");
    this.#server = standby;
    this.#standby = undefined;
    for (const line of [this.#front, ...this.#lines]) line.to = { port: standby.port };
    this.failovers++;
  }

  /** As the superuser, in the ledger's database. */
  sql(text: string): Promise<Record<string, unknown>[]> {
    return this.#server.sql(text, this.#url.replace(/:\d+\//, `:${this.#server.port}/`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeLines();
    await this.#front[Symbol.asyncDispose]();
    await this.#standby?.[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    if (this.#folder !== undefined)
      rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}
