import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "@lineshaft/core";
import { aCompletion } from "@lineshaft/model";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { databaseAt } from "./reference.ts";
import { ERP_KEY, Plant } from "./testing/plant.ts";

let server: PostgresServer;
let ownerUrl: string;
let hubUrl: string;
let hubRole: string;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  ownerUrl = await server.newDatabase();
  hubRole = `hub_of_${new URL(ownerUrl).pathname.slice(1)}`;
  await server.sql(`create role ${hubRole} login password 'hub-password'`);
  hubUrl = ownerUrl.replace(/\/\/[^@]+@/, `//${hubRole}:hub-password@`);
});

/** A plant whose hub may keep its ledger on PostgreSQL: `--config server.config.ts`. */
function aPlant(): Plant {
  const plant = new Plant({ environment: { LEDGER_URL: hubUrl, LEDGER_OWNER_URL: ownerUrl } });
  const config = readFileSync(join(plant.folder, "lineshaft.config.ts"), "utf8");
  plant.write(
    "server.config.ts",
    config
      .replace(
        'import { sqlite } from "@lineshaft/ledger-sqlite";',
        'import { postgres } from "@lineshaft/ledger-postgres";',
      )
      .replace(
        'sqlite({ path: ".lineshaft/ledger.db" })',
        'postgres({ url: Secret.env("LEDGER_URL"), migrate: "never" })',
      ),
  );
  return plant;
}

const onServer = ["--config", "server.config.ts"];
const asOwner = ["--url", "env:LEDGER_OWNER_URL"];
const completion = (productionOrder: string) => aCompletion({ id: productionOrder, productionOrder });

test("migrate makes a ledger, gives roles their rights, and says from which version to which", async () => {
  await using plant = aPlant();
  await server.sql(`create role reader_of_${hubRole}`);
  const missing = await plant.run("stats", ...onServer);
  expect([missing.code, missing.err]).toEqual([exitCodes.refused, expect.stringContaining("Run lineshaft migrate")]);
  const roles = ["--hub-role", hubRole, "--reader", `reader_of_${hubRole}=hamburg,lyon`];
  const made = await plant.run("migrate", ...asOwner, ...roles);
  expect(made.out).toMatch(
    /^The ledger env:LEDGER_OWNER_URL, schema lineshaft was made, at version \d+\.\nHubs sign in as/,
  );
  expect(made.out).toContain(`reader_of_${hubRole} reads hamburg, lyon.`);
  expect((await plant.run("stats", ...onServer)).code).toBe(0);
  const [again] = await plant.json<{ from: number; to: number }>("migrate", ...asOwner);
  expect(again?.from).toBe(again?.to);
  expect((await plant.run("migrate", ...asOwner)).out).toContain(`is at version ${again?.to} already.`);
});

test("migrate as a role that may not, of a newer ledger, or without saying where says so in a sentence", async () => {
  await using plant = aPlant();
  await plant.run("migrate", ...asOwner, "--hub-role", hubRole);
  const notOwner = await plant.run("migrate", ...onServer, "--hub-role", hubRole);
  expect([notOwner.code, notOwner.err]).toEqual([
    exitCodes.ledgerUnusable,
    expect.stringContaining("Give the URL of the ledger's owner: --url env:LEDGER_OWNER_URL."),
  ]);
  const clear = await plant.run("migrate", "--url", ownerUrl);
  expect([clear.code, clear.err]).toEqual([exitCodes.usage, expect.not.stringContaining(new URL(ownerUrl).password)]);
  expect((await plant.run("migrate", ...asOwner, "--reader", "anna")).code).toBe(exitCodes.usage);
  await server.sql("insert into lineshaft.migration (number, name) values (99, '0099-future.sql')", ownerUrl);
  const newer = await plant.run("migrate", ...asOwner);
  expect([newer.code, newer.err]).toEqual([exitCodes.ledgerUnusable, expect.stringContaining("is of version 99")]);
});

test("migrate of a ledger in a file makes or upgrades that file, and knows no roles", async () => {
  await using plant = aPlant();
  expect((await plant.run("migrate")).out).toMatch(/ledger\.db was made, at version \d+\.$/m);
  expect((await plant.run("migrate", "--hub-role", "hub")).code).toBe(exitCodes.usage);
  expect((await plant.run("retain", "--keep-days", "30")).code).toBe(exitCodes.usage);
  expect((await plant.run("ledger", "adopt", "--why", "test")).code).toBe(exitCodes.usage);
});

