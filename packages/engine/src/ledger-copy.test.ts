import { join } from "node:path";
import type { LedgerContent } from "@lineshaft/core";
import { copyIntoPostgres, openPostgresLedger, planRetention, retainPostgres } from "@lineshaft/ledger-postgres";
import { backupSqliteLedger, openSqliteLedger, readSqliteLedger, restoreSqliteLedger } from "@lineshaft/ledger-sqlite";
import { FakeClock, MemorySystem, describeLedger, eventually, fillLedger, level, note } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { drop, flow, resend } from "./index.ts";
import { HubBed } from "./testing/hub-bed.ts";
import { WorkersBed } from "./testing/workers-bed.ts";

let server: PostgresServer;
let url: string;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.newDatabase();
});

interface Applied {
  id?: string;
  version?: string;
}

const by = { who: "ana", why: "moved" };

function aPlant() {
  const s4 = new MemorySystem<Applied>("s4", { repeat: "lookup", settleMs: 1_000 });
  const odoo = new MemorySystem<Applied>("odoo");
  const definition = {
    systems: [s4.definition, odoo.definition],
    flows: [
      flow("notes", note, { owner: "production control" })
        .to(s4.operation, ({ id }) => ({ id }))
        .to(odoo.operation, ({ id }) => ({ id })),
      flow("levels", level).to(odoo.operation, ({ version }) => ({ version })),
    ],
  };
  return { s4, odoo, definition };
}

const ODD = "odd \0 \ud800 \u001a";

/** A day of a hub on the embedded ledger, ended by a crash with a request under way. */
async function aDay(bed: HubBed, { s4, odoo }: ReturnType<typeof aPlant>): Promise<void> {
  await bed.start();
  const report = (version: string) =>
    bed.intake.record({
      contract: "level.v1",
      raw: JSON.stringify({ id: `l-${version}`, object: "tank-1", version, level: 5 }),
    });
  s4.before = ({ value }) =>
    ["refused", "to drop", "to edit"].includes(String(value.id))
      ? { kind: "rejected", reason: "unknown", message: `No such order. ${ODD}`, next: "Correct it." }
      : undefined;
  for (const id of ["done", "refused", "to drop", "to edit", ODD]) await bed.record({ id, key: `MO ${id}` });
  await report("5");
  await bed.until("done", "parked");
  await bed.record({ id: "done", key: "MO done" });
  await bed.record({ id: "done", key: "MO done", text: "other" });
  await bed.record({ id: "wrong", key: "MO wrong", n: -1 }).catch(() => undefined);
  await report("4");
  const parked = await bed.ledger.deliveries({ states: ["parked"], limit: 10 });
  const [, toDrop, toEdit] = parked.map((d) => d.id);
  const at = bed.clock.now();
  await drop(bed.ledger, { ...by, delivery: toDrop ?? 0, at });
  const edit = { ...by, delivery: toEdit ?? 0, at };
  await bed.ledger.act({ ...edit, kind: "edit", canonical: JSON.stringify({ id: "edited" }), difference: [ODD] });
  odoo.down = true;
  await report("6");
  await report("7");
  for (const n of [1, 2, 3]) await bed.record({ id: `waits ${n}`, key: "MO waits" });
  await bed.until("done", "parked", "pending", "dropped", "superseded", "suppressed");
  await bed.ledger.learnIdentities([
    { kind: "product", object: "B-1", system: "odoo", external: "4711", learnedAt: 1, origin: ODD },
  ]);
  await bed.ledger.saveCursor("odoo/orders", ODD);
  // It is applied there, and the hub dies before it is told.
  let answered = false;
  s4.after = () => {
    answered = true;
    return { kind: "uncertain", message: "The process is gone." };
  };
  let release: () => void = () => undefined;
  s4.hold = () => new Promise((resolve) => (release = resolve));
  await bed.record({ id: "on the wire", key: "MO wire" });
  await eventually("it is on the wire", () => s4.calls.at(-1)?.[0]?.key === "MO wire");
  await bed.crash();
  release();
  await eventually("it was applied", () => answered);
  s4.hold = () => undefined;
  s4.after = () => undefined;
}

async function copy(bed: HubBed, over: Partial<Parameters<typeof copyIntoPostgres>[0]> = {}) {
  await using content = await readSqliteLedger({ path: bed.path, clock: bed.clock });
  return { content, report: await copyIntoPostgres({ content, url, ...by, clock: bed.clock, ...over }) };
}

