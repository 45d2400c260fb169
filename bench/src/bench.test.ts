import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

/*
 * Every bench and a campaign of one round, tiny: that they run and say what they promise to say. No figure is judged.
 */

const run = promisify(execFile);
const TEST_MS = 110_000;

/** Runs a script of this package from its source. */
async function runScript(script: string, ...args: string[]): Promise<{ json: unknown; progress: string }> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const node = ["--conditions=lineshaft:source", path, ...args, "--json"];
  const { stdout, stderr } = await run(process.execPath, node, { timeout: TEST_MS, maxBuffer: 1024 * 1024 });
  const lines = stdout.trim().split("\n");
  expect(lines).toHaveLength(1);
  return { json: JSON.parse(lines[0] ?? ""), progress: stderr };
}

function reportOf(name: string, figures: readonly string[]): unknown {
  const numbers = Object.fromEntries(figures.map((figure) => [figure, expect.any(Number)]));
  return { name, settings: expect.any(Object), figures: expect.objectContaining(numbers) };
}

describe("each bench prints one object with the figures that its documentation names", () => {
  const benches = [
    {
      name: "engine",
      args: ["--messages", "200", "--rounds", "1", "--seconds", "0.5", "--rate", "200"],
      figures: [
        "endToEndPerSecond",
        "rawPerSecond",
        "share",
        "acceptPerSecond",
        "p50Ms",
        "p99Ms",
        "httpEndToEndPerSecond",
      ],
    },
    {
      name: "backlog",
      args: ["--pending", "2000", "--messages", "200", "--rounds", "1"],
      figures: ["backlogStartMs", "backlogRssMb", "backlogShare"],
    },
    {
      name: "engine",
      args: ["--ledger", "postgres", "--messages", "200", "--rounds", "1", "--seconds", "0.5", "--rate", "200"],
      figures: [
        "endToEndPerSecond",
        "rawPerSecond",
        "share",
        "acceptPerSecond",
        "p50Ms",
        "p99Ms",
        "httpEndToEndPerSecond",
        "fourWorkersPerSecond",
        "fourWorkersShare",
        "fourTogetherPerSecond",
        "fourTogetherShare",
        "lockWaitMs",
        "retries",
        "deadlocks",
      ],
    },
    {
      name: "backlog",
      args: ["--ledger", "postgres", "--pending", "2000", "--messages", "200", "--rounds", "1"],
      figures: ["backlogStartMs", "backlogRssMb", "backlogShare"],
    },
    {
      name: "failover",
      args: ["--rounds", "1", "--rate", "100", "--seconds", "1"],
      figures: ["movedMs", "lost", "twice", "orderBroken"],
    },
    {
      name: "growth",
      args: ["--messages", "2000", "--rounds", "1"],
      figures: ["share", "emptyPerSecond", "grownPerSecond", "tableMb", "indexMb", "bytesPerMessage"],
    },
    { name: "odoo", args: ["--messages", "4"], figures: ["ratio", "callsPerCompletion"] },
    { name: "sap", args: ["--messages", "6"], figures: ["ratio", "callsPerCompletion"] },
  ];
  test.each(benches)(
    "$name $args.0 $args.1",
    async ({ name, args, figures }) => {
      const { json } = await runScript("./main.ts", name, ...args);
      expect(json).toEqual(reportOf(name, figures));
    },
    TEST_MS,
  );
});

test(
  "a campaign catches the broken build, survives the disk's faults and a round, and finds no violation",
  async () => {
    const { json, progress } = await runScript("./faults.ts", "--rounds", "1", "--facts", "40", "--seed", "7");
    expect(json).toEqual(reportOf("faults", ["violations", "rounds", "seed", "brokenBuildCaughtMs"]));
    expect(json).toMatchObject({ figures: { violations: 0, rounds: 1, seed: 7 } });
    expect(progress).toMatch(/full disk: refused with ledger-full|skipped: a full disk/);
    expect(progress).toMatch(/failing fsync: refused with ledger-io|skipped: failing fsync/);
  },
  TEST_MS,
);

test(
  "a campaign of several hubs on PostgreSQL catches a build without fences, and finds no violation in a round",
  async () => {
    const few = ["--workers", "2", "--rounds", "1", "--facts", "60", "--seed", "7", "--skip-disk"];
    const { json, progress } = await runScript("./faults.ts", "--ledger", "postgres", ...few);
    expect(json).toEqual(reportOf("faults", ["violations", "rounds", "seed", "brokenBuildCaughtMs", "failovers"]));
    expect(json).toMatchObject({ settings: { ledger: "postgres", workers: 2 }, figures: { violations: 0, rounds: 1 } });
    expect(progress).toMatch(/a build without fences was caught/);
  },
  TEST_MS,
);

test(
  "a campaign of a gateway and its hub catches two broken builds, and finds no violation in a round",
  async () => {
    const { json, progress } = await runScript(
      "./faults.ts",
      "--gateway",
      "--rounds",
      "1",
      "--facts",
      "400",
      "--seed",
      "7",
    );
    expect(json).toEqual(reportOf("faults", ["violations", "rounds", "seed", "brokenBuildsCaught", "gatewayCrashes"]));
    expect(json).toMatchObject({
      settings: { gateway: true },
      figures: { violations: 0, rounds: 1, brokenBuildsCaught: 2 },
    });
    expect(progress).toMatch(/the broken build cursor was caught: .*(is not at the hub|are missing at the hub)/);
  },
  TEST_MS,
);
