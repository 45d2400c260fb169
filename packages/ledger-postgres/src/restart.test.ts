import { afterEach, beforeEach, expect, test } from "vitest";
import { type Ledger, LineshaftError, type News, type Route } from "@lineshaft/core";
import { aMessage, eventually } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { type PostgresLedgerStats, openPostgresLedger } from "./index.ts";

let server: PostgresServer;
let url: string;
let ledger: Ledger & PostgresLedgerStats;
let route: Route;

beforeEach(async () => {
  server = await startPostgres();
  url = await server.newDatabase();
  ledger = await openPostgresLedger({ url });
  [route] = (await ledger.registerRoutes([{ flow: "notes", system: "odoo", operation: "apply" }])) as [Route];
});
afterEach(async () => {
  await ledger.close();
  await server[Symbol.asyncDispose]();
});

const group = (n: number) => ({
  at: 1,
  messages: Array.from({ length: 5 }, (_, i) =>
    aMessage({ sourceId: `f-${n}-${i}`, deliveries: [{ route: route.id, supersede: false }] }),
  ),
});

/** As the engine does: what could not be stored comes again. */
async function commitUntilStored(n: number): Promise<void> {
  for (;;) {
    try {
      await ledger.commit(group(n));
      return;
    } catch (error) {
      if (!(error instanceof LineshaftError) || error.code !== "ledger-io") throw error;
    }
  }
}

test.each(["kill", "stop"] as const)(
  "nothing is lost or stored twice when the server ends (%s) in between",
  async (how) => {
    let stored = 0;
    const writing = (async () => {
      for (let n = 0; n < 150; n++) {
        await commitUntilStored(n);
        stored++;
      }
    })();
    for (const at of [20, 60]) {
      await eventually(`${at} commits`, () => stored > at);
      await server[how]();
      await server.start();
    }
    await writing;
    expect((await ledger.messages({ limit: 1_000 })).map((m) => m.sourceId)).toHaveLength(750);
    expect(await ledger.totals()).toMatchObject({ messages: 750, duplicates: 0 });
    expect(await ledger.counts({ open: true })).toMatchObject([{ state: "pending", count: 750 }]);
    expect((await ledger.verifyAudit()).problem).toBeUndefined();
    expect(ledger.stats().reconnects).toBeGreaterThanOrEqual(1);
  },
);

test("who listens is told to look at everything when the server is back, and hears again", async () => {
  const heard: News[] = [];
  ledger.follow((news) => heard.push(news));
  await eventually("it listens", () => heard.length >= 3);
  heard.length = 0;
  await server.kill();
  await server.start();
  await eventually(
    "it is told",
    () => heard.length >= 3,
    () => heard,
  );
  expect(heard).toMatchObject([{ kind: "accepted" }, { kind: "acts" }, { kind: "workers" }]);
  await ledger.claimLanes({ worker: "w1", leaseMs: 60_000 });
  heard.length = 0;
  await using other = await openPostgresLedger({ url });
  await other.claimLanes({ worker: "w2", leaseMs: 60_000 });
  await eventually("it hears", () => heard.some((n) => n.kind === "workers"));
});

test("a standby is refused in a sentence, and written again once it was promoted", async () => {
  await ledger.commit(group(0));
  await server.stop();
  await server.start({ standby: true });
  await expect(openPostgresLedger({ url })).rejects.toMatchObject({
    code: "ledger-io",
    message: expect.stringContaining("standby") as string,
  });
  await expect(ledger.commit(group(1))).rejects.toMatchObject({
    code: "ledger-io",
    message: expect.stringContaining("cannot be written") as string,
  });
  // It reads, and a process that only looks may open it.
  expect((await ledger.totals()).messages).toBe(5);
  await using looking = await openPostgresLedger({ url, readOnly: true });
  expect((await looking.totals()).messages).toBe(5);
  await server.sql("select pg_promote()");
  expect((await ledger.commit(group(1))).messages[0]?.kind).toBe("accepted");
});

test("a commit that a rude neighbour's session ends is stored once", async () => {
  await ledger.commit(group(0));
  // Somebody holds the head of the ledger, so the next commit waits in the server, where its session is ended.
  const holding = server.sql("begin; select 1 from lineshaft.head for update; select pg_sleep(600)", url);
  const held = Promise.allSettled([holding]);
  const waiting = "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%commit_v2%'";
  await eventually(
    "the lock is held",
    async () => (await server.sql("select pid from pg_stat_activity where wait_event = 'PgSleep'")).length > 0,
  );
  const commit = ledger.commit(group(1));
  await eventually("the commit waits", async () => (await server.sql(waiting)).length > 0);
  await server.sql(`select pg_terminate_backend(pid) from (${waiting}) w`);
  await server.sql("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'");
  await held;
  expect((await commit).messages.map((m) => m.kind)).toEqual(Array.from({ length: 5 }, () => "accepted"));
  expect(await ledger.totals()).toMatchObject({ messages: 10, duplicates: 0 });
});
