// Makes a clone ready: installs the packages when the lock file is newer than what is installed, then compiles what changed.
// Runs on whatever Node starts npm (20 or newer); everything after it runs on the Node that the packages bring.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";

const installed = "node_modules/.package-lock.json";
const stale = !existsSync(installed) || statSync("package-lock.json").mtimeMs > statSync(installed).mtimeMs;
if (stale) run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"]);
run(process.execPath, ["node_modules/typescript/bin/tsc", "-b"]);

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
