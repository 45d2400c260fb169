import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Applied } from "./applied.ts";
import { ONE_IN, peerFacts } from "./peer-facts.ts";
import { chosenPeers } from "./peer-modules.ts";

const run = promisify(execFile);
const TEST_MS = 110_000;

test("facts hold one duplicate in a hundred, and no order holds two facts in a row of half as many as there are orders", () => {
  const facts = peerFacts(0, 1_000, 1_000);
  expect(facts).toHaveLength(1_000 + 1_000 / ONE_IN);
  expect(new Set(facts.map(({ id }) => id)).size).toBe(1_000);
  const row = new Map(
    peerFacts(0, 5_000, 1_000)
      .slice(2_000, 2_500)
      .map((fact) => [fact.id, fact.key]),
  );
  expect(new Set(row.values()).size).toBeGreaterThan(row.size - 1_000 / ONE_IN);
});

test("facts that miss, come twice or overtake one of their key are counted", () => {
  const facts = peerFacts(0, 4, 2);
  const [first, second, third, fourth] = facts.map(({ id }) => id) as [string, string, string, string];
  const applied = new Applied();
  for (const id of [first, second, third, fourth]) applied.apply("one", id);
  for (const id of [third, first, second, second]) applied.apply("two", id);
  expect(applied.judge(facts)).toEqual({ delivered: 8, missing: 1, repeated: 1, outOfOrder: 1 });
});

test("a peer that does not exist is refused by name", () => {
  expect(chosenPeers("pgBoss, dbos")).toEqual(["pgBoss", "dbos"]);
  expect(() => chosenPeers("pgBoss,rabbit")).toThrow(/no peer rabbit.*lineshaft/);
});

test(
  "the hub does the job on both ledgers, in order and once",
  async () => {
    const main = fileURLToPath(new URL("../main.ts", import.meta.url));
    const options = ["peers", "--peers", "lineshaft,lineshaftSqlite", "--messages", "300", "--rounds", "1"];
    const node = ["--conditions=lineshaft:source", main, ...options];
    const { stdout } = await run(process.execPath, node, { timeout: TEST_MS });
    expect(stdout).toMatch(/fsync on, synchronous_commit on/);
    for (const name of ["lineshaft", "lineshaftSqlite"]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} +[\\d,]+$`, "m"));
      expect(stdout).toMatch(
        new RegExp(`^ {2}${name}: .*750 applications, 0 missing, 0 repeated, 0 out of order`, "m"),
      );
    }
  },
  TEST_MS,
);
