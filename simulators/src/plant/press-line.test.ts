import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock } from "@lineshaft/core";
import type { FactsFromTags, SystemDefinition, TagChange, TagObserver, TagSource } from "@lineshaft/core";
import { modbus } from "@lineshaft/modbus";
import { sparkplug } from "@lineshaft/mqtt";
import { opcua } from "@lineshaft/opcua";
import { FakeClock, eventually } from "@lineshaft/testing";
import { Aedes } from "aedes";
import { describe, expect, test } from "vitest";
import { ORDER_BODY_BYTES } from "./limits.ts";
import { modbusRegisters } from "./modbus-device.ts";
import { type PressLineMemory, type PressLineOptions, SPARKPLUG, startPressLine } from "./press-line.ts";

const CYCLE_MS = 1_000;

/** A line on a clock that stands still, with a broker of its own. */
async function openLine(options: Partial<PressLineOptions> = {}) {
  await using open = new AsyncDisposableStack();
  const clock = new FakeClock();
  const broker = open.use(await startBroker());
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-press-line-"));
  open.defer(() => rmSync(folder, { recursive: true, force: true }));
  const shared = { seed: 7, clock, folder: join(folder, "server"), cycleMs: CYCLE_MS, scrapShare: 0, troubleShare: 0 };
  const line = open.use(await startPressLine({ brokerUrl: broker.url, ...shared, ...options }));
  const stack = open.move();
  return { clock, line, broker, folder, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function startBroker() {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What is published, as it comes. */
    heard: (listen: (topic: string) => void) => void aedes.on("publish", ({ topic }) => listen(topic)),
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => aedes.close(resolve));
      server.close();
    },
  };
}

class Reader implements TagObserver {
  readonly all: TagChange[] = [];
  listens = 0;

  async changes(changes: readonly TagChange[]): Promise<void> {
    this.all.push(...changes);
  }

  async gap(): Promise<void> {}

  listening(): void {
    this.listens++;
  }

  /** Good values of a tag, in their order. */
  of(tag: string): unknown[] {
    return this.all.filter((change) => change.tag === tag && change.quality === "good").map(({ value }) => value);
  }

  last(tag: string): unknown {
    return this.of(tag).at(-1);
  }
}

/** Reads tags with a connector of ours until disposed. */
async function reading(define: (facts: FactsFromTags) => SystemDefinition) {
  let tags: TagSource | undefined;
  const definition = define((source) => {
    tags = source;
    return { run: async () => undefined };
  });
  const system = await definition.open({ clock: systemClock, random: Math.random, log: silentLog });
  const observer = new Reader();
  const stop = new AbortController();
  const running = tags?.run(observer, stop.signal);
  let failure: unknown;
  running?.catch((error: unknown) => (failure = error));
  return {
    observer,
    failure: () => failure,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running?.catch(() => undefined);
      await system.close();
    },
  };
}

const order = (productionOrder: string, workCenter: string, quantity = 3) => ({
  productionOrder,
  product: "PUMP-100",
  quantity,
  workCenter,
});

async function post(url: string, body: string | object): Promise<number> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (await fetch(`${url}/orders`, { method: "POST", body: text })).status;
}

