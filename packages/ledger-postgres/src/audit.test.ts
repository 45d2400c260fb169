import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Ledger, deliveryId, laneOf } from "@lineshaft/core";
import { FakeClock, aMessage, eventually } from "@lineshaft/testing";
import { Client } from "pg";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { openPostgresLedger, retainPostgres } from "./index.ts";

const DAY_MS = 86_400_000;

let server: PostgresServer;
let url: string;
let clock: FakeClock;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.newDatabase();
  clock = new FakeClock();
});

const open = () => openPostgresLedger({ url, serverClock: clock });

/** Facts of one moment: the first one's delivery done, the others as `state` says. */
async function fill(ledger: Ledger, name: string, state: "done" | "pending" = "done"): Promise<number[]> {
  const [route] = await ledger.registerRoutes([{ flow: "f", system: "s", operation: "o" }]);
  const deliveries = [{ route: route?.id ?? 0, supersede: true }];
  const at = clock.now();
  const aFact = (n: number) =>
    aMessage({ sourceId: `${name}-${n}`, receivedTime: at, deliveries, received: `{"n":"${name} ${n}"}` });
  const { messages } = await ledger.commit({ at, messages: [aFact(1), aFact(2), aFact(1)] });
  const ids = messages.slice(0, 2).map((m) => deliveryId(m.message, route?.id ?? 0));
  const lease = await ledger.claimLanes({ worker: "w", leaseMs: 1_000 });
  const lane = laneOf("MO-7");
  const fence = lease.lanes.find((l) => l.lane === lane)?.fence ?? -1;
  const attempt = { kind: "send" as const, startedAt: at, endedAt: at, outcome: "done" as const };
  const done = state === "done" ? ids : ids.slice(0, 1);
  for (const delivery of done)
    await ledger.commit({ at, settlements: [{ delivery, lane, fence, from: "pending", to: "done", at, attempt }] });
  return ids;
}

const publish = (ledger: Ledger) =>
  ledger.actOnCursor({
    kind: "publish",
    who: "ana",
    why: "line 3 is built",
    at: clock.now(),
    cursor: { name: "gateways:configuration:hamburg", value: "1", after: "" },
    detail: { gateway: "hamburg", version: 1 },
  });

const tamperings: [string, string, string][] = [
  [
    "a payload's digest",
    "update lineshaft.message set digest = sha256('') where source_id = 'a-2'",
    "A row of commit 1",
  ],
  [
    "a payload",
    `update lineshaft.message set received = '{"n":"other"}' where source_id = 'a-2'`,
    "The payload of message",
  ],
  ["a message's key", "update lineshaft.message set key = 'MO-9' where source_id = 'a-2'", "A row of commit 1"],
  [
    "a message taken out",
    "delete from lineshaft.message where source_id = 'a-2'",
    "Commit 1 sealed 3 rows, and 2 are there",
  ],
  ["a link taken out", "delete from lineshaft.link where id = 1", "Link 1 of the audit chain is missing"],
  ["a link changed", "update lineshaft.link set at = at + 1 where id = 2", "A row of commit 2"],
  [
    "the newest link taken out",
    "delete from lineshaft.attempt where link = 3; delete from lineshaft.link where id = 3",
    "should end at 3",
  ],
  ["an attempt changed", "update lineshaft.attempt set outcome = 'found'", "A row of commit 2"],
  [
    "a row put in between",
    "insert into lineshaft.audit values (1, 1, null, null, 9, 'me', 'x', 'y', null)",
    "A row of audit belongs to no commit",
  ],
  ["a repetition taken out", "delete from lineshaft.duplicate", "Commit 1 sealed 3 rows"],
  [
    "a delivery that says done without proof",
    "update lineshaft.delivery set state = 'done', id = id + 1",
    "is done, but no sealed row says so",
  ],
  [
    "rows taken out under cover of a retention that nobody sealed",
    "delete from lineshaft.message where source_id = 'a-2'; insert into lineshaft.audit values (1, 1, null, null, 9, 'me', 'retain', 'y', '{\"link\": 3, \"rows\": 1}')",
    "A row of audit belongs to no commit",
  ],
];