test("a hub goes on with its ledger on PostgreSQL as if nothing had happened", async () => {
  const plant = aPlant();
  const { s4, odoo } = plant;
  await using bed = new HubBed(plant.definition);
  await aDay(bed, plant);
  const { content, report } = await copy(bed);
  await using old = await openSqliteLedger({ path: bed.path, readOnly: true });
  await using view = await openPostgresLedger({ url, readOnly: true });
  const [was, is] = [await describeLedger(old), await describeLedger(view)];
  expect(new Set((was["deliveries"] as { state: string }[]).map((d) => d.state))).toEqual(
    new Set(["done", "parked", "dropped", "superseded", "suppressed", "pending", "sending"]),
  );
  const { audit, ...rest } = is;
  expect(rest).toEqual({ ...was, audit: undefined });
  const [entry] = (audit as { act: string; detail: string }[]).splice(-1);
  expect(audit).toEqual(was["audit"]);
  expect(JSON.parse(entry?.detail ?? "")).toMatchObject({ head: content.head, commits: content.commits });
  expect((await view.verifyAudit()).problem).toBeUndefined();
  expect(report).toMatchObject({ id: old.id, sourceHead: content.head });

  const effects = odoo.effects.length;
  odoo.down = false;
  await using workers = new WorkersBed(url, plant.definition);
  await workers.clock.advance(bed.clock.now() - workers.clock.now());
  const worker = await workers.start("a");
  await workers.until("nothing is open but what a person has to look at", async () => {
    const open = await view.counts({ open: true });
    return open.every(({ state }) => state === "parked");
  });
  // Each once, those of one key in their order, only the newest of the versions, and nothing of what had been sent.
  const since = odoo.effects.slice(effects).map(({ value }) => value.id ?? value.version);
  expect(since).toHaveLength(5);
  expect(new Set(since)).toEqual(new Set(["7", "on the wire", "waits 1", "waits 2", "waits 3"]));
  expect(odoo.effects.filter((e) => e.key === "MO waits").map((e) => e.value.id)).toEqual([
    "waits 1",
    "waits 2",
    "waits 3",
  ]);
  for (const system of [s4, odoo]) expect(system.effects.every((e) => system.count(e.token) === 1)).toBe(true);
  expect(s4.lookups).toContain(s4.effects.find((e) => e.value.id === "on the wire")?.token);
  expect((await worker.record({ id: "done", key: "MO done" })).kind).toBe("duplicate");
  const late = await worker.record({ id: "new", key: "MO new" });
  expect(late.kind).toBe("accepted");
  const parked = await view.deliveries({ states: ["parked"], limit: 10 });
  s4.before = () => undefined;
  for (const { id } of parked) await resend(worker.hub.ledger, { ...by, delivery: id, at: workers.clock.now() });
  await workers.until("what was parked is applied", async () => (await view.counts({ open: true })).length === 0);
  expect(s4.effects.filter((e) => e.value.id === "refused")).toHaveLength(1);
  const [newest] = await view.messages({ newestFirst: true, limit: 1 });
  expect(newest?.sourceId).toBe("new");
  expect((await view.verifyAudit()).problem).toBeUndefined();
});

test("every kind of row is the same on both sides", async () => {
  await using bed = new HubBed({ systems: [], flows: [] });
  {
    await using ledger = await openSqliteLedger({ path: bed.path, clock: bed.clock });
    await fillLedger(ledger);
  }
  await copy(bed);
  await using old = await openSqliteLedger({ path: bed.path, readOnly: true });
  await using view = await openPostgresLedger({ url });
  const { audit: _, ...was } = await describeLedger(old);
  expect(await describeLedger(view)).toMatchObject(was);
  const fences = (await server.sql("select min(fence)::integer as fence from lineshaft.lane", url))[0]?.["fence"];
  expect(fences).toBeGreaterThan(1);
  expect((await view.claimLanes({ worker: "w", leaseMs: 1_000 })).lanes).toHaveLength(64);
});

test("retention counts what was copied as of the day of the copy, however small its numbers are", async () => {
  await using bed = new HubBed(aPlant().definition);
  await bed.start();
  for (const id of ["a", "b"]) await bed.record({ id, key: "MO-1" });
  await bed.until("done");
  await bed.stop();
  await copy(bed);
  const days = (after: number) => ({
    url,
    keepDays: 40,
    keepSeenDays: 60,
    serverClock: new FakeClock(Date.now() + after * 86_400_000),
  });
  const nothing = { dropped: [], kept: [], seen: 0 };
  expect(await planRetention(days(39))).toMatchObject(nothing);
  expect(await retainPostgres({ ...days(39), ...by })).toMatchObject(nothing);
  expect(await planRetention(days(42))).toMatchObject({ dropped: [{ partition: "below", rows: 6 }], seen: 0 });
  expect(await retainPostgres({ ...days(42), ...by })).toMatchObject({ dropped: [{ rows: 6 }], seen: 0 });
  expect(await planRetention(days(63))).toMatchObject({ seen: 2 });
  expect(await retainPostgres({ ...days(63), ...by })).toMatchObject({ seen: 2 });
  await using view = await openPostgresLedger({ url });
  expect((await view.verifyAudit()).problem).toBeUndefined();
});

