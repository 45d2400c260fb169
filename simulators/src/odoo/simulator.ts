import { systemClock } from "@lineshaft/core";
import type { Clock } from "@lineshaft/core";
import { Database } from "./database.ts";
import { Engine } from "./engine.ts";
import type { Env } from "./env.ts";
import { Faults, readFault } from "./faults.ts";
import type { OdooFault } from "./faults.ts";
import { latencies } from "./latency.ts";
import { allModels } from "./models/registry.ts";
import { answerRequest } from "./rpc/transports.ts";
import type { Accounts, Transport } from "./rpc/transports.ts";
import { seedDatabase } from "./seed-database.ts";
import type { OdooSimulatorUser } from "./seed-database.ts";
import { Seeding } from "./seeding.ts";
import { HttpFront } from "./server.ts";
import type { HttpAnswer, HttpRequest } from "./server.ts";
import { readState } from "./state.ts";
import type { OdooState } from "./state.ts";
import type { Version } from "./values.ts";

export interface OdooSimulatorOptions {
  version: Version;
  /** Default 0: any free one, on 127.0.0.1. */
  port?: number;
  clock?: Clock;
  /** Default `o17`, `o18` or `o19`. */
  database?: string;
  /** Default: `hub` with the rights of a manufacturing and stock user and key `hub-key`, `admin` with all and `admin-key`. */
  users?: readonly OdooSimulatorUser[];
  /** `none` (default) answers at once; `real` takes the time measured on a real server, through the clock. */
  latency?: "none" | "real";
  /** HTTP workers of the server; default 2. */
  workers?: number;
  /** Called once with the means to fill the database. */
  seed?: (seeding: Seeding) => void;
}

/** A running simulator. Everything a client does goes over `url`; the rest is for tests and the demo. */
export interface OdooSimulator extends AsyncDisposable {
  readonly url: string;
  /** Takes `/_faults` and `/_state` also while an outage keeps `url` closed. */
  readonly controlUrl: string;
  readonly version: Version;
  readonly database: string;
  readonly users: readonly OdooSimulatorUser[];
  readonly seeding: Seeding;
  /** Makes a fault wait for requests it fits. An outage begins at once. */
  addFault(fault: OdooFault): Promise<void>;
  clearFaults(): Promise<void>;
  /** Restarts the server: what is in hand is rolled back and its connections are reset. */
  restart(): Promise<void>;
  state(): OdooState;
  /** How often a token took effect; 1 is what everyone hopes for. */
  effectsOf(token: string): number;
  /** Runs inside the database as administrator, in one transaction. */
  inside<T>(change: (env: Env) => T): T;
  close(): Promise<void>;
}

export const defaultUsers: readonly OdooSimulatorUser[] = [
  { login: "admin", key: "admin-key", name: "Administrator", groups: ["system"] },
  { login: "hub", key: "hub-key", name: "Hub", groups: ["mrp_user", "stock_user"] },
];

export async function startOdooSimulator(options: OdooSimulatorOptions): Promise<OdooSimulator> {
  const { version, port = 0, clock = systemClock, users = defaultUsers, latency = "none", workers = 2 } = options;
  const database = options.database ?? `o${version}`;
  const db = new Database(database, version, allModels(version));
  const faults = new Faults();
  const engine = new Engine({ db, clock, faults, latency, workers });
  engine.inside((env) => seedDatabase(env, users));
  const seeding = new Seeding(engine);
  options.seed?.(seeding);
  const signIn = () => (latency === "real" ? clock.sleep(latencies.signIn) : Promise.resolve());
  const transport: Transport = { version, database, engine, db, accounts: accountsOf(users), signIn };

  const answer = async (request: HttpRequest): Promise<HttpAnswer | undefined> => {
    if (request.path.startsWith("/_")) return control(request);
    const limited = faults.take(["rateLimit"], callIn(request.path));
    if (limited) return tooMany(limited.ms ?? 1000);
    return answerRequest(transport, request);
  };
  const front = new HttpFront(port, answer);
  const back = new HttpFront(0, control);
  await front.open();
  await back.open();

  async function control(request: HttpRequest): Promise<HttpAnswer> {
    const { path, method } = request;
    if (path === "/_state" && method === "GET") return { status: 200, body: simulator.state() };
    if (path !== "/_faults") return { status: 404, body: { error: `Unknown path ${path}. Known: /_faults, /_state.` } };
    if (method === "DELETE") {
      await simulator.clearFaults();
      return { status: 200, body: { faults: [] } };
    }
    if (method !== "POST") return { status: 200, body: { faults: faults.waiting } };
    const fault = readFault(JSON.parse(request.body || "{}"));
    if (typeof fault === "string") return { status: 422, body: { error: fault } };
    if (fault.fault === "outage") clock.after(0, () => void simulator.addFault(fault));
    else await simulator.addFault(fault);
    return { status: 201, body: { faults: faults.waiting } };
  }

  const simulator: OdooSimulator = {
    get url() {
      return `http://127.0.0.1:${front.port}`;
    },
    get controlUrl() {
      return `http://127.0.0.1:${back.port}`;
    },
    version,
    database,
    users,
    seeding,
    async addFault(fault) {
      if (fault.fault !== "outage") return faults.add(fault);
      await front.close();
      if (fault.ms !== undefined) clock.after(fault.ms, () => void front.open());
    },
    async clearFaults() {
      faults.clear();
      await front.open();
    },
    async restart() {
      engine.restart();
      await front.close();
      await front.open();
    },
    state: () => engine.inside((env) => readState(env)),
    effectsOf: (token) => db.effects.of(token),
    inside: (change) => engine.inside(change),
    async close() {
      engine.restart();
      await Promise.all([front.close(), back.close()]);
    },
    [Symbol.asyncDispose]: () => simulator.close(),
  };
  return simulator;
}

function accountsOf(users: readonly OdooSimulatorUser[]): Accounts {
  const FIRST_USER = 2;
  const position = (at: number) => (at < 0 ? undefined : at + FIRST_USER);
  return {
    byKey: (key) => position(users.findIndex((user) => user.key === key)),
    byLogin: (login, key) => position(users.findIndex((user) => user.login === login && user.key === key)),
  };
}

function callIn(path: string): { model?: string; method?: string } {
  const [, model, method] = /^\/json\/2\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  return { ...(model && { model }), ...(method && { method }) };
}

function tooMany(ms: number): HttpAnswer {
  const seconds = String(Math.max(1, Math.ceil(ms / 1000)));
  return {
    status: 429,
    type: "html",
    body: "<html><head><title>429 Too Many Requests</title></head></html>",
    headers: { "retry-after": seconds },
  };
}
