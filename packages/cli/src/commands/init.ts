import { relative } from "node:path";
import { Command } from "commander";
import { initProject } from "../init-project.ts";
import type { Terminal } from "../terminal.ts";

export function initCommand(terminal: Terminal): Command {
  return new Command("init")
    .description("make a project that runs: one flow from HTTP, with its test")
    .argument("[dir]", "its folder; must be empty or new", ".")
    .option("--name <name>", "name of the project; default the folder's")
    .action((dir: string, options: { name?: string }) => {
      const made = initProject({ folder: dir, ...options });
      terminal.result(made, ({ folder, files }) =>
        [
          ...files.map((file) => `  ${file}`),
          "",
          `Next: ${folder === process.cwd() ? "" : `cd ${relative(process.cwd(), folder)} && `}npm install && npx lineshaft check && npx lineshaft dev`,
        ].join("\n"),
      );
    });
}
