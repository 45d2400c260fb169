import { eventually, settled } from "@lineshaft/testing";
import { afterEach, describe, expect, test } from "vitest";
import { answerTo, emptyAnswerTo, exceptionTo, startJsmodbus, startPymodbus, startRaw } from "./testing/devices.ts";
import { openReader } from "./testing/reader.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function disposed<T extends AsyncDisposable>(making: Promise<T>): Promise<T> {
  const made = await making;
  closing.push(() => made[Symbol.asyncDispose]());
  return made;
}

type ReaderOptions = Parameters<typeof openReader>[0];
const device = () => disposed(startJsmodbus());
const raw = (answer: Parameters<typeof startRaw>[0]) => disposed(startRaw(answer));
const reader = (options: ReaderOptions) => disposed(openReader(options));

const speed = { speed: { table: "holding", address: 3 } } as const;

describe("values of a device of jsmodbus", () => {
  test("each table and type arrives, and then only what changes", async () => {
    const press = await device();
    press.holding.writeUInt16BE(1234, 6);
    press.input.writeFloatBE(21.5, 20);
    press.coils.writeUInt8(0b0000_0100, 0);
    press.discrete.writeUInt8(0b0000_0010, 1);
    press.holding.write("MO-7", 40);
    const { observer, clock, run } = await reader({
      port: press.port,
      registers: {
        speed: { table: "holding", address: 3, scale: "0.1" },
        heat: { table: "input", address: 10, type: "float32" },
        door: { table: "coil", address: 2 },
        alarm: { table: "discrete", address: 9 },
        order: { table: "holding", address: 20, type: "string", length: 4 },
      },
    });
    void run();
    await eventually("all is read", () => observer.listened === 1);
    const values = Object.fromEntries(observer.all.map(({ tag, value }) => [tag, value]));
    expect(values).toEqual({ speed: 123.4, heat: 21.5, door: true, alarm: true, order: "MO-7" });
    expect(observer.all.every(({ quality, sourceTime }) => quality === "good" && sourceTime === clock.now())).toBe(
      true,
    );
    press.holding.writeUInt16BE(1235, 6);
    await clock.advance(1_000);
    await eventually("the change arrives", () => observer.all.length === 6);
    expect(observer.all.at(-1)).toMatchObject({ tag: "speed", value: 123.5, sourceTime: clock.now() });
  });

  test("changes within the deadband are none, until they add up", async () => {
    const press = await device();
    press.holding.writeUInt16BE(100, 6);
    const { observer, clock, run } = await reader({
      port: press.port,
      registers: {
        speed: { table: "holding", address: 3, scale: "0.1", deadband: "0.2" },
        count: { table: "holding", address: 4 },
      },
    });
    void run();
    await eventually("the first values", () => observer.all.length === 2);
    for (const [at, raw] of [101, 102, 103].entries()) {
      press.holding.writeUInt16BE(raw, 6);
      press.holding.writeUInt16BE(at + 1, 8);
      await clock.advance(1_000);
      await eventually("it is read again", () => observer.valuesOf("count").length === at + 2);
    }
    expect(observer.valuesOf("speed")).toEqual([10, 10.3]);
  });

  test("each interval is kept, and registers of one interval are read together", async () => {
    const press = await raw((request, socket) => socket.write(answerTo(request)));
    const { observer, clock, run } = await reader({
      port: press.port,
      registers: {
        slow: { table: "input", address: 1, intervalMs: 1_000 },
        quick: { table: "holding", address: 1, intervalMs: 100 },
        too: { table: "holding", address: 2, intervalMs: 100 },
      },
    });
    void run();
    await eventually("all is read", () => observer.listened === 1);
    for (let n = 1; n <= 10; n++) {
      await clock.advance(100);
      await eventually("it is read", () => press.requests.length >= 2 + n + (n === 10 ? 1 : 0));
    }
    const [quick, slow] = [3, 4].map((code) => press.requests.filter((request) => request[7] === code).length);
    expect({ quick, slow }).toEqual({ quick: 11, slow: 2 });
  });

  test.each([
    ["an exception", exceptionTo, /Unit 1 refuses to read holding 512: 02, illegal data address\. Compare/],
    [
      "an answer without values",
      emptyAnswerTo,
      /Unit 1 answers with 0 bytes of values where 2 .* for holding 512\. Compare/,
    ],
  ])("a register told missing by %s is bad, says which and what to do, and harms no other", async (_, refuse, said) => {
    const press = await raw((request, socket) => {
      const beyond = request.readUInt16BE(8) + request.readUInt16BE(10) > 512;
      socket.write(beyond ? refuse(request, 2) : answerTo(request));
    });
    const { observer, clock, run } = await reader({
      port: press.port,
      registers: {
        near: { table: "holding", address: 510 },
        last: { table: "holding", address: 511 },
        beyond: { table: "holding", address: 512 },
      },
    });
    void run();
    await eventually("all is read", () => observer.listened === 1);
    expect(observer.last("last")).toMatchObject({ quality: "good", value: 511 });
    expect(observer.last("beyond")).toMatchObject({ quality: "bad", value: null, said: expect.stringMatching(said) });
    press.requests.length = 0;
    await clock.advance(1_000);
    await eventually("it is read again", () => press.requests.length === 2);
    await settled(20);
    // Found out once: the two that are there stay in one request.
    expect(press.requests.map((request) => request.readUInt16BE(8))).toEqual([510, 512]);
    expect(observer.all).toHaveLength(3);
  });

  test("nothing is read before the observer has taken the last reading", async () => {
    const press = await raw((request, socket) => socket.write(answerTo(request)));
    const { observer, clock, run } = await reader({ port: press.port, registers: speed });
    const taken = Promise.withResolvers<void>();
    observer.hold = taken.promise;
    void run();
    await eventually("it is handed over", () => observer.batches.length === 1);
    await clock.advance(60_000);
    await settled(50);
    expect(press.requests).toHaveLength(1);
    expect(observer.listened).toBe(0);
    taken.resolve();
    await eventually("it goes on", () => press.requests.length > 1);
  });

  test("stopped by its signal it returns at once, also while the device keeps silent", async () => {
    const press = await raw(() => undefined);
    const { observer, run, tags } = await reader({ port: press.port, registers: speed });
    const stop = new AbortController();
    const ended = tags.run(observer, stop.signal);
    await eventually("it waits", () => press.requests.length === 1);
    stop.abort();
    await expect(ended).resolves.toBeUndefined();
    expect(observer.all).toEqual([]);
    void run;
  });
});

