import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "./index.ts";

test("a secret that was read is taken out of every text, the longer of two nested values first", () => {
  Secret.generated("short", "hunter2").read();
  Secret.generated("long", "hunter2-hunter3").read();
  expect(Secret.mask("login hunter2-hunter3 and hunter2 failed")).toBe("login [secret] and [secret] failed");
});

test("every way of printing a secret shows its reference alone", () => {
  const secret = Secret.env("PLANT_KEY", { PLANT_KEY: "s3cr3t-value" });
  expect(secret.read()).toBe("s3cr3t-value");
  for (const shown of [String(secret), JSON.stringify({ secret }), inspect({ secret }, { depth: 9 })]) {
    expect(shown).toContain("env:PLANT_KEY");
    expect(shown).not.toContain("s3cr3t-value");
  }
});

test("a rotated file is taken up at the next read, and the old value stays masked", () => {
  const path = join(mkdtempSync(join(tmpdir(), "secret-")), "key");
  writeFileSync(path, "first-value\n");
  const secret = Secret.file(path);
  expect(secret.read()).toBe("first-value");
  writeFileSync(path, "second-value\n");
  expect(secret.read()).toBe("second-value");
  expect(Secret.mask("first-value second-value")).toBe("[secret] [secret]");
});

test("a secret whose reference leads nowhere says which one, and what to do", () => {
  const secret = Secret.env("NOT_SET", {});
  expect(() => secret.read()).toThrow("The secret env:NOT_SET is not set.");
  expect(Secret.declared().map((s) => s.reference)).toContain("env:NOT_SET");
});
