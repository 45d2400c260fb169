import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Paths of PEM files in a folder of their own: an authority, and what it signed. */
export interface Certificates extends Disposable {
  ca: string;
  /** For `localhost` and 127.0.0.1. */
  cert: string;
  key: string;
  clientCert: string;
  clientKey: string;
}

/** Why no certificates can be made here, or false. */
export function certificatesMissing(): string | false {
  return spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not on PATH";
}

/** An authority made for this test, and certificates of it for a server and for a client. Needs openssl. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-certificates-"));
  const path = (name: string) => join(folder, name);
  const [ca, caKey] = [path("ca.pem"), path("ca.key")];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(["req", "-x509", ...key, "-keyout", caKey, "-out", ca, "-days", "2", "-subj", "/CN=Test authority"]);
  const sign = (name: string, names: string) => {
    const [request, extensions] = [path(`${name}.csr`), path(`${name}.ext`)];
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    openssl(["req", "-new", ...key, "-keyout", path(`${name}.key`), "-out", request, "-subj", `/CN=${name}`]);
    const by = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-days", "2", "-extfile", extensions];
    openssl(["x509", "-req", "-in", request, ...by, "-out", path(`${name}.pem`)]);
  };
  sign("server", "DNS:localhost,IP:127.0.0.1");
  sign("client", "DNS:client.test");
  return {
    ca,
    cert: path("server.pem"),
    key: path("server.key"),
    clientCert: path("client.pem"),
    clientKey: path("client.key"),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function openssl(args: readonly string[]): void {
  const run = spawnSync("openssl", args, { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`openssl ${args.join(" ")} ended with ${run.status}: ${run.stderr}`);
}
