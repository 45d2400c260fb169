import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { aCompletion } from "@lineshaft/model";
import { expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { ERP_KEY, Plant, type RunningPlant } from "./testing/plant.ts";

interface Parked {
  delivery: number;
  key: string;
  reason: string;
}

/** A plant whose ledger holds one booked completion and one that the ERP refused. */
async function aPlantWithHistory(): Promise<{ plant: Plant; parked: Parked; running: RunningPlant }> {
  const plant = new Plant();
  const running = await plant.start();
  await running.report(aCompletion({ id: "mes-1", productionOrder: "MO-1" }));
  await running.report(aCompletion({ id: "mes-2", productionOrder: "BAD-2" }));
  const parked = await until(async () => (await plant.json<Parked>("parked"))[0]);
  return { plant, parked, running };
}

/** Asks until there is an answer; each question is a process of its own, which takes its time. */
async function until<T>(ask: () => Promise<T | undefined>, tries = 60): Promise<T> {
  for (let tried = 0; tried < tries; tried++) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`Asked ${tries} times in vain.`);
}

const stateOf = async (plant: Plant, key: string): Promise<string | undefined> =>
  (await plant.json<{ deliveries: { state: string }[] }>("trace", key))[0]?.deliveries[0]?.state;

test("a fact sent twice is booked once, traced by its key, and the hub stops with 0 on SIGTERM", async () => {
  await using plant = new Plant();
  const running = await plant.start();
  const first = await running.report(aCompletion({ id: "mes-1", productionOrder: "MO-1" }));
  const second = await running.report(aCompletion({ id: "mes-1", productionOrder: "MO-1" }));
  expect([first.status, second.status]).toEqual([202, 200]);
  await until(async () => ((await stateOf(plant, "MO-1")) === "done" ? true : undefined));
  expect(await running.end("SIGTERM")).toBe(exitCodes.ok);
  expect(readFileSync(join(plant.folder, "erp.jsonl"), "utf8").trim().split("\n")).toHaveLength(1);
  const { out, code } = await plant.run("trace", "MO-1");
  expect(code).toBe(0);
  expect(out).toContain("sent again 1 time");
  expect(out).toContain("→ erp book (flow completions)");
  expect(out).toContain("B-1");
});

test("what is parked says why and what to do, and an edited payload goes out while the hub runs", async () => {
  const { plant, parked, running } = await aPlantWithHistory();
  await using _ = plant;
  const { out } = await plant.run("parked");
  expect(out).toContain("The ERP knows no order BAD-2.");
  expect(out).toContain("Next: Correct the order, then resend.");
  const wrong = await plant.run("edit", String(parked.delivery), "--set", "/yield/value=-1", "--why", "typing error");
  expect(wrong.code).toBe(exitCodes.refused);
  expect(wrong.err).toContain("/yield");
  const edited = await plant.run(
    "edit",
    String(parked.delivery),
    "--set",
    "/productionOrder=MO-2",
    "--why",
    "typing error",
    "--who",
    "k.weber",
  );
  expect(edited.out).toContain('/productionOrder: "BAD-2" → "MO-2"');
  expect(edited.code).toBe(0);
  await until(async () => ((await stateOf(plant, "BAD-2")) === "done" ? true : undefined));
  const [entry] = await plant.json<{ who: string; why: string; act: string }>("audit", "list");
  expect(entry).toMatchObject({ who: "k.weber", why: "typing error", act: "edit" });
  expect(await running.end("SIGINT")).toBe(exitCodes.ok);
});

test("acts work without a running hub, and refuse what the state does not allow", async () => {
  const { plant, parked, running } = await aPlantWithHistory();
  await using _ = plant;
  await running.end("SIGTERM");
  const id = String(parked.delivery);
  expect((await plant.run("resend", id)).code).toBe(exitCodes.usage);
  expect((await plant.run("confirm", id, "--receipt", "B-77", "--why", "seen in the ERP")).code).toBe(0);
  expect(await stateOf(plant, "BAD-2")).toBe("done");
  const late = await plant.run("drop", id, "--why", "too late");
  expect(late.code).toBe(exitCodes.refused);
  expect(late.err).toContain("(wrong-state)");
  expect((await plant.run("drop", "999999", "--why", "x")).code).toBe(exitCodes.refused);
});

