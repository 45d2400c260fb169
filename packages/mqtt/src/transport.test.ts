import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Secret, silentLog, systemClock } from "@lineshaft/core";
import {
  RecordingIntake,
  certificatesMissing,
  eventually,
  keepRunning,
  makeCertificates,
  seededRandom,
} from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import { WebSocketServer, createWebSocketStream } from "ws";
import { mqtt } from "./index.ts";
import type { MqttOptions } from "./index.ts";
import { Mosquitto, findProgram } from "@lineshaft/testing/mosquitto";
import { connectPublisher, portOf, startAedes } from "./testing/brokers.ts";

const context = { clock: systemClock, random: seededRandom(1), log: silentLog };

async function openSource(options: Pick<MqttOptions, "url"> & Partial<MqttOptions>) {
  const system = await mqtt({
    name: "plant",
    clientId: "hub",
    subscribe: [{ topic: "plant/{site}/completion", contract: "completion.v1" }],
    ...options,
  }).open(context);
  const source = system.sources["intake"];
  if (source === undefined) throw new Error("the system has no source");
  return source;
}

test("facts arrive over WebSocket", async () => {
  await using broker = await startAedes();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => broker.aedes.handle(createWebSocketStream(socket)));
  const url = `ws://127.0.0.1:${portOf(server)}`;
  const source = await openSource({ url, protocolVersion: 4 });
  const intake = new RecordingIntake();
  const running = keepRunning(source, intake);
  await eventually(
    "the subscription stands",
    () => intake.cursors.size > 0,
    () => running.failures.map(String),
  );
  await using publisher = await connectPublisher(`mqtt://127.0.0.1:${broker.port}`);
  await publisher.publish("plant/hamburg/completion", "{}");
  await eventually("the fact is recorded", () => intake.texts.includes("{}"));
  expect(intake.handed[0]?.fields).toEqual({ site: "hamburg" });
  await running.stop();
  sockets.close();
  server.close();
  await once(server, "close");
});

const program = findProgram("mosquitto") ?? "";
const missing = program === "" ? "mosquitto is not on PATH" : certificatesMissing();

describe.skipIf(missing && !process.env["CI"])("TLS to a real broker (skipped without mosquitto or openssl)", () => {
  test("carries facts when the broker's authority is known, and only then", async () => {
    using made = makeCertificates();
    const listener = [`certfile ${made.cert}`, `keyfile ${made.key}`];
    await using broker = await Mosquitto.start(program, listener);
    const url = `mqtts://localhost:${broker.port}`;
    const intake = new RecordingIntake();
    await expect((await openSource({ url })).run(intake, AbortSignal.timeout(10_000))).rejects.toMatchObject({
      code: "system-unavailable",
      next: "Name the authority that signed the broker's certificate in `tls.ca`.",
    });
    await using running = keepRunning(await openSource({ url, tls: { ca: made.ca } }), intake);
    await eventually(
      "the subscription stands",
      () => intake.cursors.size > 0,
      () => running.failures.map(String),
    );
    await using publisher = await connectPublisher(url, { ca: readFileSync(made.ca) });
    await publisher.publish("plant/hamburg/completion", "{}");
    await eventually("the fact is recorded", () => intake.texts.includes("{}"));
    expect(running.failures).toEqual([]);
  });

  test("is refused when the certificate is for another host", async () => {
    using made = makeCertificates();
    await using broker = await Mosquitto.start(program, [`certfile ${made.cert}`, `keyfile ${made.key}`]);
    const tls = { ca: made.ca, servername: "broker.plant" };
    const source = await openSource({ url: `mqtts://127.0.0.1:${broker.port}`, tls });
    await expect(source.run(new RecordingIntake(), AbortSignal.timeout(10_000))).rejects.toMatchObject({
      next: "Use the host name in the broker's certificate, or set `tls.servername`.",
    });
  });

  test("shows the hub's own certificate where the broker asks for one", async () => {
    using made = makeCertificates();
    const listener = [`certfile ${made.cert}`, `keyfile ${made.key}`, `cafile ${made.ca}`, "require_certificate true"];
    await using broker = await Mosquitto.start(program, listener);
    const url = `mqtts://localhost:${broker.port}`;
    const bare = await openSource({ url, tls: { ca: made.ca } });
    await expect(bare.run(new RecordingIntake(), AbortSignal.timeout(10_000))).rejects.toMatchObject({
      code: "system-unavailable",
    });
    const tls = { ca: made.ca, cert: made.clientCert, key: Secret.file(made.clientKey) };
    const intake = new RecordingIntake();
    await using running = keepRunning(await openSource({ url, tls }), intake);
    await eventually(
      "the subscription stands",
      () => intake.cursors.size > 0,
      () => running.failures.map(String),
    );
    expect(running.failures).toEqual([]);
  });
});

describe.skipIf(program === "" && !process.env["CI"])("a group (skipped without mosquitto)", () => {
  test("of several connections gets each fact once", async () => {
    await using broker = await Mosquitto.start(program);
    const subscribe = [{ topic: "plant/{site}/completion", contract: "completion.v1", shared: "hub" }];
    const source = await openSource({ url: `mqtt://127.0.0.1:${broker.port}`, subscribe, connections: 3 });
    const intake = new RecordingIntake();
    await using running = keepRunning(source, intake);
    await eventually(
      "all are subscribed",
      () => intake.cursors.size === 3,
      () => running.failures.map(String),
    );
    await using publisher = await connectPublisher(`mqtt://127.0.0.1:${broker.port}`);
    const texts = Array.from({ length: 60 }, (_, n) => JSON.stringify({ n }));
    for (const text of texts) await publisher.publish("plant/hamburg/completion", text);
    await eventually("all are recorded", () => intake.texts.length === 60);
    expect(intake.recorded).toHaveLength(60);
  });
});
