import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type CommitGroup, LANES, deliveryId, laneOf } from "@lineshaft/core";
import { openPostgresLedger } from "@lineshaft/ledger-postgres";
import { completion } from "@lineshaft/model";
import { Client } from "pg";
import { SOURCE } from "./bench-hub.ts";
import { type GroupShape, covering } from "./commit-watch.ts";
import { TARGETS } from "./load.ts";
import type { RawMessage } from "./raw-message.ts";

/** The parts of the ledger that its package keeps to itself: taken as they are, so that both sides run the very same. */
interface LedgerInternals {
  quoted: (name: string) => string;
  statements: (schema: string) => { commit: string; claimLanes: string };
  groupParameters: (group: CommitGroup) => unknown[];
}

const SESSION = "raw";
const LEASE_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Of 2020-01-01, which a ledger's days are counted from. */
const FIRST_DAY = 18_262;
/** Numbers of messages in one day. */
const IDS_PER_DAY = 2 ** 27;

/**
 * The commit function of a new ledger, called with groups of the hub's shapes over one plain connection. The parameters
 * are made beforehand: what is left is what the server does, and the way there and back.
 * @returns milliseconds
 */
export async function runPostgresRaw(
  url: string,
  messages: readonly RawMessage[],
  groups: readonly GroupShape[],
): Promise<number> {
  const routes = await makeLedger(url);
  const { quoted, statements, groupParameters } = await loadInternals();
  const sql = statements(quoted("lineshaft"));
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const plan = new RawPlan(messages, routes, await claimLanes(client, sql.claimLanes));
    const { at } = plan;
    const calls = covering(groups, messages.length).map((shape, token) => ({
      text: sql.commit,
      values: [SESSION, token + 1, at, at, ...groupParameters(plan.group(shape))],
    }));
    const startedAt = performance.now();
    for (const call of calls) {
      const { rows } = await client.query<{ result: { lost: number[] } }>(call);
      if (rows[0]?.result.lost.length !== 0) throw new Error("A step of the raw run was refused.");
    }
    return performance.now() - startedAt;
  } finally {
    await client.end();
  }
}

async function loadInternals(): Promise<LedgerInternals> {
  const main = fileURLToPath(import.meta.resolve("@lineshaft/ledger-postgres"));
  const part = (name: string) => import(pathToFileURL(join(dirname(main), `${name}${extname(main)}`)).href);
  return { ...(await part("statements")), ...(await part("group")) } as LedgerInternals;
}

/** @returns the numbers of its routes */
async function makeLedger(url: string): Promise<number[]> {
  await using ledger = await openPostgresLedger({ url });
  const route = (system: string) => ({ flow: "completions", system, operation: "apply" });
  return (await ledger.registerRoutes([route("one"), route("two")])).map(({ id }) => id);
}

/** Under the run's own session, as a hub does: it would tell another one of each commit. */
async function claimLanes(client: Client, text: string): Promise<number[]> {
  const { rows } = await client.query<{ lease: { lanes: { lane: number; fence: number }[] } }>(text, [
    SESSION,
    SESSION,
    LEASE_MS,
    null,
  ]);
  const fences: number[] = Array.from({ length: LANES }, () => -1);
  for (const { lane, fence } of rows[0]?.lease.lanes ?? []) fences[lane] = fence;
  return fences;
}

/** Knows beforehand which ids the ledger will give: the first ones of the day, by the clock that it is handed. */
class RawPlan {
  readonly at = Date.now();
  readonly #messages: readonly RawMessage[];
  readonly #routes: readonly number[];
  readonly #fences: readonly number[];
  #next = 0;
  #begun = 0;
  #finished = 0;

  constructor(messages: readonly RawMessage[], routes: readonly number[], fences: readonly number[]) {
    this.#messages = messages;
    this.#routes = routes;
    this.#fences = fences;
  }

  group(shape: GroupShape): CommitGroup {
    const { at } = this;
    const messages = this.#messages.slice(this.#next, (this.#next += shape.messages)).map((m) => ({
      source: SOURCE,
      sourceId: m.sourceId,
      contract: completion.id,
      object: m.key,
      key: m.key,
      eventTime: at,
      receivedTime: at,
      received: m.received,
      deliveries: this.#routes.map((route) => ({ route, supersede: false })),
    }));
    const begins = Array.from({ length: shape.begins }, () => {
      return { ...this.#place(this.#begun++), from: "pending" as const, to: "sending" as const, at };
    });
    const finishes = Array.from({ length: shape.finishes }, () => this.#finish(this.#finished++));
    return { at, messages, settlements: [...begins, ...finishes] };
  }

  #finish(n: number) {
    const { at } = this;
    const place = this.#place(n);
    const receipt = `r-${place.delivery.toString(36)}`;
    const request = this.#messages[Math.floor(n / TARGETS)]?.request ?? "";
    const attempt = { kind: "send", startedAt: at, endedAt: at, outcome: "done", receipt, request } as const;
    return { ...place, from: "sending" as const, to: "done" as const, at, attempt };
  }

  /** Of the n-th delivery, counted from 0. */
  #place(n: number): { delivery: number; lane: number; fence: number } {
    const at = Math.floor(n / TARGETS);
    const message = (Math.floor(this.at / DAY_MS) - FIRST_DAY) * IDS_PER_DAY + at + 1;
    const lane = laneOf(this.#messages[at]?.key ?? "");
    return { delivery: deliveryId(message, this.#routes[n % TARGETS] ?? 0), lane, fence: this.#fences[lane] ?? -1 };
  }
}
