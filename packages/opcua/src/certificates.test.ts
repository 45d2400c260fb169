import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Secret } from "@lineshaft/core";
import { certificatesMissing, eventually } from "@lineshaft/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PkiFolder } from "./pki-folder.ts";
import { named, read } from "./testing/bed.ts";
import type { BedOptions, Reading } from "./testing/bed.ts";
import { OpcUaServer } from "./testing/opcua-server.ts";
import { opcuaServer } from "./opcua.ts";

let server: OpcUaServer;
let folder: string;
beforeAll(async () => {
  server = await OpcUaServer.open({ anonymous: true });
  folder = mkdtempSync(join(tmpdir(), "lineshaft-pki-"));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const secure = (pki: string, more: Partial<BedOptions> = {}): BedOptions => ({
  endpoint: server.endpoint,
  security: { mode: "SignAndEncrypt" },
  pki,
  nodes: named("temperature"),
  ...more,
});

/** What keeps it from reading. */
async function failureOf(reading: Reading): Promise<{ message: string; next: string; said?: string }> {
  await eventually(
    "it fails",
    () => reading.failure() !== undefined,
    () => reading.logged,
  );
  return reading.failure() as { message: string; next: string };
}

/** A folder that trusts the server already. */
async function trusting(name: string): Promise<string> {
  const path = join(folder, name);
  await using reading = read(secure(path));
  await failureOf(reading);
  const pki = new PkiFolder(path);
  for (const certificate of pki.list("rejected")) pki.trust(certificate);
  return path;
}

test("an unknown server is never trusted by itself; moving its certificate as the error says lets it in", async () => {
  const path = join(folder, "unknown");
  {
    await using reading = read(secure(path));
    const { message, next } = await failureOf(reading);
    expect(message).toContain("nobody has trusted it yet");
    const [rejected] = readdirSync(join(path, "rejected"));
    expect(next).toContain(join(path, "rejected", rejected ?? ""));
    expect(reading.observer.all).toEqual([]);
    renameSync(join(path, "rejected", rejected ?? ""), join(path, "trusted", rejected ?? ""));
  }
  await using reading = read(secure(path));
  await eventually(
    "it reads",
    () => reading.observer.last("temperature") !== undefined,
    () => String(reading.failure()),
  );
});

test("the hub's own certificate has the usages and names that strict servers ask for", async () => {
  const path = await trusting("own");
  const own = new PkiFolder(path).own() as X509Certificate;
  expect(own.subjectAltName).toContain("URI:urn:");
  expect(own.subjectAltName).toContain("DNS:");
  const text = execFileSync("openssl", ["x509", "-in", join(path, "own", "certificate.pem"), "-noout", "-text"], {
    encoding: "utf8",
  });
  for (const usage of ["Digital Signature", "Non Repudiation", "Key Encipherment", "Data Encipherment"])
    expect(text).toContain(usage);
  expect(text).toContain("TLS Web Client Authentication");
});

test.each([
  { mode: "Sign", policy: "Basic256Sha256" },
  { mode: "SignAndEncrypt", policy: "Aes128_Sha256_RsaOaep" },
  { mode: "SignAndEncrypt", policy: "Aes256_Sha256_RsaPss" },
] as const)("reads by $mode with $policy and a password", async (security) => {
  const identity = { username: "hub", password: Secret.generated("test", "correct horse") };
  await using reading = read(
    secure(await trusting(`policy-${security.mode}-${security.policy}`), { security, identity }),
  );
  await eventually(
    "it reads",
    () => reading.observer.last("temperature") !== undefined,
    () => String(reading.failure()),
  );
});

test("a wrong password is told by the user's name, and never by the password", async () => {
  const identity = { username: "hub", password: Secret.generated("wrong", "wrong-battery") };
  await using reading = read(secure(await trusting("password"), { identity }));
  const failure = await failureOf(reading);
  expect(failure.message).toContain("does not let hub in");
  expect(JSON.stringify([failure, String(failure.said), reading.logged])).not.toContain("wrong-battery");
});

describe.skipIf(certificatesMissing())("with a user's certificate (needs openssl)", () => {
  const aUser = (name: string) => {
    const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
    execFileSync("openssl", [...made, "-keyout", key, "-out", certificate], { stdio: "ignore" });
    return { certificate, key: Secret.generated(name, readFileSync(key, "utf8")) };
  };

  test("whom the server trusts reads, and another one is told by name", async () => {
    const known = aUser("line-reader");
    await using strict = await OpcUaServer.open({ anonymous: false, users: [known.certificate] });
    const trustingStrict = async (name: string) => {
      const pki = join(folder, name);
      await using reading = read(secure(pki, { endpoint: strict.endpoint, identity: known }));
      await failureOf(reading);
      const certificates = new PkiFolder(pki);
      for (const certificate of certificates.list("rejected")) certificates.trust(certificate);
      return pki;
    };
    const pki = await trustingStrict("user-certificate");
    {
      await using reading = read(secure(pki, { endpoint: strict.endpoint, identity: known }));
      await eventually(
        "it reads",
        () => reading.observer.last("temperature") !== undefined,
        () => String(reading.failure()),
      );
    }
    await using stranger = read(secure(pki, { endpoint: strict.endpoint, identity: aUser("stranger") }));
    const failure = await failureOf(stranger);
    expect(failure.message).toContain("does not let");
    expect(JSON.stringify([failure, stranger.logged])).not.toContain("PRIVATE KEY");
  });
});

test("nodes are listed as they are pasted into the configuration", async () => {
  const { browse } = opcuaServer({
    name: "press",
    endpoint: server.endpoint,
    security: { mode: "None" },
    pki: join(folder, "browse"),
  });
  const listing = await browse("Press");
  expect(listing.rows.find((row) => row.name === "temperature")).toEqual({
    name: "temperature",
    kind: "variable",
    node: "nsu=http://vendor.example/press;s=temperature",
    dataType: "Double",
    value: "0",
  });
  await expect(browse("Press/nobody")).rejects.toThrow("no nobody on the path Press/nobody");
});

describe.skipIf(certificatesMissing())("with certificates of an authority (needs openssl)", () => {
  test("a chain to a trusted authority is believed, for the host that it is for", async () => {
    const made = authority(join(folder, "chain"), { days: 10 });
    await using signed = await OpcUaServer.open({ certificateFile: made.server });
    const path = join(folder, "by-authority");
    new PkiFolder(path).make();
    writeFileSync(join(path, "trusted", "authority.pem"), readFileSync(made.ca));
    await using reading = read(secure(path, { endpoint: signed.endpoint }));
    await eventually(
      "it reads",
      () => reading.observer.last("temperature") !== undefined,
      () => String(reading.failure()),
    );
    expect(new PkiFolder(path).list("rejected")).toEqual([]);
    expect(new PkiFolder(path).expiring(Date.now()).join()).toContain("authority.pem expires on");
  });

  test("an expired certificate is refused even where it is trusted", async () => {
    const made = authority(join(folder, "expired"), { days: -1 });
    await using signed = await OpcUaServer.open({ certificateFile: made.server });
    const path = join(folder, "by-expired");
    new PkiFolder(path).make();
    writeFileSync(join(path, "trusted", basename(made.server)), readFileSync(made.server));
    await using reading = read(secure(path, { endpoint: signed.endpoint }));
    const { message, next } = await failureOf(reading);
    expect(message).toContain("it is valid from");
    expect(next).toContain("renewed");
  });
});

/** An authority and a server's certificate of it, with `key.pem` beside. */
function authority(at: string, { days }: { days: number }): { ca: string; server: string } {
  mkdirSync(at, { recursive: true });
  const path = (name: string) => join(at, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const rsa = ["-newkey", "rsa:2048", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...rsa,
    "-keyout",
    path("ca.key"),
    "-out",
    path("ca.pem"),
    "-days",
    "20",
    "-subj",
    "/CN=Plant authority",
  );
  openssl("req", "-new", ...rsa, "-keyout", path("key.pem"), "-out", path("server.csr"), "-subj", "/CN=press-04");
  writeFileSync(
    path("server.ext"),
    "subjectAltName=URI:urn:NodeOPCUA-Server,IP:127.0.0.1\nkeyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment\nextendedKeyUsage=serverAuth\n",
  );
  const day = (offset: number) =>
    `${new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
  const span = ["-startdate", day(-30), "-enddate", day(days)];
  writeFileSync(path("index.txt"), "");
  writeFileSync(
    path("ca.cnf"),
    `[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=${at}\ndatabase=${path("index.txt")}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n`,
  );
  openssl(
    "ca",
    "-batch",
    "-config",
    path("ca.cnf"),
    "-cert",
    path("ca.pem"),
    "-keyfile",
    path("ca.key"),
    "-in",
    path("server.csr"),
    "-out",
    path("server.pem"),
    "-extfile",
    path("server.ext"),
    "-notext",
    ...span,
  );
  return { ca: path("ca.pem"), server: path("server.pem") };
}
