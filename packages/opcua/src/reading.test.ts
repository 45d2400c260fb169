import { eventually } from "@lineshaft/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { named, node, read } from "./testing/bed.ts";
import { OpcUaServer } from "./testing/opcua-server.ts";

let server: OpcUaServer;
beforeAll(async () => {
  server = await OpcUaServer.open({ companions: true });
});
afterAll(() => server[Symbol.asyncDispose]());

test("values arrive with quality and source time", async () => {
  await using reading = read({ endpoint: server.endpoint, nodes: named("temperature", "pressure") });
  const { observer } = reading;
  await eventually(
    "it listens",
    () => observer.listened === 1,
    () => [reading.failure(), reading.logged].map(String),
  );
  // Later than the value that the server began with, or it would be of the past.
  const at = Date.now();
  await server.set(
    { node: "temperature", value: 21.5, at },
    { node: "pressure", value: 3, status: "UncertainLastUsableValue" },
  );
  await eventually(
    "the values arrive",
    () => observer.last("temperature")?.value === 21.5 && observer.last("pressure")?.value === 3,
  );
  expect(observer.last("temperature")).toMatchObject({ quality: "good", sourceTime: at });
  expect(observer.last("pressure")).toMatchObject({ quality: "uncertain", said: "UncertainLastUsableValue" });
  await server.set(
    { node: "temperature", value: Number.NaN },
    { node: "pressure", value: 0, status: "BadDeviceFailure" },
  );
  await eventually(
    "the bad ones arrive",
    () => observer.last("temperature")?.quality === "bad" && observer.last("pressure")?.quality === "bad",
  );
  expect(observer.last("temperature")).toMatchObject({ value: null, said: "value NaN" });
  expect(observer.last("pressure")).toMatchObject({ said: "BadDeviceFailure" });
});

test("64-bit integers, texts, arrays, bytes and structures keep what they say", async () => {
  const nodes = named("count", "name", "label", "mode", "numbers", "bytes", "structure");
  await using reading = read({ endpoint: server.endpoint, nodes });
  const { observer } = reading;
  await server.set(
    { node: "count", value: [0xffff_ffff, 0xffff_fffe] },
    { node: "name", value: "press" },
    { node: "label", value: { text: "Presse", locale: "de" } },
    { node: "mode", value: 3 },
    { node: "numbers", value: [1.5, 2.5] },
  );
  await eventually(
    "all arrive",
    () =>
      observer.last("numbers")?.value !== undefined &&
      observer.last("structure")?.quality === "good" &&
      observer.last("count")?.value !== null,
    () => [reading.failure(), reading.logged].map(String),
  );
  expect(observer.last("count")?.value).toBe(-2n);
  expect(observer.last("name")?.value).toBe("press");
  expect(observer.last("label")?.value).toBe("Presse");
  expect(observer.last("mode")?.value).toBe(3);
  expect(observer.last("numbers")?.value).toEqual([1.5, 2.5]);
  expect(observer.last("structure")?.value).toMatchObject({ JobOrderID: "WO-1", Priority: 3 });
});

test("an unknown node is bad by its status and holds up no other", async () => {
  const nodes = [...named("nowhere", "temperature"), { tag: "no namespace", node: "nsu=http://nobody.example;s=x" }];
  await using reading = read({ endpoint: server.endpoint, nodes });
  const { observer } = reading;
  await server.set({ node: "temperature", value: 7 });
  await eventually("the known one arrives", () => observer.last("temperature")?.value === 7);
  expect(observer.last("nowhere")).toMatchObject({ quality: "bad", said: "BadNodeIdUnknown" });
  expect(observer.last("no namespace")).toMatchObject({ quality: "bad", said: "BadNodeIdUnknown" });
});

test("where the server refuses a deadband, all changes are read", async () => {
  const nodes = [
    { tag: "name", node: node("name"), deadband: { absolute: 1 } },
    { tag: "temperature", node: node("temperature"), deadband: { absolute: 1 }, samplingMs: 0 },
  ];
  await using reading = read({ endpoint: server.endpoint, nodes });
  const { observer } = reading;
  await eventually("it listens", () => observer.listened === 1);
  await server.set({ node: "name", value: "other" }, { node: "temperature", value: 50 });
  await eventually(
    "both arrive",
    () => observer.last("name")?.value === "other" && observer.last("temperature")?.value === 50,
  );
  expect(reading.logged.join()).toContain("no deadband for 1 tags");
  await server.set({ node: "temperature", value: 50.5 });
  await server.set({ node: "temperature", value: 52 });
  await eventually("the large change arrives", () => observer.last("temperature")?.value === 52);
  expect(observer.of("temperature").map((change) => change.value)).not.toContain(50.5);
});

test("machines, PackML units and job control are found by their types", async () => {
  await using reading = read({ endpoint: server.endpoint, companions: ["machinery", "packml", "job-control"] });
  const { observer } = reading;
  await eventually(
    "they arrive",
    () =>
      observer.last("Machines/Press 4/Identification/SerialNumber") !== undefined &&
      observer.last("Packer/Status/UnitModeCurrent") !== undefined,
    () => [reading.failure(), ...reading.logged, ...new Set(observer.all.map((c) => c.tag))].map(String),
  );
  expect(observer.last("Machines/Press 4/Identification/SerialNumber")?.value).toBe("P4-0815");
  expect(observer.last("Packer/Status/UnitModeCurrent")?.value).toBe(1);
  expect(observer.all.map((change) => change.tag)).toContain("Machines/Press 4/Jobs/JobOrderList");
});
