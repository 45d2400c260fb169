import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CursorAct, LANES, type Ledger, deliveryId, laneOf } from "@lineshaft/core";
import { aMessage } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { migratePostgres, openPostgresLedger, retainPostgres } from "./index.ts";

let server: PostgresServer;
let ownerUrl: string;
let hub: Ledger;

/** A role that can log in, and the URL of the ledger for it. */
async function newRole(name: string): Promise<string> {
  const password = `${name}-${Math.random().toString(36).slice(2)}`;
  await server.sql(`drop role if exists ${name}; create role ${name} login password '${password}'`, ownerUrl);
  return ownerUrl.replace(/\/\/[^@]+@/, `//${name}:${password}@`);
}

let hubUrl: string;
let hamburgUrl: string;
let database = 0;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  ownerUrl = await server.newDatabase();
  database++;
  const [hubRole, hamburg] = [`hub_${database}`, `hamburg_${database}`];
  hubUrl = await newRole(hubRole);
  hamburgUrl = await newRole(hamburg);
  await migratePostgres({ url: ownerUrl, roles: { hub: hubRole, readers: [{ role: hamburg, plants: ["hamburg"] }] } });
  hub = await openPostgresLedger({ url: hubUrl });
});
afterEach(() => hub.close());

async function fill(): Promise<{ messages: number[]; deliveries: number[] }> {
  await hub.registerSystems([
    { name: "mes-hamburg", plant: "hamburg" },
    { name: "mes-lyon", plant: "lyon" },
    { name: "odoo-hamburg", plant: "hamburg" },
    { name: "s4", plant: null },
  ]);
  const routes = await hub.registerRoutes([
    { flow: "notes", system: "odoo-hamburg", operation: "apply" },
    { flow: "notes", system: "s4", operation: "post" },
  ]);
  const deliveries = routes.map((r) => ({ route: r.id, supersede: false }));
  const lease = await hub.claimLanes({ worker: "w1", leaseMs: 60_000 });
  const { messages } = await hub.commit({
    at: 1,
    messages: [
      aMessage({ source: "mes-hamburg", sourceId: "a", deliveries }),
      aMessage({ source: "mes-lyon", sourceId: "b", deliveries }),
      aMessage({ source: "mes-lyon", sourceId: "c", deliveries: deliveries.slice(1) }),
      aMessage({ source: "mes-lyon", sourceId: "c" }),
    ],
    refusals: ["mes-hamburg", "mes-lyon"].map((source) => ({
      source,
      contract: "note.v1",
      receivedTime: 1,
      received: Buffer.from("{"),
      receivedBytes: 1,
      findings: [],
    })),
  });
  const ids = messages.map((m) => m.message);
  const lane = laneOf("MO-7");
  const fence = lease.lanes.find((l) => l.lane === lane)?.fence ?? -1;
  const attempt = { kind: "send" as const, startedAt: 1, endedAt: 2, outcome: "done" as const };
  const all = [
    ...ids.slice(0, 2).flatMap((m) => routes.map((r) => deliveryId(m, r.id))),
    deliveryId(ids[2] ?? 0, routes[1]?.id ?? 0),
  ];
  const { lost } = await hub.commit({
    at: 2,
    settlements: all.map((delivery) => ({ delivery, lane, fence, from: "pending", to: "done", at: 2, attempt })),
  });
  expect(lost).toEqual([]);
  return { messages: ids, deliveries: all };
}

const publication: CursorAct = {
  kind: "publish",
  who: "ana",
  why: "line 3 is built",
  at: 3,
  cursor: { name: "gateways:configuration:hamburg", value: "1", after: "" },
  detail: { gateway: "hamburg", version: 1 },
};

test("a hub does all its work as a role that may change no table", async () => {
  const { deliveries } = await fill();
  await hub.act({ kind: "recheck", check: true, who: "ana", why: "test", at: 3, delivery: deliveries[0] ?? 0 });
  await hub.saveCursor("poll", "1");
  await hub.actOnCursor(publication);
  await hub.learnIdentities([{ kind: "p", object: "B", system: "s4", external: "7", learnedAt: 1, origin: "ana" }]);
  const identity = { kind: "p", object: "B", system: "s4", external: "8" };
  await hub.actOnIdentity({ who: "ana", why: "test", at: 3, identity, before: "7" });
  expect((await hub.inHand(Array.from({ length: LANES }, (_, lane) => lane))).map((d) => d.id)).toEqual([
    deliveries[0],
  ]);
  expect((await hub.renewLanes({ worker: "w1", leaseMs: 1_000 })).lanes).toHaveLength(LANES);
  expect(await hub.verifyAudit()).toMatchObject({ ok: true, rows: 14 });
  await hub.releaseLanes({ worker: "w1" });
});

