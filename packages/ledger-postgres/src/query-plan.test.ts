import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "pg";
import { FakeClock } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { DISPATCH_SETTINGS } from "./connections.ts";
import { openPostgresLedger } from "./index.ts";
import { statements } from "./statements.ts";

/** A million messages in thirteen months, each with a delivery; every tenth one is open, in the newest month all are. */
const MESSAGES = 1_000_000;
const MONTHS = 13;
const DAY_MS = 86_400_000;

const sql = statements("lineshaft");
let server: PostgresServer;
let client: Client;
/** The newest partition's first day, since 2020-01-01. */
let newestDay: number;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off", max_wal_size: "4GB", shared_buffers: "256MB" } });
  const url = await server.newDatabase();
  const serverClock = new FakeClock(Date.UTC(2025, 0, 10));
  const ledger = await openPostgresLedger({ url, serverClock });
  await ledger.registerRoutes([{ flow: "f", system: "s", operation: "o" }]);
  for (let month = 0; month < MONTHS; month++) {
    await ledger.claimLanes({ worker: "w", leaseMs: 1_000 });
    await serverClock.advance(30 * DAY_MS);
  }
  await ledger.close();
  client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ day: number }>(
    "select first_day as day from lineshaft.partition where name <> 'below' order by first_day",
  );
  const first = rows[0]?.day ?? 0;
  newestDay = first + 30 * (MONTHS - 1);
  await client.query(`
    set synchronous_commit = off;
    insert into lineshaft.message (id, event_time, received_time, link, source, source_id, contract, object, key, digest, received)
    select ((${first} + i % ${MONTHS} * 30)::bigint << 27) + i, i, i, 1, 'mes', 'f-' || i, 'note.v1', 'MO-' || i % 50000,
      'MO-' || i % 50000, '', '{}'
    from generate_series(1, ${MESSAGES}) i
    order by 1;
    insert into lineshaft.delivery (id, since, system, route, lane, state, open, key)
    select id * 4096 + 1, 0, 1, 1, ((id & 134217727) * 7919 / 64 % 64)::smallint, 'pending', id % 10 = 0 or id >> 27 >= ${newestDay}, key
    from lineshaft.message order by id;
    insert into lineshaft.attempt (id, delivery, started_at, ended_at, link, kind, outcome)
    select id / 4096, id, 1, 2, 1, 'send', 'done' from lineshaft.delivery where not open and id % 7 = 0;
    insert into lineshaft.latest (contract, object, source, version, units, message)
    select 'note.v1', object, 'mes', '1', '', min(id) from lineshaft.message group by object;
  `);
  await client.query("analyze");
}, 120_000);
afterAll(async () => {
  await client.end();
  await server[Symbol.asyncDispose]();
});

interface Node {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Actual Loops": number;
  "Shared Hit Blocks": number;
  "Shared Read Blocks": number;
  Plans?: Node[];
}

interface Done {
  nodes: Node[];
  blocks: number;
  rows: number;
}

/** What the server did, node by node. */
async function done(text: string, values: unknown[]): Promise<Done> {
  return told(await client.query(`explain (analyze, buffers, format json) ${text}`, values));
}

/** The same with the plan that serves all values: the server may come to it after some uses of a prepared statement. */
async function doneAsPlannedOnce(text: string, values: unknown[]): Promise<Done> {
  await client.query(`set plan_cache_mode = force_generic_plan; prepare once as ${text}`);
  const literal = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const written = values.map((value) => {
    if (value === null) return "null";
    return client.escapeLiteral(Array.isArray(value) ? `{${value.map(literal).join(",")}}` : literal(value));
  });
  try {
    return told(await client.query(`explain (analyze, buffers, format json) execute once (${written.join(", ")})`));
  } finally {
    await client.query("deallocate once; reset plan_cache_mode");
  }
}

