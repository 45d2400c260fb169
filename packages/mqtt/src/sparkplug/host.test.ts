import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noProperties } from "../properties.ts";
import { DataType } from "./data-types.ts";
import { Edge, born, changed } from "../testing/sparkplug/edge.ts";
import type { Message } from "../testing/sparkplug/edge.ts";
import { delimited, number, payload, quality, text, value } from "../testing/sparkplug/hand-payload.ts";
import { openHostBed } from "../testing/sparkplug/host-bed.ts";

const SECOND = 1_000;

describe("births and data", () => {
  test("values come by alias with the type and name that only BIRTH gave", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    await hear(
      edge.nbirth([born("load", 1, 1)]),
      edge.dbirth("mill", [born("count", 5, 2), { name: "lot", alias: 3, datatype: 12, value: value.string("0017") }]),
      edge.ddata("mill", [changed(2, -6), { alias: 3, value: value.string("1e3") }]),
      edge.ndata([changed("load", 2)]),
    );
    expect(tags.of("Plant/press/load")).toEqual([1, 2]);
    expect(tags.of("Plant/press/mill/count")).toEqual([5, -6]);
    expect(tags.of("Plant/press/mill/lot")).toEqual(["0017", "1e3"]);
    expect(tags.gaps).toEqual([]);
  });

  test("a change has the metric's time, else its message's, and the time of receipt", async () => {
    const { hear, tags, clock } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("load", 1), { ...born("late", 1), timestamp: edge.time - SECOND }]));
    await hear({ topic: "spBv1.0/Plant/NDATA/press", payload: payload({ seq: 1, metrics: [changed("load", 2)] }) });
    const times = tags.all.map(({ tag, sourceTime, receivedTime }) => [tag, sourceTime, receivedTime]);
    expect(times).toEqual([
      ["Plant/press/load", edge.time, clock.now()],
      ["Plant/press/late", edge.time - SECOND, clock.now()],
      ["Plant/press/load", clock.now(), clock.now()],
    ]);
  });

  test("a historical value is marked, and never becomes the current one", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    await hear(
      edge.nbirth([born("load", 1)]),
      edge.ndata([{ ...changed("load", 9), historical: true, timestamp: 5 }]),
      edge.ndeath(),
    );
    expect(tags.all.map(({ value, historical, quality }) => [value, historical, quality])).toEqual([
      [1, undefined, "good"],
      [9, true, "good"],
      [1, undefined, "stale"],
    ]);
  });

  test("null is handed over as null, of good quality", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([{ name: "load", datatype: 3, isNull: true }]), edge.ndata([changed("load", 2)]));
    expect(tags.of("Plant/press/load")).toEqual([null, 2]);
  });

  test("the quality that a sender names is the tag's quality", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    await hear(
      edge.nbirth([born("load", 1)]),
      edge.ndata([{ ...changed("load", 2), properties: quality(0) }]),
      edge.ndata([{ ...changed("load", 3), properties: quality(500) }]),
      edge.ndata([changed("load", 4)]),
    );
    expect(tags.of("Plant/press/load")).toEqual([1, "2 bad", "3 stale", 4]);
  });

  test("a value that does not go with its type is bad, and the others of its message stand", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    await hear(
      edge.nbirth([born("a", 1), born("b", 1)]),
      edge.ndata([{ name: "a", value: value.string("x") }, changed("b", 2)]),
    );
    expect(tags.of("Plant/press/b")).toEqual([1, 2]);
    expect(tags.last("Plant/press/a")).toMatchObject({
      value: null,
      quality: "bad",
      said: "A string does not go with datatype Int32.",
    });
  });

  test("a number that nobody gave a type is uncertain, and so is a part of a value", async () => {
    const { hear, tags } = openHostBed();
    const part = { name: "file", datatype: DataType.Bytes, metadata: [...number(1, true), ...number(4, 2)] };
    await hear(
      new Edge().nbirth([
        { name: "n", value: value.int(5) },
        { ...part, value: value.bytes([1]) },
      ]),
    );
    expect(tags.last("Plant/press/n")).toMatchObject({ value: 5, quality: "uncertain" });
    expect(tags.last("Plant/press/file")).toMatchObject({
      quality: "uncertain",
      said: "It is part 2 of a value that comes in several.",
    });
  });

  test("a template's unchanged members keep their values, and its definition is no tag", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    const member = (name: string, bytes: number[]) => delimited(2, [...text(1, name), ...bytes]);
    const type = number(4, DataType.Int16);
    const definition = value.template([...member("x", type), ...member("y", type), ...number(5, true)]);
    const instance = value.template([
      ...text(4, "Pose"),
      ...member("x", [...type, ...value.int(1)]),
      ...member("y", [...type, ...value.int(2)]),
    ]);
    const update = value.template([...text(4, "Pose"), ...member("y", value.int(0xffff))]);
    await hear(
      edge.nbirth([{ name: "Pose", datatype: DataType.Template, value: definition }]),
      edge.dbirth("arm", [{ name: "pose", alias: 4, datatype: DataType.Template, value: instance }]),
      edge.ddata("arm", [{ alias: 4, value: update }]),
    );
    expect(tags.all.map((change) => change.tag)).toEqual(["Plant/press/arm/pose", "Plant/press/arm/pose"]);
    expect(tags.last("Plant/press/arm/pose")?.value).toMatchObject({ template: "Pose", members: { x: 1, y: -1 } });
  });

  test("devices of one name under two edge nodes are two, and so are their aliases", async () => {
    const { hear, tags } = openHostBed();
    const [one, two] = [new Edge({ node: "one" }), new Edge({ node: "two" })];
    await hear(
      one.nbirth(),
      two.nbirth(),
      one.dbirth("mill", [born("count", 1, 7)]),
      two.dbirth("mill", [born("rate", 2, 7)]),
      one.ddata("mill", [changed(7, 10)]),
      two.ddata("mill", [changed(7, 20)]),
    );
    expect(tags.of("Plant/one/mill/count")).toEqual([1, 10]);
    expect(tags.of("Plant/two/mill/rate")).toEqual([2, 20]);
  });

  test("aliases of an earlier birth mean nothing after the next one", async () => {
    const { hear, tags, rebirths } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("a", 1, 1), born("b", 2, 2)]), edge.nbirth([born("a", 1, 2), born("b", 2, 1)]));
    await hear(edge.ndata([changed(1, 20), changed(2, 10)]));
    expect(tags.of("Plant/press/a").at(-1)).toBe(10);
    expect(tags.of("Plant/press/b").at(-1)).toBe(20);
    expect(rebirths).toEqual([]);
  });

  test("an alias of two metrics brings no value under either name, and is told", async () => {
    const { hear, tags, warnings } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("a", 1, 1), born("b", 2, 1)]), edge.ndata([changed(1, 9)]));
    expect(tags.all.map((change) => change.value)).toEqual([1, 2]);
    expect(warnings).toEqual([expect.stringContaining("Alias 1 stands for two metrics of Plant/press")]);
  });

  test("a metric spelt like a device's is passed over and told, so that two never mix in one tag", async () => {
    const { hear, tags, warnings } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("mill/count", 1)]), edge.dbirth("mill", [born("count", 2)]));
    expect(tags.of("Plant/press/mill/count")).toEqual([1]);
    expect(warnings).toEqual([expect.stringContaining("Tag Plant/press/mill/count names two metrics")]);
  });

  test("a metric that the next birth has no more is stale", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("a", 1), born("b", 2)]), edge.nbirth([born("a", 3)]));
    expect(tags.of("Plant/press/b")).toEqual([2, "2 stale"]);
  });
});

