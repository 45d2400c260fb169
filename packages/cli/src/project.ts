import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LineshaftError, Secret } from "@lineshaft/core";
import { type HubDefinition, hubProblems } from "@lineshaft/engine";
import { codeOf } from "./error-text.ts";

/** A plant's project: the folder of a lineshaft.config.ts and what that file exports. */
export interface Project {
  folder: string;
  configPath: string;
  definition: HubDefinition;
}

export const CONFIG_FILES = [
  "lineshaft.config.ts",
  "lineshaft.config.mts",
  "lineshaft.config.js",
  "lineshaft.config.mjs",
];

/** The configuration in this folder or the nearest one above it. */
export function findConfig(from = process.cwd()): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = CONFIG_FILES.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * Runs a project's configuration: its `.env` first (what is set already wins), then the file itself, by Node's own
 * stripping of types.
 * @throws LineshaftError `not-found`, `config-invalid`, `secret-missing`
 */
export async function loadProject({ config }: { config?: string | undefined } = {}): Promise<Project> {
  const configPath = config === undefined ? findConfig() : resolve(config);
  if (configPath === undefined)
    throw new LineshaftError("not-found", `There is no lineshaft.config.ts in ${process.cwd()} or above it.`, {
      next: "Change into a project's folder, name the file with --config, or make a project with lineshaft init.",
    });
  if (!existsSync(configPath))
    throw new LineshaftError("not-found", `There is no configuration at ${configPath}.`, { next: "Correct --config." });
  const folder = dirname(configPath);
  loadEnvironment(folder);
  const exported = await importConfig(configPath);
  return { folder, configPath, definition: asDefinition(exported, configPath) };
}

/** Reads `.env` next to the configuration, if there is one. */
export function loadEnvironment(folder: string): void {
  const path = join(folder, ".env");
  if (existsSync(path)) process.loadEnvFile(path);
}

async function importConfig(path: string): Promise<unknown> {
  // Paths in a configuration (`.lineshaft/ledger.db`) are relative to its folder, wherever the command is called.
  process.chdir(dirname(path));
  try {
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
    readForMasking();
    return module.default;
  } catch (cause) {
    if (codeOf(cause) !== undefined) throw cause;
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new LineshaftError("config-invalid", `Running ${basename(path)} failed: ${message}`, {
      next: nextStep(code),
      cause,
    });
  }
}

/** Reads what secrets there are, so that none of their values gets through where a system repeated one in what it said. */
function readForMasking(): void {
  for (const secret of Secret.declared()) {
    try {
      secret.read();
    } catch {
      // A missing one cannot be repeated by anybody; whoever needs it says that it is missing.
    }
  }
}

const nextSteps: Readonly<Record<string, string>> = {
  ERR_MODULE_NOT_FOUND: "Run npm install in the project, and write imports of own files with their ending .ts.",
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    "Node runs TypeScript by leaving the types away: use no enum, namespace or parameter property.",
  ERR_INVALID_TYPESCRIPT_SYNTAX: "Correct the syntax; tsc --noEmit shows the place.",
};

function nextStep(code = ""): string {
  return nextSteps[code] ?? "Correct the configuration, then run lineshaft check; --debug shows where it failed.";
}

function asDefinition(exported: unknown, path: string): HubDefinition {
  const shape = exported as Partial<HubDefinition> | undefined;
  if (
    typeof shape?.name !== "string" ||
    !Array.isArray(shape.systems) ||
    !Array.isArray(shape.flows) ||
    typeof shape.ledger?.open !== "function"
  )
    throw new LineshaftError("config-invalid", `${basename(path)} exports no hub.`, {
      next: "End it with: export default defineHub({ name, ledger, systems, flows });",
    });
  return shape as HubDefinition;
}

/** @throws LineshaftError `config-invalid` with the first problem */
export function mustHoldTogether(definition: HubDefinition): void {
  const [problem] = hubProblems(definition);
  if (problem !== undefined)
    throw new LineshaftError("config-invalid", problem, {
      next: "Correct lineshaft.config.ts; lineshaft check lists all problems.",
    });
}