test("attempts of messages that were accepted after a restore are found in the copy", async () => {
  const plant = aPlant();
  await using bed = new HubBed(plant.definition);
  await bed.start();
  await bed.record({ id: "before", key: "MO-1" });
  await bed.until("done");
  await bed.stop();
  const backup = join(bed.folder, "backup.db");
  await backupSqliteLedger({ path: bed.path, to: backup });
  await restoreSqliteLedger({ ...by, from: backup, path: bed.path, replace: true, clock: bed.clock });
  await bed.start();
  await bed.record({ id: "after", key: "MO-1" });
  await bed.record({ id: "after", key: "MO-1", text: "again" });
  await bed.until("done");
  await bed.stop();
  await copy(bed);
  await using old = await openSqliteLedger({ path: bed.path, readOnly: true });
  await using view = await openPostgresLedger({ url });
  const { audit: _, ...was } = await describeLedger(old);
  expect(await describeLedger(view)).toMatchObject(was);
  expect((await view.verifyAudit()).problem).toBeUndefined();
});

test("a copy is refused while a hub works on the source, and into a ledger that holds something", async () => {
  await using bed = new HubBed(aPlant().definition);
  await bed.start();
  await bed.record({ id: "a", key: "MO-1" });
  await expect(copy(bed)).rejects.toMatchObject({ code: "ledger-busy" });
  await bed.stop();
  {
    await using taken = await openPostgresLedger({ url });
    await taken.claimLanes({ worker: "w1", leaseMs: 60_000 });
    await expect(copy(bed)).rejects.toMatchObject({ code: "ledger-busy" });
    await taken.releaseLanes({ worker: "w1" });
    await taken.saveCursor("poll", "1");
  }
  await expect(copy(bed)).rejects.toMatchObject({ code: "wrong-state" });
});

test("a copy that is broken off leaves nothing, and the next one is whole", async () => {
  await using bed = new HubBed(aPlant().definition);
  await bed.start();
  for (const id of ["a", "b", "c"]) await bed.record({ id, key: "MO-1" });
  await bed.until("done");
  await bed.stop();
  {
    await using content = await readSqliteLedger({ path: bed.path });
    const broken: LedgerContent = Object.assign(Object.create(content) as LedgerContent, {
      id: content.id,
      read: (table: "delivery") => {
        if (table === ("delivery" as string)) throw new Error("the disk of the old ledger died");
        return content.read(table);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
    await expect(copyIntoPostgres({ content: broken, url, ...by })).rejects.toMatchObject({
      said: "the disk of the old ledger died",
    });
  }
  expect(await server.sql("select count(*)::integer as n from lineshaft.message", url)).toEqual([{ n: 0 }]);
  const { report } = await copy(bed);
  expect(report.rows).toMatchObject({ message: 3, delivery: 6 });
});

test("a source whose audit chain is broken is not copied", async () => {
  await using bed = new HubBed(aPlant().definition);
  await bed.start();
  await bed.record({ id: "a", key: "MO-1" });
  await bed.record({ id: "b", key: "MO-1" });
  await bed.until("done");
  await bed.stop();
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(bed.path);
  db.exec("update message set key = 'MO-2' where id = 1");
  db.close();
  await expect(copy(bed)).rejects.toMatchObject({ code: "audit-broken" });
});

test("the file is set aside with its content, so that no hub goes on with it", async () => {
  await using bed = new HubBed(aPlant().definition);
  await bed.start();
  await bed.record({ id: "a", key: "MO-1" });
  await bed.until("done");
  await bed.stop();
  let movedTo: string | undefined;
  {
    await using content = await readSqliteLedger({ path: bed.path, clock: bed.clock });
    movedTo = content.setAside();
  }
  await expect(openSqliteLedger({ path: bed.path, readOnly: true })).rejects.toMatchObject({ code: "not-found" });
  await using moved = await openSqliteLedger({ path: movedTo ?? "", readOnly: true });
  expect((await moved.totals()).messages).toBe(1);
});