describe("deaths", () => {
  test("NDEATH makes the edge node's tags and those of all its devices stale, with the host's time", async () => {
    const { hear, tags, clock, host } = openHostBed();
    const edge = new Edge();
    await hear(
      edge.nbirth([born("load", 1)]),
      edge.dbirth("mill", [born("count", 5)]),
      edge.dbirth("saw", [born("n", 6)]),
    );
    await clock.advance(60 * SECOND);
    await hear(edge.ndeath());
    for (const [tag, value] of [
      ["load", 1],
      ["mill/count", 5],
      ["saw/n", 6],
    ])
      expect(tags.last(`Plant/press/${tag}`)).toMatchObject({ value, quality: "stale", sourceTime: clock.now() });
    expect(host.nodes).toEqual({ online: 0, known: 1 });
  });

  test("DDEATH makes the device's tags stale, with the message's time, and leaves the others", async () => {
    const { hear, tags, clock } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth(), edge.dbirth("mill", [born("count", 5)]), edge.dbirth("saw", [born("n", 6)]));
    await clock.advance(60 * SECOND);
    await hear(edge.ddeath("mill"));
    expect(tags.last("Plant/press/mill/count")).toMatchObject({ value: 5, quality: "stale", sourceTime: edge.time });
    expect(tags.of("Plant/press/saw/n")).toEqual([6]);
  });

  test("a device offline between two births is a gap of its tags", async () => {
    const { hear, tags, clock } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth(), edge.dbirth("mill", [born("count", 5)]), edge.ddeath("mill"));
    const from = clock.now();
    await clock.advance(10 * SECOND);
    await hear(edge.dbirth("mill", [born("count", 8)]));
    const to = clock.now();
    expect(tags.gaps).toEqual([
      { tags: ["Plant/press/mill/count"], from, to, reason: "Device Plant/press/mill was offline.", filled: false },
    ]);
    expect(tags.of("Plant/press/mill/count")).toEqual([5, "5 stale", 8]);
  });

  test("the death of an older connection is ignored", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    edge.bdSeq = 3;
    await hear(edge.nbirth([born("load", 1)]), edge.ndeath(2));
    expect(tags.of("Plant/press/load")).toEqual([1]);
    await hear(edge.ndeath(3));
    expect(tags.of("Plant/press/load")).toEqual([1, "1 stale"]);
  });

  test("an edge node offline between death and birth is a gap of all its tags", async () => {
    const { hear, tags, clock } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("load", 1)]), edge.dbirth("mill", [born("count", 5)]));
    const from = clock.now();
    await clock.advance(30 * SECOND);
    await hear(edge.ndeath());
    await clock.advance(30 * SECOND);
    edge.bdSeq++;
    await hear(edge.nbirth([born("load", 2)]));
    expect(tags.gaps).toEqual([
      {
        tags: ["Plant/press/load", "Plant/press/mill/count"],
        from,
        to: clock.now(),
        reason: "Edge node Plant/press was offline.",
        filled: false,
      },
    ]);
  });

  test("a death without a number counts, since stale is the safer belief", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("load", 1)]), { ...edge.ndeath(), payload: payload({}) });
    expect(tags.of("Plant/press/load")).toEqual([1, "1 stale"]);
  });

  test("a device that is not born again after its edge node is stale at the first data", async () => {
    const { hear, tags, clock } = openHostBed();
    const edge = new Edge();
    const both = () => [edge.nbirth([born("load", 1)]), edge.dbirth("saw", [born("n", 6)])];
    await hear(...both(), edge.dbirth("mill", [born("count", 5)]), ...both());
    expect(tags.of("Plant/press/mill/count")).toEqual([5]);
    await hear(edge.ndata([changed("load", 2)]));
    expect(tags.of("Plant/press/mill/count")).toEqual([5, "5 stale"]);
    expect(tags.of("Plant/press/saw/n")).toEqual([6, 6]);
    await hear(...both());
    await clock.advance(10 * SECOND);
    expect(tags.of("Plant/press/saw/n")).toEqual([6, 6, 6]);
  });

  test("a device that is not born again is stale after a while even if nothing is sent", async () => {
    const { hear, tags, clock } = openHostBed({ deviceBirthMs: 10 * SECOND });
    const edge = new Edge();
    await hear(edge.nbirth(), edge.dbirth("mill", [born("count", 5)]), edge.nbirth());
    await clock.advance(10 * SECOND - 1);
    expect(tags.of("Plant/press/mill/count")).toEqual([5]);
    await clock.advance(1);
    expect(tags.of("Plant/press/mill/count")).toEqual([5, "5 stale"]);
  });
});

