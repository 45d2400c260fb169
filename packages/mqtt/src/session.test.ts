import { LineshaftError, silentLog, systemClock } from "@lineshaft/core";
import type { Clock, Log } from "@lineshaft/core";
import { FakeClock, RecordingIntake, eventually, seededRandom, settled } from "@lineshaft/testing";
import { generate } from "mqtt-packet";
import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { mqtt } from "./index.ts";
import type { MqttOptions } from "./index.ts";
import { HANDSHAKE_MS } from "./options.ts";
import { startScriptedBroker } from "./testing/scripted-broker.ts";
import type { ScriptedBroker } from "./testing/scripted-broker.ts";

interface Bed extends AsyncDisposable {
  broker: ScriptedBroker;
  intake: RecordingIntake;
  /** Settles when `run` does. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

interface BedOptions extends Partial<MqttOptions> {
  clock?: Clock;
  log?: Log;
  prepare?: (broker: ScriptedBroker) => void;
  intake?: RecordingIntake;
}

async function openBed({
  clock,
  log,
  prepare,
  intake = new RecordingIntake(),
  ...options
}: BedOptions = {}): Promise<Bed> {
  const { protocolVersion = 5 } = options;
  const broker = await startScriptedBroker(protocolVersion);
  prepare?.(broker);
  const system = await mqtt({
    name: "plant",
    url: `mqtt://127.0.0.1:${broker.port}`,
    clientId: "hub",
    subscribe: [{ topic: "plant/{site}/completion", contract: "completion.v1" }],
    ...options,
  }).open({ clock: clock ?? systemClock, random: seededRandom(1), log: log ?? silentLog });
  const stop = new AbortController();
  const ended = system.sources["intake"]?.run(intake, stop.signal) ?? Promise.reject(new Error("no source"));
  const outcome = ended.catch(() => {});
  const end = async () => {
    stop.abort();
    await outcome;
  };
  const close = async () => {
    intake.release();
    await end();
    await broker[Symbol.asyncDispose]();
  };
  return { broker, intake, ended, stop: end, [Symbol.asyncDispose]: close };
}

function publish(messageId: number, rest: Partial<IPublishPacket> = {}): IPublishPacket {
  const payload = Buffer.from(`{"n":${messageId}}`);
  return {
    cmd: "publish",
    topic: "plant/hamburg/completion",
    qos: 1,
    dup: false,
    retain: false,
    messageId,
    payload,
    ...rest,
  };
}

const pubacks = (broker: ScriptedBroker) =>
  broker.heard.flatMap((packet) => (packet.cmd === "puback" ? [packet.messageId] : []));

describe("acknowledgements", () => {
  test("leave in the order the messages came, whichever commit ends first", async () => {
    await using bed = await openBed();
    await bed.broker.hear("subscribe");
    const commits = [1, 2, 3].map(() => Promise.withResolvers<void>());
    const record = bed.intake.record.bind(bed.intake);
    bed.intake.record = async (fact) => {
      await commits[bed.intake.handed.length + waiting++]?.promise;
      waiting--;
      return record(fact);
    };
    let waiting = 0;
    for (const id of [1, 2, 3]) bed.broker.send(publish(id));
    await eventually("all are in hand", () => waiting === 3);
    commits[2]?.resolve();
    commits[1]?.resolve();
    await eventually("two commits ended", () => bed.intake.recorded.length === 2);
    await settled(50);
    expect(pubacks(bed.broker)).toEqual([]);
    commits[0]?.resolve();
    await bed.broker.hear("puback", 3);
    expect(pubacks(bed.broker)).toEqual([1, 2, 3]);
  });

  test("stop at the first message that could not be stored, and the source says why", async () => {
    await using bed = await openBed();
    await bed.broker.hear("subscribe");
    const full = new LineshaftError("ledger-full", "The disk is full.", { next: "Make room." });
    const record = bed.intake.record.bind(bed.intake);
    bed.intake.record = (fact) => (Buffer.from(fact.raw).includes('"n":2') ? Promise.reject(full) : record(fact));
    for (const id of [1, 2, 3]) bed.broker.send(publish(id));
    await expect(bed.ended).rejects.toBe(full);
    expect(pubacks(bed.broker)).toEqual([1]);
  });

  test("are given for hundreds of messages in flight at once", async () => {
    await using bed = await openBed({ limits: { inFlight: 500 } });
    await bed.broker.hear("subscribe");
    bed.intake.hold();
    for (let id = 1; id <= 500; id++) bed.broker.send(publish(id));
    await eventually("all wait for one commit", () => bed.intake.waiting === 500);
    bed.intake.release();
    await bed.broker.hear("puback", 500);
    expect(pubacks(bed.broker)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
  });
});

describe("the limit of messages in flight", () => {
  test("is told to the broker, and where it does not keep it nothing more is read", async () => {
    await using bed = await openBed({ limits: { inFlight: 10 } });
    await bed.broker.hear("subscribe");
    expect(bed.broker.heard[0]).toMatchObject({ cmd: "connect", properties: { receiveMaximum: 10 } });
    bed.intake.hold();
    const payload = Buffer.alloc(100_000, "x");
    for (let id = 1; id <= 500; id++) bed.broker.send(publish(id, { payload }));
    await eventually("ten are in hand", () => bed.intake.waiting === 10);
    await settled(200);
    expect(bed.intake.handed).toHaveLength(10);
    expect(bed.broker.unsent).toBeGreaterThan(10_000_000);
    bed.intake.release();
    await bed.broker.hear("puback", 500);
    expect(pubacks(bed.broker)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
  });

  test("counts their bytes too", async () => {
    await using bed = await openBed({ limits: { inFlightBytes: 1_000_000 } });
    await bed.broker.hear("subscribe");
    bed.intake.hold();
    const payload = Buffer.alloc(100_000, "x");
    for (let id = 1; id <= 100; id++) bed.broker.send(publish(id, { payload }));
    await eventually("a million bytes are in hand", () => bed.intake.waiting === 10);
    await settled(200);
    expect(bed.intake.handed).toHaveLength(10);
    bed.intake.release();
    await bed.broker.hear("puback", 100);
    expect(pubacks(bed.broker)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  test("does not make the broker believe that the hub is dead", async () => {
    const clock = new FakeClock();
    await using bed = await openBed({ clock, limits: { inFlight: 1, keepAliveSeconds: 30 } });
    await bed.broker.hear("subscribe");
    bed.intake.hold();
    bed.broker.send(publish(1));
    bed.broker.send(publish(2));
    await eventually("one is in hand", () => bed.intake.waiting === 1);
    await settled(20);
    for (let minute = 0; minute < 5; minute++) await clock.advance(60_000);
    await bed.broker.hear("pingreq", 10);
    bed.intake.release();
    await bed.broker.hear("puback", 2);
    expect(pubacks(bed.broker)).toEqual([1, 2]);
  });
});

describe("a connection that is no longer one", () => {
  test("is given up when the broker is silent for one and a half keep-alives", async () => {
    const clock = new FakeClock();
    await using bed = await openBed({ clock, prepare: (broker) => void (broker.answersPings = false) });
    await bed.broker.hear("subscribe");
    await settled(20);
    await clock.advance(60_000);
    await clock.advance(60_000);
    await expect(bed.ended).rejects.toThrow("No connection to MQTT broker");
    await bed.broker.hear("pingreq");
  });

  test("is given up when the broker does not answer the CONNECT", async () => {
    const clock = new FakeClock();
    await using bed = await openBed({ clock, prepare: (broker) => void (broker.connack = undefined) });
    await bed.broker.hear("connect");
    await clock.advance(HANDSHAKE_MS);
    await expect(bed.ended).rejects.toMatchObject({
      code: "system-unavailable",
      said: "no CONNACK within 20 s",
    });
  });

  test("is left at once when the source is stopped meanwhile", async () => {
    await using bed = await openBed({ prepare: (broker) => void (broker.connack = undefined) });
    await bed.broker.hear("connect");
    await bed.stop();
    await expect(bed.ended).resolves.toBeUndefined();
  });

  test("says what the broker gave as its reason", async () => {
    await using bed = await openBed();
    await bed.broker.hear("subscribe");
    bed.broker.send({ cmd: "disconnect", reasonCode: 0x8e });
    await expect(bed.ended).rejects.toMatchObject({
      said: "session taken over (code 142)",
      next: "Another client connected as hub: stop it, or give this hub a clientId of its own.",
    });
  });

  test.each([
    ["a packet no subscriber gets", Buffer.from([0x10, 0x00])],
    ["a message of QoS 2", generate(publish(1, { qos: 2 }), { protocolVersion: 5 })],
    ["a length without end", Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ["a topic longer than its packet", Buffer.from([0x32, 0x04, 0xff, 0xff, 0x61, 0x62])],
    ["an empty PUBLISH", Buffer.from([0x32, 0x00])],
    ["an unknown property", Buffer.from([0x32, 0x08, 0x00, 0x01, 0x61, 0x00, 0x01, 0x02, 0x7f, 0x00])],
  ])("is ended by %s", async (_case, bytes) => {
    await using bed = await openBed();
    await bed.broker.hear("subscribe");
    bed.broker.sendBytes(bytes);
    await expect(bed.ended).rejects.toMatchObject({ code: "system-unavailable" });
    expect(bed.intake.handed).toEqual([]);
  });
});

describe("a broker that refuses", () => {
  test.each([
    [4, { returnCode: 4 }, "system-rejected", "bad user name or password (code 4)"],
    [4, { returnCode: 1 }, "system-unfit", "unacceptable protocol version (code 1)"],
    [4, { returnCode: 3 }, "system-unavailable", "server unavailable (code 3)"],
    [5, { reasonCode: 0x87 }, "system-rejected", "not authorized (code 135)"],
    [5, { reasonCode: 0x89 }, "system-unavailable", "server busy (code 137)"],
  ] as const)("MQTT %d connection, by %j", async (protocolVersion, codes, code, said) => {
    const prepare = (broker: ScriptedBroker) =>
      void (broker.connack = { cmd: "connack", sessionPresent: false, ...codes });
    await using bed = await openBed({ protocolVersion, prepare });
    await expect(bed.ended).rejects.toMatchObject({ code, said });
  });

  test("version 5 in the words of version 3.1.1 is told to be set to 4", async () => {
    await using bed = await openBed({
      prepare: (broker) => void (broker.connack = Buffer.from([0x20, 0x02, 0x00, 0x01])),
    });
    await expect(bed.ended).rejects.toMatchObject({ code: "system-unfit", next: "Set protocolVersion to 4." });
  });

  test.each([[0x87], [0]])("a subscription with code %d stops the source", async (code) => {
    await using bed = await openBed({ prepare: (broker) => void (broker.granted = [code]) });
    await expect(bed.ended).rejects.toMatchObject({
      code: "system-rejected",
      message: expect.stringContaining("did not grant the subscription to plant/+/completion"),
    });
  });
});

describe("a message", () => {
  test("of MQTT 5 brings its id, its trace and fields by user properties", async () => {
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const subscribe = [
      {
        topic: "plant/{site}/completion",
        contract: { id: "completion.v1" },
        userProperties: { workCenter: "station" },
      },
    ];
    await using bed = await openBed({ subscribe });
    await bed.broker.hear("subscribe");
    const userProperties = { id: "F-1", traceparent: trace, station: "WC-7", __proto__: "x" };
    bed.broker.send(
      publish(1, {
        properties: { userProperties, correlationData: Buffer.from("req-9"), contentType: "application/json" },
      }),
    );
    await bed.broker.hear("puback");
    expect(bed.intake.handed[0]).toMatchObject({
      contract: "completion.v1",
      id: "F-1",
      trace,
      fields: { site: "hamburg", workCenter: "WC-7" },
      origin: "plant/hamburg/completion (correlation req-9)",
    });
  });

  test("longer than the limit is kept by its beginning, cannot pass for whole, and the next one arrives", async () => {
    await using bed = await openBed({ limits: { packetBytes: 1_000 } });
    await bed.broker.hear("subscribe");
    bed.broker.send(publish(1, { payload: Buffer.alloc(300_000, " ") }));
    bed.broker.send(publish(2));
    await bed.broker.hear("puback", 2);
    const [cut, next] = bed.intake.handed;
    expect(cut?.raw.length).toBeLessThan(1_000);
    expect(() => cut?.translate?.({}, {})).toThrow("longer than the source's packetBytes");
    expect(Buffer.from(next?.raw ?? "").toString()).toBe('{"n":2}');
    expect(pubacks(bed.broker)).toEqual([1, 2]);
  });

  test("whose properties alone are longer than the limit is kept and acknowledged", async () => {
    await using bed = await openBed({ limits: { packetBytes: 1_000 } });
    await bed.broker.hear("subscribe");
    bed.broker.send(publish(1, { properties: { userProperties: { a: "x".repeat(50_000) } } }));
    await bed.broker.hear("puback");
    expect(bed.intake.handed).toHaveLength(1);
  });

  test("kept by the broker from before is passed over, or recorded where that is wished", async () => {
    for (const [retained, expected] of [
      ["ignore", 0],
      ["record", 1],
    ] as const) {
      await using bed = await openBed({ retained, protocolVersion: 4 });
      await bed.broker.hear("subscribe");
      bed.broker.send(publish(1, { retain: true }));
      await bed.broker.hear("puback");
      expect(bed.intake.handed).toHaveLength(expected);
    }
  });

  test("of QoS 0 is recorded and needs no acknowledgement", async () => {
    await using bed = await openBed();
    await bed.broker.hear("subscribe");
    bed.broker.send(publish(0, { qos: 0, messageId: undefined }));
    await eventually("it is recorded", () => bed.intake.recorded.length === 1);
    expect(pubacks(bed.broker)).toEqual([]);
  });
});

describe("subscriptions", () => {
  test("taken out of the configuration are taken out of the broker's session", async () => {
    const intake = new RecordingIntake();
    await intake.saveCursor("subscriptions/hub", '["plant/+/completion","old/#"]');
    await using bed = await openBed({
      intake,
      prepare: (broker) =>
        void (broker.connack = { cmd: "connack", sessionPresent: true, returnCode: 0, reasonCode: 0 }),
    });
    await bed.broker.hear("unsubscribe");
    expect(bed.broker.heard.find((packet) => packet.cmd === "unsubscribe")).toMatchObject({
      unsubscriptions: ["old/#"],
    });
    await eventually("the cursor is kept", () => intake.cursors.get("subscriptions/hub") === '["plant/+/completion"]');
  });

  test("a session the broker has lost is told, since facts may be missing", async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
    const intake = new RecordingIntake();
    await intake.saveCursor("subscriptions/hub", '["plant/+/completion"]');
    await using bed = await openBed({ intake, log });
    await bed.broker.hear("subscribe");
    expect(warnings).toEqual([
      "The broker kept no session of hub: what was sent while the hub was away is lost there.",
    ]);
  });

  test("are asked for by group, without what the broker had kept, and the session outlives the connection", async () => {
    const subscribe = [{ topic: "plant/{site}/completion", contract: "completion.v1", shared: "hubs" }];
    await using bed = await openBed({ subscribe });
    await bed.broker.hear("subscribe");
    expect(bed.broker.heard).toMatchObject([
      { cmd: "connect", clean: false, properties: { sessionExpiryInterval: 604_800 } },
      { cmd: "subscribe", subscriptions: [{ topic: "$share/hubs/plant/+/completion", qos: 1, rh: 2 }] },
    ]);
  });

  test("a stopping source says good-bye, so that the broker keeps its session without a fuss", async () => {
    await using bed = await openBed();
    await bed.broker.hear("subscribe");
    await bed.stop();
    await bed.broker.hear("disconnect");
    expect(bed.broker.heard.at(-1)).toMatchObject({ cmd: "disconnect", reasonCode: 0 });
  });
});
