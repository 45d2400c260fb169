// Holds every package that is meant for others to what package managers expect of it.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

let problems = 0;
for (const name of readdirSync("packages")) {
  const pkgDir = join("packages", name);
  const manifest = JSON.parse(readFileSync(join(pkgDir, "package.json"), "utf8"));
  const { messages } = await publint({ pkgDir, strict: true, pack: false });
  for (const message of messages) {
    problems++;
    process.stdout.write(`${manifest.name}: ${formatMessage(message, manifest)}\n`);
  }
}
process.exitCode = problems > 0 ? 1 : 0;