test.each(tamperings)("audit verify notices %s", async (_what, sql, problem) => {
  await using ledger = await open();
  await fill(ledger, "a");
  expect(await ledger.verifyAudit()).toMatchObject({ ok: true, commits: 3, rows: 5 });
  await server.sql(sql, url);
  const report = await ledger.verifyAudit();
  expect(report.problem).toContain(problem);
  expect(report.ok).toBe(false);
});

test("a publication is refused when a source saves the same place meanwhile, which takes no turn", async () => {
  await using ledger = await open();
  const source = new Client({ connectionString: url });
  await source.connect();
  try {
    await source.query("begin");
    await source.query("select lineshaft.save_cursor_v1('gateways:configuration:hamburg', '7')");
    const outcome = Promise.allSettled([publish(ledger)]);
    await eventually("it waits for the source", async () => {
      const [waiting] = await server.sql("select count(*)::integer as n from pg_locks where not granted", url);
      return Number(waiting?.["n"]) > 0;
    });
    await source.query("commit");
    expect(await outcome).toMatchObject([{ status: "rejected", reason: { code: "wrong-state" } }]);
    expect(await ledger.loadCursor("gateways:configuration:hamburg")).toBe("7");
    expect(await ledger.audit({ after: 0, limit: 10 })).toEqual([]);
  } finally {
    await source.end();
  }
});

test.each([
  ["who published it changed", "update lineshaft.audit set who = 'ben'", "A row of commit 1"],
  ["what was published changed", "update lineshaft.audit set detail = '{}'", "A row of commit 1"],
  ["a publication made to be about a delivery", "update lineshaft.audit set delivery = 1", "A row of commit 1"],
  ["a publication taken out", "delete from lineshaft.audit", "Commit 1 sealed 1 rows, and 0 are there"],
])("audit verify notices %s", async (_what, sql, problem) => {
  await using ledger = await open();
  await publish(ledger);
  expect(await ledger.verifyAudit()).toMatchObject({ ok: true, commits: 1, rows: 1 });
  await server.sql(sql, url);
  expect((await ledger.verifyAudit()).problem).toContain(problem);
});

