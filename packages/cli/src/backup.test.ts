import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aCompletion } from "@lineshaft/model";
import { expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { Plant } from "./testing/plant.ts";

const why = ["--why", "the disk died", "--who", "k.weber"];

test("a running hub's ledger is backed up, and restored once the hub is stopped", async () => {
  await using plant = new Plant();
  const running = await plant.start();
  await running.report(aCompletion({ id: "mes-1", productionOrder: "MO-1" }));
  const [report] = await plant.json<{ head: string; rows: { message: number } }>("backup", "monday.db");
  expect(report?.rows.message).toBe(1);
  const again = await plant.run("backup", "monday.db");
  expect([again.code, again.err]).toEqual([exitCodes.refused, expect.stringContaining("exists; nothing was written")]);
  const [verified] = await plant.json<{ head: string }>("audit", "verify", "--ledger", "monday.db");
  expect(verified?.head).toBe(report?.head);
  await running.report(aCompletion({ id: "mes-2", productionOrder: "MO-2" }));
  const busy = await plant.run("restore", "monday.db", "--replace", ...why);
  expect([busy.code, busy.err]).toEqual([exitCodes.ledgerUnusable, expect.stringContaining("Another hub works")]);
  await running.end("SIGTERM");
  const there = await plant.run("restore", "monday.db", ...why);
  expect([there.code, there.err]).toEqual([exitCodes.refused, expect.stringContaining("--replace")]);
  const done = await plant.run("restore", "monday.db", "--replace", "--settle-minutes", "0", ...why);
  expect(done.code).toBe(exitCodes.ok);
  expect(done.out).toContain("Facts accepted after that are not in it.");
  expect(done.out).toMatch(/is kept as .*ledger\.db\.replaced-/);
  expect(await plant.json("audit", "list")).toMatchObject([{ act: "restore", who: "k.weber", why: "the disk died" }]);
  expect((await plant.run("trace", "MO-2")).err).toContain("Nothing in the ledger is about MO-2.");
  const restarted = await plant.start();
  expect((await restarted.report(aCompletion({ id: "mes-3", productionOrder: "MO-3" }))).status).toBe(202);
  expect(await restarted.end("SIGTERM")).toBe(exitCodes.ok);
});

test("what is no backup is not restored, a reason is wanted, and a ledger in a database is left to it", async () => {
  await using plant = new Plant();
  writeFileSync(join(plant.folder, "notes.db"), "just notes");
  expect((await plant.run("restore", "notes.db", ...why)).code).toBe(exitCodes.ledgerUnusable);
  expect((await plant.run("restore", "nothing.db", ...why)).code).toBe(exitCodes.refused);
  expect((await plant.run("restore", "notes.db")).code).toBe(exitCodes.usage);
  expect(existsSync(join(plant.folder, ".lineshaft/ledger.db"))).toBe(false);
  plant.write(
    "server.config.ts",
    `import { defineHub } from "@lineshaft/engine";
     export default defineHub({ name: "h", ledger: { engine: "postgres", location: "db", open: () => Promise.reject(new Error("no")) } });`,
  );
  const server = await plant.run("backup", "b.db", "--config", "server.config.ts");
  expect([server.code, server.err]).toEqual([exitCodes.usage, expect.stringContaining("in postgres, not in a file")]);
});