describe("a device gone", () => {
  test("is stale, and back again tells the gap and every value anew", async () => {
    const press = await device();
    press.holding.writeUInt16BE(7, 6);
    const { observer, clock, run } = await reader({ port: press.port, registers: speed });
    const first = run();
    await eventually("it is read", () => observer.listened === 1);
    const goneAt = clock.now();
    await press.stop();
    await clock.advance(1_000);
    expect(await first).toMatchObject({ code: "system-unavailable", said: /ECONNREFUSED/ });
    expect(observer.last("speed")).toMatchObject({
      quality: "stale",
      value: 7,
      said: /press-04, unit 1 at 127\.0\.0\.1/,
    });
    expect(await run()).toMatchObject({ code: "system-unavailable" });
    expect(observer.all).toHaveLength(2);
    await press.start();
    await clock.advance(60_000);
    void run();
    await eventually("it is back", () => observer.listened === 2);
    expect(observer.gaps).toEqual([
      { tags: [], from: goneAt, to: clock.now(), filled: false, reason: expect.stringContaining("keeps no history") },
    ]);
    expect(observer.last("speed")).toMatchObject({ quality: "good", value: 7 });
  });

  test("for a moment only is connected to again at once, without a gap", async () => {
    const press = await raw((request, socket, nth) => {
      if (nth === 2) socket.destroy();
      else socket.write(answerTo(request));
    });
    const { observer, clock, run } = await reader({ port: press.port, registers: speed });
    void run();
    await eventually("it is read", () => observer.listened === 1);
    await clock.advance(1_000);
    await eventually("it is asked again", () => press.requests.length === 3);
    expect(press.connections).toBe(2);
    expect(observer.gaps).toEqual([]);
    expect(observer.all.map((change) => change.quality)).toEqual(["good"]);
  });

  test("answering late is asked again over a new connection, and the late answer is nobody's", async () => {
    const late: (() => void)[] = [];
    const press = await raw((request, socket, nth) => {
      const answer = answerTo(request);
      if (nth !== 2) return void socket.write(answer);
      answer.writeUInt16BE(666, 9);
      late.push(() => void socket.write(answer));
    });
    const { observer, clock, run } = await reader({ port: press.port, registers: speed });
    void run();
    await eventually("it is read", () => observer.listened === 1);
    await clock.advance(1_000);
    await eventually("it is asked", () => press.requests.length === 2);
    await clock.advance(3_000);
    late.forEach((answer) => answer());
    await eventually("it is asked again", () => press.connections === 2 && press.requests.length >= 3);
    await clock.advance(1_000);
    await settled(50);
    expect(observer.valuesOf("speed")).toEqual([3]);
  });

  test("behind its gateway is stale, while the connection stays", async () => {
    let behind = true;
    const gateway = await raw((request, socket) =>
      socket.write(behind ? answerTo(request) : exceptionTo(request, 0x0b)),
    );
    const { observer, clock, run } = await reader({ port: gateway.port, registers: speed });
    void run();
    await eventually("it is read", () => observer.listened === 1);
    behind = false;
    await clock.advance(1_000);
    await eventually("it is stale", () => observer.last("speed")?.quality === "stale");
    expect(observer.last("speed")?.said).toMatch(
      /0B, gateway target device failed to respond\. Look at the device behind/,
    );
    const readAt = clock.now() - 1_000;
    for (let n = 0; n < 5; n++) {
      await clock.advance(1_000);
      await eventually("it is asked", () => gateway.requests.length === n + 3);
      await settled();
    }
    behind = true;
    await clock.advance(1_000);
    await eventually("it is good", () => observer.last("speed")?.quality === "good");
    expect(observer.gaps).toMatchObject([{ from: readAt, to: clock.now(), filled: false }]);
    expect(observer.all.map(({ quality }) => quality)).toEqual(["good", "stale", "good"]);
    expect(gateway.connections).toBe(1);
  });

  test("refusing everything for a moment is asked in large requests again", async () => {
    let failing = true;
    const press = await raw((request, socket) => socket.write(failing ? exceptionTo(request, 4) : answerTo(request)));
    const { observer, clock, run } = await reader({
      port: press.port,
      registers: {
        a: { table: "input", address: 0 },
        b: { table: "input", address: 1 },
        c: { table: "input", address: 2 },
      },
    });
    void run();
    await eventually("all is bad", () => observer.listened === 1);
    expect(observer.all.map(({ quality }) => quality)).toEqual(["bad", "bad", "bad"]);
    failing = false;
    press.requests.length = 0;
    await clock.advance(1_000);
    await eventually("all is good", () => observer.all.length === 6);
    expect(press.requests.map((request) => request.readUInt16BE(10))).toEqual([3]);
  });
});

