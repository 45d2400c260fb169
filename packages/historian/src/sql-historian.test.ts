import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { Secret, silentLog, systemClock } from "@lineshaft/core";
import type { Item, Target } from "@lineshaft/core";
import { seededRandom, targetCases } from "@lineshaft/testing";
import { startPostgres } from "@lineshaft/testing/postgres";
import type { PostgresServer } from "@lineshaft/testing/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WritePoints } from "./point.ts";
import { sqlHistorian } from "./sql-historian.ts";
import type { SqlColumns } from "./sql-options.ts";

const context = { clock: systemClock, random: seededRandom(1), log: silentLog };
const signal = () => new AbortController().signal;
const time = "2026-01-05T06:00:00Z";
const day = { from: "2026-01-05T00:00:00Z", to: "2026-01-06T00:00:00Z" };

/** Names that would break out of a statement that does not quote them. */
const columns: SqlColumns = {
  time: "at",
  series: "Series",
  tags: { line: 'line"; drop table summary; --' },
  fields: { value: "value", good: "good count", note: "note" },
};
const table = `create table "my plant"."summary" (
  at timestamptz not null, "Series" text not null, "line""; drop table summary; --" text not null,
  value numeric, "good count" bigint, note text, primary key (at, "Series", "line""; drop table summary; --"))`;

function item(value: WritePoints, attempt = 1): Item<WritePoints> {
  return { token: "t-1", key: "k", value, attempt, receivedTime: 0 };
}

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
});
afterAll(() => server[Symbol.asyncDispose]());

async function aDatabase(): Promise<string> {
  const url = await server.newDatabase();
  await server.sql('create schema "my plant"', url);
  await server.sql(table, url);
  return url;
}

const historian = (url: string, more: object = {}) =>
  sqlHistorian({ name: "history", url, schema: "my plant", table: "summary", columns, ...more });

test("a password is taken from its secret, whatever is in it, and a wrong one is told", async () => {
  const url = await aDatabase();
  const password = "a b%41+&ü#?/@:'";
  await server.sql(`create role reader login password '${password.replace("'", "''")}'`, url);
  await server.sql('grant usage on schema "my plant" to reader; grant select on "my plant".summary to reader', url);
  const without = new URL(url);
  without.username = "reader";
  without.password = "";
  const secret = (value: string) => Secret.env("HISTORY", { HISTORY: value });
  const check = async (value: string) => {
    const system = await historian(without.href, { password: secret(value) }).open(context);
    const health = await system.check(signal());
    await system.close();
    return health;
  };
  expect(await check(password)).toMatchObject({ ok: true });
  expect(await check("another")).toMatchObject({ ok: false, next: expect.stringContaining("its password") });
});

async function open(url: string) {
  const system = await historian(url).open(context);
  return { system, target: system.targets["writePoints"] as Target<WritePoints> };
}

targetCases<WritePoints>("SQL historian writePoints", async () => {
  const url = await aDatabase();
  const line = await startLine(new URL(url).port);
  const through = new URL(url);
  through.port = String(line.port);
  const { system, target } = await open(through.href);
  return {
    target,
    value: (n) => ({
      points: [
        { series: "oee", tags: { line: `press-${n}` }, time, fields: { value: { decimal: `0.${n}` }, good: n } },
      ],
    }),
    badValue: () => ({ points: [{ series: "oee", time, fields: { value: "no number" } }] }),
    effects: async ({ value }) => {
      const [point] = value.points;
      const { points } = await historian(url).readWindow(
        { series: "oee", tags: { line: point?.tags?.["line"] ?? "" }, ...day },
        signal(),
      );
      return points.length;
    },
    dropNextAnswer: () => line.dropNextCommit(),
    outage: (on) => line.outage(on),
    async dispose() {
      await system.close();
      await line[Symbol.asyncDispose]();
    },
  };
});

