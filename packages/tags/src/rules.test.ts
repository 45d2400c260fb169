import { describe, expect, test } from "vitest";
import { countTag, defineLine, numberTag, releasedOrders, replayTags, textTag, unitTemplate } from "./index.ts";
import type { Recorded, TagFact } from "./index.ts";
import { aProductionOrderRelease } from "@lineshaft/model";
import {
  at,
  bodies,
  expectFit,
  hour,
  minute,
  order,
  piecesOf,
  pressLine,
  second,
  start,
} from "./testing/press-line.ts";

function run(recording: readonly Recorded[], until?: number): TagFact[] {
  const facts = replayTags(pressLine(), recording, until === undefined ? {} : { until: start + until });
  expectFit(facts);
  return facts;
}

const iso = (ms: number) => new Date(start + ms).toISOString();
const counts = (...values: [ms: number, count: number][]) => values.map(([ms, count]) => at(ms, "count", count));

describe("completions", () => {
  test("report pieces in batches, with order, product, lot and shift", () => {
    const facts = run([...order(0, "MO-7", "L-1"), ...counts([second, 100], [10 * second, 104], [20 * second, 111])]);
    expect(bodies(facts, "completion")).toEqual([
      {
        id: expect.stringMatching(/^PRESS-04\.output\./),
        time: iso(20 * second),
        productionOrder: "MO-7",
        product: "PUMP-20",
        site: "HAM",
        workCenter: "ASSY-1",
        equipment: "PRESS-04",
        yield: { value: "11", unit: "C62" },
        lots: [{ lot: "L-1", quantity: { value: "11", unit: "C62" } }],
        final: false,
        start: iso(10 * second),
        end: iso(20 * second),
        shift: "early",
      },
    ]);
  });

  test("report what is left so many seconds after the first piece, whether or not anything else comes", () => {
    const recording = [...order(0, "MO-7"), ...counts([0, 5], [minute, 8])];
    expect(bodies(run(recording, 10 * minute), "completion")).toEqual([]);
    expect(bodies(run(recording, 11 * minute), "completion")).toMatchObject([
      { yield: { value: "3" }, time: iso(minute) },
    ]);
  });

  test("report scrap with its reason beside what is good", () => {
    const recording = [
      ...order(0, "MO-7"),
      ...counts([0, 0], [9 * second, 8]),
      at(0, "reject", 3),
      at(10 * second, "reject", 5),
    ];
    expect(bodies(run(recording), "completion")).toMatchObject([
      { yield: { value: "8" }, scrap: [{ quantity: { value: "2", unit: "C62" }, reason: "REJECT" }] },
    ]);
  });

  test("name the lot of scrap, too, when nothing else was made of it", () => {
    const recording = [...order(0, "MO-7", "L-1"), ...counts([0, 0]), at(0, "reject", 3), at(10 * second, "reject", 5)];
    const [report] = bodies(run(recording, 11 * minute), "completion");
    expect(report).toMatchObject({
      yield: { value: "0" },
      scrap: [{ quantity: { value: "2", unit: "C62" }, reason: "REJECT", lot: "L-1" }],
    });
    expect(report).not.toHaveProperty("lots");
  });

  test("never go without the lot while it is lost, whichever tag goes and comes first", () => {
    const gone = (tag: string, value: string) => at(5 * second, tag, value, { quality: "stale" });
    const back = [at(8 * second, "order", "MO-7"), at(8 * second, "product", "PUMP-20"), at(9 * second, "lot", "L-1")];
    for (const returning of [back, back.toReversed()]) {
      const recording = [
        ...order(0, "MO-7", "L-1"),
        ...counts([0, 0], [second, 3]),
        gone("lot", "L-1"),
        gone("order", "MO-7"),
        gone("product", "PUMP-20"),
        ...counts([6 * second, 5]),
        ...returning.map((change, nth) => ({ ...change, sourceTime: start + 8 * second + nth })),
        ...counts([10 * second, 12]),
      ];
      const reports = bodies(run(recording, 11 * minute), "completion");
      expect(reports.map(({ lots }) => (lots as { lot: string }[] | undefined)?.[0]?.lot)).toEqual(
        reports.map(() => "L-1"),
      );
      expect(piecesOf(run(recording, 11 * minute))).toBe(12);
    }
  });

  test("go to the order and the shift in which the pieces were made", () => {
    const recording = [
      ...order(0, "MO-7"),
      ...counts([7.9 * hour, 0], [7.95 * hour, 4], [8.001 * hour, 6]),
      at(8.002 * hour, "order", "MO-8"),
      ...counts([8.003 * hour, 9]),
    ];
    expect(bodies(run(recording, 9 * hour), "completion")).toMatchObject([
      { yield: { value: "4" }, productionOrder: "MO-7", shift: "early" },
      { yield: { value: "2" }, productionOrder: "MO-7", shift: "late" },
      { yield: { value: "3" }, productionOrder: "MO-8", shift: "late" },
    ]);
  });

  test("tell a roll-over from a reset", () => {
    const rolled = run([...order(0, "MO-7"), ...counts([0, 65_530], [10 * second, 5])], hour);
    expect(bodies(rolled, "completion")).toMatchObject([{ yield: { value: "11" } }]);
    const reset = run([...order(0, "MO-7"), ...counts([0, 4_000], [10 * second, 5])], hour);
    expect(bodies(reset, "completion")).toMatchObject([{ yield: { value: "5" } }]);
  });

  test("leave out a jump that no machine can make, tell it once, and go on from where the counter really is", () => {
    const spike = run([...order(0, "MO-7"), ...counts([0, 100], [second, 900_000], [2 * second, 102])], hour);
    expect(bodies(spike, "completion")).toMatchObject([{ yield: { value: "2" } }]);
    expect(bodies(spike, "equipment-event")).toMatchObject([
      { finding: "counter-jumped", tags: ["P4.count"], value: "900000" },
    ]);
    const moved = run(
      [...order(0, "MO-7"), ...counts([0, 100], [second, 9_000], [2 * second, 9_001], [3 * second, 9_003])],
      hour,
    );
    expect(bodies(moved, "completion")).toMatchObject([{ yield: { value: "3" } }]);
    expect(bodies(moved, "equipment-event")).toHaveLength(1);
    const nought = run([...order(0, "MO-7"), ...counts([0, 4_000], [second, 0], [2 * second, 4_002])], hour);
    expect(bodies(nought, "completion")).toMatchObject([{ yield: { value: "2" } }]);
  });

  test("count what was made in a gap once, and say so", () => {
    const lost = at(10 * second, "count", 104, { quality: "stale", said: "Connection lost" });
    const facts = run(
      [...order(0, "MO-7"), ...counts([0, 100], [5 * second, 104]), lost, ...counts([65 * second, 120])],
      hour,
    );
    expect(bodies(facts, "completion")).toMatchObject([
      { yield: { value: "20" }, extensions: { countedOverGap: "16" } },
    ]);
    expect(bodies(facts, "equipment-event")).toMatchObject([
      { kind: "gap", start: iso(10 * second), tags: ["P4.count"], description: "Connection lost" },
      { kind: "gap", start: iso(10 * second), end: iso(65 * second) },
    ]);
    expect(bodies(facts, "equipment-event")[0]).not.toHaveProperty("end");
  });

  test("wait for their order, take the one that ran by the device's own time, and are never given another", () => {
    const pieces = counts([0, 0], [minute, 12]);
    const since = at(30 * second, "order", "MO-7", { receivedTime: start + 2 * minute });
    expect(bodies(run([...pieces, since]), "completion")).toMatchObject([
      { productionOrder: "MO-7", yield: { value: "12" } },
    ]);
    const later = run([...pieces, at(2 * minute, "order", "MO-7")], hour);
    expect(bodies(later, "completion")).toEqual([]);
    expect(bodies(later, "equipment-event")).toMatchObject([
      {
        kind: "finding",
        finding: "order-unknown",
        measured: "12",
        unit: "C62",
        next: expect.stringContaining("by hand"),
      },
    ]);
  });

  test("belong to the order that was there before and after it was not known", () => {
    const away = at(30 * second, "order", null, { quality: "bad" });
    const recording = [
      ...order(0, "MO-7"),
      ...counts([0, 0]),
      away,
      ...counts([minute, 12]),
      at(2 * minute, "order", "MO-7"),
    ];
    expect(bodies(run(recording), "completion")).toMatchObject([{ productionOrder: "MO-7", yield: { value: "12" } }]);
  });

  test("take their order from releases where only one can be meant", () => {
    const orders = releasedOrders();
    const release = (productionOrder: string) =>
      aProductionOrderRelease({ productionOrder, plannedStart: iso(0), plannedEnd: iso(hour) });
    const template = unitTemplate({
      tags: { kilos: countTag({ maxPerSecond: 5, decimals: 3, unit: "KGM" }) },
      rules: { output: { kind: "completion", good: "kilos" } },
    });
    const unit = template.unit({ unit: "MIXER-1", workCenter: "ASSY-1", bind: { kilos: "P4.kilos" } });
    const line = defineLine({ name: "mix", units: [unit], orders });
    const recording = [at(0, "kilos", 1.5), at(10 * second, "kilos", 4.125)];
    orders.take(release("MO-7"));
    expect(bodies(replayTags(line, recording), "completion")).toMatchObject([
      { productionOrder: "MO-7", operation: "0010", yield: { value: "2.625", unit: "KGM" } },
    ]);
    orders.take(release("MO-8"));
    const unclear = replayTags(line, recording, { until: start + hour });
    expect(bodies(unclear, "completion")).toEqual([]);
    expect(bodies(unclear, "equipment-event")).toMatchObject([{ finding: "order-unknown", measured: "2.625" }]);
    orders.end("MO-8", start);
    expect(bodies(replayTags(line, recording), "completion")).toHaveLength(1);
  });
});