describe("retention", () => {
  const retain = (over: Partial<Parameters<typeof retainPostgres>[0]> = {}) =>
    retainPostgres({ url, keepDays: 90, who: "ana", why: "policy 7", serverClock: clock, ...over });
  const partitions = async () =>
    (await server.sql("select relname from pg_class where relname ~ '^delivery_p\\d+$' order by 1", url)).map(
      (r) => r["relname"],
    );

  test("takes whole partitions that are old and finished, and the audit chain still verifies", async () => {
    await using ledger = await open();
    await fill(ledger, "old");
    await publish(ledger);
    await clock.advance(200 * DAY_MS);
    await fill(ledger, "new");
    const { dropped, kept } = await retain();
    expect(kept).toEqual([]);
    expect(dropped.map((d) => d.rows).reduce((a, b) => a + b)).toBe(5);
    expect((await ledger.messages({ limit: 10 })).map((m) => m.sourceId)).toEqual(["new-1", "new-2"]);
    expect(await ledger.counts({ open: false })).toMatchObject([{ state: "done", count: 2 }]);
    const report = await ledger.verifyAudit();
    expect(report).toMatchObject({ ok: true, rows: 7 });
    const [published, retained] = await ledger.audit({ after: 0, limit: 10 });
    // What people did stays, whatever its age.
    expect([published?.act, published?.why]).toEqual(["publish", "line 3 is built"]);
    expect(retained).toMatchObject({
      act: "retain",
      who: "ana",
      why: "policy 7",
    });
    // Again there is nothing to take, and nothing to seal.
    expect(await retain()).toMatchObject({ dropped: [], kept: [] });
    expect((await ledger.verifyAudit()).head).toBe(report.head);
  });

  test("keeps a partition with an open delivery, and says so", async () => {
    await using ledger = await open();
    const [, pending] = await fill(ledger, "old", "pending");
    await clock.advance(200 * DAY_MS);
    const { kept } = await retain();
    expect(kept).toMatchObject([{ open: 1 }]);
    expect((await ledger.deliveries({ ids: [pending ?? 0], limit: 1 }))[0]?.state).toBe("pending");
  });

  test("does not hide rows that somebody else took away", async () => {
    await using ledger = await open();
    await fill(ledger, "old");
    await server.sql("delete from lineshaft.message where source_id = 'old-2'", url);
    await clock.advance(200 * DAY_MS);
    await retain();
    expect((await ledger.verifyAudit()).problem).toBe("Retention took 4 sealed rows away, and 5 are missing.");
  });

  test("leaves known what was received, for as long as it is told to", async () => {
    await using ledger = await open();
    await fill(ledger, "old");
    await clock.advance(200 * DAY_MS);
    await retain();
    const again = { at: clock.now(), messages: [aMessage({ sourceId: "old-1", received: `{"n":"old 1"}` })] };
    expect((await ledger.commit(again)).messages).toMatchObject([{ kind: "duplicate", differs: false }]);
    await clock.advance(300 * DAY_MS);
    expect(await retain({ keepSeenDays: 400 })).toMatchObject({ seen: 2 });
    expect((await ledger.commit(again)).messages).toMatchObject([{ kind: "accepted" }]);
    expect((await ledger.verifyAudit()).problem).toBeUndefined();
  });

  test("keeps what is the newest of its object", async () => {
    await using ledger = await open();
    const level = { contract: "level.v1", version: "1", received: '{"level":1}' };
    const latest = async () => (await ledger.latest({ contract: "level.v1", objects: ["MO-7"] })).get("MO-7");
    await ledger.commit({ at: clock.now(), messages: [aMessage({ ...level, sourceId: "v1" })] });
    await clock.advance(200 * DAY_MS);
    expect((await retain()).dropped).not.toEqual([]);
    expect(await ledger.messages({ limit: 1 })).toEqual([]);
    expect(await latest()).toBe('{"level":1}');
    await ledger.commit({
      at: clock.now(),
      messages: [aMessage({ ...level, sourceId: "v2", version: "2", received: '{"level":2}' })],
    });
    expect(await latest()).toBe('{"level":2}');
  });

  test("takes old refusals, a batch at a time", async () => {
    await using ledger = await open();
    const refusal = { source: "mes", contract: "x", received: Buffer.from("x"), receivedBytes: 1, findings: [] };
    await ledger.commit({ at: 1, refusals: [{ ...refusal, receivedTime: clock.now() }] });
    await clock.advance(200 * DAY_MS);
    await ledger.commit({ at: 1, refusals: [{ ...refusal, receivedTime: clock.now() }] });
    expect(await retain()).toMatchObject({ refusals: 1 });
    expect((await ledger.refusals({ after: 0, limit: 10 })).map((r) => r.id)).toEqual([2]);
    expect((await ledger.verifyAudit()).problem).toBeUndefined();
  });

  test("is refused with a span that makes no sense", async () => {
    await expect(retain({ keepDays: 0 })).rejects.toMatchObject({ code: "usage" });
    await expect(retain({ keepDays: 30, keepSeenDays: 10 })).rejects.toMatchObject({ code: "usage" });
  });

  test("partitions are made ahead of their time while hubs run, and facts of a time without one are stored too", async () => {
    await using ledger = await open();
    await ledger.claimLanes({ worker: "w", leaseMs: 1_000 });
    const before = await partitions();
    await clock.advance(45 * DAY_MS);
    await ledger.renewLanes({ worker: "w", leaseMs: 1_000 });
    expect((await partitions()).length).toBeGreaterThan(before.length);
    // Nobody renewed for a year.
    await clock.advance(400 * DAY_MS);
    await fill(ledger, "late");
    expect(await server.sql("select count(*)::int as n from lineshaft.message_other", url)).toEqual([{ n: 2 }]);
    expect((await ledger.verifyAudit()).problem).toBeUndefined();
    await ledger.renewLanes({ worker: "w", leaseMs: 1_000 });
    await clock.advance(45 * DAY_MS);
    await fill(ledger, "later");
    expect((await ledger.messages({ limit: 10 })).map((m) => m.sourceId)).toEqual([
      "late-1",
      "late-2",
      "later-1",
      "later-2",
    ]);
  });

  test("ids never go back, though the server's clock does", async () => {
    await using ledger = await open();
    const [first] = await fill(ledger, "a");
    await clock.advance(-40 * DAY_MS);
    const [second] = await fill(ledger, "b");
    expect(second).toBeGreaterThan(first ?? 0);
    expect((await ledger.verifyAudit()).problem).toBeUndefined();
  });
});
