import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { StatusCodes, crypto_utils } from "node-opcua-client";
import type { OPCUAClientOptions, StatusCode } from "node-opcua-client";
import { PkiFolder } from "../pki-folder.ts";

type Store = Extract<NonNullable<OPCUAClientOptions["clientCertificateManager"]>, { addIssuer: unknown }>;

/** How long the hub's own certificate is valid, days: ten years, as plants expect, with a warning ahead of its end. */
const VALID_DAYS = 3_650;
/** Longest chain that is followed from a server's certificate to a trusted one. */
const CHAIN_CERTIFICATES = 8;

/** Why a server's certificate is not believed, and what to do about it. */
export interface CertificateRefusal {
  reason: string;
  path: string;
}

/**
 * Decides whether a server is believed: its certificate is in `trusted/`, or a chain leads from it to an authority there.
 * Nothing is ever trusted by itself; what is unknown is kept in `rejected/` for a person to look at.
 */
export class CertificateStore implements Pick<Store, "checkCertificate"> {
  referenceCounter = 0;
  /** Of the last certificate that was not believed. */
  refusal: CertificateRefusal | undefined;
  readonly #pki: PkiFolder;
  readonly #host: string;

  constructor(pki: PkiFolder, endpoint: string) {
    this.#pki = pki;
    this.#host = new URL(endpoint).hostname;
  }

  async initialize(): Promise<void> {
    this.#pki.make();
  }

  async dispose(): Promise<void> {}

  async checkCertificate(shown: Buffer | Buffer[]): Promise<StatusCode> {
    const chain = (Array.isArray(shown) ? shown : [shown]).flatMap((der) => crypto_utils.split_der(der));
    return this.#judge(chain.map((der) => new X509Certificate(der)));
  }

  async verifyCertificate(shown: Buffer | Buffer[]): Promise<string> {
    return (await this.checkCertificate(shown)).name;
  }

  async getTrustStatus(shown: Buffer): Promise<StatusCode> {
    return this.checkCertificate(shown);
  }

  // node-opcua asks a store to learn certificates by itself. This one doesn't.
  async trustCertificate(): Promise<void> {}
  async rejectCertificate(): Promise<void> {}
  async addIssuer(): Promise<void> {}
  async addRevocationList(): Promise<void> {}

  #judge(chain: readonly X509Certificate[]): StatusCode {
    this.refusal = undefined;
    const [leaf] = chain;
    if (leaf === undefined) return StatusCodes.BadCertificateInvalid;
    // node-opcua asks about the hub's own, too; a server that shows it would need the hub's key.
    if (leaf.fingerprint256 === this.#pki.own()?.fingerprint256) return StatusCodes.Good;
    const trusted = this.#pki.list("trusted").map(({ x509 }) => x509);
    const pinned = trusted.some((one) => one.fingerprint256 === leaf.fingerprint256);
    const path = pinned ? [leaf] : this.#pathToTrusted(chain, trusted);
    if (path === undefined) return this.#refuse(leaf, "nobody has trusted it yet", StatusCodes.BadCertificateUntrusted);
    const now = Date.now();
    const outside = path.find((one) => now < Date.parse(one.validFrom) || now > Date.parse(one.validTo));
    if (outside !== undefined)
      return this.#refuse(
        leaf,
        `it is valid from ${outside.validFrom} to ${outside.validTo}`,
        StatusCodes.BadCertificateTimeInvalid,
      );
    // A trusted certificate is that very server; one that an authority vouches for must be for the host we called.
    if (!pinned && leaf.checkHost(this.#host) === undefined && leaf.checkIP(this.#host) === undefined)
      return this.#refuse(leaf, `it is not for ${this.#host}`, StatusCodes.BadCertificateHostNameInvalid);
    return StatusCodes.Good;
  }

  /** From the server's certificate up to one that is trusted, by signatures. */
  #pathToTrusted(
    chain: readonly X509Certificate[],
    trusted: readonly X509Certificate[],
  ): X509Certificate[] | undefined {
    const between = [...chain.slice(1), ...this.#pki.list("issuers").map(({ x509 }) => x509)];
    const path = chain.slice(0, 1);
    for (let at = path[0]; at !== undefined && path.length <= CHAIN_CERTIFICATES;) {
      const anchor = trusted.find((one) => vouches(one, at as X509Certificate));
      if (anchor !== undefined) return [...path, anchor];
      at = between.find((one) => !path.includes(one) && vouches(one, at as X509Certificate));
      if (at !== undefined) path.push(at);
    }
    return undefined;
  }

  #refuse(leaf: X509Certificate, reason: string, status: StatusCode): StatusCode {
    this.refusal = { reason, path: this.#pki.reject(leaf) };
    return status;
  }
}

function vouches(issuer: X509Certificate, subject: X509Certificate): boolean {
  return issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

/** Makes the hub's own certificate where there is none (OPC UA part 6 §6.2.2: key usages, application URI, host name). */
export async function makeOwnCertificate(pki: PkiFolder, applicationUri: string): Promise<boolean> {
  pki.make();
  if (pki.own() !== undefined) return false;
  const { privateKey } = await crypto_utils.generateKeyPair(2048);
  const { cert } = await crypto_utils.createSelfSignedCertificate({
    privateKey,
    notBefore: new Date(Date.now() - 3_600_000),
    validity: VALID_DAYS,
    subject: `CN=Lineshaft@${hostname()}`,
    dns: [hostname()],
    applicationUri,
    purpose: crypto_utils.CertificatePurpose.ForApplication,
  });
  const { privPem } = await crypto_utils.privateKeyToPEM(privateKey);
  writeFileSync(pki.ownKey, privPem, { mode: 0o600 });
  writeFileSync(pki.ownCertificate, `${cert.trim()}\n`, { mode: 0o644 });
  return true;
}