describe("states and stops", () => {
  const states = (...values: [ms: number, state: number][]) => values.map(([ms, state]) => at(ms, "state", state));

  test("are told with the plant's reason, and a stop as a downtime when it is over", () => {
    const facts = run([
      ...order(0, "MO-7"),
      ...states([0, 1], [minute, 2]),
      at(90 * second, "reason", 17),
      ...states([3 * minute, 1]),
    ]);
    expect(bodies(facts, "equipment-event")).toMatchObject([
      { kind: "state", state: "execute", time: iso(0) },
      { kind: "state", state: "stopped", previous: "execute", time: iso(minute) },
      { kind: "state", state: "execute", previous: "stopped", time: iso(3 * minute) },
    ]);
    expect(bodies(facts, "downtime")).toMatchObject([
      {
        workCenter: "ASSY-1",
        category: "unplanned",
        reason: "TOOL",
        start: iso(minute),
        end: iso(3 * minute),
        productionOrder: "MO-7",
      },
    ]);
  });

  test("shorter than a micro-stop are only counted", () => {
    const facts = run(states([0, 1], [minute, 2], [minute + 20 * second, 1]), 9 * hour);
    expect(bodies(facts, "downtime")).toEqual([]);
    expect(bodies(facts, "equipment-event")).toMatchObject([{ state: "execute" }]);
    expect(bodies(facts, "equipment-summary")).toMatchObject([{ microStops: 1, stops: 0 }]);
  });

  test("are left open where values were missing, and said to be", () => {
    const lost = at(2 * minute, "state", 2, { quality: "bad" });
    const facts = run([...states([0, 1], [minute, 2]), lost, ...states([10 * minute, 1])]);
    expect(bodies(facts, "downtime")).toMatchObject([
      { start: iso(minute), end: iso(2 * minute), note: expect.stringContaining("It ran again at some time between") },
    ]);
  });

  test("conclude nothing from a value that is not good", () => {
    const facts = run(
      [
        ...states([0, 1]),
        at(minute, "state", 2, { quality: "uncertain" }),
        at(2 * minute, "state", 2, { quality: "stale" }),
      ],
      hour,
    );
    expect(bodies(facts, "downtime")).toEqual([]);
    expect(bodies(facts, "equipment-event").map(({ kind }) => kind)).toEqual(["state", "gap"]);
  });
});