describe("what check says", () => {
  const running = () => new AbortController().signal;

  test("of a device that answers, and of one that refuses the register", async () => {
    const press = await device();
    const { system } = await reader({ port: press.port, registers: speed });
    expect(await system.check(running())).toEqual({ ok: true });
    const { system: beyond } = await reader({ port: press.port, registers: { x: { table: "input", address: 9_000 } } });
    expect(await beyond.check(running())).toEqual({
      ok: true,
      detail: "unit 1 answers with 0 bytes of values where 2 were asked for",
    });
  });

  test("of one that is not there", async () => {
    const press = await device();
    await press.stop();
    const { system, definition } = await reader({
      port: press.port,
      registers: { speed: { ...speed.speed, unit: "MTS" } },
    });
    expect(await system.check(running())).toMatchObject({
      ok: false,
      next: expect.stringContaining("Switch Modbus TCP on"),
    });
    expect(definition).toMatchObject({ connector: "modbus", sources: ["tags"], units: { speed: "MTS" } });
  });
});

const pymodbus = await startPymodbus();
if (pymodbus) await pymodbus[Symbol.asyncDispose]();

describe.skipIf(!pymodbus)("a device of pymodbus (skipped where Debian's python3-pymodbus is missing)", () => {
  test("is read as one of jsmodbus is", async () => {
    const plc = await startPymodbus();
    if (plc === undefined) throw new Error("it is gone");
    closing.push(() => plc[Symbol.asyncDispose]());
    const { observer, run } = await reader({
      port: plc.port,
      unit: 7,
      registers: {
        word: { table: "holding", address: 2 },
        pair: { table: "input", address: 3, type: "uint32", order: "CDAB" },
        set: { table: "coil", address: 3 },
        clear: { table: "discrete", address: 4 },
        beyond: { table: "holding", address: 100 },
      },
    });
    void run();
    await eventually("all is read", () => observer.listened === 1);
    expect(Object.fromEntries(observer.all.map(({ tag, value, quality }) => [tag, [value, quality]]))).toEqual({
      word: [514, "good"],
      pair: [4 * 257 * 65_536 + 3 * 257, "good"],
      set: [true, "good"],
      clear: [false, "good"],
      beyond: [null, "bad"],
    });
  });
});
