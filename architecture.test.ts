import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

/** Who may import whom; arrows point down only. Whoever is not listed as allowed is forbidden. */
const arrows: Record<string, readonly string[]> = {
  core: [],
  model: ["core"],
  engine: ["core", "model"],
  "ledger-sqlite": ["core", "model"],
  "ledger-postgres": ["core", "model"],
  expressions: ["core", "model"],
  http: ["core", "model"],
  mqtt: ["core", "model"],
  tags: ["core", "model"],
  modbus: ["core", "model"],
  historian: ["core", "model"],
  opcua: ["core", "model"],
  odoo: ["core", "model"],
  sap: ["core", "model"],
  server: ["core", "model", "engine"],
  gateway: ["core", "model", "engine"],
  workflows: ["core", "model", "engine", "odoo", "sap"],
  testing: ["core", "model"],
  simulators: ["core", "model"],
  // The composition root, and what measures it: they know all others.
  cli: ["*"],
  bench: ["*"],
};

const folders = [...readdirSync("packages").map((name) => join("packages", name)), "simulators", "bench"];

const nameOf = (folder: string) => folder.split("/").at(-1) ?? folder;
const isTest = (file: string) => file.endsWith(".test.ts") || file.includes("/src/testing/");

function sources(folder: string): string[] {
  const source = join(folder, "src");
  if (!existsSync(source)) return [];
  return readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(source, file));
}

function imports(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

function ours(specifier: string): string | undefined {
  return /^@lineshaft\/([^/]+)/.exec(specifier)?.[1] ?? (specifier === "lineshaft" ? "cli" : undefined);
}

test("every workspace has its row in the table of arrows", () => {
  expect(folders.map(nameOf).sort()).toEqual(Object.keys(arrows).sort());
});

test.each(folders)("%s imports only what its arrows allow", (folder) => {
  const allowed = arrows[nameOf(folder)] ?? [];
  const forbidden = sources(folder)
    .filter((file) => !isTest(file))
    .flatMap((file) => imports(file).map((specifier) => ({ file, to: ours(specifier) })))
    .filter(({ to }) => to !== undefined && to !== nameOf(folder) && !allowed.includes(to) && !allowed.includes("*"));
  expect(forbidden).toEqual([]);
});

test.each(folders)("%s reaches into no other workspace by a path", (folder) => {
  const outside = sources(folder).flatMap((file) =>
    imports(file)
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => relative(folder, join(dirname(file), specifier)))
      .filter((path) => path.startsWith(".."))
      .map((path) => `${file} → ${path}`),
  );
  expect(outside).toEqual([]);
});

test.each(folders)("%s declares what it imports of ours", (folder) => {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<
    string,
    Record<string, string> | undefined
  >;
  const declared = new Set([
    ...Object.keys(manifest["dependencies"] ?? {}),
    ...Object.keys(manifest["devDependencies"] ?? {}),
    ...Object.keys(manifest["peerDependencies"] ?? {}),
  ]);
  const missing = sources(folder)
    .flatMap((file) => imports(file))
    .filter((specifier) => ours(specifier) !== undefined && ours(specifier) !== nameOf(folder))
    .map((specifier) =>
      specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/"),
    )
    .filter((name) => !declared.has(name));
  expect([...new Set(missing)]).toEqual([]);
});
