import { eventually } from "@lineshaft/testing";
import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import { AttributeIds, DataType, OPCUAClient, Variant } from "node-opcua-client";
import { expect, test } from "vitest";
import { named, node, read } from "./testing/bed.ts";
import type { Reading } from "./testing/bed.ts";
import { OpcUaServer } from "./testing/opcua-server.ts";

const stood = (reading: Reading) => () => [String(reading.failure()), ...reading.logged, reading.observer.gaps];

async function listening(reading: Reading): Promise<void> {
  await eventually("it listens", () => reading.observer.listened === 1, stood(reading));
}

/** One value after the other, a millisecond apart in their source times. */
const series = (tag: string, from: number, count: number, at: number) =>
  Array.from({ length: count }, (_, index) => ({ node: tag, value: from + index, at: at + index }));

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

test("what changes while the connection is cut arrives after it, and the break is told", async () => {
  await using server = await OpcUaServer.open();
  await using proxy = await FaultProxy.open({ port: server.port });
  await using reading = read({
    endpoint: `opc.tcp://127.0.0.1:${proxy.port}`,
    nodes: [{ tag: "temperature", node: node("temperature"), samplingMs: 0 }, ...named("pressure")],
  });
  const { observer } = reading;
  await listening(reading);
  const at = Date.now();
  await server.set(...series("temperature", 1, 10, at));
  await eventually("the first arrive", () => observer.last("temperature")?.value === 10, stood(reading));
  proxy.refusing = true;
  proxy.reset();
  await eventually("it is stale", () => observer.last("temperature")?.quality === "stale", stood(reading));
  await server.set(...series("temperature", 11, 50, at + 100));
  proxy.heal();
  await eventually("the rest arrives", () => observer.last("temperature")?.value === 60, stood(reading));
  await eventually(
    "what did not change is good again",
    () => observer.last("pressure")?.quality === "good",
    stood(reading),
  );
  expect(observer.goodValues("temperature").slice(-60)).toEqual(numbers(1, 60));
  await eventually("the gap is told", () => observer.gaps.length === 1, stood(reading));
  expect(observer.gaps[0]).toMatchObject({ tags: ["temperature"], filled: false, from: at + 9, to: at + 149 });
});

test("after a restart of the server its history fills the gap, by whatever number the namespace has now", async () => {
  await using server = await OpcUaServer.open();
  await using reading = read({ endpoint: server.endpoint, nodes: named("kept", "temperature") });
  const { observer } = reading;
  await listening(reading);
  const at = Date.now();
  await server.set(...series("kept", 1, 5, at));
  await eventually("the first arrive", () => observer.last("kept")?.value === 5, stood(reading));
  await server.kill();
  await server.start({ before: ["http://other.example/a", "http://other.example/b"], startedAt: at + 10 });
  await server.set({ node: "temperature", value: 99 }, ...series("kept", 6, 200, at + 100));
  await eventually("the newest arrives", () => observer.last("kept")?.value === 205, stood(reading));
  await eventually(
    "the gap is told",
    () => observer.gaps.some((gap) => gap.tags.includes("kept") && gap.filled),
    stood(reading),
  );
  expect(observer.goodValues("kept").slice(-200)).toEqual(numbers(6, 200));
  expect(observer.last("temperature")?.value).toBe(99);
  const other = () => observer.gaps.find((gap) => gap.tags.includes("temperature"));
  await eventually("the other gap is told", () => other()?.filled === false, stood(reading));
});

test("what changed while the hub itself did not run is read from history, or told as a gap", async () => {
  await using server = await OpcUaServer.open();
  const at = Date.now();
  await server.set(...series("kept", 1, 50, at), ...series("temperature", 1, 50, at));
  const options = { endpoint: server.endpoint, nodes: named("kept", "temperature") };
  // Another process had taken the tenth, and then ended.
  await using reading = read(
    options,
    new Map([
      ["kept", at + 9],
      ["temperature", at + 9],
    ]),
  );
  const { observer } = reading;
  await eventually("both gaps are told", () => observer.gaps.length === 2, stood(reading));
  const gapOf = (tag: string) => observer.gaps.find(({ tags }) => tags.includes(tag));
  expect(gapOf("kept")).toMatchObject({ tags: ["kept"], filled: true, from: at + 9, to: at + 49 });
  expect(gapOf("temperature")).toMatchObject({ tags: ["temperature"], filled: false, from: at + 9, to: at + 49 });
  expect(observer.goodValues("kept")).toEqual(numbers(11, 40));
});

test("a line that swallows everything is noticed, and nothing of it goes unseen", async () => {
  await using server = await OpcUaServer.open();
  await using proxy = await FaultProxy.open({ port: server.port });
  await using reading = read({
    endpoint: `opc.tcp://127.0.0.1:${proxy.port}`,
    nodes: [{ tag: "kept", node: node("kept"), samplingMs: 0, queueSize: 10 }],
  });
  const { observer } = reading;
  await listening(reading);
  const at = Date.now();
  await server.set(...series("kept", 1, 5, at));
  await eventually("the first arrive", () => observer.last("kept")?.value === 5, stood(reading));
  proxy.swallow("both");
  await server.set(...series("kept", 6, 100, at + 100));
  await eventually("the silence is noticed", () => observer.last("kept")?.quality === "stale", stood(reading));
  proxy.heal();
  await eventually("the newest arrives", () => observer.last("kept")?.value === 105, stood(reading));
  await eventually("the gap is told", () => observer.gaps.some((gap) => gap.filled), stood(reading));
  expect(observer.goodValues("kept").slice(-105)).toEqual(numbers(1, 105));
});

