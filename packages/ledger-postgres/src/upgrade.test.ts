import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type CommitGroup, type Ledger, type Route, deliveryId, laneOf } from "@lineshaft/core";
import { FakeClock, aMessage, describeLedger, fillLedger } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Connections } from "./connections.ts";
import { migratePostgres, openPostgresLedger } from "./index.ts";
import { PostgresLedger } from "./ledger.ts";
import { quoted, statements } from "./statements.ts";
import { dumpLedger } from "./testing/golden.ts";

let server: PostgresServer;
let url: string;
let folder: string;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.newDatabase();
  folder = mkdtempSync(join(tmpdir(), "lineshaft-migrations-"));
  cpSync(new URL("../migrations", import.meta.url), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const by = { who: "ana", why: "test" };

/** Releases whose ledgers have to be read for ever. UPDATE_GOLDEN=1 writes that of the release in the making. */
const RELEASES = ["0.1.0"];
const golden = (release: string, kind: "sql" | "json") => new URL(`../golden/${release}.${kind}`, import.meta.url);

test.runIf(process.env["UPDATE_GOLDEN"])("the ledger of this release is kept for the next one", async () => {
  const serverClock = new FakeClock(1_800_000_000_000);
  {
    await using ledger = await openPostgresLedger({ url, serverClock });
    await fillLedger(ledger);
    const described = JSON.stringify(await describeLedger(ledger), null, 2);
    writeFileSync(golden(RELEASES.at(-1) ?? "", "json"), `${described}\n`);
  }
  writeFileSync(golden(RELEASES.at(-1) ?? "", "sql"), await dumpLedger(server, url));
});

test.each(RELEASES)("a ledger of release %s is upgraded, reads as it did, verifies, and goes on", async (release) => {
  await server.sql(readFileSync(golden(release, "sql"), "utf8"), url);
  const { from, to } = await migratePostgres({ url });
  expect(from).toBeLessThanOrEqual(to);
  await using ledger = await openPostgresLedger({ url, migrate: "never" });
  const described = JSON.parse(readFileSync(golden(release, "json"), "utf8")) as Record<string, unknown>;
  expect(await describeLedger(ledger)).toMatchObject(described);
  expect((await ledger.verifyAudit()).problem).toBeUndefined();
  const known = await ledger.commit({ at: 2_000, messages: [aMessage({ sourceId: "done" })] });
  expect(known.messages[0]).toMatchObject({ kind: "duplicate", differs: true });
  const { messages } = await ledger.commit({ at: 2_000, messages: [aMessage({ sourceId: "after" })] });
  expect(messages[0]?.message).toBeGreaterThan(known.messages[0]?.message ?? Infinity);
  const acts = (await ledger.audit({ after: 0, limit: 100 })).length;
  const cursor = { name: "gateways:configuration:lyon", value: "1", after: "" };
  const published = await ledger.actOnCursor({ ...by, kind: "publish", at: 2_000, cursor, detail: {} });
  expect(published.id).toBe(acts + 1);
  expect((await ledger.verifyAudit()).problem).toBeUndefined();
});

/** Adds a migration of a release that does not exist yet, and goes there. */
function migrateTo(name: string, text: string) {
  writeFileSync(join(folder, name), text);
  return migratePostgres({ url, migrations: pathToFileURL(`${folder}/`) });
}

/** Of the schema as this code knows it; releases to come count on from there. */
const KNOWN = readdirSync(new URL("../migrations/", import.meta.url)).length;
const nth = (number: number, name: string) => `${String(number).padStart(4, "0")}-${name}.sql`;

const EXPAND = `-- oldest code: ${KNOWN}
alter table head add column ready boolean not null default true;
alter table message add column priority integer;
alter table delivery add column priority integer;
alter table attempt add column cost integer;
alter table latest add column priority integer;
alter table worker add column code integer;
create function commit_v3(
  p_session text, p_token bigint, p_at bigint, p_clock bigint, p_messages json, p_versions json, p_payloads bytea,
  p_digests bytea, p_refusals json, p_begins json, p_settlements json, p_lanes text, p_cursors json
) returns json
language plpgsql security definer
set search_path from current
as $$
declare
  result constant json := commit_v2(p_session, p_token, p_at, p_clock, p_messages, p_versions, p_payloads, p_digests,
    p_refusals, p_begins, p_settlements, p_lanes, p_cursors);
begin
  update delivery d set priority = 1
  where d.id / 4096 = any (array(
    select (result ->> 'base')::bigint + n from generate_series(1, json_array_length(p_messages)) n));
  return result;
end $$;
`;

/** A worker of the next release, as far as the ledger sees it: it commits by the function that is new there. */
async function openNextRelease(): Promise<Ledger> {
  const connections = new Connections(
    { url, schema: "lineshaft", sessions: true, readOnly: false, statementMs: 30_000 },
    4,
  );
  const rows = await connections.read("select name, value from lineshaft.setting");
  const setting = (name: string) => rows.find((row) => row["name"] === name)?.["value"] as string;
  const sql = statements(quoted("lineshaft"));
  return new PostgresLedger(connections, {
    id: setting("id"),
    channel: setting("channel"),
    sql: { ...sql, commit: sql.commit.replace("commit_v2", "commit_v3") } as unknown as typeof sql,
    limits: { commitMs: 15_000, commitWaitMs: 60_000 },
    serverClock: undefined,
  });
}

/** Takes in facts and works off what is open of them, as fast as it can, until it is told to stop. */
class Load {
  readonly #ledger: Ledger;
  readonly #name: string;
  readonly #working: Promise<void>;
  #stopped = false;
  facts = 0;
  delivered = 0;
  slowestMs = 0;

  constructor(ledger: Ledger, name: string, route: Route) {
    this.#ledger = ledger;
    this.#name = name;
    this.#working = this.#work(route);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  async more(facts: number): Promise<void> {
    const goal = this.facts + facts;
    while (this.facts < goal && !this.#stopped)
      await Promise.race([this.#working, new Promise((resolve) => setImmediate(resolve))]);
  }

  async #work(route: Route): Promise<void> {
    while (!this.#stopped) {
      const lease = await this.#ledger.renewLanes({ worker: this.#name, leaseMs: 10_000 });
      const keys = Array.from({ length: 10 }, (_, i) => `${this.#name}-${this.facts + i}`);
      const { messages } = await this.#commit({
        messages: keys.map((key) =>
          aMessage({
            sourceId: key,
            key,
            object: key,
            version: "1",
            deliveries: [{ route: route.id, supersede: true }],
          }),
        ),
      });
      this.facts += messages.length;
      const claims = new Map(lease.lanes.map((claim) => [claim.lane, claim]));
      const open = await this.#ledger.openDeliveries({
        system: "odoo",
        lanes: [...claims.keys()],
        after: 0,
        limit: 50,
      });
      for (const [from, to] of [
        ["pending", "sending"],
        ["sending", "done"],
      ] as const)
        await this.#commit({
          settlements: open.map(({ id, key }) => ({
            delivery: id,
            ...(claims.get(laneOf(key)) ?? { lane: 0, fence: -1 }),
            from,
            to,
            at: 1,
            ...(to === "done" && { attempt: { kind: "send", startedAt: 1, endedAt: 1, outcome: "done" } as const }),
          })),
        });
      await this.#ledger.attempts(
        open[0]?.id ?? deliveryId(messages[0]?.kind === "accepted" ? messages[0].message : 0, 1),
      );
      this.delivered += open.length;
    }
  }

  async #commit(group: Omit<CommitGroup, "at">) {
    const began = performance.now();
    const result = await this.#ledger.commit({ at: 1, ...group });
    this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
    return result;
  }
}

