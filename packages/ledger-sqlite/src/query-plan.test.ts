import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSqliteLedger } from "./index.ts";
import { hot } from "./statements.ts";

let folder: string;
let db: DatabaseSync;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lineshaft-plan-"));
  const path = join(folder, "ledger.db");
  await (await openSqliteLedger({ path })).close();
  db = new DatabaseSync(path, { readOnly: true });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

function plan(sql: string): string[] {
  // A numbered one may stand in several places.
  const places: string[] = sql.match(/\?\d*/g) ?? [];
  const count = places.includes("?") ? places.length : new Set(places).size;
  const parameters = Array.from({ length: count }, () => null);
  return db
    .prepare(`explain query plan ${sql}`)
    .all(...parameters)
    .map((row) => String(row["detail"]));
}

test.each([
  [
    "openDeliveries",
    ["SEARCH d USING INDEX delivery_open (system=? AND id>?)", "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)"],
  ],
  [
    "openOfKey",
    [
      "SEARCH m USING COVERING INDEX message_key (key=? AND rowid>?)",
      "SEARCH d USING INDEX delivery_open (system=? AND id>? AND id<?)",
    ],
  ],
  ["beginAll", ["SCAN b VIRTUAL TABLE INDEX 1:", "SEARCH delivery USING INTEGER PRIMARY KEY (rowid=?)"]],
  ["finishAll", ["SCAN f VIRTUAL TABLE INDEX 1:", "SEARCH delivery USING INTEGER PRIMARY KEY (rowid=?)"]],
  ["step", ["SEARCH delivery USING INTEGER PRIMARY KEY (rowid=?)"]],
  [
    "payloads",
    [
      "SCAN wanted VIRTUAL TABLE INDEX 1:",
      "SEARCH d USING INTEGER PRIMARY KEY (rowid=?)",
      "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)",
    ],
  ],
  ["messageOfSource", ["SEARCH message USING INDEX message_source (source=? AND source_id=?)"]],
  ["latestVersion", ["SEARCH latest USING PRIMARY KEY (contract=? AND object=? AND source=?)"]],
  ["lastLink", ["SCAN link"]],
  ["newestMessage", ["SEARCH message"]],
] as const)("%s finds its rows by an index", (name, expected) => {
  expect(plan(hot[name])).toEqual(expected);
});

test.each(Object.entries(hot))("%s sorts nothing in memory", (_name, sql) => {
  // The newest of the few sources of one object is no sort worth an index.
  const allowed = sql === hot.latestPayload ? 1 : 0;
  expect(plan(sql).filter((line) => line.includes("TEMP B-TREE")).length).toBeLessThanOrEqual(allowed);
});
