import { createHash } from "node:crypto";
import pg from "pg";
import { PgBoss } from "pg-boss";
import type { AboutPeer, OpenPeerTool, PeerFact, Target } from "../src/peers/hand-over.ts";
import { versionOf } from "./version.ts";

/*
 * A queue per target with the policy key_strict_fifo, the order as its singletonKey and the fact's id as the job's. Both
 * jobs of a fact are inserted in one transaction.
 *
 * Jobs of one insert share their time of creation, and then follow each other by id. So that no insert holds two facts of
 * a key, it holds fewer facts than there are orders.
 */
const INSERT = 500;
const BATCH = 500;

export const about = (): Promise<AboutPeer> =>
  Promise.resolve({
    version: versionOf("pg-boss"),
    settings: `key_strict_fifo, ${INSERT} facts per insert, batchSize ${BATCH}, perJobResults, burstWhenBatchFull, listen/notify`,
  });

export const open: OpenPeerTool = async ({ databaseUrl, apply }) => {
  const boss = new PgBoss({ connectionString: databaseUrl, useListenNotify: true });
  boss.on("error", (error) => process.stderr.write(`pg-boss: ${String(error)}\n`));
  await boss.start();
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  for (const target of ["one", "two"] as const) {
    await boss.createQueue(target, { policy: "key_strict_fifo", notify: true });
    await boss.work<{ id: string }>(
      target,
      { batchSize: BATCH, perJobResults: true, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
      (jobs) =>
        Promise.resolve(
          jobs.map(({ id, data }) => ({
            id,
            status: "completed" as const,
            output: { receipt: apply(target, data.id) },
          })),
        ),
    );
  }
  return {
    submit: async (facts) => {
      for (let at = 0; at < facts.length; at += INSERT) await insert(boss, pool, facts.slice(at, at + INSERT));
    },
    recorded: async () => {
      const { rows } = await pool.query("select count(*)::int as n from pgboss.job where state = 'completed'");
      return rows[0].n;
    },
    [Symbol.asyncDispose]: async () => {
      await boss.stop({ graceful: false });
      await pool.end();
    },
  };
};

async function insert(boss: PgBoss, pool: pg.Pool, facts: readonly PeerFact[]): Promise<void> {
  // A fact that comes twice within one insert would be refused together with the others.
  const fresh = [...new Map(facts.map((fact) => [fact.id, fact])).values()];
  const client = await pool.connect();
  const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) };
  try {
    await client.query("begin");
    for (const target of ["one", "two"] as const satisfies Target[])
      await boss.insert(
        target,
        fresh.map(({ id, key, body }) => ({ id: uuidOf(id), singletonKey: key, data: body })),
        { db },
      );
    await client.query("commit");
  } finally {
    client.release();
  }
}

/** A job's id has to be a UUID: the same one for the same fact. */
function uuidOf(id: string): string {
  const hex = createHash("sha256").update(id).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
