import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type News, deliveryId, laneOf } from "@lineshaft/core";
import { aMessage, eventually } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { openPostgresLedger } from "./index.ts";

const missing = spawnSync("pgbouncer", ["--version"]).status === 0 ? false : "pgbouncer is not on PATH";

/** PgBouncer in transaction mode with two connections to the server, which its clients share. */
describe.skipIf(missing !== false)(`behind PgBouncer${missing === false ? "" : ` (skipped: ${missing})`}`, () => {
  let server: PostgresServer;
  let pooler: ChildProcess;
  let folder: string;
  let port: number;
  let url: string;

  beforeAll(async () => {
    server = await startPostgres();
    folder = mkdtempSync(join(tmpdir(), "lineshaft-pgbouncer-"));
    chmodSync(folder, 0o755);
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    port = (probe.address() as { port: number }).port;
    probe.close();
    const { username, password } = new URL(server.url);
    writeFileSync(join(folder, "users.txt"), `"${username}" "${password}"\n`);
    writeFileSync(
      join(folder, "pgbouncer.ini"),
      `[databases]
* = host=127.0.0.1 port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${join(folder, "users.txt")}
pool_mode = transaction
default_pool_size = 2
`,
    );
    // It refuses to run as root.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    pooler = spawn("pgbouncer", [join(folder, "pgbouncer.ini")], { ...user, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    pooler.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    await eventually(
      "PgBouncer is up",
      () => said.includes("process up"),
      () => said,
    );
  });
  afterAll(async () => {
    const ended = once(pooler, "exit");
    pooler.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
    await server[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    url = (await server.newDatabase()).replace(`:${server.port}/`, `:${port}/`);
  });

  test("hubs share few connections, and work as they do without", async () => {
    await using one = await openPostgresLedger({ url, listen: false });
    await using other = await openPostgresLedger({ url, listen: false });
    const [route] = await one.registerRoutes([{ flow: "f", system: "odoo", operation: "o" }]);
    const lease = await one.claimLanes({ worker: "w1", leaseMs: 60_000 });
    await other.claimLanes({ worker: "w2", leaseMs: 60_000 });
    const deliveries = [{ route: route?.id ?? 0, supersede: false }];
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 === 0 ? one : other).commit({ at: 1, messages: [aMessage({ sourceId: `f-${i >> 1}`, deliveries })] }),
      ),
    );
    expect(results.filter((r) => r.messages[0]?.kind === "accepted")).toHaveLength(20);
    const message = (await one.messages({ limit: 1 }))[0];
    const lane = laneOf("MO-7");
    const settlement = {
      delivery: deliveryId(message?.id ?? 0, route?.id ?? 0),
      lane,
      fence: lease.lanes.find((l) => l.lane === lane)?.fence ?? -1,
      from: "pending" as const,
      to: "sending" as const,
      at: 2,
    };
    expect((await one.commit({ at: 2, settlements: [settlement] })).lost).toEqual([]);
    expect(await other.verifyAudit()).toMatchObject({ ok: true, rows: 40 });
    const sessions = `select count(*)::int as n from pg_stat_activity where datname = '${new URL(url).pathname.slice(1)}'`;
    expect((await server.sql(sessions))[0]?.["n"]).toBeLessThanOrEqual(2);
  });

  test("what others did is found by looking", async () => {
    await using one = await openPostgresLedger({ url, listen: false });
    await using other = await openPostgresLedger({ url, listen: false });
    const heard: News[] = [];
    one.follow((news) => heard.push(news));
    await eventually("it looked once", () => heard.length >= 3);
    heard.length = 0;
    await other.commit({ at: 1, messages: [aMessage()] });
    await eventually("it saw the fact", () => heard.some((n) => n.kind === "accepted" && n.lanes.length === 64));
    await other.claimLanes({ worker: "w2", leaseMs: 60_000 });
    await eventually("it saw the worker", () => heard.some((n) => n.kind === "workers"));
  });

  test("with listen it is refused by the pooler, and told so", async () => {
    await expect(openPostgresLedger({ url })).rejects.toMatchObject({
      code: "ledger-refused",
      next: expect.stringContaining("listen: false") as string,
    });
  });
});