describe("a hub's role", () => {
  test.each([
    ...["message", "link", "attempt", "audit", "delivery", "head", "lane", "seen"].flatMap((table) => [
      `delete from lineshaft.${table}`,
      `truncate lineshaft.${table}`,
    ]),
    "update lineshaft.audit set why = 'other'",
    "update lineshaft.link set hash = ''",
    "update lineshaft.message set key = 'other'",
    "update lineshaft.attempt set outcome = 'done'",
    "update lineshaft.delivery set state = 'done'",
    "insert into lineshaft.audit values (1, 1, null, null, 1, 'me', 'x', 'y', null)",
    "update lineshaft.lane set worker = null",
    "drop table lineshaft.message",
    "create table lineshaft.own (id integer)",
    "alter table lineshaft.message disable row level security",
    "select lineshaft.retain_v1(null, 0, 1, 'me', 'why')",
    "select lineshaft.forget_v1(null, 1, 1)",
    "select lineshaft.store_result('session', 9, null, 1)",
    "select lineshaft.save_head(h) from lineshaft.head h",
    "select lineshaft.add_partition('message', 'x', 'default')",
  ])("may not: %s", async (sql) => {
    await expect(server.sql(sql, hubUrl)).rejects.toThrow(/permission denied|must be owner/);
  });
});

test("retention as a hub's role is refused in a sentence", async () => {
  await expect(retainPostgres({ url: hubUrl, keepDays: 1, who: "me", why: "x" })).rejects.toMatchObject({
    code: "ledger-refused",
    message: expect.stringContaining("may not do this") as string,
  });
});

test("a reader sees what came from its plant or goes to it, and nothing else", async () => {
  const { messages, deliveries } = await fill();
  const column = async (sql: string) => (await server.sql(sql, hamburgUrl)).map((row) => Number(row["id"]));
  expect(await column("select id from lineshaft.message order by id")).toEqual([messages[0]]);
  const visible = [deliveries[0], deliveries[1], deliveries[2]];
  expect(await column("select id from lineshaft.delivery order by id")).toEqual(visible);
  expect(await column("select delivery as id from lineshaft.attempt order by delivery")).toEqual(visible);
  expect(await column("select id from lineshaft.refusal")).toEqual([1]);
  expect(await column("select id from lineshaft.duplicate")).toEqual([]);
  const names = await server.sql("select name from lineshaft.system order by name", hamburgUrl);
  expect(names.map((row) => row["name"])).toEqual(["mes-hamburg", "odoo-hamburg"]);
});

test("a reader sees acts on its plant's deliveries, and no publication: a gateway is of no plant", async () => {
  const { deliveries } = await fill();
  const by = { who: "ana", why: "test", at: 3, check: true };
  for (const delivery of deliveries) await hub.act({ ...by, kind: "recheck", delivery });
  await hub.actOnCursor(publication);
  const acts = await server.sql("select act, delivery from lineshaft.audit order by id", hamburgUrl);
  expect(acts.map((row) => [row["act"], Number(row["delivery"])])).toEqual(
    [deliveries[0], deliveries[1], deliveries[2]].map((id) => ["recheck", id]),
  );
  expect((await hub.audit({ after: 0, limit: 10 })).map((e) => e.act)).toEqual([
    ...deliveries.map(() => "recheck"),
    "publish",
  ]);
});

test.each([
  "select * from lineshaft.identity",
  "select * from lineshaft.latest",
  "select * from lineshaft.message_p02490",
  "select * from lineshaft.message_below",
  "select * from lineshaft.session",
  "update lineshaft.message set key = 'x'",
  "insert into lineshaft.reader values (current_user, 'lyon')",
  "select lineshaft.save_cursor_v1('a', 'b')",
  "select lineshaft.act_on_cursor_v1('s', 1, 1, null, 'a', 'b', '', 'me', 'publish', 'why', null, ']')",
])("a reader may not: %s", async (sql) => {
  await expect(server.sql(sql, hamburgUrl)).rejects.toThrow(/permission denied|does not exist/);
});

test("a reader cannot say to be of another plant", async () => {
  await fill();
  const all = await server.sql("set lineshaft.plant = 'lyon'; select * from lineshaft.message", hamburgUrl);
  expect(all.map((row) => row["source"])).toEqual(["mes-hamburg"]);
  await expect(server.sql(`set role postgres; select 1`, hamburgUrl)).rejects.toThrow("permission denied");
});

test("a role that is not named any more reads nothing, and one named anew reads its plants", async () => {
  await fill();
  const lyonUrl = await newRole(`lyon_${database}`);
  await migratePostgres({
    url: ownerUrl,
    roles: { readers: [{ role: `lyon_${database}`, plants: ["lyon", "hamburg"] }] },
  });
  await expect(server.sql("select * from lineshaft.message", hamburgUrl)).rejects.toThrow("permission denied");
  expect(await server.sql("select * from lineshaft.message", lyonUrl)).toHaveLength(3);
  // The hub's role keeps what it had.
  expect((await hub.totals()).messages).toBe(3);
});