function told({ rows }: { rows: { "QUERY PLAN": [{ Plan: Node & { "Actual Rows": number } }] }[] }): Done {
  const root = rows[0]?.["QUERY PLAN"][0].Plan;
  if (root === undefined) throw new Error("no plan");
  const all = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(all)];
  return {
    nodes: all(root).filter((node) => node["Actual Loops"] > 0),
    blocks: root["Shared Hit Blocks"] + root["Shared Read Blocks"],
    rows: root["Actual Rows"],
  };
}

/** Relations that were read; of an empty partition hardly a block is. */
const read = (nodes: Node[]) =>
  nodes.filter((n) => n["Shared Hit Blocks"] + n["Shared Read Blocks"] > 10).flatMap((n) => n["Relation Name"] ?? []);
const scanned = (nodes: Node[]) => read(nodes.filter((n) => n["Node Type"] === "Seq Scan"));
const everyLane = Array.from({ length: 64 }, (_, lane) => lane);

const plans = [
  ["planned for its values", done],
  ["planned once for all", doneAsPlannedOnce],
] as const;

describe.each(plans)("open deliveries of a million come in order by their index, %s", (_plan, done) => {
  test.each([
    ["all lanes", everyLane, 1_000, 2_500],
    ["half of the lanes", everyLane.slice(32), 1_000, 2_500],
    ["eight lanes", everyLane.slice(8, 16), 1_000, 2_500],
    ["one lane", [17], 500, 2_500],
  ] as const)("of %s", async (_what, lanes, limit, mostBlocks) => {
    const { nodes, blocks, rows } = await done(sql.openDeliveries, [1, 0, lanes, limit]);
    expect(scanned(nodes)).toEqual([]);
    expect(nodes.map((n) => n["Node Type"])).not.toContain("Sort");
    expect(rows).toBe(limit);
    // A page of 1,000 rows reads about a block a row, and passes over other lanes within the index.
    expect(blocks).toBeLessThan(mostBlocks);
  });

  test("after a place in the newest month, without a look at older ones", async () => {
    const after = BigInt(newestDay) << 39n;
    const { nodes, rows } = await done(sql.openDeliveries, [1, String(after), everyLane, 1_000]);
    expect(rows).toBe(1_000);
    expect([...new Set(read(nodes))]).toEqual([`delivery_p0${newestDay}`]);
  });
});

const aDelivery = () =>
  client.query<{ id: number }>("select id from lineshaft.delivery where open order by id desc limit 500");

const inRange = (ids: number[]) => [ids, Math.min(...ids), Math.max(...ids)];

describe.each(plans)("every statement of the hot path finds its rows by an index, %s", (_plan, done) => {
  test.each([
    ["openOfKey", () => ["MO-7", 0, 0, 1, 100], 2_000],
    ["latestPayloads", () => ["note.v1", ["MO-7", "MO-8"], ["mes", "erp"]], 200],
    ["payloads", async () => inRange((await aDelivery()).rows.map((r) => Math.floor(r.id / 4096))), 3_000],
    ["edits", async () => [(await aDelivery()).rows.map((r) => r.id)], 3_000],
    ["identity", () => ["p", "B", "s"], 20],
    ["objectOf", () => ["p", "s", "7"], 20],
    ["loadCursor", () => ["poll"], 20],
  ] as const)("%s", async (name, values, mostBlocks) => {
    const { nodes, blocks } = await done(sql[name], [...(await values())]);
    expect(scanned(nodes)).toEqual([]);
    expect(blocks).toBeLessThan(mostBlocks);
  });

  test.each([null, 1])("inHand looks at open deliveries only, of system %s", async (system) => {
    const { nodes } = await done(sql.inHand, [everyLane, system]);
    // In the newest month, all are open.
    expect(scanned(nodes)).toEqual([`delivery_p0${newestDay}`]);
  });
});

