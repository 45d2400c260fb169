import { Logger, run } from "graphile-worker";
import pg from "pg";
import type { AboutPeer, OpenPeerTool, PeerFact, Target } from "../src/peers/hand-over.ts";
import { versionOf } from "./version.ts";

/*
 * A job per target. A job is gone when it is done, and its job_key with it; so a table in the same transaction knows the
 * facts, and another one the outcomes. Jobs of the same named queue run one after the other: a queue per target and order.
 *
 * The local queue counts as dry when a fetch brings less than its size, as it does whenever fewer orders are free; then it
 * waits for a poll, which therefore comes soon.
 */
const INSERT = 500;
const CONCURRENCY = 100;
const POOL = 26;
const LOCAL_QUEUE = 500;
const POLL_MS = 10;

export const about = (): Promise<AboutPeer> =>
  Promise.resolve({
    version: versionOf("graphile-worker"),
    settings: `a named queue per target and order, ${INSERT} facts per add_jobs, concurrency ${CONCURRENCY}, pool ${POOL}, localQueue ${LOCAL_QUEUE}, completeJobBatchDelay 0, pollInterval ${POLL_MS} ms`,
  });

interface Payload {
  id: string;
}

export const open: OpenPeerTool = async ({ databaseUrl, apply }) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  await pool.query("create table received (fact text primary key)");
  await pool.query("create table outcome (fact text, target text, receipt text, primary key (fact, target))");
  const outcomes = new Outcomes(pool);
  const task = (target: Target) => async (payload: unknown) => {
    const { id } = payload as Payload;
    await outcomes.record([id, target, apply(target, id)]);
  };
  const runner = await run({
    preset: {
      worker: {
        connectionString: databaseUrl,
        concurrentJobs: CONCURRENCY,
        maxPoolSize: POOL,
        localQueue: { size: LOCAL_QUEUE },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
        pollInterval: POLL_MS,
      },
    },
    noHandleSignals: true,
    logger: quiet,
    taskList: { one: task("one"), two: task("two") },
  });
  return {
    submit: async (facts) => {
      for (let at = 0; at < facts.length; at += INSERT) await addJobs(pool, facts.slice(at, at + INSERT));
    },
    recorded: async () => {
      const { rows } = await pool.query(
        "select (select count(*) from outcome)::int - (select count(*) from graphile_worker.jobs)::int as n",
      );
      return rows[0].n;
    },
    [Symbol.asyncDispose]: async () => {
      await runner.stop();
      await pool.end();
    },
  };
};

async function addJobs(pool: pg.Pool, facts: readonly PeerFact[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const { rows } = await client.query(
      "insert into received (fact) select unnest($1::text[]) on conflict do nothing returning fact",
      [facts.map(({ id }) => id)],
    );
    const fresh = new Set(rows.map(({ fact }: { fact: string }) => fact));
    const specs = facts.flatMap(({ id, key, body }) =>
      // The same fact twice in one lot is one row, and one pair of jobs.
      fresh.delete(id)
        ? (["one", "two"] as const).map((target) => ({
            identifier: target,
            payload: body,
            queue_name: `${target}-${key}`,
          }))
        : [],
    );
    await client.query(
      "select from graphile_worker.add_jobs(array(select json_populate_recordset(null::graphile_worker.job_spec, $1::json)))",
      [JSON.stringify(specs)],
    );
    await client.query("commit");
  } finally {
    client.release();
  }
}

type Row = [fact: string, target: string, receipt: string];

/** Writes the outcomes that came while the ones before were written, all in one statement. */
class Outcomes {
  readonly #pool: pg.Pool;
  #waiting: { row: Row; done: () => void; failed: (error: unknown) => void }[] = [];
  #writing = false;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  record(row: Row): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ row, done, failed });
      if (!this.#writing) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      await new Promise((next) => setImmediate(next));
      const lot = this.#waiting;
      this.#waiting = [];
      const column = (at: 0 | 1 | 2) => lot.map(({ row }) => row[at]);
      await this.#pool
        .query("insert into outcome select * from unnest($1::text[], $2::text[], $3::text[])", [
          column(0),
          column(1),
          column(2),
        ])
        .then(
          () => lot.forEach(({ done }) => done()),
          (error: unknown) => lot.forEach(({ failed }) => failed(error)),
        );
    }
    this.#writing = false;
  }
}

const quiet = new Logger(() => (level, message) => {
  if (level === "error") process.stderr.write(`graphile-worker: ${message}\n`);
});
