#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one is told what is wrong in a sentence.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const YOUNG_MIB = 8;
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Lineshaft needs Node 22.18 or newer; this is ${process.versions.node}.\n` +
      "Install a newer Node, or run it as an npm script of a project that has the package node@24, as lineshaft init makes them.",
  );
  process.exit(2);
}
// SQLite and running TypeScript as it is were still called experimental by Node 22; there is nothing for a user to do about it.
const warn = process.emitWarning.bind(process);
process.emitWarning = (warning, ...rest) => {
  const kind = typeof rest[0] === "string" ? rest[0] : rest[0]?.type;
  if (kind !== "ExperimentalWarning") warn(warning, ...rest);
};
becomeHub();
const { run } = await import(mainOfProject() ?? "../dist/main.js");
await run();

/**
 * A hub's young objects live as long as two commits: V8 would keep up to 100 MB for them on a machine with much memory,
 * and be no faster. The limit can only be given at the start, so a hub takes its own process's place; Windows cannot.
 */
function becomeHub() {
  const limit = "--max-semi-space-size";
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) => option.includes(limit));
  const [, , command, subcommand] = process.argv;
  const runs = ["start", "demo", "dev"].includes(command) || (command === "gateway" && subcommand === "start");
  if (given || process.platform === "win32" || !runs) return;
  const hub = [process.execPath, ...process.execArgv, `${limit}=${YOUNG_MIB}`, ...process.argv.slice(1)];
  process.execve?.(process.execPath, hub, process.env);
}

/** A project's own Lineshaft goes before one installed for all: its configuration is made of the project's packages. */
function mainOfProject() {
  try {
    const manifest = createRequire(join(process.cwd(), "package.json")).resolve("lineshaft/package.json");
    return pathToFileURL(join(dirname(manifest), "dist", "main.js")).href;
  } catch {
    return undefined; // Not within a project.
  }
}
