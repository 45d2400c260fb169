import { Secret, silentLog, systemClock } from "@lineshaft/core";
import type { Item, System, Target } from "@lineshaft/core";
import { seededRandom, targetCases } from "@lineshaft/testing";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { influx } from "./influx.ts";
import { nanosecondsOf } from "./point.ts";
import type { Point, WritePoints } from "./point.ts";
import { influxMissing, startInflux, startRelay } from "./testing/influx-server.ts";
import type { InfluxServer } from "./testing/influx-server.ts";

const context = { clock: systemClock, random: seededRandom(1), log: silentLog };
const signal = () => new AbortController().signal;
const time = "2026-01-05T06:00:00Z";

function item(value: WritePoints, attempt = 1): Item<WritePoints> {
  return { token: "t-1", key: "k", value, attempt, receivedTime: 0 };
}

function targetOf({ targets }: System): Target<WritePoints> {
  const target = targets["writePoints"];
  if (target === undefined) throw new Error("the system cannot write");
  return target;
}

let series = 0;
/** A series that no other test has. */
const aSeries = () => `oee-${++series}`;

describe.skipIf(influxMissing !== undefined)(`InfluxDB 1.x (${influxMissing ?? "Debian's influxd"})`, () => {
  let server: InfluxServer;
  beforeAll(async () => {
    server = await startInflux();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const historian = (url = server.url) => influx({ name: "history", version: 1, url, database: "plant" });

  async function open(url?: string): Promise<Target<WritePoints>> {
    const system = await historian(url).open(context);
    return targetOf(system);
  }

  const read = (name: string, more: object = {}) =>
    historian().readWindow(
      { series: name, from: "2026-01-05T00:00:00Z", to: "2026-01-06T00:00:00Z", ...more },
      signal(),
    );

  targetCases<WritePoints>("influx writePoints", async () => {
    const relay = await startRelay(server.url);
    const name = aSeries();
    const target = await open(relay.url);
    await target.send(
      [item({ points: [{ series: name, time: "2026-01-05T05:00:00Z", fields: { value: 1 } }] })],
      signal(),
    );
    return {
      target,
      value: (n) => ({ points: [{ series: name, tags: { line: `press-${n}` }, time, fields: { value: n + 0.5 } }] }),
      badValue: () => ({ points: [{ series: name, time, fields: { value: "a text in a series of numbers" } }] }),
      effects: async ({ value }) => {
        const [point] = value.points;
        const { points } = await read(name, { tags: point?.tags ?? { line: "" } });
        return points.filter(({ fields }) => fields["value"] === point?.fields["value"]).length;
      },
      dropNextAnswer: () => relay.dropNextAnswer(),
      outage: (on) => relay.outage(on),
      dispose: async () => relay[Symbol.asyncDispose](),
    };
  });

  test("a bad line in a batch is refused, and all others are kept", async () => {
    const name = aSeries();
    const target = await open();
    await target.send([item({ points: [{ series: name, time, fields: { value: 1 } }] })], signal());
    const items = Array.from({ length: 40 }, (_, n) =>
      item({
        points: [{ series: name, tags: { n: `${n}` }, time, fields: { value: n === 7 || n === 30 ? "bad" : n } }],
      }),
    );
    const outcomes = await target.send(items, signal());
    expect(outcomes.flatMap(({ kind }, at) => (kind === "rejected" ? [at] : []))).toEqual([7, 30]);
    expect(outcomes[7]).toMatchObject({
      reason: "line-refused",
      said: /field type conflict/,
      next: /Give the field the type/,
    });
    expect((await read(name)).points).toHaveLength(39);
  });

  test("the same point again overwrites, with another value too", async () => {
    const name = aSeries();
    const target = await open();
    for (const value of [1, 2])
      await target.send([item({ points: [{ series: name, time, fields: { value } }] })], signal());
    expect((await read(name)).points).toEqual([{ time, tags: {}, fields: { value: 2 } }]);
  });

  test("names, tags and texts of any characters come back as they were, to the nanosecond", async () => {
    const target = await open();
    const safe = fc
      .string({ unit: fc.constantFrom(..."aZ0 ,=\"'\\#/ü€.-_".split("")), minLength: 1, maxLength: 12 })
      .filter((text) => !/\\(?=[,= "\\]|$)/.test(text));
    await fc.assert(
      fc.asyncProperty(
        safe,
        safe,
        safe,
        safe,
        fc.string({ unit: "binary", maxLength: 30 }),
        fc.nat(999_999_999),
        async (name, tag, tagValue, field, text, ns) => {
          fc.pre(tag !== field && !name.startsWith("#"));
          const seriesName = `${aSeries()}${name}`;
          const clean = text.replace(/[\0\r\p{Cs}]/gu, "");
          const at = `2026-01-05T06:00:00.${`${ns}`.padStart(9, "0")}Z`;
          const point: Point = {
            series: seriesName,
            tags: { [tag]: tagValue },
            time: at,
            fields: { [field]: clean, n: ns },
          };
          expect(historian().writePoints.check({ points: [point] })).toEqual([]);
          expect(await target.send([item({ points: [point] })], signal())).toMatchObject([{ kind: "done" }]);
          const { points } = await read(seriesName);
          expect(points).toMatchObject([{ tags: { [tag]: tagValue }, fields: { [field]: clean, n: ns } }]);
          expect(nanosecondsOf(points[0]?.time ?? "")).toBe(nanosecondsOf(at));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a window is cut at its limit and says so", async () => {
    const name = aSeries();
    const target = await open();
    const points = Array.from({ length: 5 }, (_, n) => ({
      series: name,
      tags: { line: n % 2 ? "a" : "b" },
      time: `2026-01-05T06:00:0${n}Z`,
      fields: { good: { integer: `${n}` }, mean: { decimal: "12.5" }, up: true },
    }));
    await target.send([item({ points })], signal());
    const cut = await read(name, { limit: 3, fields: ["good", "up"] });
    expect(cut.more).toBe(true);
    expect(cut.points.map(({ fields }) => fields)).toEqual([0, 1, 2].map((good) => ({ good, up: true })));
    expect((await read(name, { tags: { line: "a" } })).points.map(({ time }) => time)).toEqual([
      "2026-01-05T06:00:01Z",
      "2026-01-05T06:00:03Z",
    ]);
  });

  test("a window's names are no InfluxQL", async () => {
    const name = aSeries();
    await (await open()).send([item({ points: [{ series: name, time, fields: { value: 1 } }] })], signal());
    const evil = `x' OR '1'='1`;
    expect((await read(name, { tags: { line: evil } })).points).toEqual([]);
    expect((await read(`${name}" WHERE 1=1; DROP MEASUREMENT "${name}`)).points).toEqual([]);
    expect((await read(name)).points).toHaveLength(1);
  });

  test("check knows the version, and a database that is not there", async () => {
    const system = await historian().open(context);
    expect(await system.check(signal())).toMatchObject({ ok: true, version: expect.stringMatching(/^1\./) });
    const missing = influx({ name: "history", version: 1, url: server.url, database: "nowhere" });
    const target = targetOf(await missing.open(context));
    const sent = target.send([item({ points: [{ series: "a", time, fields: { value: 1 } }] })], signal());
    await expect(sent).rejects.toMatchObject({
      code: "system-unavailable",
      said: /database not found/,
      next: /Create the database/,
    });
  });
});

describe("InfluxDB 2 (a fake that answers as its documentation says)", () => {
  interface Asked {
    url: unknown;
    headers: unknown;
    body: string;
  }
  function fake(answer: (asked: Asked) => Response) {
    const asked: Asked[] = [];
    const historian = influx({
      name: "history",
      version: 2,
      url: "http://influx.example:8086/",
      organisation: "acme",
      bucket: "plant/hh",
      token: Secret.generated("influx-test", "token-of-the-test"),
      fetch: async (url, init) => {
        const one = { url, headers: init?.headers, body: typeof init?.body === "string" ? init.body : "" };
        asked.push(one);
        return answer(one);
      },
    });
    const send = async (points: Point[], attempt = 1) => {
      const system = await historian.open(context);
      return targetOf(system).send(
        points.map((point) => item({ points: [point] }, attempt)),
        signal(),
      );
    };
    return { asked, historian, send };
  }
  const points: Point[] = [1, 2, 3].map((value) => ({ series: "oee", tags: { line: "a b" }, time, fields: { value } }));

  test("is written with its token, organisation, bucket and precision", async () => {
    const { asked, send } = fake(() => new Response(null, { status: 204 }));
    expect(await send(points)).toMatchObject([{ kind: "done" }, { kind: "done" }, { kind: "done" }]);
    expect(asked).toEqual([
      {
        url: "http://influx.example:8086/api/v2/write?org=acme&bucket=plant%2Fhh&precision=ns",
        headers: { authorization: "Token token-of-the-test" },
        body: [1, 2, 3].map((value) => `oee,line=a\\ b value=${value} 1767592800000000000`).join("\n"),
      },
    ]);
  });

  test("a partial write is narrowed down to the line that is refused", async () => {
    const { asked, send } = fake(({ body }) =>
      body.includes("value=2")
        ? Response.json(
            { code: "unprocessable entity", message: "failure writing points: field type conflict" },
            { status: 422 },
          )
        : new Response(null, { status: 204 }),
    );
    expect(await send(points)).toMatchObject([
      { kind: "done" },
      { kind: "rejected", said: /field type conflict/ },
      { kind: "done" },
    ]);
    expect(asked.map(({ body }) => body.split("\n").length)).toEqual([3, 2, 1, 1, 1]);
  });

  test.each([
    [429, "system-unavailable", { retryAfterMs: 7_000 }],
    [503, "system-unavailable", { retryAfterMs: 7_000 }],
    [401, "system-unavailable", { next: expect.stringContaining("token") }],
    [404, "system-unavailable", { next: expect.stringContaining("bucket") }],
    [500, "system-uncertain", {}],
  ])("%i is %s", async (status, code, more) => {
    const { send } = fake(() => new Response("", { status, headers: { "retry-after": "7" } }));
    await expect(send(points)).rejects.toMatchObject({ code, ...more });
  });

  const csv = [
    "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,double,long,string",
    "#group,false,false,true,true,false,true,true,false,false,false",
    "#default,_result,,,,,,,,,",
    ",result,table,_start,_stop,_time,_measurement,line,value,good,note",
    ',,0,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z,2026-01-05T06:00:00Z,oee,press-04,1,12,"a ""quoted"", text"',
    ",,0,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z,2026-01-05T07:00:00Z,oee,press-04,2.5,,",
    "",
    "",
  ].join("\r\n");

  test("a window is read by Flux", async () => {
    const { asked, historian } = fake(() => new Response(csv));
    const window = {
      series: 'o"ee',
      tags: { line: "${x}" },
      fields: ["value"],
      from: "2026-01-05T00:00:00Z",
      to: "2026-01-06T00:00:00Z",
    };
    expect(await historian.readWindow(window, signal())).toEqual({
      more: false,
      points: [
        {
          time: "2026-01-05T06:00:00Z",
          tags: { line: "press-04" },
          fields: { value: 1, good: 12, note: 'a "quoted", text' },
        },
        { time: "2026-01-05T07:00:00Z", tags: { line: "press-04" }, fields: { value: 2.5 } },
      ],
    });
    const { query } = JSON.parse(asked[0]?.body ?? "{}") as { query: string };
    expect(query).toContain('r["_measurement"] == "o\\"ee" and r["line"] == "\\${x}" and (r["_field"] == "value")');
  });

  test("an item sent again that stands is done already", async () => {
    const { send } = fake(({ url }) =>
      String(url).includes("/query") ? new Response(csv) : new Response(null, { status: 204 }),
    );
    const point = { series: "oee", tags: { line: "press-04" }, time, fields: { value: 1 } };
    expect(await send([point], 2)).toMatchObject([{ kind: "done", already: true }]);
    expect(await send([{ ...point, fields: { value: 9 } }], 2)).toEqual([{ kind: "done", receipt: `oee ${time}` }]);
  });
});

test.each<[string, unknown, RegExp]>([
  ["no points", { points: [] }, /1 to 1000 points/],
  [
    "a time without a zone",
    { points: [{ series: "a", time: "2026-01-05T06:00:00", fields: { v: 1 } }] },
    /with its zone/,
  ],
  ["no fields", { points: [{ series: "a", time, fields: {} }] }, /at least one field/],
  ["a number that is none", { points: [{ series: "a", time, fields: { v: NaN } }] }, /finite number/],
  ["a decimal that is none", { points: [{ series: "a", time, fields: { v: { decimal: "1,5" } } }] }, /decimal/],
  ["a name of two lines", { points: [{ series: "a\nb", time, fields: { v: 1 } }] }, /one line/],
  [
    "a tag that would escape what follows",
    { points: [{ series: "a", tags: { t: "x\\" }, time, fields: { v: 1 } }] },
    /A tag/,
  ],
])("%s is a finding", (_, value, fix) => {
  const { writePoints } = influx({ name: "history", version: 1, url: "http://h:1", database: "d" });
  expect(writePoints.check(value).map((finding) => finding.fix)).toMatchObject([fix]);
});

test.each([
  [{ version: 1, url: "influx:8086", database: "d" } as const, /has no URL/],
  [{ version: 1, url: "http://u:p@h:8086", database: "d" } as const, /password in its URL/],
  [{ version: 1, url: "http://h:8086", database: "" } as const, /does not say where to write/],
])("a configuration is refused in a sentence: %j", (options, message) => {
  expect(() => influx({ name: "history", ...options })).toThrow(message);
});
