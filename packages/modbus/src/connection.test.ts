import { FakeClock, eventually, settled } from "@lineshaft/testing";
import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { ModbusConnection } from "./connection.ts";
import { MODBUS_LIMITS } from "./options.ts";
import type { ModbusTable } from "./options.ts";
import { answerTo, exceptionTo, startRaw } from "./testing/devices.ts";
import { openReader } from "./testing/reader.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const clock = new FakeClock();
const signal = () => new AbortController().signal;

async function connectTo(answer: Parameters<typeof startRaw>[0]) {
  const device = await startRaw(answer);
  closing.push(() => device[Symbol.asyncDispose]());
  return { device, connection: await connectPort(device.port) };
}

async function connectPort(port: number) {
  const settings = {
    name: "press-04",
    host: "127.0.0.1",
    port,
    unit: 1,
    limits: MODBUS_LIMITS,
    clock,
    dial: undefined,
  };
  const connection = await ModbusConnection.open(settings, signal());
  closing.push(() => connection[Symbol.dispose]());
  return connection;
}

const holding = { table: "holding", address: 10, count: 2 } as const;

test.each<[ModbusTable, number]>([
  ["coil", 1],
  ["discrete", 2],
  ["holding", 3],
  ["input", 4],
])("a %s is asked for by function %i", async (table, code) => {
  const { device, connection } = await connectTo((request, socket) => socket.write(answerTo(request)));
  await connection.read({ table, address: 10, count: 2 }, signal());
  expect(device.requests.map((request) => request.toString("hex"))).toEqual([
    `00010000000601${code.toString().padStart(2, "0")}000a0002`,
  ]);
});

test("an answer in pieces of any size is the same answer", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }), async (cuts) => {
      const { connection } = await connectTo((request, socket) => {
        let rest = answerTo(request);
        socket.setNoDelay(true);
        void (async () => {
          for (const cut of cuts) {
            socket.write(rest.subarray(0, cut));
            rest = rest.subarray(cut);
            await settled(1);
          }
          socket.write(rest);
        })();
      });
      expect((await connection.read(holding, signal())).toString("hex")).toBe("000a000b");
    }),
    { numRuns: 25 },
  );
});

test("an exception is told by its code, and the connection stays", async () => {
  const { connection } = await connectTo((request, socket, nth) =>
    socket.write(nth === 1 ? exceptionTo(request, 2) : answerTo(request)),
  );
  await expect(connection.read(holding, signal())).rejects.toMatchObject({ code: 2 });
  expect((await connection.read(holding, signal())).toString("hex")).toBe("000a000b");
});

test("an answer with fewer values than asked for is told, and the connection stays", async () => {
  const { connection } = await connectTo((request, socket, nth) =>
    socket.write(answerTo(nth > 1 ? request : Buffer.concat([request.subarray(0, 10), Buffer.from([0, 1])]))),
  );
  await expect(connection.read(holding, signal())).rejects.toThrow("2 bytes of values where 4 were asked for");
  expect((await connection.read(holding, signal())).toString("hex")).toBe("000a000b");
});

describe("the connection is dropped", () => {
  const changed = (request: Buffer, at: number, value: number) => {
    const answer = answerTo(request);
    answer.writeUInt8(value, at);
    return answer;
  };

  test.each<[string, (request: Buffer) => Buffer, RegExp]>([
    ["at another transaction", (request) => changed(request, 1, 99), /transaction 99 instead of 1, as late answers do/],
    ["at another unit", (request) => changed(request, 6, 4), /unit 4 answered instead of 1/],
    ["at another function", (request) => changed(request, 7, 4), /function 4 instead of 3/],
    ["at fewer values than it says", (request) => changed(request, 8, 6), /4 bytes of values and says 6/],
    [
      "at the values of another request",
      (request) => answerTo(Buffer.concat([request.subarray(0, 10), Buffer.from([0, 9])])),
      /18 bytes .*4 were asked for/,
    ],
    ["at another protocol", (request) => changed(request, 2, 1), /no Modbus/],
    ["at a frame too long", (request) => changed(request, 4, 9), /no Modbus/],
    ["at a frame too short", (request) => changed(request, 5, 2), /no Modbus/],
    [
      "at an exception with more to it",
      (request) => Buffer.from([...request.subarray(0, 5), 4, 1, 0x83, 2, 0]),
      /exception has 3 bytes/,
    ],
  ])("%s", async (_, answer, said) => {
    const { connection } = await connectTo((request, socket) => socket.write(answer(request)));
    await expect(connection.read(holding, signal())).rejects.toMatchObject({ code: "system-unavailable", said });
    expect(connection.open).toBe(false);
  });

  test("when it is cut in the middle of an answer", async () => {
    const { connection } = await connectTo((request, socket) => {
      socket.end(answerTo(request).subarray(0, 10));
    });
    await expect(connection.read(holding, signal())).rejects.toMatchObject({ said: "the connection was closed" });
  });

  test("when no answer comes in time, so that a late one is nobody's", async () => {
    const { connection, device } = await connectTo(() => undefined);
    const failed = connection.read(holding, signal()).catch((error: unknown) => error);
    await eventually("it is asked", () => device.requests.length === 1);
    await clock.advance(3_000);
    expect(await failed).toMatchObject({ said: "no answer within 3000 ms" });
    expect(connection.open).toBe(false);
  });

  test("by an answer that nobody waits for", async () => {
    const { connection } = await connectTo((request, socket) => {
      socket.write(answerTo(request));
      socket.write(answerTo(request));
    });
    await connection.read(holding, signal()).catch(() => undefined);
    await eventually("it is dropped", () => !connection.open);
  });

  test("when the line goes dead", async () => {
    const { device } = await connectTo((request, socket) => socket.write(answerTo(request)));
    const line = await FaultProxy.open({ port: device.port });
    closing.push(() => line[Symbol.asyncDispose]());
    const connection = await connectPort(line.port);
    expect(await connection.read(holding, signal())).toHaveLength(4);
    line.reset();
    await eventually("it is dropped", () => !connection.open);
    await expect(connection.read(holding, signal())).rejects.toMatchObject({ code: "system-unavailable" });
  });
});

test("no bytes of a device make it read values that were not asked for, or hang", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
      const { connection } = await connectTo((_, socket) => {
        socket.write(bytes);
        socket.end();
      });
      await expect(connection.read(holding, signal())).rejects.toThrow(
        /Cannot read Modbus device|exception|bytes of values where/,
      );
    }),
    { numRuns: 50 },
  );
});

test("no function that writes is ever sent, whatever is configured and whatever the device answers", async () => {
  const device = await startRaw((request, socket, nth) =>
    socket.write(nth % 3 === 0 ? exceptionTo(request, (nth % 11) + 1) : answerTo(request)),
  );
  closing.push(() => device[Symbol.asyncDispose]());
  const tables = ["coil", "discrete", "input", "holding"] as const;
  const registers = Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [`r${n}`, { table: tables[n % 4] ?? "coil", address: n * 7 }]),
  );
  const reader = await openReader({ port: device.port, registers });
  closing.push(() => reader[Symbol.asyncDispose]());
  void reader.run();
  await eventually("all was read", () => reader.observer.listened === 1);
  for (let n = 0; n < 5; n++) await reader.clock.advance(1_000);
  await eventually("and again", () => device.requests.length > 40);
  expect([...new Set(device.requests.map((request) => request[7]))].toSorted((a = 0, b = 0) => a - b)).toEqual([
    1, 2, 3, 4,
  ]);
});
