import { once } from "node:events";
import { createServer } from "node:net";
import { systemClock } from "@lineshaft/core";
import { FakeClock, eventually, seededRandom, settled } from "@lineshaft/testing";
import { Aedes } from "aedes";
import { expect, test } from "vitest";
import { mesDay, startMesSimulator } from "./index.ts";
import type { MesSimulatorOptions } from "./index.ts";

interface Heard {
  topic: string;
  payload: string;
  qos: number;
}

/** A broker that keeps what is published. */
async function startBroker() {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const heard: Heard[] = [];
  aedes.on("publish", ({ topic, payload, qos }, client) => {
    if (client) heard.push({ topic, payload: payload.toString(), qos });
  });
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    heard,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

const plan: MesSimulatorOptions["plan"] = { seed: 5, orders: 3, start: Date.UTC(2026, 0, 5, 5) };

test("a day is published in its order, with QoS 1, and then it is done", async () => {
  await using broker = await startBroker();
  const simulator = await startMesSimulator({
    brokerUrl: broker.url,
    speed: Infinity,
    clock: systemClock,
    random: seededRandom(1),
    plan,
    endless: false,
  });
  await simulator.done;
  const { messages } = mesDay(plan);
  expect(broker.heard).toEqual(messages.map(({ topic, fact }) => ({ topic, payload: JSON.stringify(fact), qos: 1 })));
  expect(simulator.sent).toBe(messages.length);
});

test("at 60 times the speed a minute of the plant takes a second", async () => {
  await using broker = await startBroker();
  const clock = new FakeClock();
  await using simulator = await startMesSimulator({
    brokerUrl: broker.url,
    clock,
    random: seededRandom(1),
    plan,
    endless: false,
  });
  const { messages, start } = mesDay(plan);
  const first = Math.ceil(((messages[0]?.at ?? 0) - start) / 60);
  await clock.advance(first - 1);
  await settled(50);
  expect(broker.heard).toHaveLength(0);
  await clock.advance(1);
  await eventually("the first message", () => simulator.sent === 1);
  expect(broker.heard).toHaveLength(1);
});

test("without end there are new orders each day, and all facts lie in the past", async () => {
  await using broker = await startBroker();
  const days: { first: string | undefined; end: number }[] = [];
  await using simulator = await startMesSimulator({
    brokerUrl: broker.url,
    speed: Infinity,
    clock: systemClock,
    random: seededRandom(1),
    plan: { seed: 5, orders: 3 },
    onDay: ({ orders, end }) => void days.push({ first: orders[0]?.productionOrder, end }),
  });
  await eventually("three days have begun", () => days.length >= 3);
  await simulator.stop();
  expect(days.slice(0, 3).map(({ first }) => first)).toEqual(["1000001", "1000004", "1000007"]);
  expect(days.every(({ end }) => end <= Date.now())).toBe(true);
});

test("its signal stops it in the middle of a wait", async () => {
  await using broker = await startBroker();
  const stop = new AbortController();
  const simulator = await startMesSimulator({
    brokerUrl: broker.url,
    clock: new FakeClock(),
    random: seededRandom(1),
    plan,
    signal: stop.signal,
  });
  stop.abort();
  await expect(simulator.done).resolves.toBeUndefined();
});