describe("the sequence", () => {
  const birth = (edge: Edge) => [edge.nbirth([born("n", 0, 1)]), edge.dbirth("mill", [born("d", 0, 2)])];

  test("counts all kinds of an edge node's messages together, beyond 255 from nought again", async () => {
    const { hear, tags, rebirths, clock } = openHostBed();
    const edge = new Edge();
    await hear(...birth(edge));
    for (let i = 1; i <= 300; i++) {
      await hear(i % 3 === 0 ? edge.ndata([changed(1, i)]) : edge.ddata("mill", [changed(2, i)]));
    }
    await hear(edge.ddeath("mill"), edge.dbirth("mill", [born("d", 400, 2)]));
    await clock.advance(60 * SECOND);
    expect(tags.all.filter(({ quality }) => quality === "good")).toHaveLength(2 + 300 + 1);
    expect(rebirths).toEqual([]);
  });

  test("begins where NBIRTH begins, which need not be nought", async () => {
    const { hear, tags, rebirths, clock } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("n", 0)], 254), ...[1, 2, 3].map((i) => edge.ndata([changed("n", i)])));
    await clock.advance(60 * SECOND);
    expect(tags.of("Plant/press/n")).toEqual([0, 1, 2, 3]);
    expect(rebirths).toEqual([]);
  });

  test("messages out of order are handed over in order, and no rebirth is asked for", async () => {
    const { hear, tags, rebirths, clock } = openHostBed();
    const edge = new Edge();
    await hear(...birth(edge));
    const [a, b, c, d] = [1, 2, 3, 4].map((i) => edge.ndata([changed(1, i)])) as [Message, Message, Message, Message];
    await hear(c, b);
    expect(tags.of("Plant/press/n")).toEqual([0]);
    await clock.advance(1_999);
    await hear(a);
    expect(tags.of("Plant/press/n")).toEqual([0, 1, 2, 3]);
    await clock.advance(60 * SECOND);
    await hear(d);
    expect(tags.of("Plant/press/n")).toEqual([0, 1, 2, 3, 4]);
    expect(rebirths).toEqual([]);
    expect(tags.gaps).toEqual([]);
  });

  test("any order within the buffer is brought right", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...Array(20).keys()], { minLength: 20 }), async (order) => {
        const { hear, tags, rebirths } = openHostBed();
        const edge = new Edge();
        await hear(edge.nbirth([born("n", -1)], 250));
        const messages = order.map((at, i) => ({ at, message: edge.ndata([changed("n", i)]) }));
        messages.sort((one, other) => one.at - other.at);
        await hear(...messages.map(({ message }) => message));
        expect(tags.of("Plant/press/n")).toEqual([-1, ...Array(20).keys()]);
        expect(rebirths).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  test("a missing message is waited for as long as configured, then a rebirth is asked for", async () => {
    for (const reorderMs of [500, 5_000]) {
      const { hear, rebirths, clock } = openHostBed({ reorderMs });
      const edge = new Edge();
      await hear(...birth(edge));
      edge.ndata([]);
      await hear(edge.ndata([changed(1, 2)]));
      await clock.advance(reorderMs - 1);
      expect(rebirths).toEqual([]);
      await clock.advance(1);
      expect(rebirths).toEqual([`Plant/press at ${reorderMs}`]);
    }
  });

  test("a message that a rebirth had to repair is a gap, and its tags are uncertain until then", async () => {
    const { hear, tags, clock } = openHostBed();
    const edge = new Edge();
    await hear(...birth(edge));
    await clock.advance(SECOND);
    await hear(edge.ndata([changed(1, 1)]));
    const from = clock.now();
    edge.ndata([changed(1, 2)]);
    await clock.advance(SECOND);
    await hear(edge.ndata([changed(1, 3)]));
    await clock.advance(2_000);
    expect(tags.of("Plant/press/n")).toEqual([0, 1, "1 uncertain"]);
    expect(tags.of("Plant/press/mill/d")).toEqual([0, "0 uncertain"]);
    await hear(edge.ndata([changed(1, 4)]));
    await clock.advance(SECOND);
    await hear(edge.nbirth([born("n", 4, 1)]), edge.dbirth("mill", [born("d", 9, 2)]));
    expect(tags.of("Plant/press/n")).toEqual([0, 1, "1 uncertain", 4]);
    expect(tags.of("Plant/press/mill/d")).toEqual([0, "0 uncertain", 9]);
    expect(tags.gaps).toEqual([
      {
        tags: ["Plant/press/n", "Plant/press/mill/d"],
        from,
        to: clock.now(),
        reason: expect.stringContaining("message 3 of its sequence did not come within 2000 ms"),
        filled: false,
      },
    ]);
  });

  test("a birth that was lost cannot lend its aliases' names to other metrics", async () => {
    const { hear, tags } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("a", 1, 1), born("b", 2, 2)]), ...[0, 0, 3].map((n) => edge.ndata([changed(1, n)])));
    // The edge node is born again with other aliases, and that message never arrives.
    edge.nbirth([born("a", 1, 2), born("b", 2, 1)]);
    await hear(...[1, 2, 3, 4, 5, 6].map(() => edge.ndata([changed(1, 20)])));
    expect(tags.of("Plant/press/a")).toEqual([1, 0, 0, 3, "3 uncertain"]);
    await hear(edge.nbirth([born("a", 4, 2), born("b", 5, 1)]), edge.ndata([changed(1, 20)]));
    expect(tags.of("Plant/press/b")).toEqual([2, "2 uncertain", 5, 20]);
  });

  test("more messages out of order than may wait end the waiting", async () => {
    const { hear, rebirths } = openHostBed({ limits: { reorderMessages: 3 } });
    const edge = new Edge();
    await hear(...birth(edge));
    edge.ndata([]);
    await hear(...[1, 2, 3].map((i) => edge.ndata([changed(1, i)])));
    expect(rebirths).toEqual([]);
    await hear(edge.ndata([changed(1, 4)]));
    expect(rebirths).toEqual(["Plant/press at 0"]);
  });

  test("a payload that cannot be read leads to a rebirth, and its edge node goes on", async () => {
    const { hear, tags, rebirths, warnings, clock } = openHostBed();
    const edge = new Edge();
    await hear(...birth(edge));
    const { topic } = edge.ndata([]);
    await hear({ topic, payload: Buffer.from([0x12, 99]) });
    expect(rebirths).toEqual(["Plant/press at 0"]);
    expect(warnings).toEqual([
      expect.stringMatching(/Passed over a message of spBv1.0\/Plant\/NDATA\/press: The payload has .* byte 2 of 2/),
    ]);
    await clock.advance(SECOND);
    await hear(...birth(edge), edge.ndata([changed(1, 7)]));
    expect(tags.of("Plant/press/n").at(-1)).toBe(7);
  });
});

