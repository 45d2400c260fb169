import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Secret } from "@lineshaft/core";
import { aMessage, certificatesMissing, eventually, makeCertificates } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { migratePostgres, openPostgresLedger, postgres } from "./index.ts";

let server: PostgresServer;
let url: string;

beforeAll(async () => {
  server = await startPostgres({ settings: { max_connections: 20 } });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.newDatabase();
});

const told = (code: string, message: string) => ({ code, message: expect.stringContaining(message) as string });

test("a hub's definition names the ledger without its password", async () => {
  const definition = postgres({ url });
  const { host, pathname, password } = new URL(url);
  expect(definition).toMatchObject({ engine: "postgres", location: `${host}${pathname}` });
  expect(JSON.stringify(definition)).not.toContain(password);
  const byReference = postgres({ url: Secret.env("LEDGER_URL", { LEDGER_URL: url }) });
  expect(byReference.location).toBe("env:LEDGER_URL");
  await using ledger = await byReference.open();
  expect(ledger.id).toMatch(/^[0-9a-z]{8}$/);
});

test("two hubs that start at once on an empty database make one ledger", async () => {
  const opened = await Promise.all(Array.from({ length: 3 }, () => openPostgresLedger({ url })));
  expect(new Set(opened.map((l) => l.id)).size).toBe(1);
  await Promise.all(opened.map((l) => l.close()));
});

test("two ledgers live in one database, in a schema each", async () => {
  await using one = await openPostgresLedger({ url });
  await using other = await openPostgresLedger({ url, schema: 'Plant "Süd"' });
  await one.commit({ at: 1, messages: [aMessage()] });
  expect(other.id).not.toBe(one.id);
  expect((await other.commit({ at: 1, messages: [aMessage()] })).messages[0]?.kind).toBe("accepted");
  expect((await other.verifyAudit()).ok).toBe(true);
});

test("a ledger of a newer version is refused in a sentence and not touched", async () => {
  await migratePostgres({ url });
  await server.sql("insert into lineshaft.migration (number, name) values (99, '0099-future.sql')", url);
  await expect(openPostgresLedger({ url })).rejects.toMatchObject(told("ledger-newer", "version 99"));
  await expect(migratePostgres({ url })).rejects.toMatchObject(told("ledger-newer", "version 99"));
});

test("a database that cannot hold every text is refused in a sentence", async () => {
  await server.sql("create database latin encoding 'LATIN1' locale 'C' template template0");
  const latin = url.replace(/[^/]+$/, "latin");
  const refusal = told("ledger-refused", "has the encoding LATIN1");
  await expect(openPostgresLedger({ url: latin })).rejects.toMatchObject(refusal);
  await expect(migratePostgres({ url: latin })).rejects.toMatchObject(refusal);
});

test("migrating again changes nothing, and says so", async () => {
  expect(await migratePostgres({ url })).toMatchObject({ from: 0 });
  const { from, to } = await migratePostgres({ url });
  expect(from).toBe(to);
});

test("a migration that fails leaves nothing of its step, and goes on from there", async () => {
  await server.sql(
    "create schema lineshaft; create function lineshaft.first_id() returns text language sql as 'select 1::text'",
    url,
  );
  // The function is no table, so the schema counts as empty; the step that makes one of that name goes through.
  await migratePostgres({ url });
  await using ledger = await openPostgresLedger({ url });
  expect((await ledger.totals()).messages).toBe(0);
});

test("a step that fails half-way is taken back in full", async () => {
  await server.sql(
    "create schema lineshaft; create function lineshaft.make_partitions_v1(bigint, integer) returns integer language sql as 'select 1'",
    url,
  );
  await expect(migratePostgres({ url })).rejects.toMatchObject({
    said: expect.stringContaining("already exists") as string,
  });
  expect(await server.sql("select max(number) as n from lineshaft.migration", url)).toEqual([{ n: 1 }]);
  expect(await server.sql("select to_regclass('lineshaft.partition') as t", url)).toEqual([{ t: null }]);
  await server.sql("drop function lineshaft.make_partitions_v1(bigint, integer)", url);
  expect(await migratePostgres({ url })).toMatchObject({ from: 1 });
});

test("a schema of another program is refused and not touched", async () => {
  await server.sql("create schema lineshaft; create table lineshaft.customers (id integer)", url);
  await expect(openPostgresLedger({ url })).rejects.toMatchObject(told("ledger-damaged", "another program"));
  expect(
    await server.sql("select count(*)::int as n from pg_class where relnamespace = 'lineshaft'::regnamespace", url),
  ).toEqual([{ n: 1 }]);
});

