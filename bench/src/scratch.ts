import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own that is removed in the end. */
export interface Scratch extends Disposable {
  readonly folder: string;
  path(name: string): string;
  /** Removes everything in it. */
  clear(): void;
}

/** `parent` decides on which disk; default the system's temporary folder. */
export function openScratch(parent = tmpdir()): Scratch {
  const folder = mkdtempSync(join(parent, "lineshaft-bench-"));
  return {
    folder,
    path: (name) => join(folder, name),
    clear: () => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