describe("a rebirth is asked for", () => {
  test("when data comes before any birth, and the gap ends with the birth", async () => {
    const { hear, tags, rebirths, clock } = openHostBed();
    const edge = new Edge();
    edge.seq = 77;
    await hear(edge.ddata("mill", [changed(2, 1)]));
    const from = clock.now();
    expect(rebirths).toEqual(["Plant/press at 0"]);
    expect(tags.all).toEqual([]);
    await clock.advance(SECOND);
    await hear(edge.nbirth([born("load", 1)]));
    expect(tags.gaps).toMatchObject([{ tags: ["Plant/press/load"], from, to: from + SECOND }]);
  });

  test("when an alias is unknown, and the other values of the message stand", async () => {
    const { hear, tags, rebirths } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("load", 1, 1)]), edge.ndata([changed(99, 5), changed(1, 2)]));
    expect(rebirths).toEqual(["Plant/press at 0"]);
    expect(tags.of("Plant/press/load")).toEqual([1, 2]);
    await hear(edge.nbirth([born("load", 3, 1)]));
    expect(tags.gaps).toMatchObject([{ reason: "No birth certificate of Plant/press has alias 99." }]);
  });

  test("when a device sends data before its birth or after its death", async () => {
    const { hear, rebirths, clock } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth(), edge.ddata("mill", [changed(1, 1)]));
    expect(rebirths).toEqual(["Plant/press at 0"]);
    await hear(
      edge.nbirth(),
      edge.dbirth("mill", [born("n", 1, 1)]),
      edge.ddeath("mill"),
      edge.ddata("mill", [changed(1, 2)]),
    );
    await clock.advance(30 * SECOND);
    expect(rebirths).toEqual(["Plant/press at 0", "Plant/press at 30000"]);
  });

  test("when an edge node that died sends data again", async () => {
    const { hear, rebirths } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("n", 1)]), edge.ndeath(), edge.ndata([changed("n", 2)]));
    expect(rebirths).toEqual(["Plant/press at 0"]);
  });

  test("once for many messages, and ever more rarely while it does not help", async () => {
    const { hear, rebirths, clock } = openHostBed({ rebirth: { intervalMs: 10 * SECOND, longestMs: 40 * SECOND } });
    const edge = new Edge();
    for (let i = 0; i < 200; i++) {
      await hear(edge.ndata([changed(1, i)]));
      await clock.advance(SECOND);
    }
    const times = rebirths.map((line) => Number(line.split(" at ")[1]) / SECOND);
    expect(times).toEqual([0, 10, 30, 70, 110, 150, 190]);
  });

  test("not of an edge node that was born meanwhile", async () => {
    const { hear, rebirths, clock } = openHostBed({ random: () => 0.5 });
    const edge = new Edge();
    edge.seq = 9;
    await hear(edge.ndata([changed(1, 1)]));
    await clock.advance(499);
    await hear(edge.nbirth());
    await clock.advance(3_600 * SECOND);
    expect(rebirths).toEqual([]);
  });

  test("of a thousand edge nodes at a limited pace, spread by chance, when the host comes up in a running plant", async () => {
    let turn = 0;
    const random = () => (turn++ * 0.618) % 1;
    const { hear, rebirths, clock } = openHostBed({ random, rebirth: { perSecond: 20 } });
    const edges = Array.from({ length: 1_000 }, (_, i) => new Edge({ node: `n${i}` }));
    await hear(...edges.map((edge) => edge.ndata([changed(1, 1)])));
    const perSecond: number[] = [];
    for (let second = 0, before = 0; second < 25; second++) {
      await clock.advance(SECOND);
      perSecond.push(rebirths.length - before);
      before = rebirths.length;
    }
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(21);
    expect(new Set(rebirths.map((line) => line.split(" at ")[0])).size).toBeGreaterThan(450);
  });
});

