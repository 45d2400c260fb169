import { resolve } from "node:path";
import { LineshaftError, systemClock } from "@lineshaft/core";
import type { HubDefinition } from "@lineshaft/engine";
import type { GatewayIntake, Publication } from "@lineshaft/gateway";
import type { GatewayRow } from "@lineshaft/server";
import { Command } from "commander";
import { fleetOf, gatewayIntakes } from "../fleet.ts";
import { loadProject } from "../project.ts";
import type { Terminal } from "../terminal.ts";
import { counted, showBytes, showDuration, showTime } from "../times.ts";
import { type ByOptions, byOptions, wholeNumber } from "./options.ts";

/** Where a hub keeps its authority over gateways. */
export const AUTHORITY_FOLDER = ".lineshaft/gateways";

interface ProjectOptions {
  config?: string;
}

export function listCommand(terminal: Terminal): Command {
  return projectOption(new Command("list"))
    .description("at the hub: every gateway, whether it is linked, what waits there, what it runs")
    .action(async (options: ProjectOptions) => {
      const { definition } = await loadProject(options);
      const ledger = await definition.ledger.open({ clock: systemClock, readOnly: true });
      try {
        const rows = (await fleetOf(definition.systems, ledger, systemClock)?.()) ?? [];
        const now = systemClock.now();
        terminal.list(
          rows,
          [
            { title: "gateway", show: (row) => row.gateway },
            { title: "link", show: (row) => linkText(row, now) },
            { title: "last fact", show: ({ factsAt }) => (factsAt === undefined ? "" : showTime(factsAt)) },
            { title: "waiting", show: waitingText },
            { title: "buffer", show: fillText },
            { title: "shed", show: ({ shed }) => shed ?? "" },
            { title: "clock", show: clockText },
            {
              title: "certificate",
              show: ({ certificateTo }) => (certificateTo === undefined ? "" : showTime(certificateTo).slice(0, 10)),
            },
            { title: "program", show: ({ program }) => program ?? "" },
            { title: "configuration", show: configurationText },
            { title: "to know", show: remarkOf, flexible: true },
          ],
          "This hub has no gateways.",
        );
      } finally {
        await ledger.close();
      }
    });
}

interface PublishOptions extends ProjectOptions, ByOptions {
  authority: string;
}

export function publishCommand(terminal: Terminal): Command {
  return publishOptions(new Command("publish"))
    .description("at the hub: sign the configuration that the project declares for a gateway, and send it")
    .argument("<name>", "the gateway, as in `gateways` of the hub's configuration")
    .action(async (name: string, options: PublishOptions) => publish(terminal, name, options));
}

export function revertCommand(terminal: Terminal): Command {
  return publishOptions(new Command("revert"))
    .description("at the hub: send an earlier version of a gateway's configuration again")
    .argument("<name>", "the gateway")
    .argument("<version>", "the version that it shall run", wholeNumber)
    .action(async (name: string, version: number, options: PublishOptions) =>
      publish(terminal, name, { ...options, version }),
    );
}

function projectOption(command: Command): Command {
  return command.option("--config <file>", "the project's configuration; default lineshaft.config.ts here or above");
}

function publishOptions(command: Command): Command {
  return byOptions(projectOption(command)).option(
    "--authority <folder>",
    "where the key is that configurations are signed with",
    AUTHORITY_FOLDER,
  );
}

async function publish(
  terminal: Terminal,
  gateway: string,
  { config, authority, version, who, why }: PublishOptions & { version?: number },
): Promise<void> {
  const { definition } = await loadProject({ config });
  const intake = intakeOf(definition, gateway);
  const { Authority } = await import("@lineshaft/gateway");
  const { signingKey: key } = new Authority(resolve(authority));
  const ledger = await definition.ledger.open({ clock: systemClock, readOnly: false });
  try {
    const publication = await intake.publish(ledger, {
      gateway,
      key,
      now: systemClock.now(),
      who,
      why,
      ...(version !== undefined && { version }),
    });
    terminal.result(publication, publishedText);
  } finally {
    await ledger.close();
  }
}

function intakeOf({ systems }: HubDefinition, gateway: string): GatewayIntake {
  const found = gatewayIntakes(systems).find(({ gateways }) => gateways.some(({ name }) => name === gateway));
  if (found !== undefined) return found;
  throw new LineshaftError("not-found", `This hub has no gateway ${gateway}.`, {
    next: "Name one of `gateways` of a gateway intake in lineshaft.config.ts.",
  });
}

function publishedText({ gateway, version, serial, back }: Publication): string {
  return `${gateway} shall run version ${version}${back === true ? " again" : ""} (${serial}. publication). It fetches it as soon as it is linked: lineshaft gateway list shows when it does.`;
}

function linkText({ linked, since }: GatewayRow, now: number): string {
  if (since === undefined) return "never heard of";
  return `${linked ? "since" : "AWAY since"} ${showTime(since)} (${showDuration(now - since)})`;
}

function waitingText({ facts, bytes = 0 }: GatewayRow): string {
  return facts === undefined ? "" : `${counted(facts, "fact")}, ${showBytes(bytes)}`;
}

function fillText({ bytes, maxBytes }: GatewayRow): string {
  return bytes === undefined || maxBytes === undefined ? "" : `${((100 * bytes) / maxBytes).toFixed(1)} %`;
}

function clockText({ skewMs }: GatewayRow): string {
  if (skewMs === undefined) return "";
  if (Math.abs(skewMs) < 1_000) return "as the hub's";
  return `${showDuration(Math.abs(skewMs))} ${skewMs > 0 ? "ahead" : "behind"}`;
}

function configurationText({ configuration, wanted }: GatewayRow): string {
  if (configuration === undefined) return wanted === undefined ? "none sent" : `none, shall run ${wanted}`;
  return wanted === undefined || wanted === configuration
    ? String(configuration)
    : `${configuration}, shall run ${wanted}`;
}

function remarkOf(row: GatewayRow): string {
  const { refused, holdingSince, problem, configurationRefusal, aside, unpublished } = row;
  return [
    refused,
    holdingSince === undefined ? undefined : `Holds its sources back since ${showTime(holdingSince)}.`,
    problem,
    configurationRefusal === undefined ? undefined : `Refuses ${row.wanted}: ${configurationRefusal}`,
    aside === undefined ? undefined : `Its buffer was set aside as ${aside}.`,
    unpublished ? "The project declares another configuration than was published." : undefined,
  ]
    .filter((text) => text !== undefined)
    .join(" ");
}