test("without the right to make it, and with `never`, a hub says how to make the ledger", async () => {
  await server.sql(`create role guest_${new URL(url).pathname.slice(1)} login password 'guest-word'`, url);
  const guest = url.replace(/\/\/[^@]+@/, `//guest_${new URL(url).pathname.slice(1)}:guest-word@`);
  for (const options of [{ url: guest }, { url, migrate: "never" as const }, { url, readOnly: true }])
    await expect(openPostgresLedger(options)).rejects.toMatchObject({
      ...told("not-found", "There is no ledger in schema lineshaft"),
      next: expect.stringContaining("lineshaft migrate") as string,
    });
  await migratePostgres({ url });
  await expect(openPostgresLedger({ url: guest })).rejects.toMatchObject({ code: "ledger-refused" });
});

test("looking does not write", async () => {
  await migratePostgres({ url });
  await using ledger = await openPostgresLedger({ url, readOnly: true });
  await expect(ledger.commit({ at: 1, messages: [aMessage()] })).rejects.toMatchObject({ code: "ledger-io" });
  expect((await ledger.totals()).messages).toBe(0);
});

test.each([
  [
    "a wrong port",
    (u: URL): void => {
      u.port = "1";
    },
    "ledger-io",
    "no PostgreSQL answers",
  ],
  [
    "an unknown host",
    (u: URL): void => {
      u.hostname = "nowhere.invalid";
    },
    "ledger-io",
    "nobody knows this host",
  ],
  [
    "a wrong password",
    (u: URL): void => {
      u.password = "not-this-one";
    },
    "ledger-refused",
    "user or the password",
  ],
  [
    "an unknown user",
    (u: URL): void => {
      u.username = "nobody-here";
    },
    "ledger-refused",
    "user or the password",
  ],
  [
    "a database that is not there",
    (u: URL): void => {
      u.pathname = "/nothing";
    },
    "ledger-refused",
    "There is no database",
  ],
] as const)("%s is told as what it is, without the password", async (_what, change, code, message) => {
  const wrong = new URL(url);
  change(wrong);
  const error: unknown = await openPostgresLedger({ url: wrong.href }).catch((e: unknown) => e);
  expect(error).toMatchObject(told(code, message));
  expect(JSON.stringify(error) + String(error)).not.toContain(wrong.password);
});

test("a URL that is none is told", async () => {
  await expect(openPostgresLedger({ url: "the ledger" })).rejects.toMatchObject(told("config-invalid", "URL"));
});

test("a server without a connection left says so, and with one again the ledger opens", async () => {
  await migratePostgres({ url });
  const holders: Promise<unknown>[] = [];
  const full = async () => {
    const answer = await server.sql("select 1", url).catch((error: Error) => error.message);
    if (typeof answer !== "string") holders.push(server.sql("select pg_sleep(600)", url).catch(() => undefined));
    return answer === "sorry, too many clients already";
  };
  await eventually("the server is full", full);
  await expect(openPostgresLedger({ url })).rejects.toMatchObject(told("ledger-io", "no connection left"));
  await server.restart();
  await Promise.all(holders);
  await using ledger = await openPostgresLedger({ url });
  expect(ledger.engine).toBe("postgres");
});

test("a statement that takes longer than it may is told with its limit", async () => {
  // Long enough for the commit at the end, however busy this machine is.
  await using ledger = await openPostgresLedger({ url, commitMs: 2_000, statementMs: 1_000 });
  const holding = server.sql("begin; lock table lineshaft.message in access exclusive mode; select pg_sleep(600)", url);
  const ended = Promise.allSettled([holding]);
  const sleeping = "select pid from pg_stat_activity where wait_event = 'PgSleep'";
  await eventually("the table is locked", async () => (await server.sql(sleeping)).length > 0);
  await expect(ledger.messages({ limit: 1 })).rejects.toMatchObject(told("ledger-io", "within its limit"));
  await expect(ledger.commit({ at: 1, messages: [aMessage()] })).rejects.toMatchObject(
    told("ledger-io", "within its limit"),
  );
  await server.sql(`select pg_terminate_backend(pid) from (${sleeping}) s`);
  await ended;
  // Surely not stored the first time: it is no repetition now.
  expect((await ledger.commit({ at: 1, messages: [aMessage()] })).messages[0]?.kind).toBe("accepted");
});

