import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LineshaftError } from "@lineshaft/core";
import type { GatewayDefinition } from "@lineshaft/gateway";
import { Command, Option } from "commander";
import { type LogLevel, createLog, logLevels } from "../log.ts";
import { VERSION } from "../program.ts";
import { loadEnvironment } from "../project.ts";
import type { Terminal } from "../terminal.ts";
import { untilStopped } from "../until-stopped.ts";
import { AUTHORITY_FOLDER, listCommand, publishCommand, revertCommand } from "./gateway-fleet.ts";
import { collect, portNumber } from "./options.ts";

/** Port of a gateway's own page. */
const PAGE_PORT = 7_072;
const CONFIG_FILE = "lineshaft.gateway.ts";
/** Where a gateway keeps what it was enrolled with. */
const GATEWAY_FOLDER = ".lineshaft/gateway";

export function gatewayCommand(terminal: Terminal): Command {
  return new Command("gateway")
    .description("the process in a plant that goes on when the line to the hub does not")
    .addCommand(codeCommand(terminal))
    .addCommand(enrolCommand(terminal))
    .addCommand(startCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(publishCommand(terminal))
    .addCommand(revertCommand(terminal));
}

function codeCommand(terminal: Terminal): Command {
  return new Command("code")
    .description("at the hub: make a one-time code that enrols a gateway")
    .argument("<name>", "the gateway, as in `gateways` of the hub's configuration")
    .option("--host <name>", "what gateways call the hub by; repeatable, needed the first time", collect)
    .option("--authority <folder>", "the folder named in `authority` of the gateway intake", AUTHORITY_FOLDER)
    .action(async (name: string, { host = [], authority }: { host?: string[]; authority: string }) => {
      if (!/^[\w.-]{1,64}$/.test(name))
        throw new LineshaftError("usage", `A gateway cannot be called ${name}.`, {
          next: "Use letters, digits, `.`, `_` and `-`.",
        });
      const { Authority } = await import("@lineshaft/gateway");
      const kept = new Authority(resolve(authority));
      kept.prepare(host);
      // Without a certificate of the hub, no code could be used.
      void kept.tls;
      const { code, expiresAt } = kept.newCode(name);
      terminal.result({ name, code, expiresAt }, () =>
        [
          `Code for ${name}, good once, until ${new Date(expiresAt).toISOString()}:`,
          "",
          `  ${code}`,
          "",
          "In the plant: lineshaft gateway enrol --hub https://<hub>:<port> --code <code>",
        ].join("\n"),
      );
    });
}

function enrolCommand(terminal: Terminal): Command {
  return new Command("enrol")
    .description("in the plant: make a key, and have the hub make its certificate")
    .requiredOption("--hub <address>", "where the hub takes gateways, https://hub.example.com:7443")
    .requiredOption("--code <code>", "what lineshaft gateway code printed at the hub")
    .option("--folder <folder>", "where key and certificate are kept", GATEWAY_FOLDER)
    .action(async ({ hub, code, folder }: { hub: string; code: string; folder: string }) => {
      if (!URL.canParse(hub) || new URL(hub).protocol !== "https:")
        throw new LineshaftError("usage", `${hub} is no address of a hub.`, { next: "Write https://host:port." });
      terminal.progress(`Asking ${hub} …`);
      const { enrol } = await import("@lineshaft/gateway");
      const { name, validTo } = await enrol({ hub, code, folder: resolve(folder) });
      terminal.result(
        { name, hub, folder, validTo },
        () => `This is gateway ${name} now, until ${new Date(validTo).toISOString()}; it renews that by itself.`,
      );
    });
}

interface StartOptions {
  config: string;
  port: number;
  host: string;
  logLevel: LogLevel;
}

function startCommand(terminal: Terminal): Command {
  return new Command("start")
    .description("run a plant's gateway until it is stopped")
    .option("--config <file>", "the gateway's configuration", CONFIG_FILE)
    .option("--port <n>", "port of its page and health", portNumber, PAGE_PORT)
    .option("--host <address>", "loopback address to listen on", "127.0.0.1")
    .addOption(
      new Option("--log-level <level>", "how much is logged to stderr").choices([...logLevels]).default("info"),
    )
    .action(async ({ config, port, host, logLevel }: StartOptions) => {
      const definition = await loadGateway(resolve(config));
      const { Gateway, serveGateway } = await import("@lineshaft/gateway");
      const gateway = await Gateway.start(definition, { log: createLog({ level: logLevel }), program: VERSION });
      const page = await serveGateway({ gateway, port, host, version: VERSION }).catch(async (error: unknown) => {
        await gateway.stop();
        throw error;
      });
      terminal.result(
        { name: definition.name, url: page.url, hub: definition.hub, buffer: definition.buffer, pid: process.pid },
        ({ name, url, hub }) => `Gateway ${name} runs, to ${hub}. Page ${url}. Ctrl-C stops it.`,
      );
      await untilStopped(terminal, async () => {
        await page[Symbol.asyncDispose]();
        await gateway.stop();
      });
    });
}

async function loadGateway(path: string): Promise<GatewayDefinition> {
  if (!existsSync(path))
    throw new LineshaftError("not-found", `There is no gateway's configuration at ${path}.`, {
      next: "Correct --config, or write one: docs/operating/gateway.md shows it.",
    });
  loadEnvironment(dirname(path));
  // Paths in a configuration are relative to its folder, wherever the command is called.
  process.chdir(dirname(path));
  const { default: definition } = (await import(pathToFileURL(path).href)) as { default?: Partial<GatewayDefinition> };
  const runs = Array.isArray(definition?.systems) || definition?.configured !== undefined;
  if (typeof definition?.name !== "string" || typeof definition.hub !== "string" || !runs)
    throw new LineshaftError("config-invalid", `${path} exports no gateway.`, {
      next: 'End it with: export default { ...enrolled(".lineshaft/gateway"), systems: [...] } satisfies GatewayDefinition;',
    });
  return definition as GatewayDefinition;
}
