import { Command } from "commander";
import { checkProject, type CheckResult } from "../check-project.ts";
import { exitCodes } from "../exit-codes.ts";
import { loadProject } from "../project.ts";
import type { Terminal } from "../terminal.ts";

export function checkCommand(terminal: Terminal): Command {
  return new Command("check")
    .description("check a project without starting it: configuration, mappings over examples, types, secrets")
    .option("--config <file>", "the project's configuration; default lineshaft.config.ts here or above")
    .option("--no-types", "leave the TypeScript compiler out")
    .action(async (options: { config?: string; types: boolean }) => {
      const project = await loadProject(options);
      const results = await checkProject(project, {
        types: options.types,
        progress: (line) => terminal.progress(line),
      });
      const failed = results.some((result) => result.state === "wrong");
      if (failed) process.exitCode = exitCodes.configInvalid;
      terminal.result({ ok: !failed, checks: results }, () => results.map(resultText).join("\n"));
    });
}

const marks: Record<CheckResult["state"], string> = { right: "ok   ", wrong: "WRONG", note: "note " };

function resultText({ state, what, details }: CheckResult): string {
  return [`${marks[state]} ${what}`, ...details.map((detail) => detail.replaceAll(/^/gm, "        "))].join("\n");
}
