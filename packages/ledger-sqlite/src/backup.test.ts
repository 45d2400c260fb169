import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { Ledger } from "@lineshaft/core";
import { aMessage } from "@lineshaft/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { backupSqliteLedger, openSqliteLedger, restoreSqliteLedger } from "./index.ts";

let folder: string;
let path: string;
let to: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lineshaft-backup-"));
  path = join(folder, "ledger.db");
  to = join(folder, "backups", "monday.db");
  mkdirSync(join(folder, "backups"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Messages of 20 kB, so that a copy takes several steps. */
async function fill(ledger: Ledger, messages: number, from = 0): Promise<void> {
  const [route] = await ledger.registerRoutes([{ flow: "f", system: "s", operation: "o" }]);
  const all = Array.from({ length: messages }, (_v, i) =>
    aMessage({
      sourceId: `f-${from + i}`,
      received: JSON.stringify({ text: "x".repeat(20_000) }),
      deliveries: [{ route: route?.id ?? 0, supersede: true }],
    }),
  );
  await ledger.commit({ at: 1, messages: all });
}

async function filled(messages: number): Promise<void> {
  await using ledger = await openSqliteLedger({ path });
  await fill(ledger, messages);
}

const act = { who: "ana", why: "the disk died" };

test("a backup beside a hub that writes without pause holds one moment of the ledger, and its chain verifies", async () => {
  await using ledger = await openSqliteLedger({ path });
  await fill(ledger, 1_000);
  let steps = 0;
  let written = 1_000;
  const copied = new AbortController();
  const writing = (async () => {
    while (!copied.signal.aborted) {
      await fill(ledger, 5, written);
      written += 5;
      // The copy is made in another thread.
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const report = await backupSqliteLedger({ path, to, progress: () => steps++ });
  copied.abort();
  await writing;
  expect(steps).toBeGreaterThan(3);
  expect(written).toBeGreaterThan(report.rows["message"] ?? 0);
  await using copy = await openSqliteLedger({ path: to, readOnly: true });
  const audit = await copy.verifyAudit();
  expect([audit.problem, audit.head]).toEqual([undefined, report.head]);
  const { messages, commits } = await copy.totals();
  expect([messages, commits]).toEqual([report.rows["message"], report.rows["link"]]);
  expect(messages).toBeGreaterThanOrEqual(1_000);
  expect((await copy.counts({ open: true }))[0]?.count).toBe(report.rows["delivery"]);
  expect((await ledger.verifyAudit()).problem).toBeUndefined();
});

test("a backup is one file that only its owner may read, and takes the place of none", async () => {
  await filled(3);
  await backupSqliteLedger({ path, to });
  expect(readdirSync(join(folder, "backups"))).toEqual(["monday.db"]);
  expect(statSync(to).mode & 0o777).toBe(0o600);
  const before = readFileSync(to);
  await expect(backupSqliteLedger({ path, to })).rejects.toMatchObject({ code: "wrong-state" });
  expect(readFileSync(to).equals(before)).toBe(true);
});

test("a crash in the middle of a backup leaves nothing under its name, and the next one works", async () => {
  await filled(1_000);
  const script = fileURLToPath(new URL("testing/backup-process.ts", import.meta.url));
  const ended = spawnSync(process.execPath, ["--conditions=lineshaft:source", script, path, to], { encoding: "utf8" });
  expect([ended.signal, existsSync(to)]).toEqual(["SIGKILL", false]);
  const left = readdirSync(join(folder, "backups"));
  expect(left).not.toEqual([]);
  expect(left.every((name) => name.startsWith(".monday.db."))).toBe(true);
  expect((await backupSqliteLedger({ path, to })).rows["message"]).toBe(1_000);
});

test("a full disk is told of the backup, and leaves nothing behind", async ({ skip }) => {
  await filled(200);
  const disk = join(folder, "small");
  mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
  if (mounted.status !== 0) return skip("it takes the right to mount a small disk");
  try {
    await expect(backupSqliteLedger({ path, to: join(disk, "monday.db") })).rejects.toMatchObject({
      code: "ledger-full",
      message: `Cannot write the backup ${join(disk, "monday.db")}: the disk is full.`,
    });
    expect(readdirSync(disk)).toEqual([]);
  } finally {
    spawnSync("umount", [disk]);
  }
});

test("a backup into a folder that is not there, or of a ledger that is not there, says so", async () => {
  await expect(backupSqliteLedger({ path, to })).rejects.toMatchObject({ code: "not-found" });
  await filled(1);
  const nowhere = join(folder, "nowhere", "b.db");
  await expect(backupSqliteLedger({ path, to: nowhere })).rejects.toMatchObject({ code: "ledger-io" });
});

test("a restore is refused while a hub works there, where a ledger is, and from a backup whose chain is broken", async () => {
  await filled(3);
  await backupSqliteLedger({ path, to });
  await expect(restoreSqliteLedger({ from: to, path, ...act })).rejects.toMatchObject({ code: "wrong-state" });
  {
    await using ledger = await openSqliteLedger({ path });
    await ledger.claimLanes({ worker: "a", leaseMs: 1_000 });
    await expect(restoreSqliteLedger({ from: to, path, replace: true, ...act })).rejects.toMatchObject({
      code: "ledger-busy",
    });
  }
  const db = new DatabaseSync(to);
  db.exec("update message set key = 'MO-9' where id = 1");
  db.close();
  // Broken in the newest commit, which is noticed when it is opened.
  const before = readFileSync(path);
  await expect(restoreSqliteLedger({ from: to, path, replace: true, ...act })).rejects.toMatchObject({
    code: "ledger-damaged",
  });
  writeFileSync(to, "no ledger");
  await expect(restoreSqliteLedger({ from: to, path, replace: true, ...act })).rejects.toMatchObject({
    code: "ledger-damaged",
  });
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(["backups", "ledger.db", "ledger.db.lock"]);
});

test("a backup changed in an old commit is found before anything is put in place", async () => {
  await filled(3);
  {
    await using ledger = await openSqliteLedger({ path });
    await fill(ledger, 1, 3);
  }
  await backupSqliteLedger({ path, to });
  const db = new DatabaseSync(to);
  db.exec("update message set key = 'MO-9' where id = 1");
  db.close();
  const elsewhere = join(folder, "new", "ledger.db");
  await expect(restoreSqliteLedger({ from: to, path: elsewhere, ...act })).rejects.toMatchObject({
    code: "audit-broken",
  });
  expect(readdirSync(join(folder, "new"))).toEqual(["ledger.db.lock"]);
});

test("a restore keeps the ledger it replaces with its log, counts anew, and stands in the audit trail", async () => {
  await filled(3);
  const published = { who: "ben", why: "line 3 is built", at: 2, kind: "publish" as const };
  const cursor = { name: "gateways:configuration:hamburg", value: "1", after: "" };
  {
    await using ledger = await openSqliteLedger({ path });
    await ledger.actOnCursor({ ...published, cursor, detail: {} });
  }
  await backupSqliteLedger({ path, to });
  {
    await using ledger = await openSqliteLedger({ path });
    await fill(ledger, 2, 3);
  }
  const report = await restoreSqliteLedger({ from: to, path, replace: true, ...act });
  expect(report).toMatchObject({ checking: 3, parked: 0, stillParked: 0 });
  await using restored = await openSqliteLedger({ path });
  expect((await restored.verifyAudit()).problem).toBeUndefined();
  expect(await restored.counts({ open: false })).toMatchObject([{ state: "checking", count: 3 }]);
  expect(await restored.audit({ after: 0, limit: 10 })).toMatchObject([
    { who: "ben", act: "publish", message: null, delivery: null },
    { ...act, act: "restore", delivery: null },
  ]);
  expect(await restored.loadCursor(cursor.name)).toBe("1");
  await using kept = await openSqliteLedger({ path: report.kept ?? "", readOnly: true });
  expect((await kept.totals()).messages).toBe(5);
});
