import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** `pg-boss 12.38.0`: what is really installed. */
export function versionOf(name: string): string {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? [dirname(import.meta.url)];
  for (const path of paths) {
    try {
      const { version } = JSON.parse(readFileSync(join(path, name, "package.json"), "utf8")) as { version: string };
      return `${name} ${version}`;
    } catch {
      // Not in this folder.
    }
  }
  return name;
}
