import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own that is removed in the end, also when the process exits before that. */
export interface Scratch extends Disposable {
  readonly folder: string;
  path(name: string): string;
  /** Removes everything in it. */
  clear(): void;
}

const open = new Set<string>();
process.once("exit", () => {
  for (const folder of open) remove(folder);
});

/** Without this Node ends on a signal without `exit`, and a large ledger would stay behind. */
export function exitWhenInterrupted(): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)
    process.once(signal, () => process.exit(code));
}

/** `parent` decides on which disk; default the system's temporary folder. */
export function openScratch(parent = tmpdir()): Scratch {
  const folder = mkdtempSync(join(parent, "lineshaft-bench-"));
  open.add(folder);
  return {
    folder,
    path: (name) => join(folder, name),
    clear: () => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
    },
    [Symbol.dispose]: () => {
      remove(folder);
      open.delete(folder);
    },
  };
}

/** Most tries to remove a folder, and the pause between them in ms. */
const TRIES = 20;
const PAUSE_MS = 50;

/**
 * Tries again while a program that is being ended is still busy there: `rmSync` does so itself where it meets a new file,
 * and ends half-way, without an error, where one is gone.
 */
function remove(folder: string): void {
  for (let tries = 0; existsSync(folder) && tries < TRIES; tries++) {
    if (tries > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    rmSync(folder, { recursive: true, force: true, maxRetries: TRIES, retryDelay: PAUSE_MS });
  }
}