test("values that overflow the server's queue are read from history, or the gap is told", async () => {
  await using server = await OpcUaServer.open();
  const fast = { samplingMs: 0, queueSize: 5 };
  await using reading = read({
    endpoint: server.endpoint,
    publishingMs: 500,
    nodes: [
      { tag: "kept", node: node("kept"), ...fast },
      { tag: "temperature", node: node("temperature"), ...fast },
    ],
  });
  const { observer } = reading;
  await listening(reading);
  await eventually(
    "the first arrive",
    () => observer.last("kept") !== undefined && observer.last("temperature") !== undefined,
    stood(reading),
  );
  const at = Date.now();
  await server.set(...series("kept", 1, 100, at), ...series("temperature", 1, 100, at));
  await eventually("both gaps are told", () => observer.gaps.length === 2, stood(reading));
  expect(observer.gaps.find((gap) => gap.tags[0] === "kept")).toMatchObject({ filled: true });
  expect(observer.gaps.find((gap) => gap.tags[0] === "temperature")).toMatchObject({ filled: false });
  expect(observer.goodValues("kept").slice(-100)).toEqual(numbers(1, 100));
  expect(observer.of("kept").filter((change) => change.historical).length).toBeGreaterThan(50);
});

test("a killed process is started anew, and what it may have missed is told", async () => {
  await using server = await OpcUaServer.open();
  await using reading = read({ endpoint: server.endpoint, nodes: named("kept") });
  const { observer, source } = reading;
  await listening(reading);
  const at = Date.now();
  await server.set(...series("kept", 1, 3, at));
  await eventually("the first arrive", () => observer.last("kept")?.value === 3, stood(reading));
  process.kill(source.processId ?? 0, "SIGKILL");
  await eventually("it is stale", () => observer.of("kept").some(({ quality }) => quality === "stale"), stood(reading));
  expect(observer.last("kept")).toMatchObject({ value: 3, said: expect.stringContaining("signal SIGKILL") as string });
  await server.set(...series("kept", 4, 20, at + 100));
  await eventually(
    "it reads again",
    () => observer.listened === 2 && observer.last("kept")?.value === 23,
    stood(reading),
  );
  await eventually("the gap is filled", () => observer.gaps.length === 1, stood(reading));
  expect(observer.gaps[0]).toMatchObject({ tags: ["kept"], filled: true, from: at + 2, to: at + 119 });
  expect(observer.goodValues("kept").slice(-20)).toEqual(numbers(4, 20));
});

test("a process that has gone silent is ended and started anew", async () => {
  await using server = await OpcUaServer.open();
  await using reading = read({ endpoint: server.endpoint, nodes: named("temperature") });
  const { observer, source } = reading;
  await listening(reading);
  process.kill(source.processId ?? 0, "SIGSTOP");
  await eventually("it listens again", () => observer.listened === 2, stood(reading));
  expect(reading.logged.join()).toContain("it was silent for 20 s");
});

test("a hub that takes nothing makes the process hold still, and then loses nothing", async () => {
  await using server = await OpcUaServer.open();
  await using reading = read({
    endpoint: server.endpoint,
    nodes: [{ tag: "temperature", node: node("temperature"), samplingMs: 0, queueSize: 10_000 }],
    limits: { changesHeld: 100 },
  });
  const { observer } = reading;
  await listening(reading);
  await eventually("the first arrives", () => observer.last("temperature") !== undefined, stood(reading));
  let release = () => {};
  observer.hold = new Promise((resolve) => (release = resolve));
  const at = Date.now();
  for (let round = 0; round < 10; round++)
    await server.set(...series("temperature", 1 + round * 300, 300, at + round * 300));
  release();
  observer.hold = undefined;
  await eventually("all arrive", () => observer.last("temperature")?.value === 3_000, stood(reading));
  expect(observer.goodValues("temperature").slice(-3_000)).toEqual(numbers(1, 3_000));
  expect(observer.gaps).toEqual([]);
});

test("a server is asked for nothing but reading, and anything else would be noticed", async () => {
  await using server = await OpcUaServer.open();
  {
    await using reading = read({ endpoint: server.endpoint, nodes: named("kept") });
    await listening(reading);
  }
  // Every server of these tests looks at what it was asked for when it ends.
  expect(await server.others()).toEqual([]);
  const stranger = OPCUAClient.create({ endpointMustExist: false });
  await stranger.withSessionAsync(server.endpoint, async (session) => {
    const nodeId = node("kept").replace(/^nsu=[^;]+/, "ns=2");
    const value = { value: new Variant({ dataType: DataType.Double, value: 1 }) };
    await session.write({ nodeId, attributeId: AttributeIds.Value, value });
  });
  expect(await server.others()).toEqual(["WriteRequest"]);
  server.forgive();
});