describe("the connection to the broker", () => {
  test("lost makes all tags stale; back, all edge nodes are asked for a rebirth, and what is between is a gap", async () => {
    const { hear, tags, clock, loseConnection, connect, rebirths } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth([born("load", 1)]), edge.dbirth("mill", [born("d", 2)]));
    const from = clock.now();
    await loseConnection();
    expect(tags.of("Plant/press/load")).toEqual([1, "1 stale"]);
    expect(tags.of("Plant/press/mill/d")).toEqual([2, "2 stale"]);
    await clock.advance(10 * SECOND);
    connect();
    const back = clock.now();
    await clock.advance(SECOND);
    expect(rebirths).toEqual(["Plant/press at 10000"]);
    // Numbers that happen to go on prove nothing: 256 may be missing.
    await hear(edge.ndata([changed("load", 2)]));
    expect(tags.of("Plant/press/load")).toEqual([1, "1 stale"]);
    await hear(edge.nbirth([born("load", 3)]));
    expect(tags.of("Plant/press/load")).toEqual([1, "1 stale", 3]);
    expect(tags.gaps).toMatchObject([
      { tags: [], from, to: back, reason: "The connection to the broker was lost, and it keeps nothing." },
      { tags: ["Plant/press/load", "Plant/press/mill/d"], from, to: clock.now() },
    ]);
  });

  test("back asks also of edge nodes that were offline, since they may have been born meanwhile", async () => {
    const { hear, loseConnection, connect, rebirths, clock } = openHostBed();
    const edge = new Edge();
    await hear(edge.nbirth(), edge.ndeath());
    await loseConnection();
    connect();
    await clock.advance(0);
    expect(rebirths).toEqual(["Plant/press at 0"]);
  });
});

