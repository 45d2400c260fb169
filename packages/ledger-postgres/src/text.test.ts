import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareVersions } from "@lineshaft/core";
import { aMessage } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { Client } from "pg";
import { versionUnits } from "./group.ts";
import { openPostgresLedger } from "./index.ts";
import { fromStored, toStored } from "./text.ts";

let server: PostgresServer;
let url: string;

beforeAll(async () => {
  server = await startPostgres();
  url = await server.newDatabase();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Text of what makes trouble: NUL, the sign of escaping and digits after it, halves of pairs, pairs. */
const trouble = fc
  .array(fc.constantFrom("\0", "\u001a", "\u001a0000", "\ud83d", "\ude00", "😀", "a", "0", "é", '"', "\\", "\n"))
  .map((parts) => parts.join(""));

test("every text comes back as it was, and two texts never become one", () => {
  fc.assert(
    fc.property(trouble, trouble, (a, b) => {
      const [x, y] = [toStored(a), toStored(b)];
      expect(fromStored(x)).toBe(a);
      expect(x === y).toBe(a === b);
      expect(x.isWellFormed() && !x.includes("\0")).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("halves of surrogate pairs stand in ids, keys and texts, and the audit chain verifies", async () => {
  await using ledger = await openPostgresLedger({ url });
  const odd = { sourceId: "\ud83d", key: "k\ude00", object: "\ud83d\0", origin: "\ud83dx" };
  const { messages } = await ledger.commit({
    at: 1,
    messages: [aMessage({ ...odd, received: "{}", canonical: '"\ud83d"' }), aMessage({ ...odd, sourceId: "\ude00" })],
  });
  expect(messages.map((m) => m.kind)).toEqual(["accepted", "accepted"]);
  expect(await ledger.message(messages[0]?.message ?? 0)).toMatchObject({ ...odd, canonical: '"\ud83d"' });
  expect(await ledger.messages({ object: odd.object, limit: 10 })).toHaveLength(2);
  expect(await ledger.messages({ search: "\ude00", limit: 10 })).toHaveLength(2);
  expect((await ledger.verifyAudit()).problem).toBeUndefined();
});

test("PostgreSQL compares versions as the hub does", async () => {
  const version = fc.oneof(
    fc.stringMatching(/^0{0,3}[0-9]{1,30}$/),
    fc.stringMatching(/^2026-0[1-9]-[0-3][0-9]T[0-2][0-9]:00Z?$/),
    fc.stringMatching(/^[0-9]{0,3}[a-zA-Z.\n _-]{0,3}$/),
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.constantFrom("", "0", "00", "7", "07", "\uffff", "😀", "\ue000", "\ud83d", "٣", "1\n", "9e9"),
    trouble,
  );
  const pairs = fc.sample(fc.tuple(version, version), 20_000);
  for (const v of ["7", "", "😀"]) pairs.push([v, v], [v, "07"], [v, "\uffff"]);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const rows = pairs.map(([a, b], n) => ({
      n,
      a: toStored(a),
      au: versionUnits(a),
      b: toStored(b),
      bu: versionUnits(b),
    }));
    const { rows: compared } = await client.query<{ result: number }>(
      `select lineshaft.compare_versions(a, decode(au, 'hex'), b, decode(bu, 'hex')) as result
       from json_to_recordset($1) as p (n integer, a text, au text, b text, bu text)
       order by n`,
      [JSON.stringify(rows)],
    );
    const wrong = pairs.filter(([a, b], at) => compared[at]?.result !== Math.sign(compareVersions(a, b)));
    expect(compared).toHaveLength(pairs.length);
    expect(wrong).toEqual([]);
  } finally {
    await client.end();
  }
});
