import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { LineshaftError, silentLog, systemClock } from "@lineshaft/core";
import type { Clock, Source, System } from "@lineshaft/core";
import { FakeClock, RecordingIntake, eventually, keepRunning, seededRandom, settled } from "@lineshaft/testing";
import type { Running } from "@lineshaft/testing";
import { connectAsync } from "mqtt";
import type { MqttClient } from "mqtt";
import { generate } from "mqtt-packet";
import type { IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { sparkplug } from "../index.ts";
import type { SparkplugOptions } from "../index.ts";
import { Publication } from "../publication.ts";
import { Mosquitto, findProgram } from "@lineshaft/testing/mosquitto";
import { startAedes } from "../testing/brokers.ts";
import type { Broker } from "../testing/brokers.ts";
import { startScriptedBroker } from "../testing/scripted-broker.ts";
import type { ScriptedBroker } from "../testing/scripted-broker.ts";
import { Edge, born, changed, rebirthBytes } from "../testing/sparkplug/edge.ts";
import { RecordingTags } from "../testing/sparkplug/recording-tags.ts";

const STATE = "spBv1.0/STATE/hub";
const START = Date.UTC(2026, 0, 5, 6);

interface Bed extends AsyncDisposable {
  broker: ScriptedBroker;
  clock: FakeClock;
  tags: RecordingTags;
  system: System;
  /** Settles when `run` does. */
  ended: Promise<void>;
  stop(): Promise<void>;
  send(message: { topic: string; payload: Buffer }): void;
  published(): IPublishPacket[];
}

interface BedOptions extends Partial<SparkplugOptions> {
  prepare?: (broker: ScriptedBroker) => void;
}

/** A host on a broker that says what the test wants, and a clock that stands still. PUBACKs are given. */
async function openBed({ prepare, ...options }: BedOptions = {}): Promise<Bed> {
  const { protocolVersion = 5, groups = [undefined] } = options;
  const broker = await startScriptedBroker(protocolVersion);
  broker.granted = [1, ...groups.map(() => 1)];
  prepare?.(broker);
  const clock = new FakeClock(START);
  const tags = new RecordingTags();
  const system = await openSystem({ ...options, port: broker.port, tags, clock });
  const stop = new AbortController();
  const ended = sourceOf(system).run(new RecordingIntake(), stop.signal);
  const outcome = ended.catch(() => {});
  const acknowledging = acknowledge(broker);
  const end = async () => {
    stop.abort();
    // Grace periods are the clock's.
    const done = outcome.then(() => "done");
    while ((await Promise.race([done, settled().then(() => "waiting")])) === "waiting") await clock.advance(50);
  };
  return {
    broker,
    clock,
    tags,
    system,
    ended,
    stop: end,
    send: ({ topic, payload }) => broker.send({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false }),
    published: () => broker.heard.filter((packet) => packet.cmd === "publish"),
    async [Symbol.asyncDispose]() {
      await end();
      acknowledging.stop();
      await broker[Symbol.asyncDispose]();
    },
  };
}

/** Acknowledges what the host publishes with QoS 1, as a broker does. */
function acknowledge(broker: ScriptedBroker): { stop(): void } {
  let seen = 0;
  const timer = setInterval(() => {
    for (const packet of broker.heard.slice(seen)) {
      if (packet.cmd === "publish" && packet.qos === 1) broker.send({ cmd: "puback", messageId: packet.messageId });
    }
    seen = broker.heard.length;
  }, 1);
  return { stop: () => clearInterval(timer) };
}

interface SystemOptions extends Partial<SparkplugOptions> {
  port: number;
  tags: RecordingTags;
  clock?: Clock;
}

function openSystem({ port, tags, clock = systemClock, ...options }: SystemOptions): Promise<System> {
  return sparkplug({
    name: "plant",
    url: `mqtt://127.0.0.1:${port}`,
    hostId: "hub",
    facts: tags.facts,
    rebirth: { jitterMs: 0 },
    ...options,
  }).open({ clock, random: seededRandom(1), log: silentLog });
}

function sourceOf(system: System): Source {
  const source = system.sources["intake"];
  if (source === undefined) throw new Error("the system has no source");
  return source;
}

const stateOf = (message: { payload?: string | Buffer } | undefined): unknown =>
  JSON.parse(String(message?.payload ?? "null"));

/** Lets what is due be sent, until the broker has heard this many messages. */
async function rebirthDue(bed: Bed, messages = 2): Promise<void> {
  await eventually("a rebirth is asked for", async () => {
    await bed.clock.advance(0);
    return bed.published().length >= messages;
  });
}

const kinds = (heard: readonly Packet[]) => heard.map((packet) => packet.cmd);

describe("a host's certificates", () => {
  for (const protocolVersion of [4, 5] as const) {
    test(`MQTT ${protocolVersion}: connects clean, with a will, subscribes, then publishes its birth first of all`, async () => {
      await using bed = await openBed({ protocolVersion });
      await eventually("the source listens", () => bed.tags.listenings === 1);
      const [connect, subscribe, birth] = bed.broker.heard;
      expect(kinds(bed.broker.heard)).toEqual(["connect", "subscribe", "publish"]);
      expect(connect).toMatchObject({
        clean: true,
        will: { topic: STATE, qos: 1, retain: true },
        ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 0 } }),
      });
      expect(stateOf((connect as IConnectPacket).will)).toEqual({ online: false, timestamp: START });
      expect(subscribe).toMatchObject({
        subscriptions: [
          { topic: STATE, qos: 1 },
          { topic: "spBv1.0/#", qos: 1 },
        ],
      });
      expect(birth).toMatchObject({ topic: STATE, qos: 1, retain: true });
      expect(stateOf(birth as IPublishPacket)).toEqual({ online: true, timestamp: START });
    });
  }

  test("only the groups that are named are subscribed to", async () => {
    await using bed = await openBed({ groups: ["Press shop", "Paint"] });
    await bed.broker.hear("subscribe");
    const subscribe = bed.broker.heard[1];
    expect(subscribe?.cmd === "subscribe" && subscribe.subscriptions.map(({ topic }) => topic)).toEqual([
      STATE,
      "spBv1.0/Press shop/#",
      "spBv1.0/Paint/#",
    ]);
  });

  test("a message that says the host is offline is answered at once with the same birth", async () => {
    await using bed = await openBed();
    await bed.broker.hear("publish");
    await bed.clock.advance(5_000);
    bed.send({ topic: STATE, payload: Buffer.from('{"online":false,"timestamp":1}') });
    await bed.broker.hear("publish", 2);
    const [birth, again] = bed.published();
    expect(stateOf(again)).toEqual({ online: true, timestamp: START });
    expect(again).toMatchObject({ topic: birth?.topic, qos: 1, retain: true });
  });

  test("its own birth, or nonsense on its topic, is answered with nothing", async () => {
    await using bed = await openBed();
    await bed.broker.hear("publish");
    for (const text of ['{"online":true,"timestamp":1}', "OFFLINE", "", "null", "[]", '{"online":"false"}'])
      bed.send({ topic: STATE, payload: Buffer.from(text) });
    await settled(50);
    expect(bed.published()).toHaveLength(1);
  });

  test("a stopping host publishes its death with a new time before its good-bye", async () => {
    await using bed = await openBed();
    await eventually("the host listens", () => bed.tags.listenings === 1);
    await bed.clock.advance(10_000);
    await bed.stop();
    await bed.broker.hear("disconnect");
    const [, death] = bed.published();
    expect(kinds(bed.broker.heard).slice(-2)).toEqual(["publish", "disconnect"]);
    expect(death).toMatchObject({ topic: STATE, qos: 1, retain: true });
    expect((stateOf(death) as { online: boolean }).online).toBe(false);
    expect((stateOf(death) as { timestamp: number }).timestamp).toBeGreaterThanOrEqual(START + 10_000);
  });

  test("a host whose tags cannot be taken publishes its death too, since it says good-bye", async () => {
    await using bed = await openBed();
    await bed.broker.hear("publish");
    const full = new LineshaftError("ledger-full", "The disk is full.", { next: "Make room." });
    bed.tags.changes = () => Promise.reject(full);
    bed.send(new Edge().nbirth([born("n", 1)]));
    await expect(bed.ended).rejects.toBe(full);
    await bed.broker.hear("disconnect");
    expect(stateOf(bed.published()[1])).toMatchObject({ online: false });
  });

  test("each new connection has a new time, and each broker its own", async () => {
    await using one = await openBed();
    await using two = await openBed();
    await eventually("both listen", () => one.tags.listenings + two.tags.listenings === 2);
    await two.clock.advance(1_000);
    two.send({ topic: STATE, payload: Buffer.from('{"online":false,"timestamp":9}') });
    await two.broker.hear("publish", 2);
    expect(one.published()).toHaveLength(1);
    await one.stop();
    await one.clock.advance(10_000);
    const stop = new AbortController();
    const again = sourceOf(one.system).run(new RecordingIntake(), stop.signal);
    await one.broker.hear("connect", 2);
    await eventually(
      "it listens again",
      () => one.tags.listenings === 2,
      () => kinds(one.broker.heard),
    );
    const connect = one.broker.heard.findLast((packet) => packet.cmd === "connect");
    const { timestamp } = stateOf(connect?.will) as { timestamp: number };
    expect(timestamp).toBeGreaterThanOrEqual(START + 10_000);
    expect(stateOf(one.published().at(-1))).toEqual({ online: true, timestamp });
    stop.abort();
    await settled();
    await one.clock.advance(1_000);
    await again;
  });

  test("a broker that does not take the birth is refused in a sentence", async () => {
    await using bed = await openBed({
      prepare: (broker) => {
        broker.hear("publish").then(
          () => broker.sendBytes(Buffer.from([0x40, 4, 0, 2, 0x87, 0])),
          () => {},
        );
      },
    });
    bed.ended.catch(() => {});
    const failure = await bed.ended.catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "system-rejected", message: expect.stringContaining(STATE) });
  });
});

