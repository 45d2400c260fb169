import { silentLog, systemClock } from "@lineshaft/core";
import { aCompletion, completion } from "@lineshaft/model";
import { RecordingIntake, eventually, keepRunning, seededRandom } from "@lineshaft/testing";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MqttSource } from "./source.ts";
import { connectPublisher, startAedes } from "./testing/brokers.ts";

/** What people and machines have sent that was no completion. */
const payload: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  fc.json(),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 3_000 }),
  fc.integer({ min: 0, max: 100_000 }).map((depth) => `${"[".repeat(depth)}1${"]".repeat(depth)}`),
  fc.integer({ min: 10_000, max: 60_000 }).map((length) => `"${"x".repeat(length)}"`),
  fc.constantFrom("", "null", "1e400", "9".repeat(5_000), '{"__proto__":{"polluted":1}}', '"\\ud800"', "\ufeff{}"),
  fc
    .tuple(fc.constantFrom(...Object.keys(aCompletion())), fc.jsonValue())
    .map(([field, value]) => JSON.stringify({ ...aCompletion(), [field]: value })),
);

// Not empty: aedes drops the connection of a subscriber whose wildcard stands for an empty level.
const level = fc
  .string({ unit: "grapheme", maxLength: 50 })
  .map((text) => `s${text.replaceAll(/[/+#$\0\ud800-\udfff]/g, "")}`);
const topic = fc.tuple(level, level).map(([site, station]) => `plant/${site}/${station}/completion`);

test("whatever is published is kept or refused, all of it is acknowledged, and the source goes on", async () => {
  await using broker = await startAedes();
  const source = new MqttSource(
    {
      name: "plant",
      url: `mqtt://127.0.0.1:${broker.port}`,
      protocolVersion: 4,
      clientId: "hub",
      subscribe: [{ topic: "plant/{site}/{workCenter}/completion", contract: "completion.v1" }],
      limits: { packetBytes: 50_000, inFlight: 20 },
    },
    { clock: systemClock, random: seededRandom(1), log: silentLog },
  );
  let acknowledged = 0;
  broker.aedes.on("ack", () => void acknowledged++);
  const intake = new RecordingIntake({ contracts: [completion] });
  const running = keepRunning(source, intake);
  await eventually("the subscription stands", () => intake.cursors.size > 0);
  await using publisher = await connectPublisher(`mqtt://127.0.0.1:${broker.port}`);
  let published = 0;
  await fc.assert(
    fc.asyncProperty(topic, payload, async (to, raw) => {
      await publisher.publish(to, Buffer.from(raw));
      published++;
    }),
    { numRuns: 400, endOnFailure: true },
  );
  await publisher.publish("plant/hamburg/press/completion", JSON.stringify({ ...aCompletion(), id: "last" }));
  await eventually(
    "all are acknowledged",
    () => acknowledged === published + 1,
    () => [acknowledged, running.failures],
  );
  expect(intake.recorded.at(-1)?.receipt.kind).toBe("accepted");
  const refused = intake.recorded.flatMap(({ receipt }) => (receipt.kind === "refused" ? [receipt] : []));
  expect(refused.length).toBeGreaterThan(200);
  expect(refused.every((receipt) => receipt.findings.length > 0)).toBe(true);
  expect(source.inFlight).toBe(0);
  expect(running.failures).toEqual([]);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  await running.stop();
});