describe("a table of PostgreSQL", () => {
  test("keeps decimals exact, absent tags, and changes of single fields", async () => {
    const url = await aDatabase();
    const { system, target } = await open(url);
    const write = (fields: WritePoints["points"][number]["fields"]) =>
      target.send([item({ points: [{ series: "oee", time, fields }] })], signal());
    await write({ value: { decimal: "0.1234567890123456789" }, note: 'it\'s "good"; --' });
    expect(await write({ good: { integer: "9007199254740993" } })).toEqual([{ kind: "done", receipt: `oee ${time}` }]);
    expect(await historian(url).readWindow({ series: "oee", ...day }, signal())).toEqual({
      more: false,
      points: [
        {
          time: "2026-01-05T06:00:00.000000Z",
          tags: {},
          fields: { value: "0.1234567890123456789", good: "9007199254740993", note: 'it\'s "good"; --' },
        },
      ],
    });
    await system.close();
  });

  test("an item is written as a whole or not at all", async () => {
    const url = await aDatabase();
    const { system, target } = await open(url);
    const points = [1, "x"].map((value, at) => ({ series: "oee", tags: { line: `${at}` }, time, fields: { value } }));
    expect(await target.send([item({ points })], signal())).toMatchObject([
      { kind: "rejected", reason: "row-refused", said: /numeric/ },
    ]);
    expect((await historian(url).readWindow({ series: "oee", ...day }, signal())).points).toEqual([]);
    await system.close();
  });

  test("what has no column, and times finer than microseconds, are refused", async () => {
    const url = await aDatabase();
    const { system, target } = await open(url);
    const outcomes = await target.send(
      [
        item({ points: [{ series: "oee", time, fields: { other: 1 } }] }),
        item({ points: [{ series: "oee", tags: { toString: "x" }, time, fields: { value: 1 } }] }),
        item({ points: [{ series: "oee", time: "2026-01-05T06:00:00.000000001Z", fields: { value: 1 } }] }),
      ],
      signal(),
    );
    expect(outcomes).toMatchObject([
      { reason: "column-unknown" },
      { reason: "column-unknown" },
      { reason: "time-unfit" },
    ]);
    await system.close();
  });

  test("a window is in order of time, of its tags, and cut at its limit", async () => {
    const url = await aDatabase();
    const { system, target } = await open(url);
    const points = [3, 1, 2, 0].map((n) => ({
      series: "oee",
      tags: { line: n % 2 ? "a" : "b" },
      time: `2026-01-05T06:00:0${n}Z`,
      fields: { good: n },
    }));
    await target.send([item({ points }), item({ points: [{ series: "other", time, fields: { good: 9 } }] })], signal());
    const read = async (more: object) => await historian(url).readWindow({ series: "oee", ...day, ...more }, signal());
    expect((await read({ fields: ["good"] })).points.map(({ fields }) => fields["good"])).toEqual(["0", "1", "2", "3"]);
    expect(await read({ limit: 1, tags: { line: "a" } })).toMatchObject({
      more: true,
      points: [{ fields: { good: "1" } }],
    });
    expect((await read({ tags: { line: "' or true --" } })).points).toEqual([]);
    await expect(read({ fields: ["value; drop"] })).rejects.toMatchObject({ reason: "column-unknown" });
    await system.close();
  });

  test("check says what is missing and what to do", async () => {
    const url = await aDatabase();
    const checked = async (more: object) => (await historian(url, more).open(context)).check(signal());
    expect(await checked({})).toMatchObject({ ok: true });
    expect(await checked({ table: "nowhere" })).toMatchObject({
      ok: false,
      next: expect.stringContaining("Create the table"),
    });
    expect(await checked({ url: "postgres://u@127.0.0.1:1/x" })).toMatchObject({
      ok: false,
      next: expect.stringContaining("Start PostgreSQL"),
    });
  });

  test("a table without a key is told to get one, and nothing is written", async () => {
    const url = await aDatabase();
    await server.sql('alter table "my plant".summary drop constraint summary_pkey', url);
    const { system, target } = await open(url);
    const sent = target.send([item({ points: [{ series: "oee", time, fields: { good: 1 } }] })], signal());
    await expect(sent).rejects.toMatchObject({ code: "system-unavailable", next: /unique together/ });
    await system.close();
  });
});

test.each([
  [{ columns: { time: "at", fields: {} } }, /has no fields/],
  [{ columns: { time: "at", fields: { value: "at" } } }, /uses column at twice/],
  [{ table: "x".repeat(64) }, /names "x{64}"/],
  [{ url: "db.plant.example" }, /a URL that is none/],
])("a configuration is refused in a sentence: %j", (more, message) => {
  expect(() => historian("postgres://h/d", more)).toThrow(message);
});

/** A line to PostgreSQL that loses the answer to a commit, or is cut. */
async function startLine(to: string) {
  let dropping = false;
  let away = false;
  const line = createServer((client) => {
    if (away) return void client.destroy();
    const onward = connect(Number(to), "127.0.0.1");
    let lost = false;
    client.on("data", (data) => {
      if (dropping && data.includes("commit")) lost = true;
      onward.write(data);
    });
    onward.on("data", (data) => {
      if (!lost) return void client.write(data);
      dropping = false;
      client.destroy();
      onward.destroy();
    });
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const)
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
  }).listen(0, "127.0.0.1");
  await once(line, "listening");
  return {
    port: (line.address() as AddressInfo).port,
    dropNextCommit: () => {
      dropping = true;
    },
    outage: (on: boolean) => {
      away = on;
    },
    [Symbol.asyncDispose]: async () => void line.close(),
  };
}
