import { type Contract, LineshaftError } from "@lineshaft/core";
import { Command } from "commander";
import { findConfig, loadProject } from "../project.ts";
import type { Terminal } from "../terminal.ts";

export function contractsCommand(terminal: Terminal): Command {
  return new Command("contracts")
    .description("what messages may be: the contracts, their schemas and examples")
    .addCommand(list(terminal), { isDefault: true })
    .addCommand(show(terminal));
}

function list(terminal: Terminal): Command {
  return new Command("list")
    .description("all contracts: the built-in ones and the project's own")
    .option("--config <file>", "the project's configuration")
    .action(async (options: { config?: string }) => {
      const rows = await knownContracts(options.config);
      if (terminal.json)
        return terminal.list(
          rows.map(({ id, title, kind }) => ({ id, title, kind })),
          [],
          "",
        );
      terminal.list(
        rows,
        [
          { title: "contract", show: (row) => row.id },
          { title: "title", show: (row) => row.title },
          {
            title: "kind",
            show: (row) => (row.kind === "event" ? "happened and stays true" : "says how something is now"),
          },
        ],
        "No contracts.",
      );
    });
}

function show(terminal: Terminal): Command {
  return new Command("show")
    .description("one contract's JSON Schema, or an example of it")
    .argument("<contract>", "completion.v1")
    .option("--example", "an example in place of the schema")
    .option("--config <file>", "the project's configuration")
    .action(async (id: string, options: { config?: string; example?: boolean }) => {
      const contract = (await knownContracts(options.config)).find((c) => c.id === id);
      if (contract === undefined)
        throw new LineshaftError("not-found", `There is no contract ${id}.`, {
          next: "See them with lineshaft contracts.",
        });
      const shown: unknown = options.example ? contract.examples[0] : contract.schema;
      terminal.result(shown, (value) => JSON.stringify(value, null, 2));
    });
}

/** Those of the project's flows too, where there is a project. */
async function knownContracts(config: string | undefined): Promise<Contract[]> {
  // Loaded here: compiling all contracts takes longer than most commands.
  const { contracts } = await import("@lineshaft/model");
  const known = new Map<string, Contract>(contracts.map((c) => [c.id, c]));
  if (config !== undefined || findConfig() !== undefined) {
    const { definition } = await loadProject({ config });
    for (const contract of [...(definition.contracts ?? []), ...definition.flows.map((f) => f.contract)])
      known.set(contract.id, contract);
  }
  return [...known.values()];
}