describe("a request for a rebirth", () => {
  test("is an NCMD of QoS 0, not retained, by name, true, with a time and without a sequence number", async () => {
    await using bed = await openBed();
    await bed.broker.hear("publish");
    bed.send(new Edge({ group: "Press shop" }).ndata([changed(1, 1)]));
    await rebirthDue(bed);
    const [, request] = bed.published();
    expect(request).toMatchObject({ topic: "spBv1.0/Press shop/NCMD/press", qos: 0, retain: false });
    expect(Buffer.from(request?.payload ?? "").toString("hex")).toBe(rebirthBytes(START).toString("hex"));
  });

  test("never leaves before the host's birth, however early it is needed", async () => {
    const data = generate({ cmd: "publish", ...new Edge().ndata([changed(1, 1)]), qos: 0, dup: false, retain: false });
    const connack = Buffer.concat([Buffer.from([0x20, 2, 0, 0]), data]);
    await using bed = await openBed({ protocolVersion: 4, prepare: (broker) => void (broker.connack = connack) });
    await rebirthDue(bed);
    expect(bed.published().map(({ topic }) => topic)).toEqual([STATE, "spBv1.0/Plant/NCMD/press"]);
  });

  test("and the host's state are all that can be published: no code can make anything else", async () => {
    // @ts-expect-error The constructor is private: whoever wants another message has to change this class.
    const made = () => new Publication("spBv1.0/Plant/DCMD/press/mill", Buffer.alloc(0), 0, false);
    expect(made).toBeDefined();
    const makers = Object.getOwnPropertyNames(Publication).filter(
      (name) => !["length", "name", "prototype"].includes(name),
    );
    expect(makers.sort()).toEqual(["rebirth", "state"]);
    expect(Publication.rebirth({ group: "G", node: "N" }, 5)).toMatchObject({
      topic: "spBv1.0/G/NCMD/N",
      payload: rebirthBytes(5),
    });
    expect(Publication.state("hub", true, 5)).toMatchObject({ topic: STATE });
    const source = join(import.meta.dirname, "..");
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.includes("testing"),
    );
    const having = (text: RegExp) => files.filter((file) => text.test(readFileSync(join(source, file), "utf8"))).sort();
    expect(having(/DCMD/)).toEqual([]);
    expect(having(/NCMD/)).toEqual(["publication.ts"]);
    expect(having(/cmd: "publish"/)).toEqual(["session.ts"]);
    expect(having(/\.publish\(/)).toEqual(["sparkplug/source.ts"]);
  });

  test("and the host's state are all that is published, whatever edge nodes send", async () => {
    await using bed = await openBed();
    await bed.broker.hear("publish");
    const edge = new Edge();
    bed.send({ topic: "spBv1.0/Plant/DCMD/press/mill", payload: edge.ddata("mill", [changed("set", 1)]).payload });
    bed.send({ topic: "spBv1.0/Plant/NCMD/press", payload: rebirthBytes(1) });
    bed.send(edge.nbirth([{ ...born("set", 1), alias: 1 }]));
    bed.send(edge.ddata("mill", [changed(2, 1)]));
    bed.send({ topic: STATE, payload: Buffer.from('{"online":false,"timestamp":1}') });
    bed.send(edge.ndeath());
    bed.send(edge.ndata([changed(1, 2)]));
    await bed.broker.hear("publish", 2);
    await rebirthDue(bed, 3);
    const allowed = new Set([STATE, "spBv1.0/Plant/NCMD/press"]);
    expect(bed.published().filter(({ topic }) => !allowed.has(topic))).toEqual([]);
  });
});