test("a full disk is told, nothing of the commit is kept, and it goes on when there is room", async () => {
  await using ledger = await openPostgresLedger({ url });
  // The server answers with 53100 when a file cannot grow; here a trigger does, in the middle of a commit.
  await server.sql(
    `create function full_disk() returns trigger language plpgsql as
       $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
     create trigger full_disk before insert on lineshaft.link execute function full_disk()`,
    url,
  );
  await expect(ledger.commit({ at: 1, messages: [aMessage()] })).rejects.toMatchObject(
    told("ledger-full", "disk is full"),
  );
  expect((await ledger.totals()).messages).toBe(0);
  await server.sql("drop trigger full_disk on lineshaft.link", url);
  expect((await ledger.commit({ at: 1, messages: [aMessage()] })).messages[0]?.kind).toBe("accepted");
  expect((await ledger.verifyAudit()).ok).toBe(true);
});

test("a commit is on disk even where the server would not wait for it", async () => {
  await server.sql(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`);
  await using ledger = await openPostgresLedger({ url });
  await server.sql(
    `create table said (value text);
     create function note_setting() returns trigger language plpgsql as
       $$ begin insert into public.said values (current_setting('synchronous_commit')); return null; end $$;
     create constraint trigger note after insert on lineshaft.link deferrable initially deferred
       for each row execute function note_setting()`,
    url,
  );
  await ledger.commit({ at: 1, messages: [aMessage()] });
  expect(await server.sql("select value from said", url)).toEqual([{ value: "on" }]);
});

test("a conflict with another transaction is tried again and counted", async () => {
  await using ledger = await openPostgresLedger({ url });
  // A server whose transactions are serializable by default may refuse a commit for another one's sake: here once.
  await server.sql(
    `create sequence once;
     create function conflict() returns trigger language plpgsql as
       $$ begin
         if nextval('public.once') = 1 then raise exception 'could not serialize' using errcode = '40001'; end if;
         return null;
       end $$;
     create trigger conflict before insert on lineshaft.link execute function conflict()`,
    url,
  );
  await ledger.commit({ at: 1, messages: [aMessage()] });
  expect(ledger.stats()).toMatchObject({ retries: 1, commits: 1 });
});

test("a commit that waits for another hub's says for how long", async () => {
  await using ledger = await openPostgresLedger({ url });
  await ledger.commit({ at: 1 });
  expect(ledger.stats()).toMatchObject({ lockWaits: 0 });
  const holding = server.sql("begin; select from lineshaft.head for update; select pg_sleep(0.2); commit", url);
  const sleeping = "select pid from pg_stat_activity where wait_event = 'PgSleep'";
  await eventually("the head is locked", async () => (await server.sql(sleeping)).length > 0);
  await ledger.commit({ at: 1, messages: [aMessage()] });
  await holding;
  expect(ledger.stats()).toMatchObject({ lockWaits: 1 });
  expect(ledger.stats().lockWaitMs).toBeGreaterThan(1);
});

test("a lease is renewed though everything else waits", async () => {
  await using ledger = await openPostgresLedger({ url, poolSize: 1 });
  await ledger.claimLanes({ worker: "w1", leaseMs: 60_000 });
  const holding = server.sql("begin; lock table lineshaft.message in access exclusive mode; select pg_sleep(600)", url);
  const ended = Promise.allSettled([holding]);
  const sleeping = "select pid from pg_stat_activity where wait_event = 'PgSleep'";
  await eventually("the table is locked", async () => (await server.sql(sleeping)).length > 0);
  const waiting = [ledger.messages({ limit: 1 }), ledger.commit({ at: 1, messages: [aMessage()] })];
  expect((await ledger.renewLanes({ worker: "w1", leaseMs: 60_000 })).lanes).toHaveLength(64);
  await server.sql(`select pg_terminate_backend(pid) from (${sleeping}) s`);
  await Promise.all([ended, ...waiting]);
});

const noCertificates = certificatesMissing();
test.skipIf(noCertificates !== false)(
  `a connection is encrypted where the URL says so (${noCertificates || "openssl"})`,
  async () => {
    using certificates = makeCertificates();
    await using secure = await startPostgres({ certificates });
    const database = await secure.newDatabase();
    const sslUrl = `${database}?sslmode=verify-full&sslrootcert=${certificates.ca}`;
    await using ledger = await openPostgresLedger({ url: sslUrl });
    expect((await ledger.commit({ at: 1, messages: [aMessage()] })).messages[0]?.kind).toBe("accepted");
    const plain = await secure.sql(
      "select pid from pg_stat_ssl join pg_stat_activity using (pid) where not ssl and application_name = 'lineshaft'",
    );
    expect(plain).toEqual([]);
    const stranger = `${database}?sslmode=verify-full`;
    await expect(openPostgresLedger({ url: stranger })).rejects.toMatchObject({
      code: "ledger-refused",
      message: expect.stringContaining("certificate") as string,
    });
  },
);