describe("the presses on OPC UA", () => {
  const read = (line: { endpoint: string }, pki: string, mode: "None" | "Sign" | "SignAndEncrypt" = "SignAndEncrypt") =>
    reading((facts) =>
      opcua({
        name: "presses",
        endpoint: line.endpoint,
        security: { mode },
        pki,
        publishingMs: 50,
        nodes: ["PRESS-11.Good", "PRESS-11.Order", "PRESS-11.State", "PRESS-12.Good"].map((tag) => ({
          tag,
          node: `nsu=urn:plant.example:press-line;s=${tag}`,
          samplingMs: 0,
        })),
        facts,
      }),
    );

  test.each(["Sign", "SignAndEncrypt"] as const)("are read over %s, piece by piece", async (mode) => {
    await using it = await openLine();
    const pki = join(it.folder, "reader");
    mkdirSync(join(pki, "trusted"), { recursive: true });
    writeFileSync(join(pki, "trusted", "presses.pem"), it.line.opcua.certificate);
    await using reader = await read(it.line.opcua, pki, mode);
    const { observer } = reader;
    await eventually("its counters are seen", () => observer.of("PRESS-12.Good").length > 0, reader.failure);
    it.line.run();
    expect(await post(it.line.terminalUrl, order("5000001", "PRESS-11"))).toBe(201);
    await it.clock.advance(60_000);
    await eventually(
      "all pieces are seen",
      () => observer.of("PRESS-11.Order").length === 3,
      () => observer.all,
    );
    expect(observer.of("PRESS-11.Good")).toEqual([0, 1, 2, 3]);
    expect(observer.of("PRESS-11.Order")).toEqual(["", "5000001", ""]);
    expect(observer.of("PRESS-11.State")).toEqual([4, 3, 6, 16, 4]);
    expect(observer.of("PRESS-12.Good")).toEqual([0]);
  });

  test("are not read without security, nor by whoever does not trust their certificate", async () => {
    await using it = await openLine();
    await using open = await read(it.line.opcua, join(it.folder, "open"), "None");
    await using stranger = await read(it.line.opcua, join(it.folder, "stranger"));
    await eventually("both are refused", () => open.failure() !== undefined && stranger.failure() !== undefined);
    expect(String(stranger.failure())).toContain("certificate");
  });
});

describe("the tester on Sparkplug", () => {
  const GOOD = "Hall-2/line-1/TESTER-3/Count/Good";
  const read = (url: string) =>
    reading((facts) =>
      sparkplug({
        name: "tester",
        url,
        protocolVersion: 4,
        hostId: SPARKPLUG.primaryHost,
        rebirth: { jitterMs: 1 },
        facts,
      }),
    );

  test("is born when its host is there, and tells changes by alias", async () => {
    await using it = await openLine();
    const topics: string[] = [];
    it.broker.heard((topic) => topics.push(topic));
    await using reader = await read(it.broker.url);
    const { observer } = reader;
    await eventually("it is born", () => observer.of(GOOD).length > 0, reader.failure);
    it.line.run();
    await post(it.line.terminalUrl, order("5000001", "TESTER-3"));
    await it.clock.advance(60_000);
    await eventually("all pieces are seen", () => observer.of("Hall-2/line-1/TESTER-3/Order/Number").length === 3);
    expect(observer.of(GOOD)).toEqual([0, 1, 2, 3]);
    expect(observer.of("Hall-2/line-1/TESTER-3/Order/Number")).toEqual(["", "5000001", ""]);
    const first = (topic: string) => topics.indexOf(`spBv1.0/${topic}`);
    expect(first("STATE/hall-2")).toBeLessThan(first("Hall-2/NBIRTH/line-1"));
    expect(first("Hall-2/NBIRTH/line-1")).toBeLessThan(first("Hall-2/DBIRTH/line-1/TESTER-3"));
  });

  test("is born again for a host that comes back, with what it counted meanwhile", async () => {
    await using it = await openLine();
    {
      await using reader = await read(it.broker.url);
      await eventually("it is born", () => reader.observer.of(GOOD).length > 0, reader.failure);
    }
    it.line.run();
    await post(it.line.terminalUrl, order("5000001", "TESTER-3", 5));
    await it.clock.advance(60_000);
    await using reader = await read(it.broker.url);
    await eventually("it is born again", () => reader.observer.last(GOOD) === 5, reader.failure);
    expect(reader.observer.of(GOOD)).toEqual([5]);
  });

  test("dies with its connection, by its will", async () => {
    await using it = await openLine();
    await using reader = await read(it.broker.url);
    const { observer } = reader;
    await eventually("it is born", () => observer.of(GOOD).length > 0, reader.failure);
    await it.line[Symbol.asyncDispose]();
    await eventually("it is dead", () => observer.all.at(-1)?.quality === "stale", reader.failure);
  });
});

