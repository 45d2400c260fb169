import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { FaultProxy } from "./fault-proxy.ts";

let server: Server;
let proxy: FaultProxy;
let client: Socket;
/** What the server heard, and what came back. */
let heard = "";
let answered = "";
let broke = false;
/** Ends of connections that the server was told. */
let ends = 0;

async function aServer(says: string): Promise<Server> {
  const made = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("end", () => ends++);
    socket.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
      socket.write(says);
    });
  }).listen(0, "127.0.0.1");
  await once(made, "listening");
  return made;
}

async function join(): Promise<void> {
  [heard, answered, broke] = ["", "", false];
  client = connect({ port: proxy.port, host: "127.0.0.1" });
  client.setEncoding("utf8").on("data", (text: string) => (answered += text));
  client.on("error", () => (broke = true));
  await once(client, "connect");
}

const portOf = (of: Server) => (of.address() as AddressInfo).port;

beforeEach(async () => {
  server = await aServer("yes");
  proxy = await FaultProxy.open({ port: portOf(server) });
  await join();
});
afterEach(async () => {
  client.destroy();
  await proxy[Symbol.asyncDispose]();
  server.close();
});

async function talks(): Promise<void> {
  client.write("hello");
  await eventually("an answer", () => answered.endsWith("yes"));
  expect(heard).toContain("hello");
}

test("what is sent arrives both ways, and so does an end", async () => {
  await talks();
  client.end();
  await once(client, "close");
  expect(broke).toBe(false);
});

test("a reset is an error at once", async () => {
  await talks();
  proxy.reset();
  await eventually("the client is told", () => broke);
});

test("a connection that lost bytes tells nobody and stays lost, and one that is made afterwards works", async () => {
  await talks();
  proxy.swallow("back");
  const before = answered;
  client.write("again");
  await eventually("the server hears it", () => heard.endsWith("again"));
  proxy.heal();
  client.write("once more");
  await eventually("the server hears it", () => heard.endsWith("once more"));
  expect([answered, broke]).toEqual([before, false]);
  client.destroy();
  await join();
  await talks();
});

test("nothing gets through to the server, nor does a client's end", async () => {
  await talks();
  const before = ends;
  proxy.swallow("there");
  client.write("lost");
  client.end();
  proxy.heal();
  const silent = client;
  await join();
  await talks();
  silent.destroy();
  expect([heard.includes("lost"), ends]).toEqual([false, before]);
});

test("a slow line keeps the order, however late its timers are", async () => {
  await talks();
  heard = "";
  const pieces = Array.from({ length: 60 }, (_, nth) => `${nth} `);
  const began = performance.now();
  for (const [nth, piece] of pieces.entries()) {
    proxy.delayMs = 40 - (nth % 5) * 10;
    client.write(piece);
    // The pieces come to the proxy one at a time, and now and then while nobody looks at the timers.
    const busyUntil = performance.now() + (nth % 7);
    while (performance.now() < busyUntil);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually("all of it arrives", () => heard.length === pieces.join("").length);
  expect(heard).toBe(pieces.join(""));
  expect(performance.now() - began).toBeGreaterThanOrEqual(35);
});

test("a line that refuses is refused, and leads elsewhere when it is told to", async () => {
  proxy.refusing = true;
  await join().catch(() => undefined);
  await eventually("the client is told", () => broke);
  const other = await aServer("other yes");
  proxy.heal();
  proxy.to = { port: portOf(other) };
  await join();
  await talks();
  expect(answered).toBe("other yes");
  other.close();
});