describe("alarms", () => {
  const flags = (...values: [ms: number, flag: boolean][]) => values.map(([ms, flag]) => at(ms, "fault", flag));

  test("come once the flag has stayed, at the time of its edge, and go once it has been away", () => {
    const recording = flags(
      [0, false],
      [minute, true],
      [minute + second, false],
      [2 * minute, true],
      [3 * minute, false],
      [3 * minute + 5 * second, true],
      [4 * minute, false],
    );
    const facts = run(recording, hour);
    expect(bodies(facts, "equipment-event")).toMatchObject([
      { kind: "alarm", alarm: "fault", active: true, severity: "high", time: iso(2 * minute) },
      { kind: "alarm", active: false, start: iso(2 * minute), end: iso(4 * minute) },
    ]);
  });

  test("do not come while the value is missing", () => {
    const recording = [...flags([0, false], [minute, true]), at(minute + second, "fault", true, { quality: "bad" })];
    expect(bodies(run(recording, hour), "equipment-event").map(({ kind }) => kind)).toEqual(["gap"]);
  });
});

describe("values out of spec", () => {
  const values = (...list: [ms: number, value: number][]) => list.map(([ms, value]) => at(ms, "pressure", value));

  test("for long enough hold the lot, once", () => {
    const recording = [
      ...order(0, "MO-7", "L-1"),
      ...values([0, 100], [minute, 121], [minute + 2 * second, 130], [minute + 9 * second, 125]),
    ];
    expect(bodies(run(recording, hour), "quality-hold")).toMatchObject([
      {
        action: "place",
        product: "PUMP-20",
        lot: "L-1",
        time: iso(minute + 5 * second),
        reason: expect.stringContaining("was 130"),
      },
    ]);
  });

  test("for a moment hold nothing", () => {
    const recording = [...order(0, "MO-7", "L-1"), ...values([0, 100], [minute, 121], [minute + 4 * second, 119])];
    expect(run(recording, hour)).toEqual([]);
  });

  test("without a known lot hold the output of the order", () => {
    const facts = run([...order(0, "MO-7"), ...values([0, 121])], hour);
    const holds = bodies(facts, "quality-hold");
    expect(holds).toMatchObject([{ action: "place", product: "PUMP-20", productionOrder: "MO-7" }]);
    expect(holds[0]).not.toHaveProperty("lot");
  });

  test("without a known product to hold are told as an alarm", () => {
    const facts = run([at(0, "product", ""), at(0, "order", "MO-7"), ...values([0, 121])], hour);
    expect(bodies(facts, "equipment-event")).toMatchObject([
      { kind: "alarm", alarm: "pressure", measured: "121", unit: "BAR" },
    ]);
  });

  test("in so many of so many samples hold the lot", () => {
    const template = unitTemplate({
      tags: { width: numberTag(), order: textTag(), product: textTag(), lot: textTag() },
      order: { productionOrder: "order", product: "product", lot: "lot" },
      rules: { width: { kind: "out-of-spec", tag: "width", high: 10, samples: { beyond: 2, of: 3 } } },
    });
    const line = defineLine({
      name: "cut",
      units: [template.unit({ unit: "SAW", workCenter: "CUT", bind: (tag) => `P4.${tag}` })],
    });
    const widths = (...list: number[]) => list.map((width, i) => at((i + 1) * second, "width", width + i / 1_000));
    const holds = (...list: number[]) =>
      bodies(replayTags(line, [...order(0, "MO-7", "L-1"), ...widths(...list)]), "quality-hold");
    expect(holds(11, 9, 9, 11)).toEqual([]);
    expect(holds(9, 11, 9, 11, 11)).toHaveLength(1);
    expect(holds(11, 11, 9, 9, 9, 11, 11)).toHaveLength(2);
  });
});