test("retain tells what it takes and what would go, and is the owner's alone", async () => {
  await using plant = aPlant();
  await plant.run("migrate", ...asOwner, "--hub-role", hubRole);
  await server.sql(
    `insert into lineshaft.refusal (id, received_time, link, received_bytes, source, contract, findings, received)
     values (1, 1, 0, 1, 'mes', 'note.v1', '[]', '')`,
    ownerUrl,
  );
  const retain = ["retain", "--keep-days", "400", "--duplicates-days", "800"];
  expect((await plant.run(...retain, ...asOwner, "--dry-run")).out).toContain("1 refusal would go.");
  const [planned] = await plant.json(...retain, ...asOwner, "--dry-run");
  expect(planned).toMatchObject({ dryRun: true, dropped: [], kept: [], refusals: 1, seen: 0 });
  const hub = await plant.run(...retain, ...onServer);
  expect([hub.code, hub.err]).toEqual([exitCodes.ledgerUnusable, expect.stringContaining("ledger's owner")]);
  expect((await plant.run(...retain, ...asOwner)).out).toBe("1 refusal gone.\n");
  expect((await plant.run(...retain, ...asOwner)).out).toBe("Nothing is old enough.\n");
});

test("a stopped hub's ledger moves to PostgreSQL, and the hub goes on there", async () => {
  await using plant = aPlant();
  const copy = [
    "ledger",
    "copy",
    "--from",
    ".lineshaft/ledger.db",
    "--to",
    "env:LEDGER_OWNER_URL",
    "--hub-role",
    hubRole,
  ];
  const before = await plant.start();
  for (const order of ["MO-1", "BAD-2"]) expect((await before.report(completion(order))).status).toBeLessThan(300);
  expect((await plant.run(...copy)).code).toBe(exitCodes.ledgerUnusable);
  await before.end("SIGTERM");
  const [stood] = await plant.json<{ deliveries: object[] }>("stats");
  const copied = await plant.run(...copy);
  expect([copied.code, copied.err]).toEqual([0, ""]);
  expect(copied.out).toContain("2 messages, 2 deliveries and 2 attempts are now in env:LEDGER_OWNER_URL");
  expect(existsSync(join(plant.folder, ".lineshaft/ledger.db"))).toBe(false);
  const [stands] = await plant.json<{ deliveries: object[] }>("stats", ...onServer);
  expect(stands?.deliveries).toEqual(stood?.deliveries);
  expect((await plant.run("audit", "verify", ...onServer)).out).toContain("The audit chain holds");
  const after = await plant.start(...onServer);
  expect(await (await after.report(completion("MO-1"))).json()).toMatchObject({ result: "duplicate" });
  expect(await (await after.report(completion("MO-3"))).json()).toMatchObject({ result: "accepted" });
  const busy = await plant.run("ledger", "adopt", ...asOwner, "--why", "test");
  expect([busy.code, busy.err]).toEqual([exitCodes.ledgerUnusable, expect.stringContaining("Stop all hubs first")]);
  await after.end("SIGTERM");
  const booked = readFileSync(join(plant.folder, "erp.jsonl"), "utf8").split("\n").filter(Boolean);
  expect(booked.map((line) => (JSON.parse(line) as { order: string }).order)).toEqual(["MO-1", "MO-3"]);
  const adopted = await plant.run("ledger", "adopt", ...asOwner, "--why", "a rehearsal");
  expect(adopted.out).toContain("0 deliveries open then");
  expect(adopted.out).toContain("1 delivery parked then already");
  const [entry] = (await plant.json<{ act: string; why: string }>("audit", "list", ...onServer)).slice(-1);
  expect(entry).toMatchObject({ act: "restore", why: "a rehearsal" });
  expect(copied.out + adopted.out).not.toContain(ERP_KEY);
});

test("a copy names a file and where a URL is, and leaves the file for a rehearsal", async () => {
  await using plant = aPlant();
  await plant.run("migrate");
  const from = ["ledger", "copy", "--from", ".lineshaft/ledger.db", "--to"];
  expect((await plant.run(...from, ownerUrl)).code).toBe(exitCodes.usage);
  expect((await plant.run("ledger", "copy", "--from", "env:LEDGER_URL", "--to", "env:LEDGER_OWNER_URL")).code).toBe(
    exitCodes.usage,
  );
  expect((await plant.run("ledger", "copy", "--from", "no.db", "--to", "env:LEDGER_OWNER_URL")).code).toBe(
    exitCodes.refused,
  );
  const [kept] = await plant.json(...from, "env:LEDGER_OWNER_URL", "--keep-source");
  expect(kept).toMatchObject({ rows: { message: 0 }, digests: { message: "0".repeat(64) } });
  expect(existsSync(join(plant.folder, ".lineshaft/ledger.db"))).toBe(true);
});

test("a URL stands on a command line only when it holds no password", () => {
  expect(databaseAt("--url", "postgres://ana@db/lineshaft")).toBe("postgres://ana@db/lineshaft");
  expect(databaseAt("--url", "env:LEDGER_URL")).toBeInstanceOf(Secret);
  for (const url of ["postgres://ana:secret@db/x", "postgres://db/x?password=secret", "postgres://[", "secret"])
    expect(() => databaseAt("--url", url)).toThrow(/--url (holds a password|takes no secret)/);
});