test("what is planned on an empty ledger, and once for all, looks for its rows by indexes too", async () => {
  const url = await server.newDatabase();
  await (await openPostgresLedger({ url })).close();
  const fresh = new Client({ connectionString: url, options: DISPATCH_SETTINGS.map((s) => `-c ${s}`).join(" ") });
  await fresh.connect();
  const hot = { openDeliveries: 4, openOfKey: 5, inHand: 2, payloads: 3, edits: 1, latestPayloads: 3 } as const;
  const found: [string, string[]][] = [];
  for (const [name, values] of Object.entries(hot)) {
    await fresh.query(`prepare ${name} as ${sql[name as keyof typeof hot]}`);
    const nulls = Array.from({ length: values }, () => "null").join(",");
    found.push([name, nodesOf((await fresh.query(`explain (format json) execute ${name} (${nulls})`)).rows)]);
  }
  await fresh.end();
  const others = found.map(([name, nodes]) => [name, nodes.filter((node) => !BY_INDEX.has(node))]);
  expect(Object.fromEntries(others)).toEqual({
    openDeliveries: [],
    // The deliveries of a message, and an object's sources, are few.
    openOfKey: ["Incremental Sort"],
    inHand: [],
    payloads: [],
    edits: [],
    latestPayloads: ["Function Scan", "Sort"],
  });
});

const BY_INDEX = new Set(["Index Scan", "Index Only Scan", "Nested Loop", "Append", "Merge Append", "Limit", "Result"]);

function nodesOf(rows: { "QUERY PLAN": [{ Plan: Node }] }[]): string[] {
  const all = (node: Node): string[] => [node["Node Type"], ...(node.Plans ?? []).flatMap(all)];
  return rows.flatMap((row) => all(row["QUERY PLAN"][0].Plan));
}

describe("what is asked now and then finds its rows by an index", () => {
  test.each([
    ["attempts", async () => [(await aDelivery()).rows[0]?.id], 50],
    ["newest", () => [null], 20],
    ["totals", () => [], 20],
  ] as const)("%s", async (name, values, mostBlocks) => {
    const { nodes, blocks } = await done(sql[name], [...(await values())]);
    expect(scanned(nodes)).toEqual([]);
    expect(blocks).toBeLessThan(mostBlocks);
  });
});

describe("commits", () => {
  test("commit_v2: accepting, beginning, finishing and repeating touch no more than their rows", async () => {
    const lane = (await client.query<{ fence: string }>("select fence from lineshaft.lane where lane = 0")).rows[0];
    const ids = (await aDelivery()).rows.map((r) => r.id);
    const message = (n: number) => ({
      n,
      source: "mes",
      source_id: `new-${n}`,
      seen_id: `new-${n}`,
      contract: "note.v1",
      object: "MO-1",
      key: "MO-1",
      event_time: 1,
      received_time: 1,
      start: 1,
      bytes: 2,
      lane: 0,
      routes: [1],
      tail: "]",
    });
    const messages = JSON.stringify(Array.from({ length: 500 }, (_, i) => message(i + 1)));
    const steps = ids.map((d) => ({ d, l: 0, f: lane?.fence, a: 1 }));
    const finishes = ids.map((delivery, i) => ({
      n: i + 1,
      delivery,
      lane: 0,
      fence: lane?.fence,
      was: "sending",
      becomes: "done",
      at: 1,
      kind: "send",
      started_at: 1,
      ended_at: 1,
      outcome: "done",
      tail: "]",
    }));
    const none = { messages: null, begins: null, finishes: null };
    const groups = [
      { ...none, messages },
      { ...none, messages },
      { ...none, begins: JSON.stringify(steps) },
      { ...none, finishes: JSON.stringify(finishes) },
    ];
    for (const [token, group] of groups.entries()) {
      const values = [
        "plan-test",
        token + 1,
        1,
        Date.UTC(2026, 1, 1),
        group.messages,
        null,
        Buffer.from("{}"),
        Buffer.alloc(32 * 500),
        null,
        group.begins,
        group.finishes,
        null,
        null,
      ];
      await client.query("begin");
      const { blocks } = await done(sql.commit, values);
      await client.query("commit");
      // A scan of a table or of a whole index is ten thousand blocks and more.
      expect(blocks / 500).toBeLessThan(60);
    }
    const { rows } = await client.query("select count(*)::int as n from lineshaft.delivery where state = 'done'");
    expect(rows).toEqual([{ n: 500 }]);
  });
});