describe("limits and strangers", () => {
  test("edge nodes and devices beyond their limits are passed over and told", async () => {
    const { hear, tags, warnings } = openHostBed({ limits: { edgeNodes: 1, devices: 1 } });
    const edge = new Edge();
    await hear(edge.nbirth(), edge.dbirth("a", [born("n", 1)]), edge.dbirth("b", [born("n", 1)]));
    await hear(new Edge({ node: "two" }).nbirth([born("n", 1)]));
    expect(tags.all.map((change) => change.tag)).toEqual(["Plant/press/a/n"]);
    expect(warnings).toEqual([
      expect.stringContaining("the limit is 1 devices of one edge node"),
      expect.stringContaining("the limit is 1 edge nodes"),
    ]);
  });

  test("commands of other hosts, their states and other namespaces change nothing", async () => {
    const { hear, tags, host } = openHostBed();
    const { payload } = new Edge().nbirth([born("n", 1)]);
    const topics = [
      "spBv1.0/Plant/NCMD/press",
      "spBv1.0/Plant/DCMD/press/mill",
      "spBv1.0/STATE/other",
      "spAv1.0/Plant/NBIRTH/press",
      "spBv1.0/Plant/NBIRTH",
      "spBv1.0/Plant/NBIRTH/press/mill",
      "spBv1.0/Plant/DBIRTH/press",
      "spBv1.0/Plant/DDATA/press/",
      "spBv1.0/Plant/DDATA/press/a/b",
      "spBv1.0//NBIRTH/press",
      "umh/v1/acme",
      "",
      "STATE/other",
    ];
    await hear(...topics.map((topic) => ({ topic, payload })));
    expect(tags.all).toEqual([]);
    expect(host.nodes.known).toBe(0);
  });

  test("a message that the broker had kept is passed over: edge nodes may not retain any", async () => {
    const { host, tags, warnings } = openHostBed();
    const message = new Edge().nbirth([born("n", 1)]);
    host.receive({ kind: "publish", qos: 0, retain: true, cut: false, properties: noProperties, ...message });
    expect(tags.all).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  test("whatever is sent on whatever topic, the host goes on and a born edge node's values arrive", async () => {
    const kind = fc.constantFrom("NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH", "NCMD", "STATE");
    const topic = fc.tuple(kind, fc.constantFrom("press", "saw", ""), fc.constantFrom("", "/mill", "/mill/x"));
    const metric = fc.record({
      name: fc.constantFrom("n", "bdSeq", "__proto__", "constructor", ""),
      alias: fc.nat(3),
      datatype: fc.nat(36),
      value: fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }).map(value.long),
        fc.nat().map(value.int),
        fc.uint8Array({ maxLength: 9 }).map(value.bytes),
        fc.uint8Array({ maxLength: 30 }).map(value.template),
        fc.uint8Array({ maxLength: 30 }).map(value.dataSet),
        fc.string().map(value.string),
        fc.constant<number[]>([]),
      ),
    });
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc
        .record({ timestamp: fc.nat(), seq: fc.nat(300), metrics: fc.array(metric, { maxLength: 4 }) })
        .map((written) => payload(written)),
    );
    const message = fc.tuple(topic, body).map(([[kind, node, device], bytes]) => ({
      topic: `spBv1.0/Plant/${kind}/${node}${device}`,
      payload: bytes,
    }));
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 30 }), async (messages) => {
        const { hear, tags, clock } = openHostBed();
        await hear(...messages);
        await clock.advance(60 * SECOND);
        const edge = new Edge();
        await hear(edge.nbirth([born("end", 1, 1)]), edge.ndata([changed(1, 2)]));
        expect(tags.of("Plant/press/end").slice(-2)).toEqual([1, 2]);
      }),
      { numRuns: 150 },
    );
  });
});
