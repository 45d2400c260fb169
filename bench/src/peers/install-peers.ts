import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Longest time for the packages of all peers, in ms. */
const INSTALL_MS = 900_000;

/** Where the adapters of other tools are, with a package.json of their own. */
export const PEERS_FOLDER = fileURLToPath(new URL("../../peers/", import.meta.url));

/** Installs what the adapters need, once, and tells it. @returns why it could not, as a sentence */
export function installPeers(): string | undefined {
  const installed = join(PEERS_FOLDER, "node_modules/.package-lock.json");
  const lock = join(PEERS_FOLDER, "package-lock.json");
  if (existsSync(installed) && statSync(lock).mtimeMs <= statSync(installed).mtimeMs) return undefined;
  process.stderr.write(`Installing the other tools into ${PEERS_FOLDER} (once, about 450 MB) …\n`);
  const { status, error } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: PEERS_FOLDER,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    timeout: INSTALL_MS,
  });
  if (status === 0) return undefined;
  return `npm ci in ${PEERS_FOLDER} failed (${error?.message ?? `exit code ${status}`}); only Lineshaft was measured.`;
}