describe("what is handed over", () => {
  test("waits for whoever takes it, and then comes in few pieces", async () => {
    await using bed = await openBed();
    await bed.broker.hear("publish");
    const gate = Promise.withResolvers<void>();
    bed.tags.gate = gate.promise;
    const edge = new Edge();
    bed.send(edge.nbirth([born("n", 0, 1)]));
    for (let i = 1; i <= 200; i++) bed.send(edge.ndata([changed(1, i)]));
    await settled(50);
    expect(bed.tags.all).toEqual([]);
    gate.resolve();
    await eventually("all arrive", () => bed.tags.all.length === 201);
    expect(bed.tags.of("Plant/press/n")).toEqual([...Array(201).keys()]);
    expect(bed.tags.parcels.length).toBeLessThan(50);
  });

  test("stops being read from the broker while more waits than the limit", async () => {
    await using bed = await openBed({ limits: { inFlight: 10 } });
    await bed.broker.hear("publish");
    const gate = Promise.withResolvers<void>();
    bed.tags.gate = gate.promise;
    const edge = new Edge();
    bed.send(edge.nbirth([born("n", 0, 1)]));
    for (let i = 1; i <= 100; i++) bed.send(edge.ndata([changed(1, i)]));
    await settled(50);
    gate.resolve();
    await eventually("all arrive", () => bed.tags.all.length === 101);
    expect(Math.max(...bed.tags.parcels)).toBeLessThanOrEqual(10);
  });

  test("a payload longer than the limit is passed over, and leads to a rebirth", async () => {
    await using bed = await openBed({ limits: { payloadBytes: 1_000 } });
    await bed.broker.hear("publish");
    bed.send({ topic: "spBv1.0/Plant/NBIRTH/press", payload: Buffer.alloc(300_000) });
    await rebirthDue(bed);
    expect(bed.published()[1]?.topic).toBe("spBv1.0/Plant/NCMD/press");
  });
});

