import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import { freePort } from "@lineshaft/testing/free-port";
import { type ProductionOrderRelease, aQuantity } from "@lineshaft/model";
import { expect, test } from "vitest";
import { Plant } from "./testing/plant.ts";
import {
  type Machine,
  SparkplugMachine,
  modbusMachine,
  opcuaMachine,
  pythonWithPymodbus,
} from "./testing/real/foreign-machines.ts";
import { Mosquitto, findProgram } from "@lineshaft/testing/mosquitto";
import { OdooEyes, enterRecipe } from "./testing/real/odoo-eyes.ts";
import { type Traced, fresh, realOdoo } from "./testing/real/real-plant.ts";

/** Three machines, some sixty pieces, a completion of five takes a real Odoo half a second; a cut takes seconds. */
const LIMIT_MS = 300_000;
/** Longest wait for one thing to become so. */
const WITHIN_MS = 120_000;

const real = realOdoo();
const python = pythonWithPymodbus();
const reason =
  typeof real === "string" ? real : python === undefined ? "no Python with pymodbus (LINESHAFT_PYTHON names one)" : "";

test(
  "what foreign machines count over a silent line is completed in a real Odoo, each piece once",
  { timeout: LIMIT_MS },
  async (context) => {
    if (typeof real === "string" || python === undefined) {
      console.info(`Skipped the foreign machines: ${reason}.`);
      return context.skip(reason);
    }
    await using stack = new AsyncDisposableStack();
    const odoo = await OdooEyes.open(real, real.login, real.key);
    const recipe = await enterRecipe(await OdooEyes.open(real, real.adminLogin, real.adminKey), fresh);
    const broker = stack.use(await Mosquitto.start(findProgram("mosquitto") ?? "mosquitto"));

    // The hub, and a line to it that can fall silent.
    const hubPort = await freePort();
    const hub = stack.use(new Plant({ withConfig: false, environment: { EDGE_HUB_PORT: String(hubPort) } }));
    hub.write("lineshaft.config.ts", configuration("edge-hub.config.ts"));
    const by = ["--admin-login", real.adminLogin, "--admin-key", "env:LINESHAFT_ODOO_ADMIN_KEY"];
    expect(await hub.run("odoo", "provision", "odoo", ...by)).toMatchObject({ code: 0 });
    const [{ code } = { code: "" }] = await hub.json<{ code: string }>(
      "gateway",
      "code",
      "hall-9",
      "--host",
      "127.0.0.1",
    );
    const running = await hub.start();
    const line = stack.use(await FaultProxy.open({ port: hubPort }));

    // The machines, each with an order of its own and a counter that does not begin at nought.
    const [modbusPort, opcuaPort] = [await freePort(), await freePort()];
    const names = { packer: fresh("PACKER"), tester: fresh("TESTER"), press: fresh("PRESS") };
    const edge = stack.use(
      new Plant({
        withConfig: false,
        environment: {
          EDGE_PACKER: names.packer,
          EDGE_TESTER: names.tester,
          EDGE_PRESS: names.press,
          EDGE_MODBUS_PORT: String(modbusPort),
          EDGE_OPCUA_PORT: String(opcuaPort),
          EDGE_BROKER_URL: broker.url,
        },
      }),
    );
    edge.write("lineshaft.gateway.ts", configuration("edge-gateway.config.ts"));
    const machines = [
      new Counting(names.packer, 1_000_000, stack.use(await modbusMachine(python, modbusPort))),
      new Counting(names.tester, 40, stack.use(new SparkplugMachine(broker.port))),
      new Counting(names.press, 7, stack.use(await opcuaMachine(opcuaPort, join(edge.folder, "machine-pki")))),
    ];
    for (const { order } of machines) await release(running.intake, order, recipe.product);

    // The gateway, which sees each machine before it counts on.
    const hubUrl = `https://127.0.0.1:${line.port}`;
    expect(await edge.run("gateway", "enrol", "--hub", hubUrl, "--code", code)).toMatchObject({ code: 0 });
    const gateway = await edge.gateway();
    await broker.subscribed("edge-host", "spBv1.0/Hall-9/#");
    for (const machine of machines) await machine.appear();
    for (const { name } of machines)
      await until(
        `${name} was seen`,
        async () => (await trace(hub, name)).length > 0,
        () => gateway.log(),
      );

    const status = async () => (await (await fetch(`${gateway.url}/status`)).json()) as GatewayStatus;
    for (let step = 0; step < 12; step++) {
      if (step === 4) line.swallow("both");
      // What was counted in the silence is on the gateway's disk before the line is well again.
      if (step === 9) {
        await until("the gateway keeps what it cannot send", async () => {
          const { link, buffer } = await status();
          return link.state !== "up" && buffer.facts >= 3;
        });
        line.heal();
      }
      for (const [at, machine] of machines.entries()) await machine.count(1 + ((step * (at + 1)) % (3 + at)));
    }

    for (const machine of machines) {
      const made = async () =>
        (await odoo.standing(machine.order)).members.reduce((sum, { made: pieces }) => sum + pieces, 0);
      await until(
        `${machine.name} made ${machine.counted}`,
        async () => (await made()) >= machine.counted,
        () => gateway.log(),
      );
    }
    await until("nothing waits at the gateway", async () => (await status()).buffer.facts === 0);
    const figures: Record<string, unknown>[] = [];
    for (const machine of machines) {
      const traced = await trace(hub, machine.order);
      const standing = await odoo.standing(machine.order);
      const delivered = traced.flatMap(({ deliveries }) => deliveries);
      expect(delivered.map(({ state }) => state)).toEqual(delivered.map(() => "done"));
      expect(new Set(standing.claims.map(({ receipt }) => receipt))).toEqual(
        new Set(delivered.map(({ receipt }) => receipt)),
      );
      expect(standing.claims).toHaveLength(delivered.length);
      expect(standing.members.reduce((sum, { made }) => sum + made, 0)).toBe(machine.counted);
      expect(standing.consumed).toEqual({ [recipe.plain]: 2 * machine.counted, [recipe.tracked]: machine.counted });
      expect((await odoo.onHand(recipe.product))[machine.lot]).toBe(machine.counted);
      figures.push({ machine: machine.name, counted: machine.counted, completions: standing.claims.length - 1 });
    }
    const opcuaServer = process.env["LINESHAFT_OPEN62541"] === undefined ? "node-opcua" : "open62541";
    console.info(`Odoo ${odoo.major}, OPC UA by ${opcuaServer}: ${JSON.stringify(figures)}`);
    expect((await hub.run("audit", "verify")).code).toBe(0);
  },
);

