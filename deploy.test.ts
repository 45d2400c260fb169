import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hubLimits } from "./packages/engine/src/index.ts";

const read = (file: string): string => readFileSync(join("deploy", file), "utf8");
const unit = read("systemd/lineshaft.service");
const container = read("container/Containerfile");
const hub = read("kubernetes/hub.yaml");

const seconds = (text: string, setting: RegExp): number => Number(setting.exec(text)?.[1]);
const drain = hubLimits.drainMs / 1_000;

test("nobody kills a hub before it has drained", () => {
  expect(seconds(unit, /^TimeoutStopSec=(\d+)s$/m)).toBeGreaterThan(drain);
  const preStop = seconds(hub, /command: \["sleep", "(\d+)"\]/);
  expect(seconds(hub, /terminationGracePeriodSeconds: (\d+)/)).toBeGreaterThan(preStop + drain);
});

test("the unit is one that systemd understands", ({ skip }) => {
  if (spawnSync("systemd-analyze", ["--version"]).status !== 0) return skip("systemd-analyze is not here");
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-unit-"));
  const file = join(folder, "lineshaft.service");
  // Node, the project and the user are not at their places here.
  const here = unit
    .replace("/usr/bin/node", process.execPath)
    .replace("/opt/lineshaft/plant", process.cwd())
    .replaceAll(/^(User|Group)=.*$/gm, "$1=root");
  writeFileSync(file, here);
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  expect([status, stderr]).toEqual([0, ""]);
});

/** What the probes run, as they stand in the files. */
const probes: [where: string, script: string][] = [
  ["Containerfile", (JSON.parse(/CMD (\["node", "-e".*\])/.exec(container)?.[1] ?? "[]") as string[])[2] ?? ""],
  ...[...hub.matchAll(/- \|-\n((?: {18}.*\n)+)/g)].map(([, script = ""], at): [string, string] => [
    `hub.yaml, ${at + 1}`,
    script,
  ]),
];

test("there is a probe in the image, and one each for start or life and for readiness in the cluster", () => {
  expect(probes.map(([, script]) => /7070\/(\w+)/.exec(script)?.[1])).toEqual(["healthz", "healthz", "readyz"]);
});

test.each(probes)("the probe of %s fails at a 503 and where nobody listens", async (_where, script) => {
  let status = 200;
  const server = createServer((_request, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  // Not in this thread, which has to answer.
  const probe = async (): Promise<number | null> => {
    const child = spawn(process.execPath, ["-e", script.replace("7070", String(port))]);
    return new Promise((resolve) => child.on("close", resolve));
  };
  expect(await probe()).toBe(0);
  status = 503;
  expect(await probe()).toBe(1);
  await new Promise((resolve) => server.close(resolve));
  expect(await probe()).toBe(1);
});

test("what the files run is there", () => {
  const bin = "node_modules/lineshaft/bin/lineshaft.js";
  for (const text of [unit, container]) expect(text).toContain(bin);
  expect(existsSync(bin)).toBe(true);
});
