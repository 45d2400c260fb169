import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ledger, messageOf } from "@lineshaft/core";
import { adoptPostgres, openPostgresLedger } from "@lineshaft/ledger-postgres";
import { type FakeClock, MemorySystem, aMessage, eventually, level, note } from "@lineshaft/testing";
import { archiving, recoverTo, serversFolder, takeBaseBackup } from "@lineshaft/testing/base-backup";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { afterEach, beforeEach, expect, test } from "vitest";
import { confirm, flow } from "./index.ts";
import { type TestWorker, WorkersBed } from "./testing/workers-bed.ts";

interface Applied {
  id?: string;
  version?: string;
}

const SETTLE_MS = 30_000;
const by = { who: "ana", why: "somebody dropped the schema" };

let folder: string;
let server: PostgresServer;
let url: string;

beforeEach(async () => {
  folder = serversFolder(mkdtempSync(join(tmpdir(), "lineshaft-recovery-")));
  server = await startPostgres({ settings: archiving(serversFolder(join(folder, "archive"))) });
  url = await server.newDatabase();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});

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

const report = (worker: TestWorker, version: string) =>
  worker.intake.record({
    contract: "level.v1",
    raw: JSON.stringify({ id: `l-${version}`, object: "tank-1", version, level: 5 }),
  });

/** Brings the server back as it was at the restore point, on other files and another port; the old one is gone. */
async function recover(restorePoint: string): Promise<{ recovered: PostgresServer; recoveredUrl: string }> {
  await server.sql("select pg_switch_wal()");
  await server.stop();
  const recovered = await recoverTo({ backup: join(folder, "base"), archive: join(folder, "archive"), restorePoint });
  const recoveredUrl = url.replace(`:${server.port}/`, `:${recovered.port}/`);
  await eventually("it is a primary", async () => {
    const [row] = await recovered.sql("select pg_is_in_recovery() as recovering", recoveredUrl);
    return row?.["recovering"] === false;
  });
  return { recovered, recoveredUrl };
}

const adopt = (recoveredUrl: string, serverClock: FakeClock) =>
  adoptPostgres({ url: recoveredUrl, ...by, settleMs: SETTLE_MS, serverClock });
const openCount = async (ledger: Ledger, state: string) =>
  (await ledger.counts({ open: true })).filter((c) => c.state === state).reduce((sum, c) => sum + c.count, 0);