interface GatewayStatus {
  link: { state: string };
  buffer: { facts: number };
}

/** A machine with an order and a lot, which knows how much it counted. */
class Counting {
  readonly name: string;
  readonly order = fresh("MO");
  readonly lot = fresh("L");
  readonly #machine: Machine;
  readonly #base: number;
  counted = 0;

  constructor(name: string, base: number, machine: Machine) {
    this.name = name;
    this.#base = base;
    this.#machine = machine;
  }

  appear(): Promise<void> {
    return this.#machine.show({ order: this.order, lot: this.lot, state: 1, good: this.#base });
  }

  count(pieces: number): Promise<void> {
    this.counted += pieces;
    return this.#machine.show({ good: this.#base + this.counted });
  }
}

function configuration(file: string): string {
  return readFileSync(new URL(`testing/real/${file}`, import.meta.url), "utf8");
}

async function release(intake: string, order: string, product: string): Promise<void> {
  const fact: ProductionOrderRelease = {
    id: fresh("release"),
    time: new Date().toISOString(),
    productionOrder: order,
    product,
    quantity: aQuantity(100),
  };
  const { status } = await fetch(`${intake}/v1/facts/production-order-release.v1`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(fact),
  });
  expect(status).toBe(202);
}

async function trace(hub: Plant, name: string): Promise<Traced[]> {
  const { code, out } = await hub.run("trace", name, "--json");
  if (code !== 0) return [];
  return out
    .split("\n")
    .filter(Boolean)
    .map((told) => JSON.parse(told) as Traced);
}

/** Asks until it is so; each question goes to a process or a server, which takes its time. */
async function until(what: string, holds: () => Promise<boolean>, log = () => ""): Promise<void> {
  for (const end = performance.now() + WITHIN_MS; !(await holds());)
    if (performance.now() > end) throw new Error(`Waited ${WITHIN_MS} ms in vain: ${what}.\n${log().slice(-3_000)}`);
}