describe("check", () => {
  test("says how many edge nodes are online, and without a connection tries one that is no host", async () => {
    await using broker = await startAedes();
    const tags = new RecordingTags();
    const system = await openSystem({ port: broker.port, tags, protocolVersion: 4 });
    expect(await system.check(AbortSignal.timeout(10_000))).toEqual({ ok: true });
    await using running = keepRunning(sourceOf(system), new RecordingIntake());
    await eventually(
      "it listens",
      () => tags.listenings === 1,
      () => running.failures.map(String),
    );
    expect(await system.check(AbortSignal.timeout(10_000))).toEqual({
      ok: true,
      detail: "connected as hub, 0 of 0 edge nodes online",
    });
  });
});

interface Plant extends AsyncDisposable {
  broker: Broker;
  tags: RecordingTags;
  running: Running;
  /** An edge node's own client. */
  client: MqttClient;
  states: string[];
}

/** Host, broker and an edge node's client, all real. The client answers rebirth requests by `rebirth`. */
async function openPlant(
  broker: Broker,
  protocolVersion: 4 | 5,
  rebirth: (client: MqttClient) => void,
): Promise<Plant> {
  const tags = new RecordingTags();
  const system = await openSystem({ port: broker.port, tags, protocolVersion });
  const running = keepRunning(sourceOf(system), new RecordingIntake());
  await eventually(
    "the host listens",
    () => tags.listenings > 0,
    () => running.failures.map(String),
  );
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion, reconnectPeriod: 50 });
  client.on("error", () => {});
  const states: string[] = [];
  client.on("message", (topic, payload) => {
    if (topic === STATE) states.push(payload.toString());
    else rebirth(client);
  });
  await client.subscribeAsync([STATE, "spBv1.0/Plant/NCMD/press"], { qos: 1 });
  return {
    broker,
    tags,
    running,
    client,
    states,
    async [Symbol.asyncDispose]() {
      await client.endAsync(true);
      await running.stop();
      await broker[Symbol.asyncDispose]();
    },
  };
}

const program = findProgram("mosquitto") ?? "";
const installed = program !== "";

