import { X509Certificate, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { LineshaftError, Secret, UnavailableError } from "@lineshaft/core";
import { enrolmentText, pinOf, splitCode, writeWhole } from "./authority.ts";
import type { ConfigurationFiles } from "./configuration-file.ts";
import type { LinkTls } from "./link.ts";
import { commonName } from "./peer.ts";
import { ENROL_PATH, type Enrolled } from "./wire.ts";

/** Longest wait for the hub's answer to an enrolment, in ms. */
const ENROL_MS = 30_000;
/** Extended key usage of a server (RFC 5280 §4.2.1.12). */
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/**
 * Has the hub make a certificate for a key that is made here and never leaves. Nothing is sent before the hub has shown
 * that it is the one that made the code.
 * @throws LineshaftError `usage`, `not-signed-in`, `system-unavailable`, `wrong-state` when the folder holds another's key
 */
export async function enrol({
  hub,
  code,
  folder,
}: {
  hub: string;
  code: string;
  folder: string;
}): Promise<{ name: string; validTo: number }> {
  const { secret, pin } = splitCode(code);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (name: string) => join(folder, name);
  if (!existsSync(path("gateway.key"))) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeWhole(path("gateway.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  }
  const key = createPrivateKey(Secret.file(path("gateway.key")).read());
  const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" });
  const proof = sign("sha256", enrolmentText(secret), key).toString("base64");
  const answer = await post(new URL(ENROL_PATH, hub), pin, JSON.stringify({ secret, publicKey, proof }));
  if (answer.kind !== "enrolled")
    throw new LineshaftError("not-signed-in", `The hub at ${hub} refused to enrol this gateway.`, {
      said: answer.message,
      next: answer.next,
    });
  const certificate = new X509Certificate(answer.certificate);
  writeWhole(path("ca.pem"), answer.ca);
  writeWhole(path("configuration.pem"), answer.configurationKey);
  writeWhole(path("gateway.pem"), answer.certificate);
  const name = commonName(certificate);
  writeWhole(path("enrolled.json"), JSON.stringify({ name, hub: new URL(hub).origin }, null, 2));
  return { name, validTo: certificate.validToDate.getTime() };
}

/** What an enrolled gateway's definition begins with: `{ ...enrolled(".lineshaft/gateway"), systems: [...] }`. @throws LineshaftError `not-found` */
export function enrolled(folder: string): {
  name: string;
  hub: string;
  tls: LinkTls;
  buffer: string;
  renewal: string;
  configuration: ConfigurationFiles;
} {
  const path = (name: string) => join(folder, name);
  if (!existsSync(path("enrolled.json")))
    throw new LineshaftError("not-found", `No gateway is enrolled in ${folder}.`, {
      next: "Run lineshaft gateway enrol --hub <address> --code <code> with this folder.",
    });
  const { name, hub } = JSON.parse(readFileSync(path("enrolled.json"), "utf8")) as { name: string; hub: string };
  const tls = { ca: path("ca.pem"), cert: path("gateway.pem"), key: Secret.file(path("gateway.key")) };
  const configuration = { file: path("configuration.json"), key: path("configuration.pem") };
  return { name, hub, tls, buffer: path("buffer.db"), renewal: path("gateway.pem"), configuration };
}

type EnrolAnswer = Enrolled | { kind: "refused"; message: string; next: string };

function post(url: URL, pin: string, body: string): Promise<EnrolAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      const said = cause instanceof Error ? cause.message : String(cause);
      const next = "Check the address and the line, then enrol again with the same code if it was not used.";
      reject(
        cause instanceof LineshaftError
          ? cause
          : new UnavailableError(`Cannot enrol at ${url.origin}.`, { said, next, cause }),
      );
    };
    const out = request(
      url,
      // Trust comes from the code: it names the authority. Nothing is written before that was compared.
      {
        method: "POST",
        rejectUnauthorized: false,
        agent: false,
        timeout: ENROL_MS,
        signal: AbortSignal.timeout(ENROL_MS),
      },
      (response) => {
        const chunks: Uint8Array[] = [];
        response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        response.on("error", fail);
        response.on("end", () => {
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")) as EnrolAnswer);
          } catch (error) {
            fail(error);
          }
        });
      },
    );
    out.on("error", fail);
    out.on("socket", (socket) => {
      socket.once("secureConnect", () => {
        if (isOf(socket as TLSSocket, pin)) return void out.end(body);
        fail(
          new LineshaftError("not-signed-in", `What answers at ${url.origin} is not the hub that made this code.`, {
            next: "Check the address. If it is right, somebody may stand in between: ask who runs the network.",
          }),
        );
        out.destroy();
      });
    });
  });
}

/** The other end's certificate was signed by the authority that the code names. */
function isOf(socket: TLSSocket, pin: string): boolean {
  const shown: DetailedPeerCertificate = socket.getPeerCertificate(true);
  const { issuerCertificate } = shown;
  if (issuerCertificate === undefined || pinOf(issuerCertificate.raw) !== pin) return false;
  const authority = new X509Certificate(issuerCertificate.raw);
  const certificate = new X509Certificate(shown.raw);
  // Another gateway has a certificate of the authority, too, but not one for a server.
  return certificate.verify(authority.publicKey) && certificate.keyUsage.includes(SERVER_AUTH);
}
