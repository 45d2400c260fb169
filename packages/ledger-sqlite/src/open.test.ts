import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deliveryId, laneOf } from "@lineshaft/core";
import { aMessage } from "@lineshaft/testing";
import { verifyAll, verifyHead } from "./audit-chain.ts";
import { openSqliteLedger } from "./index.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lineshaft-open-"));
  path = join(folder, "deep", "ledger.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function filled(messages = 3): Promise<void> {
  await using ledger = await openSqliteLedger({ path });
  const [route] = await ledger.registerRoutes([{ flow: "f", system: "s", operation: "o" }]);
  for (let i = 0; i < messages; i++)
    await ledger.commit({
      at: 1,
      messages: [aMessage({ sourceId: `f-${i}`, deliveries: [{ route: route?.id ?? 0, supersede: true }] })],
    });
}

/** Changes a row behind the ledger's back. */
function tamper(sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

test("a ledger of a newer version is refused in a sentence and not touched", async () => {
  await filled();
  tamper("pragma user_version = 99");
  const before = readFileSync(path);
  await expect(openSqliteLedger({ path })).rejects.toMatchObject({
    code: "ledger-newer",
    message: expect.stringContaining("version 99") as string,
  });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a file that is no ledger is refused and not touched", async () => {
  await filled();
  writeFileSync(path, "quarterly figures\n".repeat(100));
  await expect(openSqliteLedger({ path })).rejects.toMatchObject({ code: "ledger-damaged" });
  expect(readFileSync(path, "utf8").startsWith("quarterly")).toBe(true);
});

test("a database of another program is refused and not touched", async () => {
  await filled();
  rmSync(path);
  tamper("create table customers (id integer)");
  const before = readFileSync(path);
  await expect(openSqliteLedger({ path })).rejects.toMatchObject({ code: "ledger-damaged" });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a file cut short is refused", async () => {
  await filled(50);
  truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096);
  await expect(openSqliteLedger({ path })).rejects.toMatchObject({ code: "ledger-damaged" });
});

test("a page overwritten in the middle is refused", async () => {
  await filled(50);
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 8 * 4096, 20 * 4096);
  writeFileSync(path, bytes);
  await expect(openSqliteLedger({ path })).rejects.toMatchObject({ code: "ledger-damaged" });
});

test("looking at a ledger that is not there does not make one", async () => {
  await expect(openSqliteLedger({ path, readOnly: true })).rejects.toMatchObject({ code: "not-found" });
  expect(() => statSync(path)).toThrow("ENOENT");
});

test("two hubs never work on one ledger, and the second is told so", async () => {
  await using first = await openSqliteLedger({ path });
  await using second = await openSqliteLedger({ path });
  await first.claimLanes({ worker: "a", leaseMs: 1_000 });
  await expect(second.claimLanes({ worker: "b", leaseMs: 1_000 })).rejects.toMatchObject({
    code: "ledger-busy",
  });
  await first.releaseLanes({ worker: "a" });
  expect((await second.claimLanes({ worker: "b", leaseMs: 1_000 })).lanes).toHaveLength(64);
});

test("a full disk is told, nothing of the commit is kept, and it goes on when there is room", async () => {
  await filled();
  const pages = Math.ceil(statSync(path).size / 4096);
  const tight = await openSqliteLedger({ path, maxBytes: (pages + 8) * 4096 });
  const big = (i: number) => aMessage({ sourceId: `big-${i}`, received: JSON.stringify({ text: "x".repeat(20_000) }) });
  let stored = 0;
  const fill = async () => {
    for (; stored < 100; stored++) await tight.commit({ at: 1, messages: [big(stored)] });
  };
  await expect(fill()).rejects.toMatchObject({ code: "ledger-full" });
  expect((await tight.totals()).messages).toBe(3 + stored);
  expect((await tight.verifyAudit()).problem).toBeUndefined();
  await tight.close();
  await using roomy = await openSqliteLedger({ path });
  expect((await roomy.commit({ at: 1, messages: [big(stored)] })).messages[0]?.kind).toBe("accepted");
});

test.each([
  ["a payload's digest", "update message set digest = zeroblob(32) where id = 2", "A row of commit 2"],
  ["a message's key", "update message set key = 'MO-9' where id = 1", "A row of commit 1"],
  ["a message taken out", "delete from message where id = 2", "Commit 2 sealed 1 rows, and 0 are there"],
  ["a link taken out", "delete from link where id = 1", "Link 1 of the audit chain is missing"],
  [
    "a delivery that says done without proof",
    "update delivery set state = 'done'",
    "is done, but no sealed row says so",
  ],
])("audit verify notices %s", async (_what, sql, problem) => {
  await filled();
  tamper(sql);
  await using ledger = await openSqliteLedger({ path });
  const report = await ledger.verifyAudit();
  expect(report.ok).toBe(false);
  expect(report.problem).toContain(problem);
});

test("a change to the newest commit is noticed at the start already", async () => {
  await filled();
  tamper("update message set key = 'MO-9' where id = 3");
  await expect(openSqliteLedger({ path })).rejects.toMatchObject({ code: "ledger-damaged" });
});

test("a ledger is not taken for damaged because a hub writes while it is looked at", async () => {
  await filled();
  await using hub = await openSqliteLedger({ path });
  // The newest commit has an attempt only, so that reading messages is over when the next commit brings one.
  const { lanes } = await hub.claimLanes({ worker: "a", leaseMs: 1_000 });
  const lane = laneOf("MO-7");
  const ours = { delivery: deliveryId(1, 1), lane, fence: lanes.find((l) => l.lane === lane)?.fence ?? 0, at: 2 };
  const attempt = { kind: "send" as const, startedAt: 1, endedAt: 2, outcome: "done" as const };
  await hub.commit({ at: 2, settlements: [{ ...ours, from: "pending", to: "done", attempt }] });
  const db = new DatabaseSync(path, { readOnly: true });
  let commits = 0;
  const looking = {
    get isTransaction() {
      return db.isTransaction;
    },
    exec: (sql: string) => db.exec(sql),
    prepare(sql: string) {
      // It is on disk before the statement is read.
      if (sql.includes("from attempt"))
        void hub.commit({ at: 2, messages: [aMessage({ sourceId: `later-${commits++}` })] });
      return db.prepare(sql);
    },
  } as unknown as DatabaseSync;
  expect(verifyHead(looking)).toBeUndefined();
  expect(verifyAll(looking).problem).toBeUndefined();
  expect(commits).toBeGreaterThan(1);
  db.close();
});