test("what a system calls a thing is said, found both ways, and stands in the audit trail with who and why", async () => {
  const { plant, running } = await aPlantWithHistory();
  await using _ = plant;
  await running.end("SIGTERM");
  const set = (object: string, external: string, ...more: string[]) =>
    plant.run("identities", "set", "product", object, "erp", external, "--why", "seen in the ERP", ...more);
  expect((await plant.run("identities", "set", "product", "PUMP-20", "erp", "71")).code).toBe(exitCodes.usage);
  expect((await plant.run("identities", "get", "product", "PUMP-20", "erp")).code).toBe(exitCodes.refused);
  expect((await set("PUMP-20", "71", "--who", "k.weber")).out).toContain("erp calls product PUMP-20 71 from now on.");
  expect((await set("PUMP-20", "72", "--who", "k.weber")).out).toContain("72 from now on, no longer 71.");
  expect((await plant.run("identities", "get", "product", "PUMP-20", "erp")).out).toContain("72");
  expect((await plant.run("identities", "find", "product", "erp", "72")).out).toContain("PUMP-20");
  const taken = await set("PUMP-21", "72");
  expect(taken.code).toBe(exitCodes.refused);
  expect(taken.err).toContain("already stands for PUMP-20");
  const trail = await plant.json<{ who: string; why: string; act: string; detail: string }>("audit", "list");
  expect(trail.map(({ who, why, act }) => [who, why, act])).toEqual([
    ["k.weber", "seen in the ERP", "identify"],
    ["k.weber", "seen in the ERP", "identify"],
  ]);
  expect(trail[1]?.detail).toContain('"external":"72","before":"71"');
  expect((await plant.run("audit", "verify")).code).toBe(exitCodes.ok);
});

test("a replay shows what it would do, asks for a reason, and finds what stands instead of booking it again", async () => {
  const { plant, running } = await aPlantWithHistory();
  await using _ = plant;
  const nothing = await plant.run("replay", "--dry-run");
  expect(nothing.code).toBe(exitCodes.usage);
  const steps = await plant.json<{ key: string; act: string }>("replay", "--from", "1h", "--dry-run");
  expect(steps.map(({ key, act }) => [key, act])).toEqual([
    ["MO-1", "check"],
    ["BAD-2", "resend"],
  ]);
  expect((await plant.run("replay", "--key", "MO-1", "--yes")).code).toBe(exitCodes.usage);
  expect((await plant.run("replay", "--key", "MO-1", "--why", "to be sure")).code).toBe(exitCodes.usage);
  const [done] = await plant.json<{ done: number }>("replay", "--key", "MO-1", "--why", "to be sure", "--yes");
  expect(done).toMatchObject({ done: 1, failed: [] });
  await until(async () => {
    const [trace] = await plant.json<{ deliveries: { attempts: { outcome: string }[] }[] }>("trace", "MO-1");
    return trace?.deliveries[0]?.attempts.some((a) => a.outcome === "found") ? true : undefined;
  });
  await running.end("SIGTERM");
  expect(readFileSync(join(plant.folder, "erp.jsonl"), "utf8").trim().split("\n")).toHaveLength(1);
});

test("no command and no log shows the value of a secret", async () => {
  const { plant, parked, running } = await aPlantWithHistory();
  await using _ = plant;
  plant.write("erp.down", "");
  const id = String(parked.delivery);
  const shown = [
    await plant.run("doctor"),
    await plant.run("doctor", "--json", "--debug"),
    await plant.run("parked"),
    await plant.run("trace", "BAD-2", "--payloads"),
    await plant.run("trace", "BAD-2", "--json"),
    await plant.run("messages", "--json"),
    await plant.run("check", "--no-types", "--json"),
    await plant.run("edit", id, "--set", `/note=${ERP_KEY}`, "--why", "x", "--dry-run"),
  ];
  expect(shown[0]?.err ?? "").toBe("");
  expect(shown[0]?.out).toContain("The ERP refused [secret].");
  expect(shown[0]?.code).toBe(exitCodes.systemNotReached);
  await running.end("SIGTERM");
  expect(running.log()).toContain("[masked]");
  expect(running.log()).toContain("login with [secret]");
  for (const { out, err } of shown) expect(out + err).not.toContain(ERP_KEY);
  expect(shown[2]?.out).toContain("key [secret]");
  expect(running.log()).not.toContain(ERP_KEY);
});

test("a second hub on the same ledger is told so in a sentence", async () => {
  await using plant = new Plant();
  const running = await plant.start();
  const second = await plant.run("start", "--port", "0");
  expect(second.code).toBe(exitCodes.ledgerUnusable);
  expect(second.err).toContain("Another hub works on the ledger");
  expect(second.err).not.toContain("    at ");
  await running.end("SIGTERM");
});

test("a port in use is told in a sentence, with another one to take", async () => {
  await using plant = new Plant();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const { code, err } = await plant.run("start", "--port", String(port));
  other.close();
  expect(code).toBe(exitCodes.configInvalid);
  expect(err).toContain(`Port ${port} on 127.0.0.1 is in use by another process.`);
  expect(err).toContain(`--port ${port + 1}`);
});