test("a worker goes on without an error while the next release's schema comes, and beside its workers", async () => {
  await using old = await openPostgresLedger({ url });
  const [route] = (await old.registerRoutes([{ flow: "notes", system: "odoo", operation: "apply" }])) as [Route];
  await old.claimLanes({ worker: "old", leaseMs: 10_000 });
  const before = new Load(old, "old", route);
  await before.more(200);
  const migrated = await migrateTo(nth(KNOWN + 1, "priority"), EXPAND);
  expect(migrated).toEqual({ from: KNOWN, to: KNOWN + 1 });
  await using next = await openNextRelease();
  await next.claimLanes({ worker: "next", leaseMs: 10_000 });
  const after = new Load(next, "next", route);
  await Promise.all([before.more(200), after.more(200)]);
  // In the middle of the roll a worker of the old release may start again.
  await using again = await openPostgresLedger({ url, migrate: "never" });
  expect((await again.commit({ at: 1, messages: [aMessage({ sourceId: "again" })] })).messages[0]?.kind).toBe(
    "accepted",
  );
  await before.stop();
  await after.stop();
  expect(await old.totals()).toMatchObject({ messages: before.facts + after.facts + 1, duplicates: 0 });
  const done = (await old.counts({ open: false })).find((c) => c.state === "done")?.count;
  expect(done).toBe(before.delivered + after.delivered);
  expect(
    await server.sql("select priority, count(*)::integer from lineshaft.delivery group by 1 order by 1", url),
  ).toEqual([
    { priority: 1, count: after.facts },
    { priority: null, count: before.facts },
  ]);
  expect((await again.verifyAudit()).problem).toBeUndefined();
});