test("a ledger recovered to a moment before an accident goes on, and sends nothing twice of what it did not know", async () => {
  const { s4, odoo, definition } = aPlant();
  await using bed = new WorkersBed(url, definition);
  const worker = await bed.start("a");
  const view = await bed.ledger();
  await worker.record({ id: "before", key: "MO-1" });
  await bed.until("it is applied", () => s4.effects.length + odoo.effects.length === 2);
  await takeBaseBackup(server, join(folder, "base"));

  s4.before = ({ value }) =>
    value.id === "refused"
      ? { kind: "rejected", reason: "unknown", message: "No such order.", next: "Correct it." }
      : undefined;
  await worker.record({ id: "refused", key: "MO-2" });
  await bed.until("it is parked", async () => (await openCount(view, "parked")) === 1);
  s4.down = odoo.down = true;
  await worker.record({ id: "open", key: "MO-3" });
  await report(worker, "1");
  await bed.until("they were tried, and that is stored", async () => {
    const pending = await view.deliveries({ states: ["pending", "sending"], limit: 10 });
    return pending.length === 3 && pending.every(({ state, attempts }) => state === "pending" && attempts > 0);
  });
  const { head } = await view.verifyAudit();
  await server.sql("select pg_create_restore_point('before the accident')");

  s4.down = odoo.down = false;
  await report(worker, "2");
  await worker.record({ id: "lost", key: "MO-4" });
  await bed.until(
    "all of it is applied",
    async () => (await openCount(view, "pending")) === 0 && odoo.effects.some((e) => e.value.id === "lost"),
  );
  const [parked] = await view.deliveries({ states: ["parked"], limit: 1 });
  await confirm(view, { ...by, delivery: parked?.id ?? 0, receipt: "by hand", at: bed.clock.now() });
  const newest = (await view.messages({ newestFirst: true, limit: 1 }))[0]?.id ?? Infinity;
  const sent = new Map([s4, odoo].map((system) => [system, system.effects.map((e) => e.token)]));
  await bed.kill(worker);
  await server.sql("drop schema lineshaft cascade", url);

  const { recovered, recoveredUrl } = await recover("before the accident");
  await using _ = recovered;
  await bed.clock.advance(60_000);
  const adopted = await adopt(recoveredUrl, bed.clock);
  expect(adopted).toMatchObject({ head, parked: 1, stillParked: 1 });
  expect(adopted.checking).toBeGreaterThan(0);
  await using workers = new WorkersBed(recoveredUrl, definition);
  await workers.clock.advance(bed.clock.now() - workers.clock.now());
  const again = await workers.start("a");
  const ledger = await workers.ledger();
  expect((await ledger.verifyAudit()).problem).toBeUndefined();
  expect((await ledger.messages({ source: "mes", limit: 100 })).map((m) => m.sourceId)).toEqual([
    "before",
    "refused",
    "open",
    "l-1",
  ]);
  const lookups = s4.lookups.length;
  await workers.pass(SETTLE_MS - 5_000);
  expect(s4.lookups).toHaveLength(lookups);
  await workers.until("what was open is settled", async () => (await openCount(ledger, "checking")) === 0);
  for (const [system, tokens] of sent) expect(system.effects.map((e) => e.token)).toEqual(tokens);
  expect(odoo.effects.filter((e) => e.value.version !== undefined).map((e) => e.value.version)).toEqual(["2"]);
  const waiting = await ledger.deliveries({ states: ["parked"], limit: 10 });
  expect(new Set(waiting.map((d) => d.parking?.reason))).toEqual(new Set(["restored", "unknown"]));
  expect(waiting.find((d) => d.parking?.reason === "unknown")?.parking?.next).toContain("Look first whether it stands");
  // What came after the moment is not known: it comes anew, under a number that was never given out.
  const late = await again.record({ id: "lost", key: "MO-4" });
  expect(late).toMatchObject({ kind: "accepted" });
  const [last] = await ledger.messages({ newestFirst: true, limit: 1 });
  expect(last?.id).toBeGreaterThan(newest + 1_000_000_000);
  await workers.until("the new one is applied", () => s4.effects.length === (sent.get(s4)?.length ?? 0) + 1);
  expect((await ledger.verifyAudit()).problem).toBeUndefined();
  expect((await ledger.audit({ after: 0, limit: 10 })).at(-1)).toMatchObject({
    act: "restore",
    who: "ana",
    why: by.why,
  });
  expect(await ledger.counts({ open: false })).toEqual(
    expect.arrayContaining([expect.objectContaining({ state: "done" })]),
  );
}, 120_000);

test("a ledger on which a hub works is not adopted, nor one that is not there", async () => {
  await expect(adoptPostgres({ url, ...by })).rejects.toMatchObject({ code: "not-found" });
  await using ledger = await openPostgresLedger({ url });
  await ledger.claimLanes({ worker: "w1", leaseMs: 60_000 });
  await expect(adoptPostgres({ url, ...by })).rejects.toMatchObject({ code: "ledger-busy" });
});

test("what a worker of the lost ledger still sends to the adopted one changes no delivery", async () => {
  await using ledger = await openPostgresLedger({ url });
  const [route] = await ledger.registerRoutes([{ flow: "notes", system: "odoo", operation: "apply" }]);
  const { lanes } = await ledger.claimLanes({ worker: "w1", leaseMs: 1 });
  const fact = aMessage({ deliveries: [{ route: route?.id ?? 0, supersede: false }] });
  const { messages } = await ledger.commit({ at: 1, messages: [fact] });
  await eventually("nobody is live", async () =>
    adoptPostgres({ url, ...by, settleMs: 0 }).then(
      () => true,
      () => false,
    ),
  );
  const accepted = messages[0];
  const delivery = accepted?.kind === "accepted" ? (accepted.deliveries[0]?.id ?? 0) : 0;
  expect((await ledger.deliveries({ ids: [delivery], limit: 1 }))[0]).toMatchObject({
    state: "checking",
    message: messageOf(delivery),
  });
  for (const { lane, fence } of lanes) {
    const settlement = { delivery, lane, fence, from: "checking", to: "done", at: 2 } as const;
    expect((await ledger.commit({ at: 2, settlements: [settlement] })).lost).toEqual([delivery]);
  }
  expect((await ledger.verifyAudit()).problem).toBeUndefined();
});
