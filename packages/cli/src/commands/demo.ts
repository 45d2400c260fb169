import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { LineshaftError } from "@lineshaft/core";
import pino from "pino";
import { codeOf } from "../error-text.ts";
import { createLog } from "../log.ts";
import { DEMO_DATA } from "../demo/demo-folder.ts";
import { hasScreen, openBrowser } from "../demo/open-browser.ts";
import { VERSION } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { untilStopped } from "../until-stopped.ts";
import { portNumber } from "./options.ts";
import { PAGE_PORT } from "./start.ts";
import type { Factory } from "../demo/factory-in-a-box.ts";

interface DemoOptions {
  port: number;
  mqttPort: number;
  httpPort: number;
  data: string;
  ledger: "sqlite" | "postgres";
  workers: number;
  speed: number;
  open: boolean;
}

/** Times real time: a day of the plant in twelve minutes. */
const SPEED = 120;

export function demoCommand(terminal: Terminal): Command {
  return new Command("demo")
    .description("a factory in a box: broker, Odoo, SAP and a plant, all simulated, with the hub between them")
    .option("--port <n>", "port of the live page", portNumber, PAGE_PORT)
    .option("--mqtt-port <n>", "port of the MQTT broker; 0 takes a free one", portNumber, 0)
    .option("--http-port <n>", "port where facts can be posted; 0 takes a free one", portNumber, 0)
    .option("--data <folder>", "where ledger and state are kept", DEMO_DATA)
    .addOption(
      new Option("--ledger <engine>", "where the hub keeps its ledger: a file, or a PostgreSQL that the demo starts")
        .choices(["sqlite", "postgres"])
        .default("sqlite"),
    )
    .option(
      "--workers <n>",
      "hub processes that share the work; more than one needs --ledger postgres",
      workerNumber,
      1,
    )
    .option("--speed <times>", "how much faster than real time the plant's day passes", speedNumber, SPEED)
    .option("--no-open", "open no browser")
    .action(async (options: DemoOptions) => {
      // Made whole before the configuration is loaded, which changes the folder.
      const data = resolve(options.data);
      if (options.workers > 1 && options.ledger !== "postgres")
        throw new LineshaftError("usage", `${options.workers} workers cannot share a ledger in a file.`, {
          next: "Add --ledger postgres.",
        });
      const factory = await start(terminal, { ...options, data });
      const { url } = factory.running.server;
      show(terminal, factory, { ...options, data });
      if (options.open && hasScreen()) openBrowser(url);
      await untilStopped(terminal, () => factory.stop());
    });
}

async function start(terminal: Terminal, options: DemoOptions): Promise<Factory> {
  const { data } = options;
  mkdirSync(data, { recursive: true });
  const log = createLog({ level: "info", stream: pino.destination({ dest: join(data, "demo.log"), sync: false }) });
  // Loaded here: simulators, server and connectors take longer to load than most commands take to run.
  const { startFactory } = await import("../demo/factory-in-a-box.ts");
  try {
    return await startFactory({ ...options, version: VERSION, log, progress: (line) => terminal.progress(line) });
  } catch (error) {
    if (codeOf(error) !== "ledger-busy") throw error;
    throw new LineshaftError("ledger-busy", `A demo runs already on ${data}.`, {
      next: "Look at its page, or stop it first; --data starts another one in a folder of its own.",
      cause: error,
    });
  }
}

function show(terminal: Terminal, factory: Factory, { data, speed }: DemoOptions): void {
  const { running, addresses, rebuilt, workers } = factory;
  const { FACTORY_MQTT_URL: mqtt, FACTORY_ODOO_URL: odoo, FACTORY_S4_URL: s4 } = addresses;
  terminal.result({ url: running.server.url, mqtt, odoo, s4, data, rebuilt, pid: process.pid, workers }, (it) =>
    [
      "",
      `  A factory runs, ${speed} times faster than real time.`,
      "",
      `  Live page      ${it.url}`,
      `  MQTT broker    ${it.mqtt}   plant/1010/ASSEMBLY/completion`,
      `  Odoo (sim)     ${it.odoo}   state at ${it.odoo}/_state`,
      `  SAP (sim)      ${it.s4}`,
      "  Hall 2         starts behind its gateway; the page has a switch that cuts its link",
      ...it.workers.map(
        ({ url, pid }, at) => `  Worker ${at + 2}       ${url}   process ${pid}; kill -9 it and look who takes over`,
      ),
      `  Kept in        ${it.data}${it.rebuilt > 0 ? `, ${it.rebuilt} deliveries of earlier starts stand again` : ""}`,
      "",
      "  Break something on the page, or ask here: npx lineshaft stats, npx lineshaft parked, npx lineshaft trace 1000001",
      "  Ctrl-C stops it.",
      "",
    ].join("\n"),
  );
}

const MOST_WORKERS = 8;

function workerNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MOST_WORKERS)
    throw new InvalidArgumentError(`A whole number from 1 to ${MOST_WORKERS} is needed.`);
  return value;
}

function speedNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0) || value > 100_000) throw new InvalidArgumentError("A number above 0 is needed, at most 100000.");
  return value;
}
