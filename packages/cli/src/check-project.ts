import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Contract, type Finding, Secret } from "@lineshaft/core";
import { type AnyFlow, type HubDefinition, hubProblems, testFlow } from "@lineshaft/engine";
import { tell } from "./error-text.ts";
import type { Project } from "./project.ts";
import { counted } from "./times.ts";

export interface CheckResult {
  /** `note`: worth knowing, not wrong. */
  state: "right" | "wrong" | "note";
  /** What was looked at, or what is wrong, as a sentence. */
  what: string;
  details: string[];
}

export interface CheckOptions {
  types: boolean;
  progress?: (line: string) => void;
}

/** Longest run of the TypeScript compiler, in ms. */
const TYPES_MS = 120_000;
/** Most of the compiler's output shown, in characters. */
const TYPES_CHARS = 8_000;

/** Everything that can be known to be wrong before the hub starts. Connects to nothing. */
export async function checkProject(
  project: Project,
  { types, progress = () => {} }: CheckOptions,
): Promise<CheckResult[]> {
  const { definition } = project;
  progress("Running the mappings over the contracts' examples …");
  const mappings = await Promise.all(definition.flows.map(checkFlow));
  progress("Checking the types …");
  return [
    holdsTogether(definition),
    contractsFit(definition),
    sourcesUnique(definition),
    ...mappings,
    secretsPresent(),
    types
      ? await typesFit(project.folder)
      : { state: "note", what: "Types were not checked (--no-types).", details: [] },
  ];
}

function holdsTogether(definition: HubDefinition): CheckResult {
  const problems = hubProblems(definition);
  const count = `${counted(definition.systems.length, "system")}, ${counted(definition.flows.length, "flow")}`;
  return problems.length === 0
    ? { state: "right", what: `The hub ${definition.name} holds together: ${count}.`, details: [] }
    : { state: "wrong", what: "The hub does not hold together.", details: problems };
}

/** One id must mean one contract, and its own examples must pass it. */
function contractsFit({ flows, contracts = [] }: HubDefinition): CheckResult {
  const byId = new Map<string, Contract>();
  const problems: string[] = [];
  for (const contract of [...contracts, ...flows.map((flow) => flow.contract)]) {
    const before = byId.get(contract.id);
    if (before !== undefined && before.schema !== contract.schema)
      problems.push(`Two different contracts are called ${contract.id}; rename one.`);
    byId.set(contract.id, contract);
  }
  for (const contract of byId.values())
    for (const [at, example] of contract.examples.entries())
      for (const finding of contract.check(example))
        problems.push(`Example ${at + 1} of ${contract.id}: ${findingText(finding)}`);
  return problems.length === 0
    ? { state: "right", what: `Contracts: ${[...byId.keys()].join(", ") || "none"}.`, details: [] }
    : { state: "wrong", what: "The contracts do not fit.", details: problems };
}

function sourcesUnique({ systems }: HubDefinition): CheckResult {
  const named = systems.flatMap((system) => (system.sources ?? []).map((source) => `${system.name}/${source}`));
  const twice = [...new Set(named.filter((name, at) => named.indexOf(name) !== at))];
  if (twice.length > 0)
    return {
      state: "wrong",
      what: "Sources share a name.",
      details: twice.map((name) => `${name} exists twice; rename one.`),
    };
  return named.length === 0
    ? { state: "note", what: "No system brings facts in.", details: [] }
    : { state: "right", what: `Sources: ${named.join(", ")}.`, details: [] };
}

/** Runs every example of the flow's contract through its mappings, and each result against its operation's schema. */
async function checkFlow(flow: AnyFlow): Promise<CheckResult> {
  const problems: string[] = [];
  const refused: string[] = [];
  let made = 0;
  for (const [at, example] of flow.contract.examples.entries()) {
    try {
      const [finding] = flow.options.check?.(example) ?? [];
      if (finding !== undefined) {
        refused.push(`Example ${at + 1} is refused by the flow's own check: ${findingText(finding)}`);
        continue;
      }
      const now = Math.max(Date.now(), flow.contract.describe(example).eventTime);
      const open: AnyFlow = { ...flow, contract: withoutRules(flow.contract) };
      for (const { system, operation, findings } of await testFlow(open, example, { now })) {
        made++;
        for (const finding of findings)
          problems.push(`Example ${at + 1} to ${system} ${operation}: ${findingText(finding)}`);
      }
    } catch (error) {
      problems.push(`Example ${at + 1}: the mapping threw: ${tell(error).message}`);
    }
  }
  const examples = flow.contract.examples.length;
  if (problems.length > 0)
    return { state: "wrong", what: `Flow ${flow.name} maps examples wrongly.`, details: problems };
  if (examples === 0)
    return {
      state: "note",
      what: `Flow ${flow.name} was not tried: ${flow.contract.id} has no examples.`,
      details: [],
    };
  return {
    state: "right",
    what: `Flow ${flow.name}: ${counted(examples, "example")} of ${flow.contract.id} ${examples === 1 ? "makes" : "make"} ${counted(made, "delivery", "deliveries")} that fit.`,
    details: refused,
  };
}

/** An example may refer to a product or order that no ledger is there to know. */
function withoutRules(contract: AnyFlow["contract"]): AnyFlow["contract"] {
  return {
    ...contract,
    check: contract.check.bind(contract),
    describe: contract.describe.bind(contract),
    rules: () => [],
  };
}

function secretsPresent(): CheckResult {
  const missing = Secret.declared().flatMap((secret) => {
    try {
      secret.read();
      return [];
    } catch (error) {
      return [tell(error).message];
    }
  });
  const all = Secret.declared().length;
  if (missing.length > 0)
    return { state: "note", what: "Secrets are missing here; the hub will not start without them.", details: missing };
  return { state: "right", what: all === 0 ? "No secrets are needed." : `Secrets: ${all} present.`, details: [] };
}

/** Runs the project's own TypeScript compiler, where it has one. */
async function typesFit(folder: string): Promise<CheckResult> {
  const compiler = findCompiler(folder);
  if (compiler === undefined)
    return {
      state: "note",
      what: "Types were not checked: the project has no TypeScript. npm install --save-dev typescript",
      details: [],
    };
  if (!existsSync(join(folder, "tsconfig.json")))
    return { state: "note", what: "Types were not checked: the project has no tsconfig.json.", details: [] };
  const { code, output } = await runCompiler(compiler, folder);
  return code === 0
    ? { state: "right", what: "The types fit.", details: [] }
    : { state: "wrong", what: "The types do not fit.", details: [output.trim().slice(0, TYPES_CHARS)] };
}

function findCompiler(folder: string): string | undefined {
  try {
    const manifest = createRequire(join(folder, "package.json")).resolve("typescript/package.json");
    return join(dirname(manifest), "bin", "tsc");
  } catch {
    return undefined; // Not installed; said by the caller.
  }
}

function runCompiler(compiler: string, folder: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [compiler, "--noEmit", "--pretty", "false", "-p", folder], {
      cwd: folder,
      timeout: TYPES_MS,
    });
    let output = "";
    const collect = (chunk: Buffer): void => {
      if (output.length < TYPES_CHARS) output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

export function findingText({ field, rule, value, fix }: Finding): string {
  return `${field || "the whole"}${value === undefined ? "" : ` = ${value}`}: ${fix} (${rule})`;
}