test("hours of running ask for maintenance once, until it was done", () => {
  const day = 24 * hour;
  const recording = [
    at(0, "serviced", false),
    at(0, "state", 1),
    at(2 * day, "state", 2),
    at(3 * day, "state", 1),
    at(10 * day, "serviced", true),
    at(10 * day + hour, "serviced", false),
  ];
  const asked = bodies(run(recording, 14.2 * day), "downtime").filter(({ maintenanceNeeded }) => maintenanceNeeded);
  expect(asked).toMatchObject([
    { category: "planned", reason: "MAINTENANCE-DUE", time: iso(3 * day + 52 * hour) },
    { time: iso(10 * day + 100 * hour) },
  ]);
});

describe("summaries", () => {
  test("sum up a shift from good values only, and integrate power to energy", () => {
    const recording = [
      at(0, "state", 1),
      at(0, "power", 10),
      at(hour, "power", 20),
      at(2 * hour, "power", 20.05),
      at(3 * hour, "power", 20, { quality: "bad" }),
      at(4 * hour, "power", 5),
      at(6 * hour, "state", 2),
    ];
    const [summary] = bodies(run(recording, 9 * hour), "equipment-summary");
    expect(summary).toMatchObject({
      shift: "early",
      start: iso(0),
      end: iso(8 * hour),
      running: { value: "21600", unit: "SEC" },
      standing: { value: "7200", unit: "SEC" },
      measures: [
        {
          measure: "power",
          count: 3,
          min: "5",
          max: "20",
          sum: "35",
          total: "70",
          totalUnit: "KWH",
          covered: { value: "25200" },
        },
      ],
    });
  });

  test("sum up an order, from its begin to its end", () => {
    const template = unitTemplate({
      tags: {
        cycle: numberTag({ unit: "SEC" }),
        meter: countTag({ maxPerSecond: 1, decimals: 1, unit: "KWH" }),
        order: textTag(),
      },
      order: { productionOrder: "order" },
      rules: {
        order: { kind: "summary", per: "order", measures: { cycle: { tag: "cycle" }, energy: { tag: "meter" } } },
      },
    });
    const line = defineLine({
      name: "cut",
      units: [template.unit({ unit: "SAW", workCenter: "CUT", bind: (tag) => `P4.${tag}` })],
    });
    const recording = [
      at(0, "meter", 10),
      at(minute, "order", "MO-7"),
      at(2 * minute, "cycle", 30),
      at(3 * minute, "cycle", 40),
      at(4 * minute, "meter", 12.5),
      at(5 * minute, "order", ""),
      at(6 * minute, "cycle", 900),
    ];
    const facts = replayTags(line, recording, { until: start + hour });
    expectFit(facts);
    expect(bodies(facts, "equipment-summary")).toMatchObject([
      {
        productionOrder: "MO-7",
        start: iso(minute),
        end: iso(5 * minute),
        measures: [
          { measure: "cycle", count: 2, mean: "35" },
          { measure: "energy", total: "2.5", totalUnit: "KWH" },
        ],
      },
    ]);
  });
});
