import { silentLog, systemClock } from "@lineshaft/core";
import { RecordingIntake, eventually, keepRunning, seededRandom, sourceCases } from "@lineshaft/testing";
import type { SourceBed } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import { mqtt } from "./index.ts";
import { Mosquitto, findProgram } from "@lineshaft/testing/mosquitto";
import { connectPublisher, startAedes } from "./testing/brokers.ts";
import type { Broker } from "./testing/brokers.ts";
import { startCountingProxy } from "./testing/counting-proxy.ts";

const context = { clock: systemClock, random: seededRandom(1), log: silentLog };

/** A source that already has its session at the broker, and a foreign client that publishes to it. */
async function openBed(broker: Broker, protocolVersion: 4 | 5): Promise<SourceBed> {
  const proxy = await startCountingProxy(() => broker.port, protocolVersion);
  const system = await mqtt({
    name: "plant",
    url: `mqtt://127.0.0.1:${proxy.port}`,
    protocolVersion,
    clientId: "lineshaft-test",
    subscribe: [{ topic: "plant/{site}/{line}/completion", contract: "completion.v1" }],
  }).open(context);
  const source = system.sources["intake"];
  if (source === undefined) throw new Error("the system has no source");
  await subscribeOnce(source);
  const publisher = await connectPublisher(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion });
  return {
    source,
    publish: (raw) => publisher.publish("plant/hamburg/press/completion", raw),
    acknowledged: () => proxy.pubacks,
    restartPeer: () => broker.restart(),
    async dispose() {
      await publisher[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await broker[Symbol.asyncDispose]();
    },
  };
}

async function subscribeOnce(source: SourceBed["source"]): Promise<void> {
  const intake = new RecordingIntake();
  await using running = keepRunning(source, intake);
  await eventually(
    "the session is made",
    () => intake.cursors.size > 0,
    () => running.failures.map(String),
  );
}

sourceCases("MQTT 3.1.1 from aedes", async () => openBed(await startAedes(), 4));

const program = findProgram("mosquitto") ?? "";
const installed = program !== "";

test.skipIf(!installed && !process.env["CI"])("mosquitto is installed, so that a real broker is tried", () => {
  expect(program, "not on PATH: apt-get install mosquitto").not.toBe("");
});

describe.skipIf(!installed)("with a real broker (skipped where mosquitto is not on PATH)", () => {
  sourceCases("MQTT 3.1.1 from mosquitto", async () => openBed(await Mosquitto.start(program), 4));
  sourceCases("MQTT 5 from mosquitto", async () => openBed(await Mosquitto.start(program), 5));
});

describe("check", () => {
  test("says that the broker lets us in", async () => {
    await using broker = await startAedes();
    const system = await open(broker.port);
    expect(await system.check(AbortSignal.timeout(10_000))).toEqual({ ok: true });
  });

  test("says what to do when nobody listens", async () => {
    const broker = await startAedes();
    await broker[Symbol.asyncDispose]();
    const health = await (await open(broker.port)).check(AbortSignal.timeout(10_000));
    expect(health).toMatchObject({ ok: false, next: "Start the broker, or correct host and port of `url`." });
  });
});

function open(port: number) {
  return mqtt({
    name: "plant",
    url: `mqtt://127.0.0.1:${port}`,
    protocolVersion: 4,
    clientId: "lineshaft-test",
    subscribe: [{ topic: "plant/+/completion", contract: "completion.v1" }],
  }).open(context);
}