test("a step waits for a long reader without making commits wait behind it", async () => {
  await using old = await openPostgresLedger({ url });
  const [route] = (await old.registerRoutes([{ flow: "notes", system: "odoo", operation: "apply" }])) as [Route];
  await old.claimLanes({ worker: "old", leaseMs: 10_000 });
  const load = new Load(old, "old", route);
  const reading = server.sql("begin; select count(*) from lineshaft.delivery; select pg_sleep(9); commit", url);
  await load.more(50);
  await migrateTo(nth(KNOWN + 1, "priority"), EXPAND);
  await load.more(50);
  await load.stop();
  await reading;
  // It stands back after two seconds each time.
  expect(load.slowestMs).toBeLessThan(7_000);
});

test("after the step that ends the old ways, an old worker does not start any more", async () => {
  await migratePostgres({ url });
  await migrateTo(nth(KNOWN + 1, "priority"), EXPAND);
  await (await openPostgresLedger({ url, readOnly: true })).close();
  await migrateTo(nth(KNOWN + 2, "no-commit-v1"), `-- oldest code: ${KNOWN + 1}\nselect 1;`);
  await migrateTo(nth(KNOWN + 3, "more"), `-- oldest code: ${KNOWN}\nselect 1;`);
  await expect(openPostgresLedger({ url })).rejects.toMatchObject({ code: "ledger-newer" });
});

test("a step that says nothing of older code keeps it out, and the older code never migrates", async () => {
  await migratePostgres({ url });
  await migrateTo(nth(KNOWN + 1, "silent"), "select 1;");
  await expect(openPostgresLedger({ url })).rejects.toMatchObject({ code: "ledger-newer" });
  await server.sql(`update lineshaft.migration set oldest_code = ${KNOWN} where number = ${KNOWN + 1}`, url);
  await (await openPostgresLedger({ url })).close();
  await expect(migratePostgres({ url })).rejects.toMatchObject({ code: "ledger-newer" });
});

test("every migration after the first release says what it asks of older code", () => {
  const since = readdirSync(folder).filter((name) => name > "0007");
  const silent = since.filter((name) => !readFileSync(join(folder, name), "utf8").startsWith("-- oldest code: "));
  expect(silent).toEqual([]);
});
