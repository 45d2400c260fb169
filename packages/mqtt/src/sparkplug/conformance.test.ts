import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Names of tests in this folder, as they are written there; cases of `test.each` by their first column. */
const tests = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".test.ts") && file !== "conformance.test.ts")
  .map((file) => readFileSync(join(import.meta.dirname, file), "utf8"))
  .flatMap((text) => [
    ...[...text.matchAll(/(?:test|\))\(\s*(["'`])((?:(?!\1).)+)\1,/g)].map(([, , name]) => name ?? ""),
    ...[...text.matchAll(/^ {4}\[\s*"([^"]+)",/gm)].map(([, name]) => name ?? ""),
  ])
  .map((name) => name.replace("MQTT ${protocolVersion}: ", ""));

const document = readFileSync(join(import.meta.dirname, "../../../../docs/connectors/sparkplug.md"), "utf8");
const [, ofHosts = "", ofEdges = ""] = document.split(/^\| assertion .*$/m);
const rowsOf = (text: string) =>
  [...text.matchAll(/^\| `([a-zA-Z0-9-]+)`\s+\| (.+?)\s+\|$/gm)].map(([, id = "", name = ""]) => ({ id, name }));
const rows = [...rowsOf(ofHosts), ...rowsOf(ofEdges)];

test("every assertion in the conformance list names a test that exists", () => {
  expect(rows.filter(({ name }) => !tests.includes(name))).toEqual([]);
});

test("the list has every assertion once, and as many as the document says", () => {
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  expect(document).toContain(`host application, ${rowsOf(ofHosts).length} of 299`);
  expect(document).toContain(`Another ${rowsOf(ofEdges).length} are`);
  expect(rowsOf(ofHosts).length).toBeGreaterThan(80);
});
