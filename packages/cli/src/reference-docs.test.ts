import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fleetMetrics, statusMetrics } from "@lineshaft/server";
import { format, resolveConfig } from "prettier";
import { expect, test } from "vitest";
import { buildProgram } from "./program.ts";
import { Terminal } from "./terminal.ts";
import { errorTable, exitCodeTable, limitTable, root } from "./testing/reference-docs.ts";

/** Between these lines stands what is generated. UPDATE_DOCS=1 writes it anew. */
const BEGIN = "<!-- generated: UPDATE_DOCS=1 npx vitest run packages/cli/src/reference-docs.test.ts -->";
const END = "<!-- end of what is generated -->";

test.each([
  ["docs/errors.md", errorTable],
  ["docs/cli.md", exitCodeTable],
  ["docs/limits.md", limitTable],
])("%s says what the sources say", async (file, generate) => {
  const path = join(root, file);
  const text = readFileSync(path, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  expect(begin).toBeGreaterThan(-1);
  const whole = `${text.slice(0, begin + BEGIN.length)}\n\n${generate()}\n\n${text.slice(end)}`;
  const upToDate = await format(whole, { ...(await resolveConfig(path)), parser: "markdown" });
  if (process.env["UPDATE_DOCS"]) writeFileSync(path, upToDate);
  expect(readFileSync(path, "utf8")).toBe(upToDate);
});

test("docs/cli.md describes every command, and no other", () => {
  const text = readFileSync(join(root, "docs/cli.md"), "utf8");
  const program = buildProgram(new Terminal({ json: false, debug: false }));
  const commands = program.commands.flatMap((command) =>
    command.commands.length === 0
      ? [command.name()]
      : command.commands.map((inner) => `${command.name()} ${inner.name()}`),
  );
  const described = [...text.matchAll(/^\| `lineshaft ([a-z]+(?: [a-z]+)?)/gm)].map(([, name]) => name);
  expect(described.sort()).toEqual(commands.sort());
});

test("docs/operating/README.md lists every metric", () => {
  const text = readFileSync(join(root, "docs/operating/README.md"), "utf8");
  const names = [...statusMetrics, ...fleetMetrics].map(({ name }) => name);
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
