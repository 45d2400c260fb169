import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FakeClock, aMessage, describeLedger, fillLedger } from "@lineshaft/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrateSqliteLedger, openSqliteLedger } from "./index.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lineshaft-golden-"));
  path = join(folder, "ledger.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Releases whose ledgers have to be read for ever. UPDATE_GOLDEN=1 writes that of the release in the making. */
const RELEASES = ["0.1.0"];
const golden = (release: string, kind: "sql" | "json") => new URL(`../golden/${release}.${kind}`, import.meta.url);

test.runIf(process.env["UPDATE_GOLDEN"])("the ledger of this release is kept for the next one", async () => {
  const release = RELEASES.at(-1) ?? "";
  {
    await using ledger = await openSqliteLedger({ path, clock: new FakeClock() });
    await fillLedger(ledger);
    writeFileSync(golden(release, "json"), `${JSON.stringify(await describeLedger(ledger), null, 2)}\n`);
  }
  writeFileSync(golden(release, "sql"), dump());
});

test.each(RELEASES)("a ledger of release %s is upgraded, reads as it did, verifies, and goes on", async (release) => {
  const db = new DatabaseSync(path);
  db.exec(readFileSync(golden(release, "sql"), "utf8"));
  db.close();
  const { from, to } = await migrateSqliteLedger({ path });
  expect(from).toBeGreaterThan(0);
  expect(to).toBeGreaterThanOrEqual(from);
  await using ledger = await openSqliteLedger({ path });
  const described = JSON.parse(readFileSync(golden(release, "json"), "utf8")) as Record<string, unknown>;
  expect(await describeLedger(ledger)).toMatchObject(described);
  expect((await ledger.verifyAudit()).problem).toBeUndefined();
  const group = { at: 2_000, messages: [aMessage({ sourceId: "done" }), aMessage({ sourceId: "after" })] };
  expect((await ledger.commit(group)).messages.map((m) => m.kind)).toEqual(["duplicate", "accepted"]);
  const acts = (await ledger.audit({ after: 0, limit: 100 })).length;
  const cursor = { name: "gateways:configuration:lyon", value: "1", after: "" };
  const publish = { kind: "publish" as const, who: "ana", why: "test", at: 2_000, cursor, detail: {} };
  expect((await ledger.actOnCursor(publish)).id).toBe(acts + 1);
  expect((await ledger.verifyAudit()).problem).toBeUndefined();
});

test("a ledger that is not there yet is made, and one of today stays as it is", async () => {
  const made = await migrateSqliteLedger({ path });
  expect(made.from).toBe(0);
  expect(await migrateSqliteLedger({ path })).toEqual({ from: made.to, to: made.to });
});

/** The file as SQL: what made its tables, and its rows with every value as SQLite itself would write it. */
function dump(): string {
  const db = new DatabaseSync(path, { readOnly: true });
  const value = (name: string) => String(Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0]);
  const lines = [
    "-- A ledger, as the release named by this file wrote it. Do not change it: the next release has to read it.",
    `pragma application_id = ${value("application_id")};`,
    `pragma user_version = ${value("user_version")};`,
  ];
  const all = db
    .prepare("select type, name, sql from sqlite_master where sql is not null order by type desc, rowid")
    .all();
  for (const { sql } of all) lines.push(`${String(sql)};`);
  for (const { name } of all.filter((row) => row["type"] === "table")) {
    const columns = db.prepare(`select name from pragma_table_info(?)`).all(String(name));
    const quoted = columns.map((column) => quotedColumn(`"${String(column["name"])}"`)).join(" || ', ' || ");
    for (const { row } of db.prepare(`select ${quoted} as row from "${String(name)}"`).all())
      lines.push(`insert into "${String(name)}" values (${String(row)});`);
  }
  db.close();
  lines.splice(3, 0, "begin;");
  return `${lines.join("\n")}\ncommit;\n`;
}

/** `quote` ends a text at U+0000. */
function quotedColumn(name: string): string {
  return `iif(typeof(${name}) = 'text' and instr(${name}, char(0)) > 0,
    'cast(x''' || hex(${name}) || ''' as text)', quote(${name}))`;
}
