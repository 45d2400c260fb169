import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:https";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { type Hub, openHub } from "@lineshaft/engine";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { FakeClock, certificatesMissing, eventually, makeCertificates, note, seededRandom } from "@lineshaft/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Authority, Gateway, enrol, enrolled, gatewayIntake } from "./index.ts";
import { PushSource } from "./testing/bed.ts";

const DAY_MS = 86_400_000;

let folder: string;
let hub: Hub | undefined;
let url: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lineshaft-enrol-"));
});
afterEach(async () => {
  await stopHub();
  rmSync(folder, { recursive: true });
});

const authorityFolder = () => join(folder, "authority");
const gatewayFolder = () => join(folder, "gateway");

async function stopHub(): Promise<void> {
  await hub?.stop();
  hub = undefined;
}

async function startHub(clock = new FakeClock(Date.now())): Promise<Authority> {
  const authority = new Authority(authorityFolder(), clock);
  authority.prepare(["127.0.0.1", "localhost"]);
  const intake = gatewayIntake({
    name: "gateways",
    port: 0,
    host: "127.0.0.1",
    authority: authorityFolder(),
    gateways: [{ name: "hamburg" }],
    onListening: (at) => (url = at),
  });
  hub = await openHub(
    {
      name: "hub",
      ledger: sqlite({ path: join(folder, "ledger.db") }),
      systems: [intake],
      flows: [],
      contracts: [note],
    },
    { clock, random: seededRandom(1) },
  );
  await hub.start();
  return authority;
}

async function startGateway(source: PushSource, clock = new FakeClock(Date.now())): Promise<Gateway> {
  const definition = { ...enrolled(gatewayFolder()), hub: url, systems: [source.system], limits: { lingerMs: 0 } };
  return Gateway.start(definition, { clock, random: seededRandom(1) });
}

test("a gateway with a code gets a certificate for a key that it made, and its facts are taken", async () => {
  const authority = await startHub();
  const { code } = authority.newCode("hamburg");
  expect(await enrol({ hub: url, code, folder: gatewayFolder() })).toMatchObject({ name: "hamburg" });
  const key = join(gatewayFolder(), "gateway.key");
  expect(statSync(key).mode & 0o077).toBe(0);
  const certificate = new X509Certificate(readFileSync(join(gatewayFolder(), "gateway.pem")));
  expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
  const source = new PushSource();
  await using gateway = await startGateway(source);
  await source.push(1);
  await eventually(
    "it is up",
    () => gateway.buffer.facts === 0,
    () => gateway.status(),
  );
  expect(await hub?.ledger.totals()).toMatchObject({ messages: 1 });
  // Nothing of the code or the key is kept at the hub.
  const [secret = ""] = code.split("-");
  for (const name of readdirSync(authorityFolder(), { recursive: true, encoding: "utf8" })) {
    const path = join(authorityFolder(), name);
    if (!statSync(path).isFile()) continue;
    expect(name).not.toContain(secret);
    expect(readFileSync(path, "utf8")).not.toContain(secret);
    expect(readFileSync(path, "utf8")).not.toContain(readFileSync(key, "utf8"));
  }
});

test("a code works once", async () => {
  const authority = await startHub();
  const { code } = authority.newCode("hamburg");
  await enrol({ hub: url, code, folder: gatewayFolder() });
  await expect(enrol({ hub: url, code, folder: join(folder, "thief") })).rejects.toMatchObject({
    code: "not-signed-in",
    said: "The code is unknown or was used already.",
  });
});

test("a code that is too old, or made up, enrols nobody", async () => {
  await startHub();
  const { code } = new Authority(authorityFolder(), new FakeClock(Date.now() - 2 * DAY_MS)).newCode("hamburg");
  await expect(enrol({ hub: url, code, folder: gatewayFolder() })).rejects.toMatchObject({
    said: "The code is too old.",
  });
  const [, pin] = code.split("-");
  const madeUp = `${"ab".repeat(15)}-${pin}`;
  await expect(enrol({ hub: url, code: madeUp, folder: gatewayFolder() })).rejects.toMatchObject({
    said: "The code is unknown or was used already.",
  });
  await expect(enrol({ hub: url, code: "nonsense", folder: gatewayFolder() })).rejects.toMatchObject({ code: "usage" });
});

test.skipIf(certificatesMissing())("somebody who stands in for the hub is sent nothing", async () => {
  const authority = await startHub();
  const { code } = authority.newCode("hamburg");
  using made = makeCertificates();
  let requests = 0;
  const impostor = createServer({ cert: readFileSync(made.cert), key: readFileSync(made.key) }, () => requests++);
  impostor.listen(0, "127.0.0.1");
  await once(impostor, "listening");
  const at = `https://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
  await expect(enrol({ hub: at, code, folder: gatewayFolder() })).rejects.toThrow("is not the hub that made this code");
  impostor.closeAllConnections();
  impostor.close();
  expect(requests).toBe(0);
  // The code was not given away, so it still works.
  await enrol({ hub: url, code, folder: gatewayFolder() });
});

test("another gateway of the same hub cannot stand in for it either", async () => {
  const authority = await startHub();
  await enrol({ hub: url, code: authority.newCode("hamburg").code, folder: gatewayFolder() });
  const chain = readFileSync(join(gatewayFolder(), "gateway.pem"), "utf8") + authority.certificate;
  const impostor = createServer({ cert: chain, key: readFileSync(join(gatewayFolder(), "gateway.key")) });
  impostor.listen(0, "127.0.0.1");
  await once(impostor, "listening");
  const at = `https://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
  const { code } = authority.newCode("lyon");
  await expect(enrol({ hub: at, code, folder: join(folder, "lyon") })).rejects.toThrow("is not the hub");
  impostor.closeAllConnections();
  impostor.close();
});

test("a certificate is renewed over the link when a third of its time is left", async () => {
  const authority = await startHub(new FakeClock(Date.now() - 70 * DAY_MS));
  await enrol({ hub: url, code: authority.newCode("hamburg").code, folder: gatewayFolder() });
  await stopHub();
  await startHub();
  const validTo = () => new X509Certificate(readFileSync(join(gatewayFolder(), "gateway.pem"))).validToDate.getTime();
  const before = validTo();
  const [source, clock] = [new PushSource(), new FakeClock(Date.now())];
  await using gateway = await startGateway(source, clock);
  await eventually(
    "it is renewed",
    () => validTo() > before,
    () => gateway.status(),
  );
  expect(validTo() - before).toBeGreaterThan(69 * DAY_MS);
  await source.push(1);
  await eventually(
    "the link goes on with it",
    async () => {
      const { nextTryAt } = gateway.status().link;
      if (nextTryAt !== undefined) await clock.advance(Math.max(0, nextTryAt - clock.now()));
      return gateway.buffer.facts === 0;
    },
    () => gateway.status(),
  );
});