describe("the packer on Modbus", () => {
  const { good, energy, order: number } = modbusRegisters;

  test("has its counter, its energy meter and its order in holding registers", async () => {
    await using it = await openLine();
    await using reader = await reading((facts) =>
      modbus({
        name: "packer",
        host: "127.0.0.1",
        port: it.line.modbusPort,
        intervalMs: 50,
        registers: {
          good: { table: "holding", address: good, type: "uint32" },
          energy: { table: "holding", address: energy, type: "uint32", unit: "WHR" },
          order: { table: "holding", address: number, type: "string", length: 10 },
        },
        facts,
      }),
    );
    const { observer } = reader;
    await eventually("it is read", () => observer.of("good").length > 0, reader.failure);
    it.line.run();
    await post(it.line.terminalUrl, order("5000001", "PACKER-4"));
    await it.clock.advance(4_500);
    await eventually(
      "the order runs",
      () => observer.last("order") === "5000001",
      () => observer.all,
    );
    await it.clock.advance(60_000);
    await eventually(
      "all pieces are seen",
      () => observer.last("good") === 3,
      () => observer.all,
    );
    expect(observer.last("energy")).toBeGreaterThanOrEqual(3);
  });

  const without = spawnSync("/usr/bin/python3", ["-c", "import pymodbus"]).status === 0 ? false : "no pymodbus here";
  test.skipIf(without)(`is read by pymodbus${without ? ` (skipped: ${without})` : ""}`, async () => {
    await using it = await openLine({
      memory: {
        machines: { "PACKER-4": { good: 70_000, scrap: 2, energyWh: 9, made: 0, waiting: [], order: undefined } },
        orders: [],
      },
    });
    const script = `
from pymodbus.client import ModbusTcpClient
client = ModbusTcpClient("127.0.0.1", port=${it.line.modbusPort})
client.connect()
print(client.read_holding_registers(${good}, 8, slave=1).registers)
`;
    expect(await runPython(script)).toBe("[1, 4464, 0, 2, 0, 9, 400, 4]");
  });
});

describe("orders", () => {
  test("come to the machine of their work center, once each, and what is none is refused", async () => {
    const kept: PressLineMemory[] = [];
    await using it = await openLine({ remember: (memory) => kept.push(structuredClone(memory)) });
    const url = it.line.terminalUrl;
    expect(await post(url, order("5000001", "PRESS-12"))).toBe(201);
    expect(await post(url, order("5000001", "PRESS-12"))).toBe(200);
    expect(await post(url, order("5000002", "PRESS-99"))).toBe(404);
    expect(await post(url, { ...order("5000003", "PRESS-12"), quantity: 0.5 })).toBe(400);
    expect(await post(url, "no JSON")).toBe(400);
    expect(await post(url, "x".repeat(ORDER_BODY_BYTES + 1))).toBe(413);
    expect(it.line.machines().map(({ name, waiting }) => [name, waiting])).toEqual([
      ["PRESS-11", []],
      ["PRESS-12", ["5000001"]],
      ["TESTER-3", []],
      ["PACKER-4", []],
    ]);
    await using again = await openLine({ ...(kept.at(-1) && { memory: kept.at(-1) }) });
    expect(await post(again.line.terminalUrl, order("5000001", "PRESS-12"))).toBe(200);
  });

  test("are remembered before what was counted on them can be read", async () => {
    await using it = await openLine({
      remember: ({ machines }) => {
        if (machines["PACKER-4"]?.good === 2) throw new Error("the power was cut while it was written");
      },
    });
    it.line.run();
    await post(it.line.terminalUrl, order("5000001", "PACKER-4"));
    await expect(it.clock.advance(60_000)).rejects.toThrow("the power was cut");
    await using reader = await reading((facts) =>
      modbus({
        name: "packer",
        host: "127.0.0.1",
        port: it.line.modbusPort,
        registers: { good: { table: "holding", address: modbusRegisters.good, type: "uint32" } },
        facts,
      }),
    );
    await eventually("it is read", () => reader.observer.of("good").length > 0, reader.failure);
    expect(reader.observer.of("good")).toEqual([1]);
  });
});

async function runPython(script: string): Promise<string> {
  const python = spawn("/usr/bin/python3", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  python.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(python, "close");
  return text.trim();
}