test.skipIf(!installed && !process.env["CI"])(
  "mosquitto is installed, so that a host on a real broker is tried",
  () => {
    expect(program, "not on PATH: apt-get install mosquitto").not.toBe("");
  },
);

describe("MQTT 3.1.1 on aedes", () => plantCases(async () => ({ broker: await startAedes(), version: 4 })));

describe.skipIf(!installed)("MQTT 3.1.1 on mosquitto (skipped where it is not on PATH)", () =>
  plantCases(async () => ({ broker: await Mosquitto.start(program), version: 4 })),
);

describe.skipIf(!installed)("MQTT 5 on mosquitto (skipped where it is not on PATH)", () =>
  plantCases(async () => ({ broker: await Mosquitto.start(program), version: 5 })),
);

function plantCases(open: () => Promise<{ broker: Broker; version: 4 | 5 }>): void {
  test("an edge node's values arrive, and its loss is repaired by a rebirth that it was asked for", async () => {
    const edge = new Edge();
    const { broker, version } = await open();
    let count = 0;
    const birth = () => edge.nbirth([born("n", count, 1)]);
    await using plant = await openPlant(broker, version, (client) => publish(client, birth()));
    publish(plant.client, birth());
    publish(plant.client, edge.ndata([changed(1, ++count)]));
    await eventually("values arrive", () => plant.tags.last("Plant/press/n")?.value === 1);
    edge.ndata([]);
    publish(plant.client, edge.ndata([changed(1, (count = 7))]));
    await eventually("the rebirth arrives", () => plant.tags.last("Plant/press/n")?.value === 7);
    expect(plant.tags.of("Plant/press/n")).toEqual([0, 1, "1 uncertain", 7]);
    expect(plant.tags.gaps).toHaveLength(1);
  });

  test("a broker that restarts costs a gap; the host is born anew and asks the edge nodes", async () => {
    const edge = new Edge();
    const { broker, version } = await open();
    await using plant = await openPlant(broker, version, (client) => publish(client, edge.nbirth([born("n", 2, 1)])));
    publish(plant.client, edge.nbirth([born("n", 1, 1)]));
    await eventually("the birth arrives", () => plant.tags.all.length === 1);
    await broker.restart();
    await eventually(
      "the host is back",
      () => plant.tags.listenings === 2,
      () => plant.running.failures.map(String),
    );
    // The request may have gone before the edge node was back at the broker; its next data then leads to another.
    await eventually("the edge node is back", () => plant.client.connected);
    publish(plant.client, edge.nbirth([born("n", 2, 1)]));
    await eventually("its values are back", () => plant.tags.last("Plant/press/n")?.value === 2);
    expect(plant.tags.of("Plant/press/n").slice(0, 2)).toEqual([1, "1 stale"]);
    expect(plant.tags.gaps).toContainEqual(expect.objectContaining({ tags: [], filled: false }));
    expect(plant.tags.gaps).toContainEqual(expect.objectContaining({ tags: ["Plant/press/n"], filled: false }));
  });

  test("a session taken over is given up with a reason, and taken back; the host ends up online", async () => {
    const { broker, version } = await open();
    await using plant = await openPlant(broker, version, () => {});
    const other = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      protocolVersion: version,
      clientId: "hub",
      reconnectPeriod: 0,
    });
    await eventually("the host comes back", () => plant.tags.listenings === 2);
    expect(plant.running.failures.length).toBeGreaterThan(0);
    await eventually("it is online", () => plant.states.at(-1)?.includes('"online":true') === true);
    await other.endAsync(true);
  });

  test("a will that comes late is set right, and a clean stop says offline to whoever asks later", async () => {
    const { broker, version } = await open();
    await using plant = await openPlant(broker, version, () => {});
    await plant.client.publishAsync(STATE, '{"online":false,"timestamp":1}', { qos: 1, retain: true });
    await eventually("it is set right", () => plant.states.at(-1)?.includes('"online":true') === true);
    await plant.running.stop();
    await eventually("the death is told", () => plant.states.at(-1)?.includes('"online":false') === true);
    const late = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: version });
    const told: string[] = [];
    late.on("message", (_topic, payload) => void told.push(payload.toString()));
    await late.subscribeAsync(STATE, { qos: 1 });
    await eventually("the broker kept it", () => told.length === 1);
    expect(told[0]).toContain('"online":false');
    await late.endAsync(true);
  });
}

function publish(client: MqttClient, { topic, payload }: { topic: string; payload: Buffer }): void {
  client.publish(topic, payload, { qos: 0 });
}
