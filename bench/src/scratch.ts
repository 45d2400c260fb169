import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own that is removed in the end. */
export interface Scratch extends Disposable {
  readonly folder: string;
  path(name: string): string;
}

/** `parent` decides on which disk; default the system's temporary folder. */
export function openScratch(parent = tmpdir()): Scratch {
  const folder = mkdtempSync(join(parent, "lineshaft-bench-"));
  return {
    folder,
    path: (name) => join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
