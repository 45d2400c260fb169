import { LineshaftError, Secret } from "@lineshaft/core";
import { type HubDefinition, type Plant, type PlantDifference, plantDifferences } from "@lineshaft/engine";
import { Command } from "commander";
import { loadProject } from "../project.ts";
import { MASKED, isSecretName, redact } from "../redact.ts";
import type { Terminal } from "../terminal.ts";

export function plantsCommand(terminal: Terminal): Command {
  return new Command("plants")
    .description("the plants of a hub, and how they differ from their templates")
    .addCommand(list(terminal), { isDefault: true })
    .addCommand(diff(terminal));
}

interface PlantOptions {
  config?: string;
}

const CONFIG = "the project's configuration; default lineshaft.config.ts here or above";

function list(terminal: Terminal): Command {
  return new Command("list")
    .description("plants with their systems and flows")
    .option("--config <file>", CONFIG)
    .action(async (options: PlantOptions) => {
      const { definition } = await loadProject(options);
      terminal.list(
        (definition.plants ?? []).map(plantRow),
        [
          { title: "plant", show: (row) => row.plant },
          { title: "systems", show: (row) => row.systems.join(", "), flexible: true },
          { title: "flows", show: (row) => row.flows.join(", "), flexible: true },
        ],
        "This hub has no plants: its systems and flows belong to no single one.",
      );
    });
}

function plantRow({ name, systems, flows }: Plant): { plant: string; systems: string[]; flows: string[] } {
  return { plant: name, systems: systems.map((system) => system.name), flows: flows.map((flow) => flow.name) };
}

function diff(terminal: Terminal): Command {
  return new Command("diff")
    .description("how plants differ from their templates; secrets are shown by reference")
    .argument("[name...]", "plants; default all")
    .option("--config <file>", CONFIG)
    .action(async (names: string[], options: PlantOptions) => {
      const { definition } = await loadProject(options);
      const rows = named(definition, names).flatMap((plant) =>
        plantDifferences(plant).map((difference) => differenceRow(plant.name, difference)),
      );
      terminal.list(
        rows,
        [
          { title: "plant", show: (row) => row.plant },
          { title: "what", show: (row) => row.what },
          { title: "name", show: (row) => row.name, flexible: true },
          { title: "change", show: (row) => changeText(row) },
          { title: "template", show: (row) => valueText(row.template), flexible: true },
          { title: "here", show: (row) => valueText(row.here), flexible: true },
        ],
        "No differences: these plants are what their templates make of them.",
      );
    });
}

function named({ plants = [] }: HubDefinition, names: readonly string[]): readonly Plant[] {
  const unknown = names.find((name) => !plants.some((plant) => plant.name === name));
  if (unknown !== undefined)
    throw new LineshaftError("not-found", `There is no plant ${unknown}.`, {
      next: plants.length === 0 ? "This hub has no plants." : `Name some of ${plants.map((p) => p.name).join(", ")}.`,
    });
  return names.length === 0 ? plants : plants.filter((plant) => names.includes(plant.name));
}

interface DifferenceRow extends Pick<PlantDifference, "what" | "name" | "change"> {
  plant: string;
  template?: unknown;
  /** What the plant says. */
  here?: unknown;
}

function differenceRow(plantName: string, { template, plant, ...difference }: PlantDifference): DifferenceRow {
  const shown = (value: unknown): unknown => shownValue(difference, value);
  return {
    plant: plantName,
    ...difference,
    ...(template !== undefined && { template: shown(template) }),
    ...(plant !== undefined && { here: shown(plant) }),
  };
}

/** A secret by its reference; a text under a secret's name, which should have been one, not at all. */
function shownValue({ what, name }: Pick<PlantDifference, "what" | "name">, value: unknown): unknown {
  if (value instanceof Secret) return value.reference;
  if (typeof value === "function") return "a function";
  return what === "parameter" && isSecretName(name) ? MASKED : redact(value);
}

function changeText({ change, what }: DifferenceRow): string {
  return change === "another" ? `another ${what}` : change;
}

function valueText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
