import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
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
    .option("--speed <times>", "how much faster than real time the plant's day passes", speedNumber, SPEED)
    .option("--no-open", "open no browser")
    .action(async (options: DemoOptions) => {
      // Made whole before the configuration is loaded, which changes the folder.
      const data = resolve(options.data);
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

function show(terminal: Terminal, { running, addresses, rebuilt }: Factory, { data, speed }: DemoOptions): void {
  const { FACTORY_MQTT_URL: mqtt, FACTORY_ODOO_URL: odoo, FACTORY_S4_URL: s4 } = addresses;
  terminal.result({ url: running.server.url, mqtt, odoo, s4, data, rebuilt, pid: process.pid }, (it) =>
    [
      "",
      `  A factory runs, ${speed} times faster than real time.`,
      "",
      `  Live page      ${it.url}`,
      `  MQTT broker    ${it.mqtt}   plant/1010/ASSEMBLY/completion`,
      `  Odoo (sim)     ${it.odoo}   state at ${it.odoo}/_state`,
      `  SAP (sim)      ${it.s4}`,
      `  Kept in        ${it.data}${it.rebuilt > 0 ? `, ${it.rebuilt} deliveries of earlier starts stand again` : ""}`,
      "",
      "  Break something on the page, or ask here: npx lineshaft stats, npx lineshaft parked, npx lineshaft trace 1000001",
      "  Ctrl-C stops it.",
      "",
    ].join("\n"),
  );
}

function speedNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0) || value > 100_000) throw new InvalidArgumentError("A number above 0 is needed, at most 100000.");
  return value;
}