test("listening beyond this machine is refused", async () => {
  await using plant = new Plant();
  const { code, err } = await plant.run("start", "--host", "0.0.0.0");
  expect(code).toBe(exitCodes.configInvalid);
  expect(err).toContain("without signing in");
});

test("a changed row is found by audit verify, which ends with its own code", async () => {
  const { plant, running } = await aPlantWithHistory();
  await using _ = plant;
  const [report] = await plant.json<{ ok: boolean; head: string }>("audit", "verify");
  expect(report).toMatchObject({ ok: true });
  await running.end("SIGTERM");
  expect((await plant.run("audit", "verify", "--head", "0".repeat(64))).code).toBe(exitCodes.auditBroken);
  const db = new DatabaseSync(join(plant.folder, ".lineshaft/ledger.db"));
  db.exec("update message set key = 'MO-9' where id = 1");
  db.close();
  const broken = await plant.run("audit", "verify");
  expect(broken.code).toBe(exitCodes.auditBroken);
  expect(broken.err).toContain("The audit chain is broken");
});

test("what is no ledger is left alone, and a mistyped path makes no new one", async () => {
  await using plant = new Plant();
  writeFileSync(join(plant.folder, "notes.db"), "just notes");
  expect((await plant.run("stats", "--ledger", "notes.db")).code).toBe(exitCodes.ledgerUnusable);
  expect(readFileSync(join(plant.folder, "notes.db"), "utf8")).toBe("just notes");
  expect((await plant.run("drop", "1", "--why", "x", "--ledger", "leger.db")).code).toBe(exitCodes.refused);
});

test("check tells everything that is wrong, and a broken configuration has its own code", async () => {
  await using plant = new Plant({ environment: { ERP_KEY: "" } });
  const fine = await plant.run("check", "--no-types");
  expect(fine.code).toBe(0);
  expect(fine.out).toContain("The secret env:ERP_KEY is not set.");
  expect(fine.out).toContain("2 examples of completion.v1 make 2 deliveries that fit.");
  plant.write("broken.config.ts", "export default 1;");
  const broken = await plant.run("check", "--config", "broken.config.ts");
  expect(broken.code).toBe(exitCodes.configInvalid);
  expect(broken.err).toContain("exports no hub");
  plant.write("enum.config.ts", "enum A { B } export default A;");
  expect((await plant.run("check", "--config", "enum.config.ts")).err).toContain("leaving the types away");
});

test("without a project a command says how to get one", async () => {
  await using plant = new Plant({ withConfig: false });
  const { code, err } = await plant.run("stats");
  expect(code).toBe(exitCodes.refused);
  expect(err).toContain("lineshaft init");
  const asJson = await plant.run("stats", "--json");
  expect(JSON.parse(asJson.err)).toMatchObject({ error: { code: "not-found" } });
});

test("a command called wrongly ends with the code for it", async () => {
  await using plant = new Plant();
  expect((await plant.run("replya")).code).toBe(exitCodes.usage);
  expect((await plant.run("messages", "--from", "teatime")).code).toBe(exitCodes.usage);
  expect((await plant.run("start", "--port", "70000")).code).toBe(exitCodes.usage);
  expect((await plant.run("--help")).code).toBe(0);
  expect((await plant.run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("a project made by init holds together, passes its own test and is not made over another one", async () => {
  await using plant = new Plant({ withConfig: false });
  const folder = join(plant.folder, "hall 7");
  mkdirSync(folder);
  const made = await plant.run("init", folder);
  expect(made.code).toBe(0);
  const checked = await plant.json<{ ok: boolean }>("check", "--config", join(folder, "lineshaft.config.ts"));
  expect(checked).toMatchObject([
    { ok: true, checks: expect.arrayContaining([{ state: "right", what: "The types fit.", details: [] }]) as unknown },
  ]);
  expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toMatchObject({
    name: "hall-7",
    type: "module",
  });
  expect((await plant.run("init", folder)).code).toBe(exitCodes.usage);
});

test("dev drains and runs the hub anew after a change, and tells what changed", async () => {
  await using plant = new Plant();
  const dev = plant.dev();
  await dev.says("TAKES FACTS ON");
  plant.write(
    "lineshaft.config.ts",
    `${readFileSync(join(plant.folder, "lineshaft.config.ts"), "utf8")}\n// changed\n`,
  );
  await dev.says("Changed: lineshaft.config.ts. Draining, then starting again.");
  await dev.says("TAKES FACTS ON", 2);
  expect(await dev.end("SIGTERM")).toBe(exitCodes.ok);
});
