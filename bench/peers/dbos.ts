import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import type { AboutPeer, OpenPeerTool, PeerFact } from "../src/peers/hand-over.ts";
import { versionOf } from "./version.ts";

/*
 * A workflow per fact and target on a partitioned queue per target: the order is the partition, one workflow at a time in
 * each. The workflow's id is made of the fact's. Its one call is no step of its own: that would be recorded twice, and
 * promises no more. Workflows of a partition go by the millisecond in which they were enqueued, so a transaction holds
 * fewer facts than there are orders.
 */
const ENQUEUE = 500;
const POLL_MS = 200;

export const about = (): Promise<AboutPeer> =>
  Promise.resolve({
    version: versionOf("@dbos-inc/dbos-sdk"),
    settings: `partitionConcurrency 1, ${ENQUEUE} facts per enqueueing transaction, minPollingIntervalMs ${POLL_MS}`,
  });

export const open: OpenPeerTool = async ({ databaseUrl, apply }) => {
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: databaseUrl,
    logLevel: "error",
  });
  for (const target of ["one", "two"] as const)
    DBOS.registerWorkflow((fact: { id: string }) => Promise.resolve(apply(target, fact.id)), { name: target });
  await DBOS.launch();
  for (const target of ["one", "two"] as const)
    await DBOS.registerQueue(target, { partitionConcurrency: 1, minPollingIntervalMs: POLL_MS });
  const client = await DBOSClient.create({ systemDatabaseUrl: databaseUrl, applicationName: "bench" });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  return {
    submit: async (facts) => {
      for (let at = 0; at < facts.length; at += ENQUEUE) await enqueue(client, pool, facts.slice(at, at + ENQUEUE));
    },
    recorded: async () => {
      const { rows } = await pool.query(
        "select count(*)::int as n from dbos.workflow_status where status = 'SUCCESS' and queue_name in ('one', 'two')",
      );
      return rows[0].n;
    },
    [Symbol.asyncDispose]: async () => {
      await DBOS.shutdown();
      await client.destroy();
      await pool.end();
    },
  };
};

async function enqueue(dbos: DBOSClient, pool: pg.Pool, facts: readonly PeerFact[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    for (const { id, key, body } of facts)
      for (const target of ["one", "two"] as const)
        await dbos.enqueueInTransaction(
          client,
          { queueName: target, workflowName: target, workflowID: `${id}/${target}`, queuePartitionKey: key },
          body,
        );
    await client.query("commit");
  } finally {
    client.release();
  }
}
